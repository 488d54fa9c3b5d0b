//! Comparison with the Python library tokenizers on tests/data (scripts/reference/text_models.py), and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

use std::path::Path;

use altlas_prep::{Activation, Padding, Pooling};
use altlas_proto::{DataType, Failure, FailureKind, ModelSignature, PortInfo, Tensor};
use altlas_tokens::{Encoder, MAX_BYTES, Row, Tokenizer, TokensError, complete};
use serde_json::{Value, json};

const TOKENS: usize = 2048;

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn expected() -> Value {
    serde_json::from_slice(&data("expected.json")).unwrap()
}

fn tokenizer(name: &str) -> Tokenizer {
    Tokenizer::read(&data(&format!("{name}.json"))).unwrap()
}

fn texts(expected: &Value) -> Vec<String> {
    serde_json::from_value(expected["texts"].clone()).unwrap()
}

#[test]
fn tokens_are_those_of_the_python_library() {
    let expected = expected();
    let length = usize::try_from(expected["max_length"].as_u64().unwrap()).unwrap();
    for name in ["wordpiece", "bytes", "unigram"] {
        let tokenizer = tokenizer(name);
        for (n, text) in texts(&expected).iter().enumerate() {
            let row = tokenizer.encode("", text, length).unwrap();
            assert_eq!(json!(row.ids), expected["ids"][name][n], "{name} {text:?}");
            assert_eq!(json!(row.truncated), expected["truncated"][name][n], "{name} {text:?}");
            assert_eq!(row.types.len(), row.ids.len());
            let placed = tokenizer.places("", text, length).unwrap();
            assert_eq!((&placed.ids, placed.truncated), (&row.ids, row.truncated));
            assert_eq!(json!(placed.places), expected["places"][name][n], "{name} {text:?}");
        }
    }
    let prefix = expected["prefix"].as_str().unwrap();
    for (n, text) in texts(&expected).iter().enumerate() {
        let row = tokenizer("wordpiece").encode(prefix, text, length).unwrap();
        assert_eq!(json!(row.ids), expected["prefixed"][n], "{text:?}");
        let placed = tokenizer("wordpiece").places(prefix, text, length).unwrap();
        assert_eq!(placed.ids, row.ids);
        let end = u32::try_from(text.chars().count()).unwrap();
        assert!(placed.places.iter().all(|place| place.0 <= place.1 && place.1 <= end), "{text:?}");
    }
    let placed = tokenizer("wordpiece").places(prefix, "Delete", length).unwrap();
    let bare = tokenizer("wordpiece").places("", "Delete", length).unwrap();
    let inner = |row: &Row| row.places.iter().copied().filter(|place| place.1 > 0).collect::<Vec<_>>();
    assert_eq!(inner(&placed), inner(&bare));
}

#[test]
fn of_a_long_text_the_beginning_decides() {
    for name in ["wordpiece", "bytes", "unigram"] {
        let tokenizer = tokenizer(name);
        for piece in ["Send it to the customer. ", "kayıtları", "日本", "\n", &"x".repeat(300)] {
            let long = piece.repeat(30_000 / piece.len());
            let row = tokenizer.encode("", &long, 24).unwrap();
            // A million tokens are never reached: everything is looked at.
            let whole = tokenizer.encode("", &long, 1_000_000).unwrap();
            if whole.ids.len() <= 24 {
                assert_eq!(row, whole, "{name} {piece:?}");
                continue;
            }
            assert!(row.truncated && !whole.truncated && row.ids.len() == 24, "{name} {piece:?}");
            assert_eq!(row.ids[..23], whole.ids[..23], "{name} {piece:?}");
            assert_eq!(row.ids.last(), whole.ids.last());
        }
        let mebibyte = tokenizer.encode("", &"Delete the old logs. ".repeat(50_000), 24).unwrap();
        assert!(mebibyte.truncated);
    }
}

