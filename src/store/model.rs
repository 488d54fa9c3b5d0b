//! Models, versions and aliases.

use pgrx::{JsonB, Spi};
use serde_json::{Value, json};

use super::{artefact, audit, background, caller, read, with_owner};
use crate::error::{Error, Result};
use crate::monitor::Watch;
use crate::scoring::{Manifest, Version};

/// The alias that a model's plain name stands for.
pub const PRODUCTION: &str = "production";

/// A model as users write it: `name` (its production version), `name@alias`, or `name/version`.
#[derive(Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    pub name: &'a str,
    pub alias: Option<&'a str>,
    pub version: Option<i32>,
}

impl<'a> Reference<'a> {
    pub fn parse(text: &'a str) -> Result<Self> {
        if let Some((name, version)) = text.rsplit_once('/') {
            let version = version.parse().map_err(|_| Error::BadArgument {
                argument: "model".into(),
                problem: format!("\"{text}\" is not a model: {version:?} is not a version number"),
                hint: "Write name, name@alias or name/version.".into(),
            })?;
            return Ok(Self { name, alias: None, version: Some(version) });
        }
        let (name, alias) = text.split_once('@').unwrap_or((text, PRODUCTION));
        Ok(Self { name, alias: Some(alias), version: None })
    }
}

/// The version that a reference means, by the snapshot of the current statement.
pub fn resolve(text: &str) -> Result<Version> {
    let reference = Reference::parse(text)?;
    let mut version = with_owner(|| {
        let found = read::first(
            include_str!("../../sql/queries/resolve_model.sql"),
            &[reference.name.into(), reference.alias.into(), reference.version.into()],
            |row| {
                let version: i32 = row.get(2).unwrap_or_default();
                Version::new(
                    format!("{}/{version}", reference.name),
                    row.get(3).unwrap_or_default(),
                    row.get::<JsonB>(4).map(|j| j.0),
                    row.get::<JsonB>(5).map(|j| j.0).unwrap_or_default(),
                    false,
                )
            },
        )?
        .transpose()?;
        match found {
            Some(version) => Ok(version),
            None => builtin(reference.name)?.ok_or_else(|| not_found(&reference)),
        }
    })?;
    version.watch = Some(Watch::default());
    Ok(version)
}

/// A built-in model.
fn builtin(name: &str) -> Result<Option<Version>> {
    builtin_parts(name)?
        .map(|(sha256, preprocess, manifest)| {
            Version::new(name.to_owned(), sha256, preprocess, manifest, true)
        })
        .transpose()
}

/// Hash, preprocessing and manifest of a built-in model.
pub fn builtin_parts(name: &str) -> Result<Option<(String, Option<Value>, Value)>> {
    with_owner(|| {
        read::first(
            "SELECT sha256, preprocess, manifest FROM altlas.builtin_model WHERE name = $1",
            &[name.into()],
            |row| {
                let manifest = row.get::<JsonB>(3).map(|m| m.0).unwrap_or_default();
                (row.get(1).unwrap_or_default(), row.get::<JsonB>(2).map(|p| p.0), manifest)
            },
        )
    })
}

/// The stored documents of a version, as [`Version::label`] names it: preprocessing and manifest.
pub fn documents(label: &str) -> Result<(Option<Value>, Value)> {
    let reference = Reference::parse(label)?;
    if let (None, Some((_, preprocess, manifest))) = (reference.version, builtin_parts(reference.name)?) {
        return Ok((preprocess, manifest));
    }
    let found = with_owner(|| {
        read::first(
            include_str!("../../sql/queries/resolve_model.sql"),
            &[reference.name.into(), reference.alias.into(), reference.version.into()],
            |row| (row.get::<JsonB>(4).map(|j| j.0), row.get::<JsonB>(5).map(|j| j.0).unwrap_or_default()),
        )
    })?;
    found.ok_or_else(|| not_found(&reference))
}

/// Which part of the reference is wrong.
fn not_found(reference: &Reference<'_>) -> Error {
    let name = reference.name.to_owned();
    match id_and_task(reference.name) {
        Err(e) => e,
        Ok(None) => Error::UnknownModel { name },
        Ok(Some(_)) => match (reference.version, reference.alias) {
            (Some(version), _) => Error::UnknownVersion { name, version },
            (None, alias) => Error::UnknownAlias { name, alias: alias.unwrap_or(PRODUCTION).to_owned() },
        },
    }
}

fn id_and_task(name: &str) -> Result<Option<(i64, String)>> {
    with_owner(|| {
        let found =
            read::first("SELECT model_id, task FROM altlas.model WHERE name = $1", &[name.into()], |row| {
                row.get(1).zip(row.get(2))
            })?;
        Ok(found.flatten())
    })
}

/// A version to be added.
pub struct NewVersion<'a> {
    pub name: &'a str,
    pub task: &'a str,
    pub sha256: &'a str,
    pub preprocess: Option<Value>,
    pub manifest: Value,
    pub vectors: &'a [TestVector],
    pub background: &'a [Value],
    pub run_id: Option<i64>,
}

