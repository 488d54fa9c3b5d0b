//! Model files in the database, in pieces.

use pgrx::{Spi, pg_sys};
use sha2::{Digest, Sha256};

use super::{caller, read, with_owner};
use crate::error::{Error, Result};
use crate::guc;

/// Bytes in a piece.
pub const PIECE: usize = 4 << 20;

/// The lower-case hex SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Stores a whole file, unless it is there. Returns its hash.
pub fn store(bytes: &[u8]) -> Result<String> {
    check_size(bytes.len() as u64)?;
    let sha256 = sha256(bytes);
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    if begin(&sha256, size)? {
        for (n, piece) in (0..).zip(bytes.chunks(PIECE)) {
            insert(&sha256, n, piece)?;
        }
        mark_complete(&sha256)?;
    }
    Ok(sha256)
}

/// Makes room for a file of `size` bytes. `false` when it is already complete; an unfinished upload is begun again.
pub fn begin(sha256: &str, size: i64) -> Result<bool> {
    check_hash(sha256)?;
    let bytes = u64::try_from(size).ok().filter(|s| *s > 0).ok_or_else(|| Error::BadArgument {
        argument: "size".into(),
        problem: format!("{size} is not a size in bytes"),
        hint: String::new(),
    })?;
    check_size(bytes)?;
    let role = caller();
    with_owner(|| {
        if is_complete(sha256)? == Some(true) {
            return Ok(false);
        }
        Spi::run_with_args("DELETE FROM altlas.artefact WHERE sha256 = $1", &[sha256.into()])?;
        // Another session may be storing the same bytes: its commit is waited for.
        let mine = Spi::get_one_with_args::<bool>(
            "WITH new AS (INSERT INTO altlas.artefact (sha256, size, created_by) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING RETURNING true AS mine) SELECT (SELECT mine FROM new)",
            &[sha256.into(), size.into(), role.as_str().into()],
        )?;
        if mine.is_none() && is_complete(sha256)? != Some(true) {
            return Err(bad_upload(sha256, "another session is uploading it".into()));
        }
        Ok(mine.is_some())
    })
}

/// Appends to an upload; returns the bytes there now.
pub fn append(sha256: &str, bytes: &[u8]) -> Result<i64> {
    with_owner(|| {
        let size = incomplete(sha256)?;
        let (next, have) = read::latest(|| extent(sha256))?;
        let added = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        if have.saturating_add(added) > size {
            return Err(bad_upload(
                sha256,
                format!("it was announced with {size} bytes, these would be more"),
            ));
        }
        for (n, piece) in (next..).zip(bytes.chunks(PIECE)) {
            insert(sha256, n, piece)?;
        }
        Ok(have + added)
    })
}

/// Checks an upload's size and hash and makes it usable.
pub fn finish(sha256: &str) -> Result<()> {
    with_owner(|| {
        let size = incomplete(sha256)?;
        let (_, have) = read::latest(|| extent(sha256))?;
        if have != size {
            return Err(bad_upload(sha256, format!("{have} of {size} bytes are there")));
        }
        let mut hasher = Sha256::new();
        read::latest(|| {
            each_piece(sha256, |piece| {
                hasher.update(piece);
                Ok(())
            })
        })?;
        if hex::encode(hasher.finalize()) != sha256 {
            return Err(bad_upload(sha256, "the bytes have another hash".into()));
        }
        mark_complete(sha256)
    })
}

/// The size of a complete file; an unknown or unfinished one is an error.
pub fn size_of(sha256: &str) -> Result<i64> {
    size_if_any(sha256)?.ok_or_else(|| bad_upload(sha256, "there is no complete file of this hash".into()))
}

/// The size of a complete file, if there is one.
pub fn size_if_any(sha256: &str) -> Result<Option<i64>> {
    check_hash(sha256)?;
    with_owner(|| {
        read::one::<i64>(
            "SELECT (SELECT size FROM altlas.artefact WHERE sha256 = $1 AND complete)",
            &[sha256.into()],
        )
    })
}

