//! The models that altlas writes compute what they should, compared with a plain evaluation of the same numbers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use altlas_onnx::write::*;
use altlas_onnx::{Limits, check};
use altlas_proto::Tensor;
use altlas_runtime::{Runtime, Session, StopHandle};
use common::Random;

const WIDTH: usize = 5;
const ROWS: usize = 300;

/// Few distinct thresholds, so that rows made of the same values hit them.
const THRESHOLDS: [f32; 7] = [-1.5, -0.1, 0.0, 0.3, 1e-30, 2.5, f32::INFINITY];

fn random_tree(random: &mut Random, values: usize) -> Tree {
    let mut tree = Tree::default();
    grow(&mut tree, random, values, 0);
    tree
}

fn grow(tree: &mut Tree, random: &mut Random, values: usize, depth: usize) -> u32 {
    let at = tree.nodes.len();
    if depth == 6 || random.below(5) == 0 {
        tree.nodes.push(TreeNode::Leaf { values: (0..values).map(|_| random.float()).collect() });
        return at as u32;
    }
    tree.nodes.push(TreeNode::Leaf { values: vec![] });
    let left = grow(tree, random, values, depth + 1);
    let right = grow(tree, random, values, depth + 1);
    let threshold = THRESHOLDS[random.below(THRESHOLDS.len())];
    let (feature, missing_left) = (random.below(WIDTH) as u32, random.below(2) == 0);
    tree.nodes[at] = TreeNode::Branch { feature, threshold, missing_left, left, right };
    at as u32
}

/// Values at thresholds, next to them, missing, infinite, and others.
fn random_rows(random: &mut Random) -> Vec<f32> {
    let value = |random: &mut Random| match random.below(6) {
        0 => f32::NAN,
        1 => THRESHOLDS[random.below(THRESHOLDS.len())],
        2 => THRESHOLDS[random.below(THRESHOLDS.len())].next_up(),
        3 => [f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MAX][random.below(4)],
        _ => random.float() * 3.0,
    };
    (0..ROWS * WIDTH).map(|_| value(random)).collect()
}

fn run(runtime: &Runtime, model: &[u8], inputs: &[Tensor]) -> Vec<Tensor> {
    check(model, &Limits::default()).unwrap();
    Session::open(runtime, model).unwrap().run(inputs, &[], &StopHandle::new()).unwrap()
}

fn assert_close(got: &[f32], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (n, (got, expected)) in got.iter().zip(expected).enumerate() {
        let distance = (f64::from(*got) - expected).abs();
        assert!(distance <= 1e-5 * expected.abs().max(1.0), "value {n}: {got}, expected {expected}");
    }
}

fn leaves<'t>(trees: &'t [Tree], row: &'t [f32]) -> impl Iterator<Item = &'t [f32]> {
    trees.iter().map(move |tree| tree.leaf(row).unwrap())
}

#[test]
fn tree_regressions() {
    let Some(runtime) = common::runtime() else { return };
    let mut random = Random(1);
    // One tree, few, many (the runtime evaluates them differently), and a lone leaf.
    for (count, post) in
        [(1, Post::None), (3, Post::Exp), (40, Post::ExpM1), (250, Post::None), (0, Post::None)]
    {
        let mut trees: Vec<Tree> = (0..count).map(|_| random_tree(&mut random, 1)).collect();
        trees.push(Tree { nodes: vec![TreeNode::Leaf { values: vec![0.5] }] });
        let (input, output, base) = ("features", "variable", -0.75);
        let spec = TreeRegressor { width: WIDTH, trees: &trees, base, post, input, output, metadata: &[] };
        let model = tree_regressor(&spec).unwrap();
        let rows = random_rows(&mut random);
        let got = run(runtime, &model, &[Tensor::f32("features", &[ROWS, WIDTH], &rows)]);
        assert_eq!(got[0].spec.shape, [ROWS, 1]);
        let expected = rows.chunks(WIDTH).map(|row| {
            let sum: f64 = leaves(&trees, row).map(|leaf| f64::from(leaf[0])).sum::<f64>() - 0.75;
            match post {
                Post::None => sum,
                Post::Exp => sum.exp(),
                Post::ExpM1 => sum.exp_m1(),
            }
        });
        assert_close(&got[0].as_f32().unwrap(), &expected.collect::<Vec<_>>());
        // A single row takes another path through the runtime.
        let one = run(runtime, &model, &[Tensor::f32("features", &[1, WIDTH], &rows[..WIDTH])]);
        assert_close(&one[0].as_f32().unwrap(), &[f64::from(got[0].as_f32().unwrap()[0])]);
        // No row gives no result.
        let none = run(runtime, &model, &[Tensor::f32("features", &[0, WIDTH], &[])]);
        assert_eq!(none[0].spec.shape, [0, 1]);
    }
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::MIN, f64::max);
    let shares: Vec<f64> = scores.iter().map(|s| (s - top).exp()).collect();
    let sum: f64 = shares.iter().sum();
    shares.iter().map(|s| s / sum).collect()
}

