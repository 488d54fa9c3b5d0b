//! Ensembles of trees: where a row falls in each, and what the leaves add up to.
//!
//! Small trees are not walked. QuickScorer (Lucchese et al., SIGIR 2015) finds the leaves of all trees from the nodes
//! whose test fails, feature by feature; [`quick`] adds to it the intersections that it would compute again for each row.
//! Large trees, and tests for equality, are walked, several trees at a time ([`walk`]).

mod finish;
mod quick;
mod walk;

pub(crate) use finish::{Aggregate, Classes, Finish, Values};
pub(crate) use quick::{GROUP, Mask, Quick, Room};
pub(crate) use walk::{LEAF, Node, NodeMode, Walk, test};

use crate::{ScoreError, simd};
use std::ops::{Add, Div, Mul};

use crate::flat::{Bank, Reader, Reg, Writer, damaged};
use crate::ops::Number;
use crate::scratch::{Memory, part};

/// The type of thresholds and leaf values.
pub(crate) trait Real:
    Number + Into<f64> + Add<Output = Self> + Div<Output = Self> + Mul<Output = Self>
{
    fn of(x: f64) -> Self;

    fn narrow(self) -> f32 {
        let wide: f64 = self.into();
        wide as f32
    }
}

impl Real for f32 {
    fn of(x: f64) -> Self {
        x as f32
    }
}

impl Real for f64 {
    fn of(x: f64) -> Self {
        x
    }
}

/// An ensemble of trees.
#[derive(Debug)]
pub(crate) struct Trees<'a> {
    pub(crate) x: Reg,
    pub(crate) exits: Exits<'a>,
    pub(crate) finish: Finish<'a>,
}

/// How leaves are found, by the type of thresholds and the number of leaves.
#[derive(Debug)]
pub(crate) enum Exits<'a> {
    WalkF(Walk<'a, f32>),
    WalkD(Walk<'a, f64>),
    SmallF(Quick<'a, f32, u32>),
    LargeF(Quick<'a, f32, u64>),
    SmallD(Quick<'a, f64, u32>),
    LargeD(Quick<'a, f64, u64>),
}

impl<'a> Trees<'a> {
    fn bank(&self) -> Bank {
        match self.exits {
            Exits::WalkF(_) | Exits::SmallF(_) | Exits::LargeF(_) => Bank::F,
            Exits::WalkD(_) | Exits::SmallD(_) | Exits::LargeD(_) => Bank::D,
        }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.banked((self.bank(), self.x));
        match &self.exits {
            Exits::WalkF(exits) => exits.write(w, 0),
            Exits::WalkD(exits) => exits.write(w, 0),
            Exits::SmallF(exits) => exits.write(w, 1),
            Exits::SmallD(exits) => exits.write(w, 1),
            Exits::LargeF(exits) => exits.write(w, 2),
            Exits::LargeD(exits) => exits.write(w, 2),
        }
        self.finish.write(w);
    }

    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, ScoreError> {
        let (bank, x) = r.banked()?;
        let width = x.len();
        let (exits, leaves) = match (bank, r.word()?) {
            (Bank::F, 0) => Walk::read(r, width).map(|(e, n)| (Exits::WalkF(e), n)),
            (Bank::D, 0) => Walk::read(r, width).map(|(e, n)| (Exits::WalkD(e), n)),
            (Bank::F, 1) => Quick::read(r, width).map(|(e, n)| (Exits::SmallF(e), n)),
            (Bank::D, 1) => Quick::read(r, width).map(|(e, n)| (Exits::SmallD(e), n)),
            (Bank::F, 2) => Quick::read(r, width).map(|(e, n)| (Exits::LargeF(e), n)),
            (Bank::D, 2) => Quick::read(r, width).map(|(e, n)| (Exits::LargeD(e), n)),
            _ => Err(damaged("an ensemble is of an unknown kind")),
        }?;
        let finish = Finish::read(r, bank, leaves)?;
        Ok(Self { x, exits, finish })
    }

    /// Number of trees.
    fn count(&self) -> usize {
        match &self.exits {
            Exits::WalkF(exits) => exits.count(),
            Exits::WalkD(exits) => exits.count(),
            Exits::SmallF(exits) => exits.count(),
            Exits::SmallD(exits) => exits.count(),
            Exits::LargeF(exits) => exits.count(),
            Exits::LargeD(exits) => exits.count(),
        }
    }

    #[inline(always)]
    pub(crate) fn run(&self, m: &mut Memory) {
        if let Some(total) = self.total(m) {
            return self.finish.sum(total, self.count(), m);
        }
        let mut leaves = std::mem::take(&mut m.leaves);
        leaves.resize(self.count(), 0);
        let Memory { f, d, small, large, .. } = m;
        match &self.exits {
            Exits::WalkF(exits) => exits.find(part(f, self.x), &mut leaves),
            Exits::WalkD(exits) => exits.find(part(d, self.x), &mut leaves),
            Exits::SmallF(exits) => simd::find(exits, part(f, self.x), small, &mut leaves),
            Exits::SmallD(exits) => simd::find(exits, part(d, self.x), small, &mut leaves),
            Exits::LargeF(exits) => simd::find(exits, part(f, self.x), large, &mut leaves),
            Exits::LargeD(exits) => simd::find(exits, part(d, self.x), large, &mut leaves),
        }
        self.finish.run(&leaves, m);
        m.leaves = leaves;
    }

    /// The sum of the leaves' values, for one target and small trees.
    fn total(&self, m: &mut Memory) -> Option<f64> {
        let Memory { f, d, small, large, .. } = m;
        Some(match (&self.exits, self.finish.summed()?) {
            (Exits::SmallF(exits), Values::F(values)) => simd::total(exits, part(f, self.x), small, values),
            (Exits::SmallD(exits), Values::D(values)) => simd::total(exits, part(d, self.x), small, values),
            (Exits::LargeF(exits), Values::F(values)) => simd::total(exits, part(f, self.x), large, values),
            (Exits::LargeD(exits), Values::D(values)) => simd::total(exits, part(d, self.x), large, values),
            _ => return None,
        })
    }
}
