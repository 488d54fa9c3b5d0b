//! Damaged flat forms are refused or harmless, also where the checksum was made to fit.

use std::path::Path;

use proptest::prelude::*;

use crate::flat::{CHECKED_FROM, checksum};
use crate::{Program, compile};

pub(crate) const MODELS: [&str; 9] = [
    "lgbm_regressor",
    "lgbm_three",
    "sk_adaboost",
    "sk_columns_logistic",
    "sk_forest",
    "sk_isolation",
    "sk_logistic_two_strings",
    "sk_mlp_tanh",
    "sk_svc_names_proba",
];

pub(crate) fn flat(model: &str) -> Vec<u64> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let onnx = std::fs::read(folder.join(format!("{model}.onnx"))).unwrap();
    let bytes = compile(&onnx).unwrap();
    bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).collect()
}

/// Opens and scores what may be damaged.
fn use_it(words: &[u64]) -> bool {
    let Ok(program) = Program::open(bytemuck::cast_slice(words)) else { return false };
    let mut scratch = program.scratch();
    for x in [0.5, f64::NAN, -1e30] {
        let texts = vec!["Bonn"; program.texts()];
        let _ = program.score(&vec![x; program.width()], &texts, &mut scratch);
        for output in 0..program.outputs().len() {
            let _ = (scratch.numbers(output), scratch.integer(output), program.text(output, &scratch));
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn flips_are_found(model in 0..MODELS.len(), at: usize, bit in 0..64) {
        let mut words = flat(MODELS[model]);
        let at = at % words.len();
        words[at] ^= 1u64 << bit;
        prop_assert!(!use_it(&words));
    }

    #[test]
    fn cuts_are_found(model in 0..MODELS.len(), at: usize) {
        let words = flat(MODELS[model]);
        prop_assert!(!use_it(&words[..at % words.len()]));
    }

    /// Numbers of the code are set to anything, or to one more or less, and the checksum is made to fit.
    #[test]
    fn forged_forms_are_harmless(
        model in 0..MODELS.len(),
        changes in proptest::collection::vec((any::<usize>(), 0..4usize, any::<u32>()), 1..4),
    ) {
        let mut words = flat(MODELS[model]);
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        let code = u32::from_ne_bytes(*bytes[12..].first_chunk().unwrap()) as usize;
        for (at, kind, value) in changes {
            // Mostly the code, where the structure is, and now and then the data.
            let at = if kind == 3 { CHECKED_FROM + at % (bytes.len() - 36) } else { 48 + at % code * 4 };
            let place: &mut [u8; 4] = bytes[at..].first_chunk_mut().unwrap();
            let old = u32::from_ne_bytes(*place);
            let new = [value, old.wrapping_add(1), old.wrapping_sub(1), value][kind];
            *place = new.to_ne_bytes();
        }
        let sum = checksum(&bytes[CHECKED_FROM..]);
        bytes[24..32].copy_from_slice(&sum.to_ne_bytes());
        use_it(&words);
    }
}
