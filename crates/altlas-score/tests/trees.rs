//! Random ensembles of trees give what ONNX Runtime gives: every test, aggregate and transform, thresholds hit exactly.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use altlas_onnx::proto::AttributeProto;
use altlas_score::Program;
use common::graph::*;
use common::{Random, Rows};
use proptest::prelude::*;

const MODES: [&str; 6] = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];
const POSTS: [&str; 5] = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];
const AGGREGATES: [&str; 4] = ["AVERAGE", "SUM", "MIN", "MAX"];
const THRESHOLDS: [f32; 10] = [-1.5, -0.1, 0.0, 0.3, 1e-30, 2.5, 1.0, 2.0, f32::INFINITY, f32::NEG_INFINITY];

/// Nodes and leaves by column, as the older operators have them.
#[derive(Default)]
struct Columns {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    features: Vec<i64>,
    modes: Vec<&'static str>,
    thresholds: Vec<f64>,
    yes: Vec<i64>,
    no: Vec<i64>,
    missing: Vec<i64>,
    leaf_trees: Vec<i64>,
    leaf_nodes: Vec<i64>,
    targets: Vec<i64>,
    weights: Vec<f64>,
}

/// What an ensemble is made of.
struct Shape {
    width: usize,
    targets: usize,
    double: bool,
    modes: Vec<&'static str>,
    missing: bool,
    leaves: usize,
    /// Targets of a leaf: all, one by tree, or any.
    spread: usize,
    positive: bool,
}

fn threshold(random: &mut Random, double: bool) -> f64 {
    match random.below(3) {
        0 => f64::from(random.of(&THRESHOLDS)),
        _ if double => f64::from(random.float()) + f64::from(random.float()) * 1e-12,
        _ => f64::from(random.float() * 2.0),
    }
}

impl Columns {
    fn grow(&mut self, random: &mut Random, shape: &Shape, tree: usize) {
        let mut open = vec![0i64];
        let (mut next, mut leaves) = (1i64, 1);
        while let Some(node) = open.pop() {
            self.trees.push(tree as i64);
            self.nodes.push(node);
            let branch = leaves < shape.leaves && (node == 0 || random.below(5) > 0);
            self.modes.push(if branch { random.of(&shape.modes) } else { "LEAF" });
            self.features.push(random.below(shape.width) as i64);
            self.thresholds.push(threshold(random, shape.double));
            self.missing.push(i64::from(shape.missing && random.below(2) == 0));
            self.yes.push(if branch { next } else { 0 });
            self.no.push(if branch { next + 1 } else { 0 });
            if branch {
                open.extend(if random.below(2) == 0 { [next, next + 1] } else { [next + 1, next] });
                next += 2;
                leaves += 1;
                continue;
            }
            let targets: Vec<usize> = match shape.spread {
                0 => (0..shape.targets).collect(),
                1 => vec![tree % shape.targets],
                2 => vec![shape.targets - 1],
                _ => vec![random.below(shape.targets)],
            };
            for target in targets {
                let weight = f64::from(random.float()) / 4.0;
                self.leaf_trees.push(tree as i64);
                self.leaf_nodes.push(node);
                self.targets.push(target as i64);
                self.weights.push(if shape.positive { weight.abs() } else { weight });
            }
        }
    }

    fn attributes(self, random: &mut Random, shape: &Shape, leaf: &str, base: &[f64]) -> Vec<AttributeProto> {
        let numbers = |name: &str, values: &[f64], as_tensor: bool| {
            if as_tensor {
                return tensor(&format!("{name}_as_tensor"), f64s(&[values.len()], values));
            }
            floats(name, values.iter().map(|x| *x as f32).collect())
        };
        let as_tensor = shape.double && random.below(2) == 0;
        let mut attributes = vec![
            ints("nodes_treeids", self.trees),
            ints("nodes_nodeids", self.nodes),
            ints("nodes_featureids", self.features),
            strings("nodes_modes", &self.modes),
            numbers("nodes_values", &self.thresholds, as_tensor),
            ints("nodes_truenodeids", self.yes),
            ints("nodes_falsenodeids", self.no),
            ints(&format!("{leaf}_treeids"), self.leaf_trees),
            ints(&format!("{leaf}_nodeids"), self.leaf_nodes),
            ints(&format!("{leaf}_ids"), self.targets),
            numbers(&format!("{leaf}_weights"), &self.weights, as_tensor),
        ];
        if shape.missing {
            attributes.push(ints("nodes_missing_value_tracks_true", self.missing));
        }
        if !base.is_empty() {
            attributes.push(numbers("base_values", base, as_tensor));
        }
        attributes
    }
}

