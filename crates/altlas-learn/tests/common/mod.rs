//! Made-up data for the tests.
#![allow(dead_code, clippy::unwrap_used)]

pub mod graphs;

use altlas_prep::{Column, Matrix, Table};

/// A small generator of its own (Knuth's MMIX constants), so that tests do not hang on a crate's version.
pub struct Rng(pub u64);

impl Rng {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    /// By Box and Muller.
    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Features with missing values, ties, negatives, infinities and tiny numbers.
pub fn matrix(rng: &mut Rng, rows: usize) -> Matrix {
    let width = 6;
    let mut values = Vec::with_capacity(rows * width);
    for _ in 0..rows {
        values.push(rng.normal() as f32);
        values.push(if rng.uniform() < 0.2 { f32::NAN } else { rng.normal() as f32 * 1e6 });
        values.push(rng.below(4) as f32 - 1.0);
        values.push(if rng.uniform() < 0.5 { 0.0 } else { (rng.normal() * 1e-3) as f32 });
        values.push(rng.below(2) as f32);
        values.push(if rng.uniform() < 0.02 { f32::INFINITY } else { rng.uniform() as f32 });
    }
    Matrix { rows, width, values }
}

/// A signal of the features above.
pub fn signal(row: &[f32]) -> f64 {
    let missing = if row[1].is_nan() { 2.0 } else { f64::from(row[1]) / 1e6 };
    f64::from(row[0]) * 2.0
        + missing
        + f64::from(row[2]).abs()
        + f64::from(row[4]) * f64::from(row[0]).max(0.0)
}

/// Tasks with a right-skewed duration in seconds: most of it by kind, customer and size.
pub fn tasks(rows: usize, seed: u64) -> Table {
    let mut rng = Rng(seed);
    let kinds = ["fix", "write", "call", "ship", "test"];
    let (mut kind, mut customer, mut note, mut size) = (vec![], vec![], vec![], vec![]);
    let (mut at, mut urgent, mut same, mut took, mut late) = (vec![], vec![], vec![], vec![], vec![]);
    for i in 0..rows {
        let k = rng.below(5);
        let c = (rng.uniform().powi(2) * 60.0) as usize;
        let s = rng.uniform() * 10.0;
        let u = rng.uniform() < 0.3;
        let log = 3.0 + k as f64 * 0.5 + (c % 7) as f64 * 0.3 + s * 0.1 - f64::from(u8::from(u)) * 0.7;
        let y = (log + 0.4 * rng.normal()).exp();
        kind.push((rng.uniform() > 0.02).then(|| kinds[k].to_owned()));
        customer.push(Some(format!("customer {c}")));
        note.push(Some(format!("note{i}")));
        size.push(if rng.uniform() < 0.05 { f64::NAN } else { s });
        at.push(Some(1_600_000_000_000_000 + i as i64 * 3_600_000_000));
        urgent.push(Some(u));
        same.push(1.0);
        late.push(Some(if y > 60.0 { "late" } else { "in time" }.to_owned()));
        took.push(if i % 97 == 0 { f64::NAN } else { y });
    }
    let names = ["kind", "customer", "note", "size", "at", "urgent", "same", "late", "took"];
    let columns = vec![
        Column::Text(kind),
        Column::Text(customer),
        Column::Text(note),
        Column::Number(size),
        Column::Timestamp(at),
        Column::Boolean(urgent),
        Column::Number(same),
        Column::Text(late),
        Column::Interval(took),
    ];
    Table::new(names.map(str::to_owned).to_vec(), columns).unwrap()
}
