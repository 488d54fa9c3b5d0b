//! Training through the server, from Arrow to a model that runs. Running it needs ONNX Runtime (`ALTLAS_ORT_LIB`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may"
)]

mod common;

use std::sync::Arc;

use altlas_prep::{Column, ColumnType, Document, Table};
use altlas_proto::{FailureKind, JobLimits, Request, Tensor};
use arrow_array::{
    ArrayRef, BooleanArray, DurationMicrosecondArray, Float64Array, RecordBatch, StringArray, UInt64Array,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{Field, Schema};
use common::{Client, Place};
use serde_json::{Value, json};

const LIMITS: JobLimits = JobLimits { memory_bytes: 4 << 30, cpu_seconds: 600, threads: 1 };
const ROWS: usize = 3000;

/// Numbers without a pattern, the same each time (a linear congruence, Knuth's MMIX constants), in [0, 1).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// `y = 3a − 2b (where wet) + 10 (for carrier B6) + noise`, `seconds = 100 + 50a`.
fn data() -> Vec<u8> {
    let mut numbers = Numbers(7);
    let a: Vec<f64> = (0..ROWS).map(|_| numbers.next()).collect();
    let b: Vec<f64> = (0..ROWS).map(|_| numbers.next()).collect();
    let wet: Vec<bool> = (0..ROWS).map(|_| numbers.next() < 0.4).collect();
    let carrier: Vec<&str> = (0..ROWS).map(|_| if numbers.next() < 0.3 { "B6" } else { "AA" }).collect();
    let y = (0..ROWS).map(|n| {
        let shift = if carrier[n] == "B6" { 10.0 } else { 0.0 };
        3.0 * a[n] - 2.0 * b[n] * f64::from(u8::from(wet[n])) + shift + 0.1 * numbers.next()
    });
    let y: Vec<f64> = y.collect();
    let seconds: Vec<i64> = a.iter().map(|a| ((100.0 + 50.0 * a) * 1e6) as i64).collect();
    stream(vec![
        ("a", Arc::new(Float64Array::from(a))),
        ("b", Arc::new(Float64Array::from(b))),
        ("wet", Arc::new(BooleanArray::from(wet))),
        ("carrier", Arc::new(StringArray::from(carrier))),
        ("seconds", Arc::new(DurationMicrosecondArray::from(seconds))),
        ("y", Arc::new(Float64Array::from(y))),
    ])
}

fn stream(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, a)| Field::new(*name, a.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch =
        RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().map(|(_, a)| a).collect()).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    for at in (0..batch.num_rows()).step_by(1000) {
        writer.write(&batch.slice(at, 1000.min(batch.num_rows() - at))).unwrap();
    }
    writer.into_inner().unwrap()
}

fn train(client: &mut Client, spec: Value, data: &[u8]) -> (Vec<u8>, Result<Value, altlas_proto::Failure>) {
    client.job("train", spec, LIMITS);
    for piece in data.chunks(10_000) {
        client.send(&Request::Data, piece);
    }
    client.send(&Request::DataEnd, &[]);
    client.job_end()
}

/// The features of rows as the backend would make them.
fn features(document: &Value, rows: &[&Value]) -> Tensor {
    let document = Document::from_value(document).unwrap();
    let tabular = document.as_tabular().unwrap();
    let column = |name: &str, kind: ColumnType| {
        let values = rows.iter().map(|row| &row[name]);
        match kind {
            ColumnType::Number => Column::Number(values.map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()),
            ColumnType::Boolean => Column::Boolean(values.map(Value::as_bool).collect()),
            ColumnType::Text => Column::Text(values.map(|v| v.as_str().map(str::to_owned)).collect()),
            other => panic!("no column of type {other} was expected"),
        }
    };
    let names = tabular.columns().iter().map(|c| c.name.clone()).collect();
    let columns = tabular.columns().iter().map(|c| column(&c.name, c.column_type)).collect();
    let matrix = tabular.apply(&Table::new(names, columns).unwrap(), true, &|| {}).unwrap();
    let values: Vec<f32> = (0..rows.len()).flat_map(|row| matrix.row(row).to_vec()).collect();
    Tensor::f32(tabular.output(), &[rows.len(), tabular.width()], &values)
}

#[test]
fn a_trained_model_runs_and_gives_what_the_trainer_gave() {
    let Some(place) = Place::with_runtime(&[]) else {
        return;
    };
    let mut client = place.connect();
    for algorithm in ["lightgbm", "ridge"] {
        let spec = json!({"task": "regression", "target": "y", "algorithm": algorithm,
            "options": {"preprocess": {"exclude": ["seconds"]}, "seed": 1}});
        let (onnx, result) = train(&mut client, spec, &data());
        let result = result.unwrap();
        let (score, baseline) = (result["score"].as_f64().unwrap(), result["baseline"].as_f64().unwrap());
        assert!(score < baseline / 4.0, "{algorithm}: {score} against {baseline}");
        assert_eq!(result["manifest"]["task"], "regression");
        let vectors = result["vectors"].as_array().unwrap();
        assert!(!vectors.is_empty());
        let rows: Vec<&Value> = vectors.iter().map(|v| &v["input"]).collect();
        let model = client.upload(&onnx);
        let outputs = client.run(&model, &[features(&result["document"], &rows)]).unwrap();
        let found = outputs[0].to_f64().unwrap();
        for (vector, found) in vectors.iter().zip(found) {
            let expected = vector["output"][0].as_f64().unwrap();
            assert!(
                (found - expected).abs() <= 1e-5 * expected.abs().max(1.0),
                "{algorithm}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn what_cannot_be_trained_is_refused_with_its_reason() {
    let place = Place::started(&[]);
    let mut client = place.connect();
    let mut refused = |spec: Value, data: &[u8]| train(&mut client, spec, data).1.unwrap_err();
    let spec = json!({"task": "regression", "target": "y", "algorithm": "ridge"});
    let odd = stream(vec![("odd", Arc::new(UInt64Array::from(vec![1])) as ArrayRef)]);
    let failure = refused(spec.clone(), &odd);
    assert_eq!(failure.kind, FailureKind::BadInput);
    assert!(failure.message.contains("\"odd\""));
    assert_eq!(refused(spec.clone(), b"no Arrow").kind, FailureKind::BadInput);
    assert_eq!(refused(spec.clone(), &data()[..40_000]).kind, FailureKind::BadInput);
    let few = stream(vec![("y", Arc::new(Float64Array::from(vec![1.0, 2.0])) as ArrayRef)]);
    let failure = refused(spec, &few);
    assert!(failure.kind == FailureKind::BadInput && failure.hint.is_some(), "{failure:?}");
    let unknown = json!({"task": "regression", "target": "y", "algorithm": "oracle"});
    assert_eq!(refused(unknown, &data()).kind, FailureKind::BadParameter);
    let missing = json!({"task": "regression", "target": "nowhere"});
    assert!(matches!(refused(missing, &data()).kind, FailureKind::BadParameter | FailureKind::BadInput));
}