fn shape(random: &mut Random, targets: usize) -> Shape {
    let modes = match random.below(4) {
        0 => MODES.to_vec(),
        1 => MODES[..4].to_vec(),
        2 => vec![random.of(&MODES)],
        _ => vec!["BRANCH_LEQ"],
    };
    Shape {
        width: 1 + random.below(6),
        targets,
        double: random.below(4) == 0,
        modes,
        missing: random.below(2) == 0,
        leaves: random.of(&[1, 3, 20, 32, 33, 64, 65, 150]),
        spread: random.below(4),
        positive: random.below(2) == 0,
    }
}

/// Values on thresholds, next to them, missing, infinite, and others.
fn rows(program: &Program, random: &mut Random, double: bool) -> Rows {
    let count = 60;
    let mut value = || {
        let x = match random.below(8) {
            0 => f32::NAN,
            1 | 2 => random.of(&THRESHOLDS),
            3 => random.of(&THRESHOLDS).next_up(),
            4 => random.of(&THRESHOLDS).next_down(),
            5 => random.of(&[f32::INFINITY, f32::NEG_INFINITY, -0.0, 3e38, -3e38, 1e-42, -1e-45]),
            _ => random.float() * 3.0,
        };
        if double && random.below(3) == 0 { f64::from(x).next_up() } else { f64::from(x) }
    };
    Rows { numbers: (0..count * program.width()).map(|_| value()).collect(), texts: vec![], count }
}

static COMPARED: AtomicUsize = AtomicUsize::new(0);

fn compare(onnx: &[u8], random: &mut Random, double: bool) -> Result<(), TestCaseError> {
    match common::check(onnx, |program| rows(program, random, double)) {
        Ok(None) => {}
        Ok(Some(_)) => {
            COMPARED.fetch_add(1, Ordering::Relaxed);
        }
        Err(fault) => return Err(TestCaseError::fail(fault)),
    }
    Ok(())
}

fn regressor(seed: u64) -> Result<(), TestCaseError> {
    let random = &mut Random(seed);
    let targets = random.of(&[1, 1, 2, 3]);
    let shape = shape(random, targets);
    let trees = random.of(&[1, 2, 7, 9, 30, 100]);
    let mut columns = Columns::default();
    (0..trees).for_each(|tree| columns.grow(random, &shape, tree));
    let base: Vec<f64> = match random.below(2) {
        0 => vec![],
        _ => (0..targets).map(|_| f64::from(random.float())).collect(),
    };
    let post = random.of(&POSTS);
    // The probit of a number near 0 or 1 enlarges a rounding without bound.
    let post = if post == "PROBIT" && trees > 2 { "NONE" } else { post };
    let mut attributes = columns.attributes(random, &shape, "target", &base);
    attributes.extend([
        int("n_targets", targets as i64),
        string("aggregate_function", random.of(&AGGREGATES)),
        string("post_transform", post),
    ]);
    let onnx = Graph::default()
        .input("x", if shape.double { DOUBLE } else { FLOAT }, shape.width)
        .output("y", FLOAT)
        .ml("TreeEnsembleRegressor", &["x"], &["y"], attributes)
        .finish();
    compare(&onnx, random, shape.double)
}

fn classifier(seed: u64) -> Result<(), TestCaseError> {
    let random = &mut Random(seed);
    let classes = random.of(&[2, 2, 2, 3, 5]);
    let shape = shape(random, classes);
    let trees = random.of(&[1, 2, 7, 9, 30]);
    let mut columns = Columns::default();
    (0..trees).for_each(|tree| columns.grow(random, &shape, tree));
    let count = random.of(&[0, 0, classes, if classes == 2 { 1 } else { 0 }]);
    let base: Vec<f64> = (0..count).map(|_| f64::from(random.float())).collect();
    let post = random.of(&POSTS);
    let post = if post == "PROBIT" && trees > 2 { "NONE" } else { post };
    let mut attributes = columns.attributes(random, &shape, "class", &base);
    let texts = random.below(2) == 0;
    attributes.push(string("post_transform", post));
    attributes.push(if texts {
        strings("classlabels_strings", &["five", "one", "yes", "no", "ğ"][..classes])
    } else {
        ints("classlabels_int64s", [5, 1, -7, 0, 3][..classes].to_vec())
    });
    let onnx = Graph::default()
        .input("x", if shape.double { DOUBLE } else { FLOAT }, shape.width)
        .output("label", if texts { STRING } else { INT64 })
        .output("scores", FLOAT)
        .ml("TreeEnsembleClassifier", &["x"], &["label", "scores"], attributes)
        .finish();
    compare(&onnx, random, shape.double)
}