fn likeliest(probabilities: &[f32]) -> i64 {
    let best = |best: usize, n: usize| {
        if probabilities[n] > probabilities[best] { n } else { best }
    };
    (0..probabilities.len()).fold(0, best) as i64
}

fn assert_classes(got: &[Tensor], expected: &[Vec<f64>]) {
    let probabilities = got[1].as_f32().unwrap();
    assert_eq!(got[1].spec.shape, [expected.len(), expected[0].len()]);
    assert_close(&probabilities, &expected.concat());
    let labels: Vec<i64> = probabilities.chunks(expected[0].len()).map(likeliest).collect();
    assert_eq!(got[0].as_i64().unwrap(), labels);
    assert_eq!((got[0].spec.name.as_str(), got[1].spec.name.as_str()), ("label", "probabilities"));
}

#[test]
fn tree_classifications() {
    let Some(runtime) = common::runtime() else { return };
    let mut random = Random(2);
    let rows = random_rows(&mut random);
    let input = [Tensor::f32("features", &[ROWS, WIDTH], &rows)];
    let write = |classes, trees: &[Tree], tree_classes: &[u32], base: &[f32], scores| {
        let (width, input, metadata) = (WIDTH, "features", &[][..]);
        let spec = TreeClassifier { width, classes, trees, tree_classes, base, scores, input, metadata };
        tree_classifier(&spec).unwrap()
    };

    let trees: Vec<Tree> = (0..20).map(|_| random_tree(&mut random, 1)).collect();
    let binary = run(runtime, &write(2, &trees, &[], &[0.25], ClassScores::Logits), &input);
    let expected = rows.chunks(WIDTH).map(|row| {
        let score = leaves(&trees, row).map(|leaf| f64::from(leaf[0])).sum::<f64>() + 0.25;
        vec![1.0 / (1.0 + score.exp()), 1.0 / (1.0 + (-score).exp())]
    });
    assert_classes(&binary, &expected.collect::<Vec<_>>());

    let base = [0.5, -0.25, 0.0, 0.125];
    let given: Vec<u32> = (0..20).map(|n| n / 5).collect();
    for tree_classes in [&[][..], &given] {
        let got = run(runtime, &write(4, &trees, tree_classes, &base, ClassScores::Logits), &input);
        let expected = rows.chunks(WIDTH).map(|row| {
            let mut scores = base.map(f64::from);
            for (n, leaf) in leaves(&trees, row).enumerate() {
                scores[tree_classes.get(n).map_or(n % 4, |c| *c as usize)] += f64::from(leaf[0]);
            }
            softmax(&scores)
        });
        assert_classes(&got, &expected.collect::<Vec<_>>());
    }

    // A forest whose leaves hold the shares of three classes; also with logits of all classes in each leaf.
    for classes in [2, 3] {
        let forest: Vec<Tree> = (0..10).map(|_| random_tree(&mut random, classes)).collect();
        let sums = |row: &[f32]| {
            let mut sums = vec![0.0f64; classes];
            for leaf in leaves(&forest, row) {
                sums.iter_mut().zip(leaf).for_each(|(sum, v)| *sum += f64::from(*v));
            }
            sums
        };
        let got = run(runtime, &write(classes, &forest, &[], &[], ClassScores::Probabilities), &input);
        assert_classes(&got, &rows.chunks(WIDTH).map(sums).collect::<Vec<_>>());
        if classes > 2 {
            let got = run(runtime, &write(classes, &forest, &[], &[], ClassScores::Logits), &input);
            assert_classes(&got, &rows.chunks(WIDTH).map(|row| softmax(&sums(row))).collect::<Vec<_>>());
        }
    }
}

#[test]
fn small_probabilities_keep_their_digits() {
    let Some(runtime) = common::runtime() else { return };
    let trees = [Tree { nodes: vec![TreeNode::Leaf { values: vec![30.0] }] }];
    let (scores, input, metadata) = (ClassScores::Logits, "features", &[][..]);
    let spec = TreeClassifier {
        width: 1,
        classes: 2,
        trees: &trees,
        tree_classes: &[],
        base: &[],
        scores,
        input,
        metadata,
    };
    let got = run(runtime, &tree_classifier(&spec).unwrap(), &[Tensor::f32("features", &[1, 1], &[0.0])]);
    let small = f64::from(got[1].as_f32().unwrap()[0]);
    let exact = 1.0 / (1.0 + 30f64.exp());
    assert!((small / exact - 1.0).abs() < 1e-3, "{small} instead of {exact}");
}

