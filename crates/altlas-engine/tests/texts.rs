//! Models of texts through the server. Needs ONNX Runtime (`ALTLAS_ORT_LIB`). Expected values are those of Python's
//! libraries (scripts/reference/text_models.py).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::path::Path;

use altlas_engine::Digest;
use altlas_proto::{Failure, FailureKind, Reply, Request, Tensor, split};
use common::{Client, Place, kind_of, model, wait_until};
use serde_json::{Value, json};

fn data(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../altlas-tokens/tests/data");
    std::fs::read(folder.join(name)).unwrap()
}

fn expected() -> Value {
    serde_json::from_slice(&data("expected.json")).unwrap()
}

fn vectors(value: &Value) -> Vec<Vec<f32>> {
    serde_json::from_value(value.clone()).unwrap()
}

/// A model and a tokenizer in the engine, and the document that joins them.
struct Pair {
    model: String,
    document: Value,
}

fn describe(client: &mut Client, model: &str, tokenizer: &str, given: Value) -> Result<Value, Reply> {
    let ask = Request::DescribeEncoder {
        model: model.into(),
        tokenizer: tokenizer.into(),
        given,
        providers: vec!["cpu".into()],
    };
    match client.ask(&ask, &[]).0 {
        Reply::Encoder { document } => Ok(document),
        other => Err(other),
    }
}

fn pair(client: &mut Client, graph: &str, given: Value) -> Pair {
    let model = client.upload(&data(graph));
    let tokenizer = client.upload(&data("wordpiece.json"));
    let document = describe(client, &model, &tokenizer, given).unwrap();
    Pair { model, document }
}

fn ask<S: AsRef<str>>(pair: &Pair, texts: &[S]) -> (Request, Vec<u8>) {
    let tensor = Tensor::strings("text", &[texts.len()], texts);
    let (model, document) = (pair.model.clone(), pair.document.clone());
    (Request::Encode { model, document, texts: tensor.spec, providers: vec![], of: None }, tensor.data)
}

struct Answer {
    vectors: Vec<Vec<f32>>,
    tokens: Vec<i32>,
    truncated: Vec<bool>,
}

fn encode<S: AsRef<str>>(client: &mut Client, pair: &Pair, texts: &[S]) -> Result<Answer, Reply> {
    let (request, payload) = ask(pair, texts);
    match client.ask(&request, &payload) {
        (Reply::Outputs { outputs }, payload) => {
            let tensors = split(outputs, &payload).unwrap();
            assert_eq!(
                tensors.iter().map(|t| t.spec.name.as_str()).collect::<Vec<_>>(),
                ["vector", "tokens", "truncated"]
            );
            let width = tensors[0].spec.shape[1].max(1);
            Ok(Answer {
                vectors: tensors[0].as_f32().unwrap().chunks(width).map(<[f32]>::to_vec).collect(),
                tokens: tensors[1].as_i32().unwrap(),
                truncated: tensors[2].data.iter().map(|b| *b != 0).collect(),
            })
        }
        (other, _) => Err(other),
    }
}

fn close(found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(found.len(), expected.len());
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= 1e-5, "text {n}: {found:?} {expected:?}");
        }
    }
}