#[test]
fn files_say_what_fills_up_rows() {
    let wordpiece = tokenizer("wordpiece");
    assert_eq!((wordpiece.pad(), wordpiece.special(), wordpiece.max_length()), (0, 2, Some(24)));
    let bytes = tokenizer("bytes");
    assert_eq!((bytes.pad(), bytes.special(), bytes.max_length(), bytes.last_id()), (1, 2, None, 299));
}

fn refused(bytes: &[u8]) -> String {
    match Tokenizer::read(bytes) {
        Err(TokensError::Tokenizer { reason }) => reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("was read"),
    }
}

fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut file = serde_json::from_slice(&data("wordpiece.json")).unwrap();
    change(&mut file);
    serde_json::to_vec(&file).unwrap()
}

#[test]
fn broken_files_are_refused() {
    for bytes in [
        &b""[..],
        b"[]",
        b"{}",
        b"nonsense",
        b"{\"version\": \"1.0\"}",
        &data("encoder.onnx"),
        &[b'['; 100_000],
    ] {
        assert!(!refused(bytes).is_empty());
    }
    assert!(refused(&changed(|f| f["model"]["type"] = json!("Oracle"))).len() < 600);
    for (part, members) in
        [("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers"), ("post_processor", "processors")]
    {
        assert!(refused(&changed(|f| f[part]["type"] = json!("Oracle"))).contains("Oracle"), "{part}");
        let nested =
            changed(|f| f[part] = json!({"type": "Sequence", members: [f[part], {"type": "Oracle"}]}));
        assert!(refused(&nested).contains("Oracle"), "{part}");
    }
    refused(&changed(|f| {
        f["pre_tokenizer"] =
            json!({"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": false})
    }));
    assert!(refused(&vec![b' '; MAX_BYTES + 1]).contains("limit"));
    let whole = data("wordpiece.json");
    for cut in (0..whole.len()).step_by(97) {
        refused(&whole[..cut]);
    }
    // A template that names a token which is not there, and a truncation shorter than what is added.
    let odd = changed(|f| f["truncation"]["max_length"] = json!(1));
    assert!(Tokenizer::read(&odd).is_err() || Tokenizer::read(&odd).unwrap().encode("", "text", 24).is_ok());
}

#[test]
fn a_pattern_that_backtracks_for_ever_ends() {
    let file = changed(|f| {
        let split = json!({"type": "Split", "pattern": {"Regex": "(?=(a+)+$)(a|aa)+\\1b"}, "behavior": "Isolated", "invert": false});
        f["pre_tokenizer"] = split;
    });
    let row = Tokenizer::read(&file).unwrap().encode("", &"a".repeat(200), 24).unwrap();
    assert!(!row.ids.is_empty());
}

fn port(name: &str, dtype: DataType, shape: &[Option<usize>]) -> PortInfo {
    PortInfo { name: name.into(), dtype: Some(dtype), shape: shape.to_vec() }
}

fn graph(inputs: Vec<PortInfo>, outputs: Vec<PortInfo>) -> ModelSignature {
    ModelSignature { inputs, outputs, metadata: Default::default() }
}

fn bert() -> ModelSignature {
    let input = |name| port(name, DataType::I64, &[None, None]);
    graph(
        ["input_ids", "attention_mask", "token_type_ids"].map(input).into(),
        vec![port("last_hidden_state", DataType::F32, &[None, None, Some(2)])],
    )
}

const NAME: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn completed(given: Value, graph: &ModelSignature) -> Result<Encoder, TokensError> {
    complete(&given, NAME, &tokenizer("wordpiece"), graph)
}

