//! What tells the cluster of a row, and its graph.

use altlas_onnx::proto::data_type;

use super::density::Cores;
use super::mixture::Mixture;
use crate::graph::Dense;
use crate::linear::{Standard, dot};

/// What tells the cluster of a row.
pub(super) struct Model {
    pub(super) standard: Standard,
    pub(super) finder: Finder,
}

pub(super) enum Finder {
    /// The nearest of these.
    Centres(Vec<f64>),
    /// The likeliest component.
    Mixture(Mixture),
    /// That of the nearest core, if it is near enough.
    Cores(Cores),
}

impl Model {
    /// The number of a row's cluster; -1 for none.
    pub(super) fn number(&self, row: &[f32]) -> i64 {
        let width = self.standard.mean.len();
        let mut z = vec![0.0; width];
        self.standard.row(row, &mut z);
        let centres = match &self.finder {
            Finder::Mixture(mixture) => return mixture.likeliest(&z) as i64,
            Finder::Cores(cores) => return cores.number(&z).map_or(NOISE, |number| number as i64),
            Finder::Centres(centres) => centres,
        };
        let distance = |centre: &[f64]| dot(centre, centre) - 2.0 * dot(centre, &z);
        let less = |best: (i64, f64), next: (i64, f64)| if next.1 < best.1 { next } else { best };
        (0..).zip(centres.chunks_exact(width).map(distance)).fold((0, f64::INFINITY), less).0
    }

    pub(super) fn onnx(&self) -> Vec<u8> {
        let width = self.standard.mean.len();
        match &self.finder {
            Finder::Centres(centres) => {
                let mut dense = Dense::scaled("kmeans", &self.standard);
                dense.distances(centres, width);
                dense.nearest("distances")
            }
            Finder::Mixture(mixture) => mixture_graph(mixture, &self.standard),
            Finder::Cores(cores) => cores_graph(cores, &self.standard),
        }
    }
}

/// The number of what is in no cluster.
const NOISE: i64 = -1;

fn mixture_graph(mixture: &Mixture, standard: &Standard) -> Vec<u8> {
    let width = standard.mean.len();
    let mut dense = Dense::scaled("mixture", standard);
    dense.constant("halves", &[width, 1], &vec![0.5; width]);
    let mut names = Vec::new();
    for (n, component) in mixture.components.iter().enumerate() {
        let (white, squares, energy) = (format!("white_{n}"), format!("squares_{n}"), format!("energy_{n}"));
        let shift: Vec<f64> = component.shift.iter().map(|s| -s).collect();
        dense.layer("z", &component.whiten, &shift, &white);
        dense.op("Mul", &[&white, &white], &squares);
        dense.op("MatMul", &[&squares, "halves"], &energy);
        names.push(energy);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    dense.op_with("Concat", &names, &["energies"], &[("axis", 1)]);
    let constants: Vec<f64> = mixture.components.iter().map(|c| c.constant).collect();
    dense.constant("constants", &[1, constants.len()], &constants);
    dense.op("Sub", &["energies", "constants"], "unlikeliness");
    dense.nearest("unlikeliness")
}

fn cores_graph(cores: &Cores, standard: &Standard) -> Vec<u8> {
    let mut dense = Dense::scaled("dbscan", standard);
    dense.distances(&cores.points, standard.mean.len());
    dense.constant("within", &[1], &[cores.within]);
    dense.constant("one_more", &[1], &[1.0]);
    dense.op("Div", &["distances", "within"], "shares");
    dense.op("Add", &["shares", "one_more"], "raised");
    dense.cast("raised", "single", data_type::FLOAT);
    dense.op_with("ArgMin", &["single"], &["nearest"], &[("axis", 1), ("keepdims", 1)]);
    dense.op_with("GatherElements", &["shares", "nearest"], &["share"], &[("axis", 1)]);
    let numbers: Vec<f64> = cores.numbers.iter().map(|n| *n as f64).collect();
    dense.constant("numbers", &[numbers.len()], &numbers);
    dense.op("Gather", &["numbers", "nearest"], "theirs");
    dense.op("LessOrEqual", &["share", "one_more"], "near");
    dense.constant("noise", &[1], &[NOISE as f64]);
    dense.op("Where", &["near", "theirs", "noise"], "number");
    dense.numbered("number")
}
