use super::Real;
use crate::ScoreError;
use crate::flat::{Bank, Code, Reader, Reg, Writer, damaged, require};
use crate::ops::{Post, apply, logistic, probit};
use crate::scratch::{Memory, part_mut};

/// How the leaves of a row are put together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aggregate {
    Average,
    Sum,
    Min,
    Max,
}

impl Code for Aggregate {
    const ALL: &'static [Self] = &[Self::Average, Self::Sum, Self::Min, Self::Max];
}

/// What the runtime knows of a classifier besides its scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Classes {
    /// Two classes, and all leaves add to the same of them.
    pub(crate) one_score: bool,
    /// No leaf has a negative value.
    pub(crate) positive: bool,
    /// Where the number of the class goes.
    pub(crate) label: Reg,
}

/// Numbers of the type of the thresholds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'a> {
    F(&'a [f32]),
    D(&'a [f64]),
}

impl<'a> Values<'a> {
    fn write(self, w: &mut Writer) {
        match self {
            Self::F(values) => w.array(values),
            Self::D(values) => w.array(values),
        }
    }

    fn read(r: &mut Reader<'a>, bank: Bank) -> Result<Self, ScoreError> {
        match bank {
            Bank::F => r.array().map(Self::F),
            Bank::D => r.array().map(Self::D),
            Bank::I => Err(damaged("leaves hold no whole numbers")),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::F(values) => values.len(),
            Self::D(values) => values.len(),
        }
    }
}

/// From leaves to outputs, with the runtime's rules (`tree_ensemble_aggregator.h` and `ml_common.h` of ONNX Runtime).
#[derive(Debug)]
pub(crate) struct Finish<'a> {
    pub(crate) aggregate: Aggregate,
    pub(crate) post: Post,
    /// Empty, or one value for each target, or one for the first of two classes.
    pub(crate) base: Values<'a>,
    /// Where the values of each leaf start, one more than leaves; empty for one target, where a leaf has one value.
    pub(crate) firsts: &'a [u32],
    /// The target of each value; empty for one target.
    pub(crate) targets: &'a [u32],
    pub(crate) values: Values<'a>,
    /// Room for a sum for each target, in the bank of the thresholds.
    pub(crate) sums: Reg,
    pub(crate) scores: (Bank, Reg),
    pub(crate) classes: Option<Classes>,
}

impl<'a> Finish<'a> {
    pub(super) fn write(&self, w: &mut Writer) {
        w.coded(self.aggregate);
        w.coded(self.post);
        self.base.write(w);
        w.array(self.firsts);
        w.array(self.targets);
        self.values.write(w);
        w.reg(self.sums);
        w.banked(self.scores);
        w.flag(self.classes.is_some());
        if let Some(classes) = self.classes {
            w.flag(classes.one_score);
            w.flag(classes.positive);
            w.reg(classes.label);
        }
    }

    pub(super) fn read(r: &mut Reader<'a>, bank: Bank, leaves: usize) -> Result<Self, ScoreError> {
        let (aggregate, post) = (r.coded()?, r.coded()?);
        let base = Values::read(r, bank)?;
        let (firsts, targets): (&[u32], &[u32]) = (r.array()?, r.array()?);
        let values = Values::read(r, bank)?;
        let sums = r.reg(bank)?;
        let scores = r.banked()?;
        let classes = if r.flag()? {
            Some(Classes { one_score: r.flag()?, positive: r.flag()?, label: r.reg(Bank::I)? })
        } else {
            None
        };
        let width = scores.1.len();
        require(scores.0 != Bank::I && sums.len() == width, "scores do not fit")?;
        let apart = sums.end() <= scores.1.start() || scores.1.end() <= sums.start();
        require(bank != scores.0 || apart, "registers overlap")?;
        if firsts.is_empty() {
            require(width == 1 && classes.is_none(), "leaves do not fit")?;
            require(values.len() >= leaves, "leaves do not fit")?;
        } else {
            require(firsts.len() > leaves && firsts.is_sorted(), "leaves do not fit")?;
            require(firsts.last().is_some_and(|n| *n as usize <= values.len()), "leaves do not fit")?;
            require(targets.len() == values.len(), "leaves do not fit")?;
            require(targets.iter().all(|t| (*t as usize) < width), "a leaf adds to no target")?;
            require(classes.is_none() || width >= 2, "classes do not fit")?;
        }
        let fits = base.len() == 0 || base.len() == width || base.len() == 1 && classes.is_some();
        require(fits, "base values do not fit")?;
        Ok(Self { aggregate, post, base, firsts, targets, values, sums, scores, classes })
    }

