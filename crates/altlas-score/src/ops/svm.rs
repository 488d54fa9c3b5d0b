use crate::ScoreError;
use crate::flat::{Bank, Code, Reader, Reg, Writer, require};
use crate::scratch::{Element, Memory, part, part_mut};

/// Kernels of support vector machines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum KernelKind {
    Linear,
    Poly,
    Rbf,
    Sigmoid,
}

impl Code for KernelKind {
    const ALL: &'static [Self] = &[Self::Linear, Self::Poly, Self::Rbf, Self::Sigmoid];
}

/// `out[v] = kernel(x, vectors[v])`.
#[derive(Debug)]
pub(crate) struct Kernel<'a> {
    pub(crate) kind: KernelKind,
    /// γ, the constant and the degree.
    pub(crate) parameters: [f32; 3],
    pub(crate) x: Reg,
    pub(crate) vectors: &'a [f32],
    pub(crate) out: Reg,
}

impl<'a> Kernel<'a> {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.kind);
        self.parameters.iter().for_each(|p| w.float(*p));
        w.reg(self.out);
        w.reg(self.x);
        w.array(self.vectors);
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let kind = r.coded()?;
        let parameters = [r.float()?, r.float()?, r.float()?];
        let out = r.reg(Bank::F)?;
        let x = r.before(Bank::F, (Bank::F, out))?;
        let vectors: &[f32] = r.array()?;
        require(x.len().checked_mul(out.len()) == Some(vectors.len()), "a matrix has the wrong size")?;
        Ok(Self { kind, parameters, x, vectors, out })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let [gamma, constant, degree] = self.parameters;
        let (before, out) = f32::split(m, self.out);
        let x = part(before, self.x);
        for (out, vector) in out.iter_mut().zip(self.vectors.chunks_exact(x.len().max(1))) {
            // Sums are taken in the runtime's order and precision: powers enlarge a rounding, and probabilities come
            // from an iteration that ends where an error falls below a bound, so a rounding can be an iteration apart.
            if self.kind == KernelKind::Rbf {
                let distance = x.iter().zip(vector).fold(0.0, |sum, (x, v)| sum + (x - v) * (x - v));
                *out = (-gamma * distance).exp();
                continue;
            }
            let dot = x.iter().zip(vector).fold(0.0, |sum, (x, v)| fused(*x, *v, sum));
            let scaled = fused(gamma, dot, constant);
            *out = match self.kind {
                KernelKind::Poly if degree == 2.0 => scaled * scaled,
                KernelKind::Poly if degree == 3.0 => scaled * scaled * scaled,
                KernelKind::Poly => scaled.powf(degree),
                KernelKind::Sigmoid => scaled.tanh(),
                KernelKind::Linear | KernelKind::Rbf => dot,
            };
        }
    }
}

/// `a · b + c` with one rounding, but for some of the cases where the sum lies halfway between two numbers. The product
/// is exact in double precision; the processor's own instruction is not there in a baseline build.
fn fused(a: f32, b: f32, c: f32) -> f32 {
    (f64::from(a) * f64::from(b) + f64::from(c)) as f32
}

/// The scores of all pairs of classes, `(0,1), (0,2), …, (1,2), …`, and how many of its pairs each class wins.
#[derive(Debug)]
pub(crate) struct Pairs<'a> {
    pub(crate) kernels: Reg,
    /// Where each class's support vectors start; one more than classes.
    pub(crate) starts: &'a [u32],
    /// Classes − 1 rows, of one coefficient a support vector each.
    pub(crate) coefficients: &'a [f32],
    /// One for each pair.
    pub(crate) rho: &'a [f32],
    pub(crate) scores: Reg,
    pub(crate) votes: Reg,
}

impl<'a> Pairs<'a> {
    pub(super) fn write(&self, w: &mut Writer) {
        w.reg(self.scores);
        w.reg(self.votes);
        w.reg(self.kernels);
        w.array(self.starts);
        w.array(self.coefficients);
        w.array(self.rho);
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let (scores, votes) = (r.reg(Bank::F)?, r.reg(Bank::I)?);
        let kernels = r.before(Bank::F, (Bank::F, scores))?;
        let (starts, coefficients): (&[u32], &[f32]) = (r.array()?, r.array()?);
        let rho = r.array()?;
        let classes = votes.len();
        require(classes >= 2 && starts.len() == classes + 1, "classes do not fit")?;
        require(starts.is_sorted() && starts.last() == Some(&kernels.len), "vectors do not fit")?;
        let cells = kernels.len().checked_mul(classes - 1);
        require(cells == Some(coefficients.len()), "a matrix has the wrong size")?;
        require(Some(scores.len()) == pairs(classes) && rho.len() == scores.len(), "pairs do not fit")?;
        Ok(Self { kernels, starts, coefficients, rho, scores, votes })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let Memory { f, i, .. } = m;
        let votes = part_mut(i, self.votes);
        votes.fill(0);
        let Some((before, after)) = f.split_at_mut_checked(self.scores.start()) else { return };
        let kernels = part(before, self.kernels);
        // A single-precision product in a double-precision sum, as in the runtime.
        let side = |sum: f64, row: usize, class: usize| -> f64 {
            let bounds = |n: usize| self.starts.get(n).map_or(0, |at| *at as usize);
            let (from, to) = (bounds(class), bounds(class + 1));
            let offset = row * kernels.len();
            let coefficients = self.coefficients.get(offset + from..offset + to).unwrap_or_default();
            let kernels = kernels.get(from..to).unwrap_or_default();
            coefficients.iter().zip(kernels).fold(sum, |sum, (c, k)| sum + f64::from(c * k))
        };
        let classes = votes.len();
        let order = (0..classes).flat_map(|a| (a + 1..classes).map(move |b| (a, b)));
        for (((a, b), out), rho) in order.zip(after.iter_mut()).zip(self.rho) {
            let sum = side(side(0.0, b - 1, a), a, b) + f64::from(*rho);
            *out = sum as f32;
            if let Some(votes) = votes.get_mut(if sum > 0.0 { a } else { b }) {
                *votes += 1;
            }
        }
    }
}

