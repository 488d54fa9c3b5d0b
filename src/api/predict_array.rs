//! `predict_array`, `predict_label_array`: many rows in one call, each in an element of an array.

use std::borrow::Cow;
use std::rc::Rc;

use pgrx::JsonB;
use pgrx::prelude::*;

use super::predict::{label, of_json, of_text, value};
use crate::convert::Floats;
use crate::error::{Result, required, sql};
use crate::scoring::{Batch, Features, Scored, Version, Want, resolved};

/// Scores the rows that `features` makes of `count` elements.
fn many<'a, T>(
    version: Rc<Version>,
    want: Want,
    rows: impl Iterator<Item = Result<Option<Features<'a>>>>,
    read: fn(Scored, &Version) -> Result<Option<T>>,
) -> Result<Vec<Option<T>>> {
    let mut batch = Batch::new(Rc::clone(&version), want);
    let mut answers = Vec::new();
    let mut keep = |scored: Vec<Option<Scored>>| -> Result<()> {
        for answer in scored {
            answers.push(answer.map(|scored| read(scored, &version)).transpose()?.flatten());
        }
        Ok(())
    };
    for row in rows {
        batch.push(row?.as_ref())?;
        if batch.is_full() {
            keep(batch.score()?)?;
        }
    }
    keep(batch.finish()?)?;
    Ok(answers)
}

/// The rows of a matrix. A plain array is one row.
fn rows<'a>(matrix: &'a Floats<'_>) -> impl Iterator<Item = Result<Option<Features<'a>>>> {
    let width = matrix.values.len() / matrix.rows.max(1);
    matrix.values.chunks(width.max(1)).map(|row| Ok(Some(Features::Vector(Cow::Borrowed(row)))))
}

macro_rules! forms {
    ($sql:literal, $returns:ty, $want:ident, $read:path, $matrix:ident, $json:ident, $text:ident) => {
        /// The form for a matrix, a row of it a row of features; NULL is a missing value.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $matrix<'a>(
            model: Option<&str>,
            features: Option<Floats<'a>>,
        ) -> sql::Result<Option<Vec<Option<$returns>>>> {
            let version = resolved(required(model, "model")?)?;
            let answers = features.map(|f| many(version, Want::$want, rows(&f), $read));
            Ok(answers.transpose()?)
        }

        /// The form for JSON objects or arrays.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $json(
            model: Option<&str>,
            features: Option<Vec<Option<JsonB>>>,
        ) -> sql::Result<Option<Vec<Option<$returns>>>> {
            let version = resolved(required(model, "model")?)?;
            let Some(features) = features else { return Ok(None) };
            let rows = features.into_iter().map(|f| of_json(f, &version));
            Ok(Some(many(Rc::clone(&version), Want::$want, rows, $read)?))
        }

        /// The form for texts: the inputs themselves, or JSON for a model of columns.
        #[pg_extern(name = $sql, stable, parallel_safe, cost = 10000)]
        fn $text(
            model: Option<&str>,
            features: Option<Vec<Option<String>>>,
        ) -> sql::Result<Option<Vec<Option<$returns>>>> {
            let version = resolved(required(model, "model")?)?;
            let Some(features) = features else { return Ok(None) };
            let rows = features.into_iter().map(|f| of_text(f.map(Cow::Owned), &version));
            Ok(Some(many(Rc::clone(&version), Want::$want, rows, $read)?))
        }
    };
}

forms!("predict_array", f64, Value, value, predict_matrix, predict_jsons, predict_texts);
forms!("predict_label_array", String, Label, label, label_matrix, label_jsons, label_texts);