fn failure(reply: Reply) -> Failure {
    match reply {
        Reply::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn vectors_are_those_of_the_reference_however_texts_are_put_together() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let expected = expected();
    let texts: Vec<String> = serde_json::from_value(expected["texts"].clone()).unwrap();
    let mean = pair(&mut client, "encoder.onnx", json!({}));
    let all = encode(&mut client, &mean, &texts).unwrap();
    close(&all.vectors, &vectors(&expected["mean"]));
    assert_eq!(json!(all.truncated), expected["truncated"]["wordpiece"]);
    let lengths: Vec<usize> = expected["ids"]["wordpiece"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ids| ids.as_array().unwrap().len())
        .collect();
    assert_eq!(json!(all.tokens), json!(lengths));
    for (n, text) in texts.iter().enumerate() {
        let one = encode(&mut client, &mean, &[text]).unwrap();
        close(&one.vectors, &[all.vectors[n].clone()]);
    }
    let many: Vec<&String> = texts.iter().rev().cycle().take(5000).collect();
    let found = encode(&mut client, &mean, &many).unwrap();
    let again: Vec<Vec<f32>> = all.vectors.iter().rev().cycle().take(5000).cloned().collect();
    close(&found.vectors, &again);
    assert_eq!(encode::<&str>(&mut client, &mean, &[]).unwrap().vectors.len(), 0);
    for (graph, given, key) in [
        ("encoder.onnx", json!({"pooling": "cls", "normalize": false}), "cls"),
        ("classifier.onnx", json!({}), "softmax"),
        ("fixed.onnx", json!({"inputs": {"ids": "tokens", "mask": "input_mask"}}), "fixed"),
    ] {
        let pair = pair(&mut client, graph, given);
        close(&encode(&mut client, &pair, &texts).unwrap().vectors, &vectors(&expected[key]));
    }
}

#[test]
fn each_token_has_its_vector_and_its_place() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let expected = expected();
    let texts: Vec<String> = serde_json::from_value(expected["texts"].clone()).unwrap();
    let pair = pair(&mut client, "encoder.onnx", json!({"pooling": "tokens"}));
    let (request, payload) = ask(&pair, &texts);
    let (reply, payload) = client.ask(&request, &payload);
    let Reply::Outputs { outputs } = reply else { panic!("{reply:?}") };
    let tensors = split(outputs, &payload).unwrap();
    let [vectors_, tokens, truncated, places] = tensors.as_slice() else { panic!("{}", tensors.len()) };
    assert_eq!((vectors_.spec.name.as_str(), places.spec.name.as_str()), ("vector", "place"));
    let width = vectors_.spec.shape[1];
    let states: Vec<Vec<f32>> = vectors_.as_f32().unwrap().chunks(width).map(<[f32]>::to_vec).collect();
    let places: Vec<Vec<i32>> = places.as_i32().unwrap().chunks(2).map(<[i32]>::to_vec).collect();
    assert_eq!(states.len(), places.len());
    assert_eq!(
        json!(truncated.data.iter().map(|t| *t != 0).collect::<Vec<_>>()),
        expected["truncated"]["wordpiece"]
    );
    let mut begun = 0;
    let (mut first, mut mean) = (Vec::new(), Vec::new());
    for (n, count) in tokens.as_i32().unwrap().into_iter().enumerate() {
        let own = begun..begun + usize::try_from(count).unwrap();
        begun = own.end;
        assert_eq!(json!(places[own.clone()]), expected["places"]["wordpiece"][n], "{}", texts[n]);
        first.push(states[own.start].clone());
        let sums: Vec<f32> = (0..width).map(|k| states[own.clone()].iter().map(|s| s[k]).sum()).collect();
        let norm = sums.iter().map(|s| s * s).sum::<f32>().sqrt();
        mean.push(sums.iter().map(|s| s / norm).collect());
    }
    assert_eq!(begun, states.len());
    close(&first, &vectors(&expected["cls"]));
    close(&mean, &vectors(&expected["mean"]));
}

#[test]
fn both_files_are_asked_for_and_count_in_the_budget() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let (graph, words) = (data("encoder.onnx"), data("wordpiece.json"));
    let (model, tokenizer) = (Digest::of(&graph).to_string(), Digest::of(&words).to_string());
    let needed = |reply: Reply| match reply {
        Reply::NeedModel { model } => model,
        other => panic!("{other:?}"),
    };
    assert_eq!(needed(describe(&mut client, &model, &tokenizer, json!({})).unwrap_err()), tokenizer);
    client.upload(&words);
    assert_eq!(needed(describe(&mut client, &model, &tokenizer, json!({})).unwrap_err()), model);
    let before = client.status();
    assert!(before.memory_bytes >= 20 * words.len() as u64);
    client.upload(&graph);
    let document = describe(&mut client, &model, &tokenizer, json!({})).unwrap();
    assert!(client.status().memory_bytes > before.memory_bytes);
    let pair = Pair { model: model.clone(), document };
    std::fs::remove_file(place.cached(&tokenizer)).unwrap();
    assert_eq!(encode(&mut client, &pair, &["still in memory"]).unwrap().vectors.len(), 1);
    // What is a tokenizer is no model, and the other way round.
    let run = Request::Run {
        model: tokenizer.clone(),
        inputs: vec![],
        outputs: vec![],
        providers: vec![],
        of: None,
    };
    assert_eq!(client.refused(&run, &[]).kind, FailureKind::BadParameter);
    let swapped = describe(&mut client, &model, &model, json!({})).unwrap_err();
    assert_eq!(kind_of(&swapped), FailureKind::BadParameter);
}