    pub(super) fn run(&self, leaves: &[u32], m: &mut Memory) {
        match (self.values, self.base) {
            (Values::F(values), Values::F(base)) => self.finish(leaves, values, base, m),
            (Values::D(values), Values::D(base)) => self.finish(leaves, values, base, m),
            _ => {}
        }
    }

    fn finish<T: Real>(&self, leaves: &[u32], values: &[T], base: &[T], m: &mut Memory) {
        if self.firsts.is_empty() {
            return self.lone(self.single(leaves, values), base, m);
        }
        self.gather(leaves, values, m);
        match self.classes {
            None => self.regress(leaves.len(), base, m),
            Some(classes) => self.classify(classes, base, m),
        }
    }

    /// The values of leaves, where all there is to do is to sum one of each tree.
    pub(super) fn summed(&self) -> Option<Values<'a>> {
        let sums = matches!(self.aggregate, Aggregate::Sum | Aggregate::Average);
        (self.firsts.is_empty() && sums).then_some(self.values)
    }

    /// Goes on from the sum of such values.
    pub(super) fn sum(&self, total: f64, trees: usize, m: &mut Memory) {
        match self.base {
            Values::F(base) => self.lone(self.mean(total as f32, trees), base, m),
            Values::D(base) => self.lone(self.mean(total, trees), base, m),
        }
    }

    fn mean<T: Real>(&self, sum: T, trees: usize) -> T {
        if self.aggregate == Aggregate::Average { sum / T::of(trees as f64) } else { sum }
    }

    /// Writes the score of the one target.
    fn lone<T: Real>(&self, score: T, base: &[T], m: &mut Memory) {
        let score = score + base.first().copied().unwrap_or_default();
        let probit = |score: T| T::of(probit(score.narrow()).into());
        self.store(0, if self.post == Post::Probit { probit(score) } else { score }, m);
    }

    /// The aggregate of one target.
    #[inline(always)]
    fn single<T: Real>(&self, leaves: &[u32], values: &[T]) -> T {
        let value = |leaf: &u32| values.get(*leaf as usize).copied().unwrap_or_default();
        let first = leaves.first().map(value).unwrap_or_default();
        let pick = |better: fn(T, T) -> bool| {
            leaves.iter().map(value).fold(first, |best, x| if better(x, best) { x } else { best })
        };
        match self.aggregate {
            Aggregate::Min => pick(|x, best| x < best),
            Aggregate::Max => pick(|x, best| x > best),
            Aggregate::Sum | Aggregate::Average => self.mean(T::of(sum(leaves, values)), leaves.len()),
        }
    }

    /// Puts the values of leaves together by target, in the order of the trees and in their own precision: votes of
    /// forests are often equal but for rounding.
    #[inline(always)]
    fn gather<T: Real>(&self, leaves: &[u32], values: &[T], m: &mut Memory) {
        let mut added = std::mem::take(&mut m.added);
        added.clear();
        added.resize(self.sums.len(), false);
        let sums = part_mut(T::bank_mut(m), self.sums);
        sums.fill(T::default());
        for leaf in leaves {
            let bound = |n: usize| self.firsts.get(*leaf as usize + n).map_or(0, |at| *at as usize);
            let range = bound(0)..bound(1);
            let targets = self.targets.get(range.clone()).unwrap_or_default();
            for (target, value) in targets.iter().zip(values.get(range).unwrap_or_default()) {
                let target = *target as usize;
                let (Some(sum), Some(added)) = (sums.get_mut(target), added.get_mut(target)) else {
                    continue;
                };
                *sum = match self.aggregate {
                    Aggregate::Sum | Aggregate::Average => *sum + *value,
                    Aggregate::Min if *added && *sum <= *value => *sum,
                    Aggregate::Max if *added && *sum >= *value => *sum,
                    Aggregate::Min | Aggregate::Max => *value,
                };
                *added = true;
            }
        }
        m.added = added;
    }

    fn regress<T: Real>(&self, trees: usize, base: &[T], m: &mut Memory) {
        for k in 0..self.sums.len() {
            let sum = T::bank(m).get(self.sums.start() + k).copied().unwrap_or_default();
            let score = self.mean(sum, trees) + base.get(k).copied().unwrap_or_default();
            // The runtime writes 0 for a target that no leaf added to, whatever its base value.
            self.store(k, if m.added.get(k) == Some(&true) { score } else { T::default() }, m);
        }
        if self.scores.0 == Bank::F {
            apply(self.post, part_mut(&mut m.f, self.scores.1));
        }
    }

    fn classify<T: Real>(&self, classes: Classes, base: &[T], m: &mut Memory) {
        let mut added = std::mem::take(&mut m.added);
        let sums = part_mut(T::bank_mut(m), self.sums);
        let (label, second) = match (&mut *sums, &mut *added) {
            ([a, b], [has_a, has_b]) => two(classes, base, [a, b], [*has_a, *has_b]),
            (sums, added) => (most(base, sums, added), None),
        };
        let scores: [T; 2] = [0, 1].map(|k| sums.get(k).copied().unwrap_or_default());
        m.failed |= label.is_none();
        m.added = added;
        match second {
            Some(_) if self.post == Post::Logistic => {
                let score = scores[0].narrow();
                self.store(0, T::of(logistic(-score).into()), m);
                self.store(1, T::of(logistic(score).into()), m);
            }
            Some(Second::Complement) => {
                self.store(0, T::of(1.0) + T::unary(crate::ops::UnaryKind::Neg, scores[0]), m);
                self.store(1, scores[0], m);
            }
            Some(Second::Opposite) => {
                self.store(0, T::unary(crate::ops::UnaryKind::Neg, scores[0]), m);
                self.store(1, scores[0], m);
            }
            None => {
                for k in 0..self.sums.len() {
                    let sum = T::bank(m).get(self.sums.start() + k).copied().unwrap_or_default();
                    self.store(k, if m.added.get(k) == Some(&true) { sum } else { T::default() }, m);
                }
                apply(self.post, part_mut(&mut m.f, self.scores.1));
            }
        }
        if let Some(out) = part_mut(&mut m.i, classes.label).first_mut() {
            *out = label.unwrap_or_default();
        }
    }

    #[inline(always)]
    fn store<T: Real>(&self, k: usize, score: T, m: &mut Memory) {
        let at = self.scores.1.start() + k;
        match self.scores.0 {
            Bank::D => m.d.get_mut(at).into_iter().for_each(|out| *out = score.into()),
            _ => m.f.get_mut(at).into_iter().for_each(|out| *out = score.narrow()),
        }
    }
}

