//! The operations of a program: what each does, how it is written to the flat form, and how it is read and checked.

mod cast;
mod dense;
mod elementwise;
mod find;
mod normalize;
mod pick;
mod reduce;
mod svm;
mod transform;

pub(crate) use cast::{Cast, To};
pub(crate) use dense::{Dense, Weights, sums};
pub(crate) use elementwise::{Binary, BinaryKind, Compare, CompareKind, Predicate, PredicateKind, Select};
pub(crate) use elementwise::{Number, Refuse, Unary, UnaryKind};
pub(crate) use find::{Find, Hot, Keys};
pub(crate) use normalize::{Norm, Normalize, Softmax};
pub(crate) use pick::{Lookup, Pick, Place, RowLookup, Table};
pub(crate) use reduce::{Arg, Axis, CumSum, MOST_TOP, Reduce, ReduceKind, TopK};
pub(crate) use svm::{Kernel, KernelKind, MOST_CLASSES, Pairs, Shares};
pub(crate) use transform::{Post, SecondClass, Transform, apply, logistic, probit};

use crate::ScoreError;
use crate::flat::{Code, Reader, Writer, damaged};
use crate::scratch::Memory;
use crate::trees::Trees;

macro_rules! operations {
    ($($name:ident $(<$life:lifetime>)?),+ $(,)?) => {
        /// One operation.
        #[derive(Debug)]
        pub(crate) enum Op<'a> {
            $($name($name $(<$life>)?)),+
        }

        #[derive(Clone, Copy, PartialEq)]
        enum OpCode {
            $($name),+
        }

        impl Code for OpCode {
            const ALL: &'static [Self] = &[$(Self::$name),+];
        }

        impl<'a> Op<'a> {
            pub(crate) fn write(&self, w: &mut Writer) {
                match self {
                    $(Self::$name(op) => {
                        w.coded(OpCode::$name);
                        op.write(w);
                    })+
                }
            }

            pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
                Ok(match r.coded()? {
                    $(OpCode::$name => Self::$name($name::read(r)?)),+
                })
            }

            #[inline]
            pub(crate) fn run(&self, m: &mut Memory) {
                match self {
                    $(Self::$name(op) => op.run(m)),+
                }
            }
        }
    };
}

operations!(
    Arg,
    Binary,
    Cast,
    Compare,
    CumSum,
    Dense<'a>,
    Find<'a>,
    Hot,
    Kernel<'a>,
    Lookup<'a>,
    Normalize,
    Pairs<'a>,
    Pick<'a>,
    Place,
    Predicate,
    Reduce,
    Refuse,
    RowLookup,
    Select,
    Shares<'a>,
    Softmax,
    TopK,
    Transform,
    Trees<'a>,
    Unary,
);

/// Calls `$run::<T>` for the element type of a bank.
macro_rules! by_bank {
    ($bank:expr, $run:ident($($argument:expr),*)) => {
        match $bank {
            crate::flat::Bank::F => $run::<f32>($($argument),*),
            crate::flat::Bank::D => $run::<f64>($($argument),*),
            crate::flat::Bank::I => $run::<i64>($($argument),*),
        }
    };
}
pub(crate) use by_bank;

/// Lengths that an operand may have: that of the result, or one element for all.
fn fits(len: u32, out: u32) -> Result<(), ScoreError> {
    if len == out || len == 1 { Ok(()) } else { Err(damaged("operands differ in length")) }
}