#[test]
fn what_a_document_does_not_say_is_found() {
    let encoder = completed(json!({}), &bert()).unwrap();
    let document = encoder.document();
    assert_eq!(
        (document.max_length, document.padding, document.pooling),
        (24, Padding::Longest, Pooling::Mean)
    );
    assert_eq!((document.normalize, document.activation), (true, Activation::None));
    assert_eq!(document.inputs.types.as_deref(), Some("token_type_ids"));
    assert_eq!((encoder.plan(&[row(&[5]), row(&[6])], TOKENS).len(), encoder.masks()), (1, true));
    let scores = port("logits", DataType::F32, &[None, Some(3)]);
    let ids = || vec![port("x", DataType::I32, &[Some(1), Some(16)])];
    let fixed = completed(json!({"prefix": "p: "}), &graph(ids(), vec![scores.clone()])).unwrap();
    let document = fixed.document();
    assert_eq!(
        (document.max_length, document.padding, document.pooling),
        (16, Padding::MaxLength, Pooling::None)
    );
    assert_eq!((document.normalize, document.activation), (false, Activation::Softmax));
    assert_eq!((document.inputs.ids.as_str(), document.prefix.as_str()), ("x", "p: "));
    let planned = fixed.plan(&[row(&[5]), row(&[6])], TOKENS);
    assert!(planned.len() == 2 && planned.iter().all(|batch| batch.length == 16), "{planned:?}");
    let both = graph(bert().inputs, vec![port("a", DataType::F32, &[None, Some(3)]), scores]);
    let chosen = completed(json!({"output": "a", "normalize": false}), &both).unwrap();
    assert_eq!((chosen.document().output.as_str(), chosen.document().activation), ("a", Activation::None));
}

#[test]
fn what_does_not_fit_is_refused() {
    let word = port("word", DataType::String, &[None]);
    let open = [None, None];
    for (given, graph, needle) in [
        (json!({"colour": 1}), bert(), "colour"),
        (json!({"kind": "tabular"}), bert(), "another kind"),
        (json!({"format": 2}), bert(), "format 2"),
        (json!({"tokenizer": "f".repeat(64)}), bert(), "another tokenizer"),
        (json!({"max_length": 2}), bert(), "no room"),
        (json!({"pooling": "none"}), bert(), "pooling"),
        (json!({"output": "nothing"}), bert(), "no output \"nothing\""),
        (json!({"inputs": {"ids": "input_ids"}}), bert(), "attention_mask"),
        (json!({"inputs": {"ids": "nothing"}}), bert(), "no input \"nothing\""),
        (json!({}), graph(vec![word.clone()], bert().outputs), "no input of token ids"),
        (json!({"inputs": {"ids": "word"}}), graph(vec![word], bert().outputs), "takes no token ids"),
        (json!({}), graph(bert().inputs, vec![port("label", DataType::I64, &open)]), "floating-point"),
        (
            json!({}),
            graph(bert().inputs, vec![port("a", DataType::F32, &open), port("b", DataType::F32, &open)]),
            "not clear",
        ),
        (
            json!({}),
            graph(vec![port("ids", DataType::I64, &[Some(4), None])], bert().outputs),
            "fixed number",
        ),
        (
            json!({"max_length": 8}),
            graph(vec![port("ids", DataType::I64, &[None, Some(16)])], bert().outputs),
            "exactly 16",
        ),
    ] {
        let error = completed(given.clone(), &graph).unwrap_err();
        let failure = Failure::from(error);
        assert!(failure.message.contains(needle), "{given}: {failure:?}");
        assert!(matches!(failure.kind, FailureKind::BadModel | FailureKind::BadParameter));
    }
}

fn row(ids: &[u32]) -> Row {
    Row { ids: ids.to_vec(), types: vec![0; ids.len()], places: Vec::new(), truncated: false }
}

#[test]
fn batches_are_filled_up() {
    let encoder = completed(json!({}), &bert()).unwrap();
    let rows = [row(&[5, 6]), row(&[7])];
    let tensors = encoder.tensors(&rows, &encoder.plan(&rows, TOKENS)[0], 9);
    assert_eq!(tensors[0], Tensor::i64("input_ids", &[2, 2], &[5, 6, 7, 9]));
    assert_eq!(tensors[1], Tensor::i64("attention_mask", &[2, 2], &[1, 1, 1, 0]));
    assert_eq!(tensors[2], Tensor::i64("token_type_ids", &[2, 2], &[0, 0, 0, 0]));
    let fixed = graph(vec![port("ids", DataType::I32, &[None, Some(4)])], bert().outputs);
    let fixed = completed(json!({}), &fixed).unwrap();
    let tensors = fixed.tensors(&rows, &fixed.plan(&rows, TOKENS)[0], 9);
    assert_eq!(tensors, [Tensor::i32("ids", &[2, 4], &[5, 6, 9, 9, 7, 9, 9, 9])]);
    assert_eq!(fixed.plan(&vec![row(&[5]); 1000], TOKENS).len(), 2, "four tokens each, not one");
}