impl NewVersion<'_> {
    /// The tokenizer's file, which documents of that kind name.
    fn tokenizer(&self) -> Option<&str> {
        self.preprocess.as_ref()?.get("tokenizer")?.as_str()
    }
}

/// An input with the outputs that belong to it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestVector {
    pub input: Value,
    pub output: Vec<f64>,
}

/// Adds a version, and the model when it is new. The first version becomes the production one.
/// Returns the version's number and whether it is in production.
pub fn add_version(new: &NewVersion<'_>) -> Result<(i32, bool)> {
    check_name(new.name, "name")?;
    let role = caller();
    let (version, first) = with_owner(|| {
        Spi::run_with_args(
            "INSERT INTO altlas.model (name, task, created_by) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
            &[new.name.into(), new.task.into(), role.as_str().into()],
        )?;
        // The row lock makes two registrations of one model take turns, so that numbers are consecutive.
        let (id, task) = Spi::get_two_with_args::<i64, String>(
            "SELECT model_id, task FROM altlas.model WHERE name = $1 FOR UPDATE",
            &[new.name.into()],
        )?;
        let task = task.unwrap_or_default();
        if task != new.task {
            return Err(Error::TaskMismatch {
                name: new.name.into(),
                existing: task,
                asked: new.task.into(),
            });
        }
        let (version, version_id) = Spi::get_two_with_args::<i32, i64>(
            "INSERT INTO altlas.model_version (model_id, version, sha256, preprocess, manifest, run_id, created_by, tokenizer) \
             SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7 FROM altlas.model_version WHERE model_id = $1 \
             RETURNING version, version_id",
            &[
                id.into(),
                new.sha256.into(),
                new.preprocess.clone().map(JsonB).into(),
                JsonB(new.manifest.clone()).into(),
                new.run_id.into(),
                role.as_str().into(),
                new.tokenizer().into(),
            ],
        )?;
        for (n, vector) in (0i32..).zip(new.vectors) {
            Spi::run_with_args(
                "INSERT INTO altlas.test_vector (version_id, n, input, output) VALUES ($1, $2, $3, $4)",
                &[
                    version_id.into(),
                    n.into(),
                    JsonB(vector.input.clone()).into(),
                    vector.output.clone().into(),
                ],
            )?;
        }
        background::add(version_id, new.background)?;
        let aliases = Spi::get_one_with_args::<i64>(
            "SELECT count(*) FROM altlas.model_alias WHERE model_id = $1 AND alias = $2",
            &[id.into(), PRODUCTION.into()],
        )?;
        Ok((version.unwrap_or_default(), aliases == Some(0)))
    })?;
    audit::record(
        "register_model",
        &format!("{}/{version}", new.name),
        None,
        Some(json!({ "sha256": new.sha256, "task": new.task, "run_id": new.run_id })),
    )?;
    if first {
        set_alias(new.name, PRODUCTION, version)?;
    }
    Ok((version, first))
}

/// Points an alias to a version. Returns the version it pointed to before.
pub fn set_alias(name: &str, alias: &str, version: i32) -> Result<Option<i32>> {
    check_name(alias, "alias")?;
    let (id, _) = existing(name)?;
    let before = with_owner(|| {
        let known = Spi::get_one_with_args::<bool>(
            "SELECT EXISTS (SELECT FROM altlas.model_version WHERE model_id = $1 AND version = $2)",
            &[id.into(), version.into()],
        )?;
        if known != Some(true) {
            return Err(Error::UnknownVersion { name: name.into(), version });
        }
        let before = alias_target(id, alias)?;
        Spi::run_with_args(
            "INSERT INTO altlas.model_alias (model_id, alias, version) VALUES ($1, $2, $3) \
             ON CONFLICT (model_id, alias) DO UPDATE SET version = excluded.version",
            &[id.into(), alias.into(), version.into()],
        )?;
        Ok(before)
    })?;
    audit::record(
        "set_alias",
        &format!("{name}@{alias}"),
        before.map(|v| json!({ "version": v })),
        Some(json!({ "version": version })),
    )?;
    Ok(before)
}

/// Removes an alias.
pub fn drop_alias(name: &str, alias: &str) -> Result<()> {
    let (id, _) = existing(name)?;
    let before = with_owner(|| {
        let before = alias_target(id, alias)?
            .ok_or_else(|| Error::UnknownAlias { name: name.into(), alias: alias.into() })?;
        Spi::run_with_args(
            "DELETE FROM altlas.model_alias WHERE model_id = $1 AND alias = $2",
            &[id.into(), alias.into()],
        )?;
        Ok(before)
    })?;
    audit::record("drop_alias", &format!("{name}@{alias}"), Some(json!({ "version": before })), None)
}