fn pairs(classes: usize) -> Option<usize> {
    Some(classes.checked_mul(classes.checked_sub(1)?)? / 2)
}

/// The most classes of [`Shares`], whose iteration takes up to 100 times the cube of their number of steps.
pub(crate) const MOST_CLASSES: usize = 64;

/// Probabilities of classes from the scores of their pairs (Wu, Lin, Weng 2004, second method).
#[derive(Debug)]
pub(crate) struct Shares<'a> {
    pub(crate) scores: Reg,
    pub(crate) a: &'a [f32],
    pub(crate) b: &'a [f32],
    pub(crate) out: Reg,
    /// Room for two matrices and a vector of the classes.
    pub(crate) room: Reg,
}

impl<'a> Shares<'a> {
    pub(super) fn write(&self, w: &mut Writer) {
        w.reg(self.out);
        w.reg(self.room);
        w.reg(self.scores);
        w.array(self.a);
        w.array(self.b);
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let (out, room) = (r.reg(Bank::F)?, r.reg(Bank::F)?);
        let scores = r.before(Bank::F, (Bank::F, room))?;
        let (a, b) = (r.exactly(scores.len())?, r.exactly(scores.len())?);
        let classes = out.len();
        require(classes <= MOST_CLASSES, "there are too many classes")?;
        require(pairs(classes) == Some(scores.len()), "pairs do not fit")?;
        let size = classes.checked_mul(classes).and_then(|n| n.checked_mul(2));
        require(size.and_then(|n| n.checked_add(classes)) == Some(room.len()), "room does not fit")?;
        require(room.end() <= out.start(), "registers overlap")?;
        Ok(Self { scores, a, b, out, room })
    }

    pub(super) fn run(&self, m: &mut Memory) {
        let classes = self.out.len();
        let Some((before, after)) = m.f.split_at_mut_checked(self.out.start()) else { return };
        let Some((before, room)) = before.split_at_mut_checked(self.room.start()) else { return };
        let (r, rest) = room.split_at_mut_checked(classes * classes).unwrap_or_default();
        let (q, rest) = rest.split_at_mut_checked(classes * classes).unwrap_or_default();
        let qp = rest.get_mut(..classes).unwrap_or_default();
        let order = (0..classes).flat_map(|i| (i + 1..classes).map(move |j| (i, j)));
        let scores = part(before, self.scores).iter().zip(self.a.iter().zip(self.b));
        for ((i, j), (score, (a, b))) in order.zip(scores) {
            let share = 1.0 - super::transform::logistic(score * a + b);
            // Not `clamp`: NaN stays NaN, and ends in equal shares.
            let share = if share < 1e-7 { 1e-7 } else { share };
            let share = if share > 1.0 - 1e-7 { 1.0 - 1e-7 } else { share };
            put(r, i * classes + j, share);
            put(r, j * classes + i, 1.0 - share);
        }
        couple(r, q, qp, after.get_mut(..classes).unwrap_or_default());
    }
}

fn at(values: &[f32], n: usize) -> f32 {
    values.get(n).copied().unwrap_or_default()
}

fn put(values: &mut [f32], n: usize, value: f32) {
    if let Some(place) = values.get_mut(n) {
        *place = value;
    }
}

/// LIBSVM's iteration for the probabilities `p` from those of pairs `r`, in single precision and in the runtime's order.
fn couple(r: &[f32], q: &mut [f32], qp: &mut [f32], p: &mut [f32]) {
    let n = p.len();
    let enough = 0.005 / n as f32;
    p.fill(1.0 / n as f32);
    q.fill(0.0);
    for i in 0..n {
        for j in 0..i {
            let square = at(r, j * n + i) * at(r, j * n + i);
            put(q, i * n + i, at(q, i * n + i) + square);
            put(q, i * n + j, at(q, j * n + i));
        }
        for j in i + 1..n {
            let square = at(r, j * n + i) * at(r, j * n + i);
            put(q, i * n + i, at(q, i * n + i) + square);
            put(q, i * n + j, -at(r, j * n + i) * at(r, i * n + j));
        }
    }
    for _ in 0..100 {
        let mut pqp = 0.0f32;
        for i in 0..n {
            let sum = (0..n).fold(0.0, |sum, j| sum + at(q, i * n + j) * at(p, j));
            put(qp, i, sum);
            pqp += at(p, i) * sum;
        }
        let error =
            qp.iter().fold(0.0f32, |top, x| if (x - pqp).abs() > top { (x - pqp).abs() } else { top });
        if error < enough {
            break;
        }
        for i in 0..n {
            let diagonal = at(q, i * n + i);
            let step = (-at(qp, i) + pqp) / diagonal;
            put(p, i, at(p, i) + step);
            pqp = (pqp + step * (step * diagonal + 2.0 * at(qp, i))) / (1.0 + step) / (1.0 + step);
            for j in 0..n {
                put(qp, j, (at(qp, j) + step * at(q, i * n + j)) / (1.0 + step));
                put(p, j, at(p, j) / (1.0 + step));
            }
        }
    }
}