#[test]
fn without_a_mask_only_texts_of_one_length_run_together() {
    let bare = graph(vec![port("input_ids", DataType::I64, &[None, None])], bert().outputs);
    let bare = completed(json!({}), &bare).unwrap();
    assert!(!bare.masks());
    let batches: Vec<_> =
        bare.plan(&[row(&[5, 6]), row(&[7]), row(&[8, 9])], TOKENS).into_iter().map(|b| b.rows).collect();
    assert_eq!(batches, [vec![0, 2], vec![1]]);
}

#[test]
fn states_become_vectors() {
    let states = |values: &[f32]| Tensor::f32("last_hidden_state", &[2, 2, 2], values);
    let output = states(&[1.0, 2.0, 3.0, 6.0, 3.0, 4.0, 99.0, 99.0]);
    let pooled = |given, output: &Tensor| completed(given, &bert()).unwrap().pool(output, &[2, 1]);
    let raw = json!({"normalize": false});
    assert_eq!(pooled(raw.clone(), &output).unwrap().values, [2.0, 4.0, 3.0, 4.0]);
    let unit = pooled(json!({}), &output).unwrap();
    assert_eq!(unit.width, 2);
    assert!((unit.values[2] - 0.6).abs() < 1e-7 && (unit.values[3] - 0.8).abs() < 1e-7);
    let first = pooled(json!({"pooling": "cls", "normalize": false}), &output).unwrap();
    assert_eq!(first.values, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(pooled(json!({}), &states(&[0.0; 8])).unwrap().values, [0.0; 4]);
    let each = pooled(json!({"pooling": "tokens"}), &output).unwrap();
    assert_eq!((each.width, each.values), (2, vec![1.0, 2.0, 3.0, 6.0, 3.0, 4.0]));
    let encoder = completed(json!({"pooling": "tokens"}), &bert()).unwrap();
    assert!(encoder.keeps_tokens() && encoder.vectors(3) == 3 && !encoder.document().normalize);
    let double = Tensor::f64("last_hidden_state", &[2, 1, 1], &[1.5, 2.5]);
    assert!(pooled(raw.clone(), &double).is_err(), "the first text has two tokens");
    for wrong in [
        Tensor::f32("o", &[2, 2], &[0.0; 4]),
        Tensor::f32("o", &[1, 2, 2], &[0.0; 4]),
        Tensor::f32("o", &[2, 2, 0], &[]),
    ] {
        assert!(matches!(pooled(raw.clone(), &wrong), Err(TokensError::Output { .. })), "{wrong:?}");
    }
}

#[test]
fn scores_become_probabilities() {
    let scores = graph(bert().inputs, vec![port("logits", DataType::F32, &[None, Some(2)])]);
    let output = Tensor::f32("logits", &[2, 2], &[0.0, 3f32.ln(), 1000.0, -1000.0]);
    let softmax = completed(json!({}), &scores).unwrap().pool(&output, &[1, 1]).unwrap();
    assert!((softmax.values[1] - 0.75).abs() < 1e-6 && softmax.values[2..] == [1.0, 0.0], "{softmax:?}");
    let sigmoid =
        completed(json!({"activation": "sigmoid"}), &scores).unwrap().pool(&output, &[1, 1]).unwrap();
    assert!((sigmoid.values[1] - 0.75).abs() < 1e-6 && sigmoid.values[0] == 0.5, "{sigmoid:?}");
}