#[test]
fn linear_regressions() {
    let Some(runtime) = common::runtime() else { return };
    let mut random = Random(3);
    let coefficients: Vec<f32> = (0..WIDTH).map(|_| random.float()).collect();
    let mut rows: Vec<f32> = (0..ROWS * WIDTH).map(|_| random.float() * 4.0).collect();
    for post in [Post::None, Post::Exp, Post::ExpM1] {
        let (input, output, coefficients) = ("in", "out", &coefficients[..]);
        let spec = LinearRegressor {
            width: WIDTH,
            coefficients,
            intercept: 0.5,
            post,
            input,
            output,
            metadata: &[],
        };
        let model = linear_regressor(&spec).unwrap();
        let got = run(runtime, &model, &[Tensor::f32("in", &[ROWS, WIDTH], &rows)]);
        let expected = rows.chunks(WIDTH).map(|row| {
            let sum: f64 = row.iter().zip(coefficients).map(|(x, c)| f64::from(*x) * f64::from(*c)).sum();
            match post {
                Post::None => sum + 0.5,
                Post::Exp => (sum + 0.5).exp(),
                Post::ExpM1 => (sum + 0.5).exp_m1(),
            }
        });
        assert_close(&got[0].as_f32().unwrap(), &expected.collect::<Vec<_>>());
        rows[0] = f32::NAN;
        let got = run(runtime, &model, &[Tensor::f32("in", &[ROWS, WIDTH], &rows)]);
        assert!(got[0].as_f32().unwrap()[0].is_nan() && !got[0].as_f32().unwrap()[1].is_nan());
        rows[0] = 0.0;
    }
}

#[test]
fn bags_of_terms() {
    let Some(runtime) = common::runtime() else { return };
    let (mut random, buckets, classes, length) = (Random(4), 50, 6, 9);
    let mut weights: Vec<f32> = (0..(buckets + 1) * classes).map(|_| random.float() * 3.0).collect();
    weights[..classes].fill(0.0);
    let bias: Vec<f32> = (0..classes).map(|_| random.float()).collect();
    let with = |none| TextBagClassifier {
        buckets,
        width: 0,
        classes,
        weights: &weights,
        vector_weights: &[],
        bias: &bias,
        none,
        metadata: &[],
    };
    let model = text_bag_classifier(&with(false)).unwrap();
    let (mut terms, mut shares) = (vec![0i64; ROWS * length], vec![0f32; ROWS * length]);
    for row in 0..ROWS {
        for at in 0..random.below(length + 1) {
            terms[row * length + at] = 1 + random.below(buckets) as i64;
            shares[row * length + at] = random.float().abs();
        }
    }
    let expected: Vec<Vec<f64>> = terms
        .chunks(length)
        .zip(shares.chunks(length))
        .map(|(terms, shares)| {
            let mut scores: Vec<f64> = bias.iter().map(|b| f64::from(*b)).collect();
            for (term, share) in terms.iter().zip(shares) {
                for (class, score) in scores.iter_mut().enumerate() {
                    *score += f64::from(*share) * f64::from(weights[*term as usize * classes + class]);
                }
            }
            softmax(&scores)
        })
        .collect();
    let shape = [ROWS, length];
    let inputs = [Tensor::i64("term", &shape, &terms), Tensor::f32("weight", &shape, &shares)];
    assert_classes(&run(runtime, &model, &inputs), &expected);
    // The last class keeps its share, and is no answer.
    let model = text_bag_classifier(&with(true)).unwrap();
    let answers: Vec<Vec<f64>> = expected.iter().map(|row| row[..classes - 1].to_vec()).collect();
    assert_classes(&run(runtime, &model, &inputs), &answers);
}

#[test]
fn vectors_beside_terms_and_alone() {
    let Some(runtime) = common::runtime() else { return };
    let (mut random, width, classes) = (Random(5), 7, 4);
    let mut floats = |count: usize| -> Vec<f32> { (0..count).map(|_| random.float()).collect() };
    let (vector_weights, bias, vectors) = (floats(width * classes), floats(classes), floats(ROWS * width));
    let mut weights = floats(3 * classes);
    weights[..classes].fill(0.0);
    let terms: Vec<i64> = (0..ROWS as i64).map(|n| n % 3).collect();
    let shares: Vec<f32> = terms.iter().map(|term| if *term == 0 { 0.0 } else { 0.5 }).collect();
    let expected = |with_terms: bool| -> Vec<Vec<f64>> {
        let row = |n: usize| -> Vec<f64> {
            let score = |class: usize| {
                let products = (0..width).map(|at| {
                    f64::from(vectors[n * width + at]) * f64::from(vector_weights[at * classes + class])
                });
                let of_terms = f64::from(shares[n]) * f64::from(weights[terms[n] as usize * classes + class]);
                f64::from(bias[class]) + products.sum::<f64>() + if with_terms { of_terms } else { 0.0 }
            };
            softmax(&(0..classes).map(score).collect::<Vec<_>>())
        };
        (0..ROWS).map(row).collect()
    };
    let written = |buckets: usize, weights: &[f32]| {
        let vector_weights = &vector_weights;
        let bias = &bias;
        let (none, metadata) = (false, [].as_slice());
        let spec =
            TextBagClassifier { buckets, width, classes, weights, vector_weights, bias, none, metadata };
        text_bag_classifier(&spec).unwrap()
    };
    let embedding = Tensor::f32("embedding", &[ROWS, width], &vectors);
    assert_classes(&run(runtime, &written(0, &[]), std::slice::from_ref(&embedding)), &expected(false));
    let (term, weight) =
        (Tensor::i64("term", &[ROWS, 1], &terms), Tensor::f32("weight", &[ROWS, 1], &shares));
    assert_classes(&run(runtime, &written(2, &weights), &[term, weight, embedding]), &expected(true));
}