/// Removes a version that no alias points to; with the last one, the model.
pub fn drop_version(name: &str, version: i32) -> Result<()> {
    let (id, _) = existing(name)?;
    let (sha256, tokenizer) = with_owner(|| {
        let aliases = Spi::get_one_with_args::<String>(
            "SELECT string_agg(alias, ', ' ORDER BY alias) FROM altlas.model_alias WHERE model_id = $1 AND version = $2",
            &[id.into(), version.into()],
        )?;
        if let Some(aliases) = aliases {
            return Err(Error::VersionInUse { name: name.into(), version, aliases });
        }
        let (sha256, tokenizer) = Spi::get_two_with_args::<String, String>(
            "WITH gone AS (DELETE FROM altlas.model_version WHERE model_id = $1 AND version = $2 RETURNING sha256, tokenizer) \
             SELECT (SELECT sha256 FROM gone), (SELECT tokenizer FROM gone)",
            &[id.into(), version.into()],
        )?;
        let sha256 = sha256.ok_or_else(|| Error::UnknownVersion { name: name.into(), version })?;
        Spi::run_with_args(
            "DELETE FROM altlas.model m WHERE m.model_id = $1 \
             AND NOT EXISTS (SELECT FROM altlas.model_version v WHERE v.model_id = m.model_id)",
            &[id.into()],
        )?;
        Ok((sha256, tokenizer))
    })?;
    artefact::remove_unused(&sha256)?;
    tokenizer.as_deref().map_or(Ok(()), artefact::remove_unused)?;
    audit::record("drop_version", &format!("{name}/{version}"), Some(json!({ "sha256": sha256 })), None)
}

/// The score that the production version of a model had in its training, by the same metric.
pub fn production_score(name: &str, metric: &str) -> Result<Option<f64>> {
    with_owner(|| {
        read::one::<f64>(
            "SELECT (SELECT r.score FROM altlas.model m JOIN altlas.model_alias a USING (model_id) \
             JOIN altlas.model_version v USING (model_id, version) JOIN altlas.training_run r USING (run_id) \
             WHERE m.name = $1 AND a.alias = $2 AND r.metric = $3)",
            &[name.into(), PRODUCTION.into(), metric.into()],
        )
    })
}

/// A stored model may not take the name of a built-in one, nor look like one.
pub fn check_name(name: &str, argument: &str) -> Result<()> {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if first && rest && name.len() <= 63 && !name.starts_with("altlas.") {
        return Ok(());
    }
    Err(Error::BadArgument {
        argument: argument.to_owned(),
        problem: format!("{name:?} cannot be a name"),
        hint: "Names have 1 to 63 of A-Z a-z 0-9 _ . - and begin with a letter or underscore; \"altlas.\" is reserved."
            .into(),
    })
}

fn existing(name: &str) -> Result<(i64, String)> {
    read::latest(|| id_and_task(name))?.ok_or_else(|| Error::UnknownModel { name: name.into() })
}

fn alias_target(id: i64, alias: &str) -> Result<Option<i32>> {
    Ok(Spi::get_one_with_args::<i32>(
        "SELECT (SELECT version FROM altlas.model_alias WHERE model_id = $1 AND alias = $2)",
        &[id.into(), alias.into()],
    )?)
}

/// Keys of a manifest that a user gives with a model, and what they hold besides [`Manifest`].
pub fn user_manifest(value: Value) -> Result<(Manifest, Value, Option<Value>, Vec<TestVector>)> {
    let wrong = |problem: String| {
        Error::BadDocument {
        what: "the manifest".into(),
        problem,
        hint: "Keys are: task, columns, output, labels, target, providers, preprocess, test_vectors, description."
            .into(),
    }
    };
    let Value::Object(mut object) = value else {
        return Err(wrong("it is not a JSON object".into()));
    };
    let preprocess = object.remove("preprocess").filter(|v| !v.is_null());
    let vectors = match object.remove("test_vectors") {
        None | Some(Value::Null) => Vec::new(),
        Some(v) => serde_json::from_value(v).map_err(|e| wrong(format!("test_vectors: {e}")))?,
    };
    const KNOWN: [&str; 9] =
        ["format", "task", "columns", "output", "labels", "target", "providers", "description", "algorithm"];
    if let Some(key) = object.keys().find(|k| !KNOWN.contains(&k.as_str())) {
        return Err(wrong(format!("the key \"{key}\" is not known")));
    }
    let stored = Value::Object(object);
    let manifest = Manifest::parse(&stored).map_err(wrong)?;
    Ok((manifest, stored, preprocess, vectors))
}

#[cfg(feature = "pg_test")]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    use super::*;

    #[pg_test]
    fn references_name_a_version_an_alias_or_production() {
        let parse = |text| Reference::parse(text).unwrap();
        assert_eq!(parse("m"), Reference { name: "m", alias: Some(PRODUCTION), version: None });
        assert_eq!(parse("m@next"), Reference { name: "m", alias: Some("next"), version: None });
        assert_eq!(parse("m/3"), Reference { name: "m", alias: None, version: Some(3) });
        assert!(Reference::parse("m/three").is_err());
    }

    #[pg_test]
    fn names_that_could_be_mistaken_are_refused() {
        assert!(check_name("delivery_time.v2", "name").is_ok());
        for bad in ["", "1st", "a b", "a/b", "a@b", "altlas.mine", "ğ", &"x".repeat(64)] {
            assert!(check_name(bad, "name").is_err(), "{bad}");
        }
    }
}
