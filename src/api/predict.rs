//! `predict`, `predict_label`, `predict_proba`, `predict_row`: each for a row, an array, `jsonb` and text.

use pgrx::prelude::*;
use pgrx::{AnyElement, JsonB};
use serde_json::Value;

use crate::convert::fields_of_record;
use crate::error::{Error, Result, required, sql};
use crate::scoring::{Features, Scored, Version, fields_of_value, resolved};

/// Scores one row. NULL features give NULL.
fn scored<'a>(
    model: Option<&str>,
    features: impl FnOnce(&Version) -> Result<Option<Features<'a>>>,
) -> Result<Option<(Scored, String)>> {
    let version = resolved(required(model, "model")?)?;
    let Some(features) = features(&version)? else {
        return Ok(None);
    };
    let answer = version.score(std::slice::from_ref(&features))?.into_iter().next();
    Ok(answer.map(|a| (a, version.label.clone())))
}

/// A record, columns matched by name.
fn of_record(record: Option<AnyElement>, version: &Version) -> Result<Option<Features<'static>>> {
    let Some(record) = record else { return Ok(None) };
    let wanted = |name: &str| match (&version.preprocess, &version.manifest.columns) {
        (Some(document), _) => {
            document.as_tabular().is_some_and(|d| d.columns().iter().any(|c| c.name == name))
        }
        (None, Some(columns)) => columns.iter().any(|c| c == name),
        (None, None) => true,
    };
    // SAFETY: the SQL declaration says `record`, so that the datum is a composite value.
    unsafe { fields_of_record(record.datum(), wanted) }.map(Features::Fields).map(Some)
}

/// JSON for tabular models, the input itself for text models.
fn of_text<'a>(text: Option<&'a str>, version: &Version) -> Result<Option<Features<'a>>> {
    let Some(text) = text else { return Ok(None) };
    let limit = crate::guc::max_text_bytes();
    if text.len() > limit {
        return Err(Error::TextTooLong { bytes: text.len(), limit });
    }
    let takes_columns = match &version.preprocess {
        Some(document) => document.as_tabular().is_some(),
        None => {
            version.manifest.columns.is_some()
                || version.manifest.task() != "text_classification" && is_json(text)
        }
    };
    if !takes_columns {
        return Ok(Some(Features::Text(text)));
    }
    let value: Value = serde_json::from_str(text).map_err(|e| Error::BadInput {
        message: format!("the features are not valid JSON: {e}"),
        detail: format!("Model \"{}\" takes columns.", version.label),
        hint: "Give a JSON object: '{\"distance\": 184}'.".into(),
    })?;
    fields_of_value(&value, &version.label).map(Some)
}

fn is_json(text: &str) -> bool {
    matches!(text.trim_start().chars().next(), Some('{' | '['))
}

fn of_json(value: Option<JsonB>, version: &Version) -> Result<Option<Features<'static>>> {
    match value.map(|v| v.0) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => fields_of_value(&value, &version.label).map(Some),
    }
}

fn of_array(array: Option<Vec<Option<f64>>>) -> Result<Option<Features<'static>>> {
    Ok(array.map(Features::Vector))
}

fn value(answer: Option<(Scored, String)>) -> Result<Option<f64>> {
    let Some((scored, model)) = answer else {
        return Ok(None);
    };
    match scored {
        Scored { value: Some(value), .. } => Ok(Some(value)),
        Scored { label: Some(_), .. } => Err(Error::WrongKindOfModel {
            model,
            problem: "gives labels that are not numbers".into(),
            hint: "Use altlas.predict_label or altlas.predict_proba.".into(),
        }),
        _ => Err(Error::WrongKindOfModel {
            model,
            problem: "gives no single value".into(),
            hint: "Name its output in the manifest: {\"output\": {\"value\": \"…\"}}.".into(),
        }),
    }
}

