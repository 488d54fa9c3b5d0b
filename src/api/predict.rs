//! `predict`, `predict_label`, `predict_proba`, `predict_vector`, `predict_row`: each for a row, an array, `jsonb` and text.

use std::borrow::Cow;
use std::convert::identity;

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::Value;

use crate::convert::{Record, VectorCall};
use crate::error::{Error, Result, required, sql};
use crate::scoring::{Features, Scored, Version, Want, fields_of_value, resolved};

/// Scores one row and reads the answer. NULL features give NULL.
fn scored<'a, T>(
    model: Option<&str>,
    want: Want,
    features: impl FnOnce(&Version) -> Result<Option<Features<'a>>>,
    read: impl FnOnce(Scored, &Version) -> Result<T>,
) -> Result<Option<T>> {
    let version = resolved(required(model, "model")?)?;
    match features(&version)? {
        Some(features) => read(version.one(&features, want)?, &version).map(Some),
        None => Ok(None),
    }
}

/// JSON for tabular models, the input itself for text models.
pub fn of_text<'a>(text: Option<Cow<'a, str>>, version: &Version) -> Result<Option<Features<'a>>> {
    let Some(text) = text else { return Ok(None) };
    let limit = crate::guc::max_text_bytes();
    if text.len() > limit {
        return Err(Error::TextTooLong { bytes: text.len(), limit });
    }
    let takes_columns = match &version.preprocess {
        Some(document) => document.as_tabular().is_some(),
        None => {
            version.manifest.columns.is_some()
                || version.manifest.task() != "text_classification" && is_json(&text)
        }
    };
    if !takes_columns {
        return Ok(Some(Features::Text(text)));
    }
    let value: Value = serde_json::from_str(&text).map_err(|e| Error::BadInput {
        message: format!("the features are not valid JSON: {e}"),
        detail: format!("Model \"{}\" takes columns.", version.label),
        hint: "Give a JSON object: '{\"distance\": 184}'.".into(),
    })?;
    fields_of_value(&value, &version.label).map(Some)
}

fn is_json(text: &str) -> bool {
    matches!(text.trim_start().chars().next(), Some('{' | '['))
}

/// A JSON object or array.
pub fn of_json(value: Option<JsonB>, version: &Version) -> Result<Option<Features<'static>>> {
    match value.map(|v| v.0) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => fields_of_value(&value, &version.label).map(Some),
    }
}

/// The number of an answer; none where the model rejects the input.
pub fn value(scored: Scored, version: &Version) -> Result<Option<f64>> {
    let model = || version.label.clone();
    match scored {
        Scored { value: Some(value), .. } => Ok(Some(value)),
        Scored { label: Some(_), .. } => Err(Error::WrongKindOfModel {
            model: model(),
            problem: "gives labels that are not numbers".into(),
            hint: "Use altlas.predict_label or altlas.predict_proba.".into(),
        }),
        Scored { proba, .. } if version.manifest.rejects(proba.as_deref()) => Ok(None),
        _ if version.manifest.output.vector.is_some() => Err(Error::WrongKindOfModel {
            model: model(),
            problem: "gives several numbers".into(),
            hint: "Use altlas.predict_vector.".into(),
        }),
        _ => Err(Error::WrongKindOfModel {
            model: model(),
            problem: "gives no single value".into(),
            hint: "Name its output in the manifest: {\"output\": {\"value\": \"…\"}}.".into(),
        }),
    }
}

/// The class of an answer; none where the model rejects the input.
pub fn label(scored: Scored, version: &Version) -> Result<Option<String>> {
    if scored.label.is_none() && version.manifest.rejects(scored.proba.as_deref()) {
        return Ok(None);
    }
    scored.label.map(Some).ok_or_else(|| Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "gives no label".into(),
        hint: "Use altlas.predict for a number.".into(),
    })
}

fn proba(scored: Scored, version: &Version) -> Result<Vec<f64>> {
    scored.proba.ok_or_else(|| Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "gives no probabilities".into(),
        hint: "Use altlas.predict or altlas.predict_label.".into(),
    })
}

fn vector(scored: Scored, version: &Version) -> Result<Vec<f64>> {
    scored.vector.ok_or_else(|| Error::WrongKindOfModel {
        model: version.label.clone(),
        problem: "gives no vector".into(),
        hint: "Use altlas.predict, altlas.predict_label or altlas.predict_proba.".into(),
    })
}

type Row = (Option<f64>, Option<String>, Option<Vec<f64>>, String);

fn row(scored: Scored, version: &Version) -> Result<Row> {
    Ok((scored.value, scored.label, scored.proba, version.label.clone()))
}

/// The four forms of one function.
macro_rules! forms {
    ($sql:literal, [$($returns:tt)*], $want:ident, $read:ident, $encode:path, $record:ident, $array:ident, $json:ident, $text:ident) => {
        /// The form for a table's row: columns are matched by name.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $record(
            model: Option<&str>,
            features: Option<Record>,
            entity_key: default!(Option<&str>, "NULL"),
        ) -> sql::Result<$($returns)*> {
            let _ = entity_key;
            Ok($encode(scored(model, Want::$want, |_| Ok(features.map(Features::Record)), $read)?))
        }

        /// The form for numbers in the order of the model's columns.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $array(model: Option<VectorCall<'_>>) -> sql::Result<$($returns)*> {
            let (model, features) = model.map(|call| (call.model, call.features)).unzip();
            let features = features.flatten().map(|f| Features::Vector(f.values));
            Ok($encode(scored(model, Want::$want, |_| Ok(features), $read)?))
        }

        /// The form for a JSON object or array.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $json(
            model: Option<&str>,
            features: Option<JsonB>,
            entity_key: default!(Option<&str>, "NULL"),
        ) -> sql::Result<$($returns)*> {
            let _ = entity_key;
            Ok($encode(scored(model, Want::$want, |v| of_json(features, v), $read)?))
        }

        /// The form for a text: the input itself, or JSON for a model of columns.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $text(
            model: Option<&str>,
            features: Option<&str>,
            entity_key: default!(Option<&str>, "NULL"),
        ) -> sql::Result<$($returns)*> {
            let _ = entity_key;
            Ok($encode(scored(model, Want::$want, |v| of_text(features.map(Cow::Borrowed), v), $read)?))
        }
    };
}

forms!(
    "predict",
    [Option<f64>],
    Value,
    value,
    Option::flatten,
    predict_record,
    predict_vector,
    predict_json,
    predict_text
);
forms!(
    "predict_label",
    [Option<String>],
    Label,
    label,
    Option::flatten,
    label_record,
    label_vector,
    label_json,
    label_text
);
forms!(
    "predict_proba",
    [Option<Vec<f64>>],
    Proba,
    proba,
    identity,
    proba_record,
    proba_vector,
    proba_json,
    proba_text
);
forms!(
    "predict_vector",
    [Option<Vec<f64>>],
    Vector,
    vector,
    identity,
    vector_of_record,
    vector_of_numbers,
    vector_of_json,
    vector_of_text
);
forms!(
    "predict_row",
    [TableIterator<
        'static,
        (
            name!(value, Option<f64>),
            name!(label, Option<String>),
            name!(proba, Option<Vec<f64>>),
            name!(model_version, String),
        ),
    >],
    All,
    row,
    TableIterator::new,
    row_record,
    row_vector,
    row_json,
    row_text
);
