use crate::ScoreError;
use crate::flat::{Bank, Code, Reader, Reg, Writer, require};
use crate::scratch::{Element, Memory, part};

/// What happens to the scores of a model of `ai.onnx.ml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Post {
    None,
    Softmax,
    Logistic,
    SoftmaxZero,
    Probit,
}

impl Code for Post {
    const ALL: &'static [Self] =
        &[Self::None, Self::Softmax, Self::Logistic, Self::SoftmaxZero, Self::Probit];
}

/// How a single score becomes those of two classes, if not by the logistic function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecondClass {
    /// There is no second class.
    None,
    /// `1 − s` and `s`.
    Complement,
    /// `−s` and `s`.
    Opposite,
}

impl Code for SecondClass {
    const ALL: &'static [Self] = &[Self::None, Self::Complement, Self::Opposite];
}

/// Applies a [`Post`] to the scores of a row.
#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) post: Post,
    pub(crate) second: SecondClass,
    pub(crate) x: Reg,
    pub(crate) out: Reg,
}

impl Transform {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.post);
        w.coded(self.second);
        w.reg(self.out);
        w.reg(self.x);
    }

    pub(super) fn read(r: &mut Reader) -> Result<Self, ScoreError> {
        let (post, second) = (r.coded()?, r.coded()?);
        let out = r.reg(Bank::F)?;
        let x = r.before(Bank::F, (Bank::F, out))?;
        let pair = second != SecondClass::None;
        require(if pair { x.len == 1 && out.len == 2 } else { x.len == out.len }, "lengths differ")?;
        Ok(Self { post, second, x, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let (before, out) = f32::split(m, self.out);
        let x = part(before, self.x);
        match (self.second, x, &mut *out) {
            (SecondClass::Complement | SecondClass::Opposite, [score], [negative, positive]) => {
                (*negative, *positive) = match self.second {
                    _ if self.post == Post::Logistic => (logistic(-score), logistic(*score)),
                    SecondClass::Complement => (1.0 - score, *score),
                    _ => (-score, *score),
                };
            }
            _ => {
                out.iter_mut().zip(x).for_each(|(out, x)| *out = *x);
                apply(self.post, out);
            }
        }
    }
}

/// Transforms the scores of all classes or targets, in single precision and in the runtime's order.
pub(crate) fn apply(post: Post, scores: &mut [f32]) {
    match post {
        Post::None => {}
        Post::Logistic => scores.iter_mut().for_each(|s| *s = logistic(*s)),
        Post::Probit => scores.iter_mut().for_each(|s| *s = probit(*s)),
        Post::Softmax | Post::SoftmaxZero => {
            let top = scores.iter().fold(f32::MIN, |top, s| if *s > top { *s } else { top });
            let scale = (-top).exp();
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                if post == Post::Softmax || score.abs() > 1e-7 {
                    *score = (*score - top).exp();
                    sum += *score;
                } else {
                    *score *= scale;
                }
            }
            scores.iter_mut().for_each(|s| *s /= sum);
        }
    }
}

pub(crate) fn logistic(x: f32) -> f32 {
    let v = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - v } else { v }
}

/// The inverse of the normal distribution's function by Winitzki's approximation (2008), as in the runtime.
pub(crate) fn probit(x: f32) -> f32 {
    let x = 2.0 * x - 1.0;
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let a = 2.0 / (std::f32::consts::PI * 0.147) + 0.5 * log;
    let b = 1.0 / 0.147 * log;
    std::f32::consts::SQRT_2 * (sign * (-a + (a * a - b).sqrt()).sqrt())
}