#[test]
fn built_in_models_of_texts_need_no_upload() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let put = |bytes: &[u8], kind: &str| {
        let name = Digest::of(bytes).to_string();
        std::fs::write(place.dir.path().join(format!("models/{name}.{kind}")), bytes).unwrap();
        name
    };
    let (model, tokenizer) = (put(&data("encoder.onnx"), "onnx"), put(&data("wordpiece.json"), "json"));
    let document = describe(&mut client, &model, &tokenizer, json!({})).unwrap();
    let pair = Pair { model, document };
    assert_eq!(encode(&mut client, &pair, &["Send it."]).unwrap().vectors.len(), 1);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let model = client.upload(&data("encoder.onnx"));
    let words = client.upload(&data("wordpiece.json"));
    let foreign = client.upload(&data("bytes.json"));
    let scale = client.upload(&model::scale(1.0, 0));
    let nonsense = client.upload(b"{\"model\": 1}");
    for (model, tokenizer, given, needle) in [
        (&model, &foreign, json!({}), "ids, which go up to 299"),
        (&model, &words, json!({"max_length": 200}), "200 tokens at a time"),
        (&model, &words, json!({"max_size": 200}), "max_size"),
        (&model, &nonsense, json!({}), "tokenizer cannot be read"),
        (&scale, &words, json!({}), "no input of token ids"),
    ] {
        let failure = failure(describe(&mut client, model, tokenizer, given.clone()).unwrap_err());
        assert!(failure.message.contains(needle), "{given} {failure:?}");
        assert!(matches!(failure.kind, FailureKind::BadModel | FailureKind::BadParameter), "{failure:?}");
    }
    // Whoever did not ask before meets the graph's own words.
    let mut document = describe(&mut client, &model, &words, json!({})).unwrap();
    document["tokenizer"] = json!(foreign);
    let failure = failure(encode(&mut client, &Pair { model, document }, &["Send it, ğ"]).err().unwrap());
    assert_eq!(failure.kind, FailureKind::BadInput);
    assert!(failure.hint.unwrap().contains("another model"));
}

#[test]
fn malformed_requests_are_refused() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    let pair = pair(&mut client, "encoder.onnx", json!({}));
    let (request, payload) = ask(&pair, &["one", "two"]);
    let Request::Encode { model, document, texts, .. } = request else { panic!() };
    let mut with = |document: &Value, texts, payload: &[u8]| {
        let request = Request::Encode {
            model: model.clone(),
            document: document.clone(),
            texts,
            providers: vec![],
            of: None,
        };
        client.refused(&request, payload).kind
    };
    let mut three = texts.clone();
    three.shape = vec![3];
    assert_eq!(with(&document, three, &payload), FailureKind::BadInput);
    assert_eq!(with(&document, texts.clone(), &payload[..5]), FailureKind::BadInput);
    let mut broken = payload.clone();
    broken[4] = 0xff;
    assert_eq!(with(&document, texts.clone(), &broken), FailureKind::BadInput);
    assert_eq!(with(&document, Tensor::f32("text", &[1], &[1.0]).spec, &[0; 4]), FailureKind::BadInput);
    assert_eq!(with(&json!({}), texts.clone(), &payload), FailureKind::BadParameter);
    let ngrams = json!({"format": 1, "kind": "text_ngrams", "fold": "none", "buckets": 8, "max_terms": 8, "ngrams": [{"unit": "word", "min": 1, "max": 1}]});
    assert_eq!(with(&ngrams, texts, &payload), FailureKind::BadParameter);
}

#[test]
fn a_client_that_leaves_stops_its_texts() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut other = place.connect();
    let pair = pair(&mut other, "encoder.onnx", json!({}));
    let texts = vec!["Open the file, then search for errors."; 60_000];
    let (request, payload) = ask(&pair, &texts);
    let connections = other.status().connections;
    let mut leaver = place.connect();
    leaver.send(&request, &payload);
    drop(leaver);
    wait_until("the leaver's thread ended", || other.status().connections <= connections);
    assert_eq!(encode(&mut other, &pair, &["next"]).unwrap().tokens.len(), 1);
}