fn label(answer: Option<(Scored, String)>) -> Result<Option<String>> {
    answer
        .map(|(scored, model)| {
            scored.label.ok_or_else(|| Error::WrongKindOfModel {
                model,
                problem: "gives no label".into(),
                hint: "Use altlas.predict for a number.".into(),
            })
        })
        .transpose()
}

fn proba(answer: Option<(Scored, String)>) -> Result<Option<Vec<f64>>> {
    answer
        .map(|(scored, model)| {
            scored.proba.ok_or_else(|| Error::WrongKindOfModel {
                model,
                problem: "gives no probabilities".into(),
                hint: "Use altlas.predict or altlas.predict_label.".into(),
            })
        })
        .transpose()
}

type Row = (Option<f64>, Option<String>, Option<Vec<f64>>, String);

fn row(answer: Option<(Scored, String)>) -> Result<TableIterator<'static, Row>> {
    Ok(TableIterator::new(answer.map(|(s, model)| (s.value, s.label, s.proba, model))))
}

/// The four forms of one function. `record` has no Rust type of its own in pgrx: the SQL is written here.
macro_rules! forms {
    ($sql:literal, [$($returns:tt)*], $encode:path, $record:ident, $array:ident, $json:ident, $text:ident, $record_sql:literal) => {
        /// The form for a table's row: columns are matched by name.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000, sql = $record_sql)]
        fn $record(
            model: Option<&str>,
            features: Option<AnyElement>,
            _entity_key: Option<&str>,
        ) -> sql::Result<$($returns)*> {
            Ok($encode(scored(model, |v| of_record(features, v))?)?)
        }

        /// The form for numbers in the order of the model's columns.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $array(
            model: Option<&str>,
            features: Option<Vec<Option<f64>>>,
            entity_key: default!(Option<&str>, "NULL"),
        ) -> sql::Result<$($returns)*> {
            let _ = entity_key;
            Ok($encode(scored(model, |_| of_array(features))?)?)
        }

        /// The form for a JSON object or array.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $json(
            model: Option<&str>,
            features: Option<JsonB>,
            entity_key: default!(Option<&str>, "NULL"),
        ) -> sql::Result<$($returns)*> {
            let _ = entity_key;
            Ok($encode(scored(model, |v| of_json(features, v))?)?)
        }

        /// The form for a text: the input itself, or JSON for a model of columns.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $text(
            model: Option<&str>,
            features: Option<&str>,
            entity_key: default!(Option<&str>, "NULL"),
        ) -> sql::Result<$($returns)*> {
            let _ = entity_key;
            Ok($encode(scored(model, |v| of_text(features, v))?)?)
        }
    };
}

forms!(
    "predict",
    [Option<f64>],
    value,
    predict_record,
    predict_array,
    predict_json,
    predict_text,
    r#"CREATE FUNCTION altlas.predict(model text, features record, entity_key text DEFAULT NULL) RETURNS double precision
       STABLE PARALLEL SAFE COST 10000 LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#
);
forms!(
    "predict_label",
    [Option<String>],
    label,
    label_record,
    label_array,
    label_json,
    label_text,
    r#"CREATE FUNCTION altlas.predict_label(model text, features record, entity_key text DEFAULT NULL) RETURNS text
       STABLE PARALLEL SAFE COST 10000 LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#
);
forms!(
    "predict_proba",
    [Option<Vec<f64>>],
    proba,
    proba_record,
    proba_array,
    proba_json,
    proba_text,
    r#"CREATE FUNCTION altlas.predict_proba(model text, features record, entity_key text DEFAULT NULL) RETURNS double precision[]
       STABLE PARALLEL SAFE COST 10000 LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#
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
    row,
    row_record,
    row_array,
    row_json,
    row_text,
    r#"CREATE FUNCTION altlas.predict_row(model text, features record, entity_key text DEFAULT NULL)
       RETURNS TABLE (value double precision, label text, proba double precision[], model_version text)
       STABLE PARALLEL SAFE COST 10000 LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';"#
);
