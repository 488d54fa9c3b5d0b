//! The one place that depends on the processor: some loops compiled for what it can do.
//!
//! Each is a function of its own. Compiled together, the compiler's choices for one would change with the others.

#![allow(unsafe_code)]

use crate::ops;
use crate::trees::{Mask, Quick, Real, Room};

/// Declares a function that calls another, which is inlined, with AVX2 where there is AVX2.
macro_rules! wide {
    ($(#[$doc:meta])* fn $name:ident<$($ty:ident: $bound:ident),+>($($arg:ident: $kind:ty),+) $(-> $out:ty)? = $body:expr) => {
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name<$($ty: $bound),+>($($arg: $kind),+) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,bmi1")]
                fn avx2<$($ty: $bound),+>($($arg: $kind),+) $(-> $out)? {
                    $body
                }
                if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("bmi1") {
                    // SAFETY: the processor has the features that the function is compiled for.
                    return unsafe { avx2($($arg),+) };
                }
            }
            $body
        }
    };
}

wide!(
    /// [`Quick::find`].
    fn find<T: Real, M: Mask>(quick: &Quick<T, M>, x: &[T], room: &mut Room<M>, leaves: &mut [u32])
        = quick.find(x, room, leaves)
);

wide!(
    /// [`Quick::total`].
    fn total<T: Real, M: Mask>(quick: &Quick<T, M>, x: &[T], room: &mut Room<M>, values: &[T]) -> f64
        = quick.total(x, room, values)
);

wide!(
    /// [`ops::sums`].
    fn sums<T: Real>(x: &[T], rows: &[T], bias: &[T], out: &mut [T]) = ops::sums(x, rows, bias, out)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_the_processor() {
        for columns in 1..40 {
            let number = |n: usize| ((n * 7919 % 1000) as f32 - 500.0) / 77.0;
            let x: Vec<f32> = (0..columns).map(number).collect();
            let rows: Vec<f32> = (0..3 * columns).map(|n| number(n + 31)).collect();
            let (mut wide, mut plain) = ([0f32; 3], [0f32; 3]);
            sums(&x, &rows, &[0.5, 1.5, -2.5], &mut wide);
            ops::sums(&x, &rows, &[0.5, 1.5, -2.5], &mut plain);
            assert_eq!(wide.map(f32::to_bits), plain.map(f32::to_bits));
        }
    }
}