/// A whole file.
pub fn bytes(sha256: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size_of(sha256)?).unwrap_or(0));
    each_piece(sha256, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

/// Gives the pieces of a file in order.
pub fn each_piece(sha256: &str, mut visit: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    with_owner(|| {
        let (count, _) = extent(sha256)?;
        for n in 0..count {
            pgrx::check_for_interrupts!();
            let piece = read::one::<Vec<u8>>(
                "SELECT (SELECT bytes FROM altlas.artefact_chunk WHERE sha256 = $1 AND n = $2)",
                &[sha256.into(), n.into()],
            )?;
            visit(&piece.ok_or_else(|| Error::DamagedArtefact {
                sha256: sha256.into(),
                problem: format!("piece {n} is missing"),
            })?)?;
        }
        Ok(())
    })
}

/// Removes files that no version names (after a version was dropped).
pub fn remove_unused(sha256: &str) -> Result<()> {
    with_owner(|| {
        Ok(Spi::run_with_args(
            "DELETE FROM altlas.artefact a WHERE a.sha256 = $1 \
             AND NOT EXISTS (SELECT FROM altlas.model_version v WHERE a.sha256 IN (v.sha256, v.tokenizer))",
            &[sha256.into()],
        )?)
    })
}

fn insert(sha256: &str, n: i32, piece: &[u8]) -> Result<()> {
    with_owner(|| {
        Ok(Spi::run_with_args(
            "INSERT INTO altlas.artefact_chunk (sha256, n, bytes) VALUES ($1, $2, $3)",
            &[sha256.into(), n.into(), piece.into()],
        )?)
    })
}

fn mark_complete(sha256: &str) -> Result<()> {
    with_owner(|| {
        Ok(Spi::run_with_args(
            "UPDATE altlas.artefact SET complete = true WHERE sha256 = $1",
            &[sha256.into()],
        )?)
    })
}

fn is_complete(sha256: &str) -> Result<Option<bool>> {
    Ok(Spi::get_one_with_args(
        "SELECT (SELECT complete FROM altlas.artefact WHERE sha256 = $1)",
        &[sha256.into()],
    )?)
}

/// The announced size of an unfinished upload.
fn incomplete(sha256: &str) -> Result<i64> {
    check_hash(sha256)?;
    // The lock keeps two appends of one upload apart.
    let size = Spi::get_one_with_args::<i64>(
        "WITH a AS (SELECT size, complete FROM altlas.artefact WHERE sha256 = $1 FOR UPDATE) \
         SELECT (SELECT CASE WHEN complete THEN -1 ELSE size END FROM a)",
        &[sha256.into()],
    )?;
    match size {
        None => Err(bad_upload(sha256, "no upload was begun".into())),
        Some(-1) => Err(Error::BadUpload {
            sha256: sha256.to_owned(),
            problem: "it is complete already".into(),
            hint: "Use it: altlas.register_artefact(name, sha256).",
        }),
        Some(size) => Ok(size),
    }
}

/// The number of pieces and of bytes.
fn extent(sha256: &str) -> Result<(i32, i64)> {
    let extent = read::first(
        "SELECT count(*)::integer, coalesce(sum(length(bytes)), 0)::bigint FROM altlas.artefact_chunk WHERE sha256 = $1",
        &[sha256.into()],
        |row| (row.get(1).unwrap_or(0), row.get(2).unwrap_or(0)),
    )?;
    Ok(extent.unwrap_or((0, 0)))
}

/// Refuses what is larger than `altlas.max_model_size`.
pub fn check_size(bytes: u64) -> Result<()> {
    let limit = guc::max_model_size();
    if bytes > limit {
        return Err(Error::BadModel {
            message: format!("it has {bytes} bytes"),
            detail: format!("altlas.max_model_size is {limit} bytes."),
            hint: "An administrator can raise altlas.max_model_size.".into(),
        });
    }
    Ok(())
}

/// Whether a text is a SHA-256 as altlas writes it.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn check_hash(sha256: &str) -> Result<()> {
    if is_hash(sha256) {
        return Ok(());
    }
    Err(Error::BadArgument {
        argument: "sha256".into(),
        problem: "it is not a SHA-256 in 64 lower-case hexadecimal digits".into(),
        hint: "In SQL: encode(sha256(bytes), 'hex').".into(),
    })
}

fn bad_upload(sha256: &str, problem: String) -> Error {
    Error::BadUpload {
        sha256: sha256.to_owned(),
        problem,
        hint: "Begin again with altlas.begin_artefact(sha256, size).",
    }
}

/// Refuses to write where nothing can be written, with a hint instead of SPI's terse message.
pub fn must_be_writable(action: &'static str) -> Result<()> {
    // SAFETY: a plain flag and a plain function of this process.
    if unsafe { pg_sys::XactReadOnly || pg_sys::RecoveryInProgress() } {
        return Err(Error::ReadOnly { action });
    }
    Ok(())
}
