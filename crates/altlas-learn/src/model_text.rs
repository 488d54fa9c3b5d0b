//! LightGBM's model text to trees.
//!
//! The format is that of `Booster::save_string`: blocks `Tree=i` of `key=values` lines. Children below 0 are
//! leaves, numbered by their complement. `decision_type`: bit 0 categorical, bit 1 missing goes left, bits
//! 2 and 3 what is missing (0 nothing, 1 zero, 2 NaN).

use altlas_onnx::write::{Tree, TreeNode};

use crate::LearnError;

const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;

/// The first `count` trees of a model text.
pub fn trees(text: &str, count: usize) -> Result<Vec<Tree>, LearnError> {
    let body = text.split("\nend of trees").next().unwrap_or_default();
    let blocks: Vec<&str> = body.split("\nTree=").skip(1).collect();
    if blocks.len() < count {
        return Err(fault(format!("{} trees, {count} were trained", blocks.len())));
    }
    blocks.into_iter().take(count).map(tree).collect()
}

fn fault(what: impl Into<String>) -> LearnError {
    LearnError::ModelText(what.into())
}

fn list<T: std::str::FromStr>(block: &str, key: &str) -> Result<Vec<T>, LearnError> {
    let line = block
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .ok_or_else(|| fault(format!("no line {key}")))?;
    line.split_whitespace().map(|v| v.parse().map_err(|_| fault(format!("{key}: {v}")))).collect()
}

fn tree(block: &str) -> Result<Tree, LearnError> {
    let leaves: Vec<f64> = list(block, "leaf_value")?;
    let leaf = |value: f64| TreeNode::Leaf { values: vec![value as f32] };
    if leaves.len() == 1 {
        return Ok(Tree { nodes: leaves.into_iter().map(leaf).collect() });
    }
    let feature: Vec<u32> = list(block, "split_feature")?;
    let threshold: Vec<f64> = list(block, "threshold")?;
    let decision: Vec<u8> = list(block, "decision_type")?;
    let left: Vec<i32> = list(block, "left_child")?;
    let right: Vec<i32> = list(block, "right_child")?;
    let branches = feature.len();
    let lengths = [threshold.len(), decision.len(), left.len(), right.len(), leaves.len().saturating_sub(1)];
    if lengths.iter().any(|n| *n != branches) {
        return Err(fault("lists of unequal length"));
    }
    // Branches keep their numbers, leaves follow.
    let child = |c: i32| u32::try_from(if c < 0 { branches as i64 + i64::from(!c) } else { i64::from(c) });
    let mut nodes = Vec::with_capacity(branches + leaves.len());
    for ((((feature, t), decision), l), r) in
        feature.into_iter().zip(threshold).zip(decision).zip(left).zip(right)
    {
        if decision & CATEGORICAL != 0 {
            return Err(fault("a categorical split"));
        }
        let missing_left = match (decision >> 2) & 3 {
            // Without missing values in training NaN is taken for zero.
            0 => t >= 0.0,
            2 => decision & DEFAULT_LEFT != 0,
            _ => return Err(fault("zero as missing value")),
        };
        let (left, right) = (child(l), child(r));
        let (Ok(left), Ok(right)) = (left, right) else {
            return Err(fault("a child out of range"));
        };
        nodes.push(TreeNode::Branch { feature, threshold: round_down(t), missing_left, left, right });
    }
    nodes.extend(leaves.into_iter().map(leaf));
    Ok(Tree { nodes })
}

/// The largest float32 that is at most `t`: for a float32 `x`, `x <= t` exactly where `x <= round_down(t)`.
fn round_down(t: f64) -> f32 {
    let near = t as f32;
    if f64::from(near) > t { near.next_down() } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_split_float32_values_alike() {
        let values =
            [0.1, -0.1, 1e-35, -1e-35, 1.000_000_018_002_509_5e-35, 1e300, -1e300, 0.0, 16_777_217.0, 1e-50];
        for t in values {
            let r = round_down(t);
            for x in
                [r, r.next_up(), r.next_down(), t as f32, f32::INFINITY, f32::NEG_INFINITY, 0.0, f32::MAX]
            {
                assert_eq!(f64::from(x) <= t, x <= r, "{x} against {t}");
            }
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let good = "tree\n\nTree=0\nnum_leaves=2\nsplit_feature=1\nthreshold=0.5\ndecision_type=10\n\
                    left_child=-1\nright_child=-2\nleaf_value=1 2\n\nend of trees\n";
        let tree = &trees(good, 1).unwrap()[0];
        assert_eq!(tree.leaf(&[0.0, 0.5]), Some(&[1.0][..]));
        assert_eq!(tree.leaf(&[0.0, 0.6]), Some(&[2.0][..]));
        assert_eq!(tree.leaf(&[0.0, f32::NAN]), Some(&[1.0][..]));
        for (from, to) in [
            ("decision_type=10", "decision_type=1"),
            ("decision_type=10", "decision_type=4"),
            ("threshold=0.5", "threshold=x"),
            ("leaf_value=1 2", "leaf_value=1 2 3"),
            ("split_feature=1\n", ""),
        ] {
            assert!(trees(&good.replace(from, to), 1).is_err(), "{to}");
        }
        assert!(trees(good, 2).is_err());
    }
}
