//! Autocovariance by the fast Fourier transform (Wiener–Khinchin).
#![allow(clippy::indexing_slicing, reason = "numeric kernel: the length is a power of two by construction")]

use crate::tick::Ticker;

/// Autocovariances of lags 0 to `longest`, divided by the length (so that long lags count less).
pub(super) fn autocovariance(x: &[f64], longest: usize, tick: &Ticker) -> Vec<f64> {
    // Zeros behind the series keep the end from wrapping onto the beginning for these lags.
    let size = (x.len() + longest + 1).next_power_of_two();
    let (mut re, mut im) = (x.to_vec(), vec![0.0; size]);
    re.resize(size, 0.0);
    transform(&mut re, &mut im, tick);
    for (re, im) in re.iter_mut().zip(&mut im) {
        *re = *re * *re + *im * *im;
        *im = 0.0;
    }
    transform(&mut re, &mut im, tick);
    re.truncate((longest + 1).min(x.len()));
    let scale = 1.0 / (size as f64 * x.len().max(1) as f64);
    re.iter_mut().for_each(|value| *value *= scale);
    re
}

/// Radix-2 transform in place (Cooley & Tukey 1965); the length is a power of two.
fn transform(re: &mut [f64], im: &mut [f64], tick: &Ticker) {
    let n = re.len();
    if n < 2 {
        return;
    }
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let roots: Vec<(f64, f64)> = (0..n / 2)
        .map(|k| {
            let (sin, cos) = (-2.0 * std::f64::consts::PI * k as f64 / n as f64).sin_cos();
            (cos, sin)
        })
        .collect();
    let mut half = 1;
    while half < n {
        let stride = n / (2 * half);
        for start in (0..n).step_by(2 * half) {
            for k in 0..half {
                let (cos, sin) = roots[k * stride];
                let (a, b) = (start + k, start + k + half);
                let (x, y) = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                (re[b], im[b]) = (re[a] - x, im[a] - y);
                (re[a], im[a]) = (re[a] + x, im[a] + y);
            }
            tick.work(4 * half);
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_plain_sum() {
        let x: Vec<f64> = (0..37).map(|i| f64::from(i * i % 11) - 4.0).collect();
        let fast = autocovariance(&x, 12, &Ticker::new(&|| ()));
        assert_eq!(fast.len(), 13);
        for (lag, fast) in fast.iter().enumerate() {
            let plain: f64 = x.iter().zip(&x[lag..]).map(|(a, b)| a * b).sum::<f64>() / 37.0;
            assert!((fast - plain).abs() < 1e-10, "lag {lag}: {fast} {plain}");
        }
    }
}