/// How a single score is written as two, if not through the logistic function.
enum Second {
    /// `1 − s` and `s`.
    Complement,
    /// `−s` and `s`.
    Opposite,
}

/// The class with the highest score among those that any leaf or base value added to.
fn most<T: Real>(base: &[T], sums: &mut [T], added: &mut [bool]) -> Option<i64> {
    for ((sum, added), base) in sums.iter_mut().zip(&mut *added).zip(base) {
        (*sum, *added) = (if *added { *sum + *base } else { *base }, true);
    }
    let mut best: Option<(i64, T)> = None;
    for (class, (sum, added)) in (0i64..).zip(sums.iter().zip(&*added)) {
        if *added && best.is_none_or(|(_, top)| *sum > top) {
            best = Some((class, *sum));
        }
    }
    best.map(|(class, _)| class)
}

/// Adds the base values of two classes in the runtime's ways, and decides between them.
fn two<T: Real>(
    classes: Classes,
    base: &[T],
    [a, b]: [&mut T; 2],
    [has_a, has_b]: [bool; 2],
) -> (Option<i64>, Option<Second>) {
    let mut second = None;
    let mut lone = false;
    match base {
        [_, base_b] if has_b => {
            *b = *base_b + *a;
            *a = T::unary(crate::ops::UnaryKind::Neg, *b);
        }
        [base_a, base_b] => {
            *b = *b + *base_b;
            *a = *a + *base_a;
        }
        [base_a] => {
            *a = *a + *base_a;
            lone = !has_b;
        }
        _ => {
            second = Some(Second::Opposite);
            lone = !has_b;
        }
    }
    let decisive = match (has_b, has_a) {
        (true, _) => *b,
        (false, true) => *a,
        (false, false) => T::default(),
    };
    let high = if classes.one_score && classes.positive {
        second = Some(Second::Complement);
        decisive > T::of(0.5)
    } else {
        if classes.one_score {
            second = Some(Second::Opposite);
        }
        decisive > T::default()
    };
    (Some(i64::from(high)), second.filter(|_| lone))
}

/// The sum of one value a leaf, in four lanes of double precision.
#[inline(always)]
fn sum<T: Real>(leaves: &[u32], values: &[T]) -> f64 {
    let mut lanes = [0f64; 4];
    let (chunks, rest) = leaves.as_chunks::<4>();
    let value = |leaf: u32| -> f64 { values.get(leaf as usize).copied().unwrap_or_default().into() };
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, leaf)| *lane += value(*leaf));
    }
    rest.iter().for_each(|leaf| lanes[0] += value(*leaf));
    let [a, b, c, d] = lanes;
    (a + b) + (c + d)
}