/// The operator of version 5: branches and leaves apart, no base values.
fn ensemble(seed: u64) -> Result<(), TestCaseError> {
    let random = &mut Random(seed);
    let targets = random.of(&[1, 1, 2, 3]);
    let shape = Shape { leaves: random.of(&[3, 20, 40, 100]), spread: 3, ..shape(random, targets) };
    let trees = random.of(&[1, 7, 30]);
    let mut columns = Columns::default();
    (0..trees).for_each(|tree| columns.grow(random, &shape, tree));
    let is_leaf: Vec<bool> = columns.modes.iter().map(|m| *m == "LEAF").collect();
    // The number of each node among the branches, or among the leaves.
    let (mut branches, mut leaves) = (0i64, 0i64);
    let number: Vec<i64> = is_leaf
        .iter()
        .map(|leaf| {
            let count = if *leaf { &mut leaves } else { &mut branches };
            *count += 1;
            *count - 1
        })
        .collect();
    let at = |tree: i64, node: i64| {
        (0..number.len()).find(|n| columns.trees[*n] == tree && columns.nodes[*n] == node).unwrap()
    };
    let kept: Vec<usize> = (0..number.len()).filter(|n| !is_leaf[*n]).collect();
    let pick = |values: &[i64]| kept.iter().map(|n| values[*n]).collect::<Vec<_>>();
    let children =
        |ids: &[i64]| -> Vec<usize> { kept.iter().map(|n| at(columns.trees[*n], ids[*n])).collect() };
    let (yes, no) = (children(&columns.yes), children(&columns.no));
    let code = |n: &usize| MODES.iter().position(|m| *m == columns.modes[*n]).unwrap() as u8;
    let numbers = |values: &[f64]| {
        if shape.double {
            f64s(&[values.len()], values)
        } else {
            f32s(&[values.len()], &values.iter().map(|x| *x as f32).collect::<Vec<_>>())
        }
    };
    let splits: Vec<f64> = kept.iter().map(|n| columns.thresholds[*n]).collect();
    let roots: Vec<i64> = kept.iter().filter(|n| columns.nodes[**n] == 0).map(|n| number[*n]).collect();
    let mut attributes = vec![
        int("n_targets", targets as i64),
        int("aggregate_function", random.below(4) as i64),
        int("post_transform", if shape.double { 0 } else { random.of(&[0, 0, 3, 1]) }),
        ints("tree_roots", roots),
        ints("nodes_featureids", pick(&columns.features)),
        ints("nodes_truenodeids", yes.iter().map(|n| number[*n]).collect()),
        ints("nodes_trueleafs", yes.iter().map(|n| i64::from(is_leaf[*n])).collect()),
        ints("nodes_falsenodeids", no.iter().map(|n| number[*n]).collect()),
        ints("nodes_falseleafs", no.iter().map(|n| i64::from(is_leaf[*n])).collect()),
        tensor("nodes_modes", u8s(&[kept.len()], &kept.iter().map(code).collect::<Vec<_>>())),
        tensor("nodes_splits", numbers(&splits)),
        ints("leaf_targetids", columns.targets.clone()),
        tensor("leaf_weights", numbers(&columns.weights)),
    ];
    if shape.missing {
        attributes.push(ints("nodes_missing_value_tracks_true", pick(&columns.missing)));
    }
    let kind = if shape.double { DOUBLE } else { FLOAT };
    let onnx = Graph::default()
        .input("x", kind, shape.width)
        .output("y", kind)
        .ml("TreeEnsemble", &["x"], &["y"], attributes)
        .finish_with(21, 5);
    compare(&onnx, random, shape.double)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn regressors(seed: u64) {
        regressor(seed)?;
    }

    #[test]
    fn classifiers(seed: u64) {
        classifier(seed)?;
    }

    #[test]
    fn ensembles(seed: u64) {
        ensemble(seed)?;
    }
}

#[test]
fn most_are_compiled() {
    if common::runtime().is_none() {
        return;
    }
    let before = COMPARED.load(Ordering::Relaxed);
    for seed in 0..100 {
        regressor(seed).unwrap();
        classifier(seed).unwrap();
        ensemble(seed).unwrap();
    }
    assert!(COMPARED.load(Ordering::Relaxed) - before >= 200);
}
