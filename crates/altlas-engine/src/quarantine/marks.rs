//! Marks of the models in use, in a file that outlives the process.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Digest;
use crate::confine::SharedWords;

/// First word of the file.
const MAGIC: u64 = u64::from_be_bytes(*b"ALTLRUN1");
/// Words before the marks: the magic number, and how often the kernel had run out of memory when the engine started.
const HEAD: usize = 2;
/// Words of a mark: what is done, and the model.
const MARK: usize = 5;
/// Uses at the same time that can be marked; runs are limited to a few times the processors.
const PLACES: usize = 128;

const FREE: u64 = 0;
/// Somebody writes the mark.
const TAKEN: u64 = 1;

/// What is done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It is opened.
    Opening = 2,
    /// It runs.
    Running = 3,
}

/// The marks of this process.
pub struct Marks(SharedWords);

/// What the last engine left.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// How often the kernel had run out of memory when it started.
    pub oom_kills: u64,
    /// The models that were in use at its end.
    pub models: Vec<(Digest, Doing)>,
}

impl Marks {
    /// Makes the file anew.
    pub fn make(path: &Path, oom_kills: u64) -> io::Result<Self> {
        let mut words = vec![0; HEAD + PLACES * MARK];
        words.splice(..HEAD, [MAGIC, oom_kills]);
        match fs::remove_file(path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = File::options().read(true).write(true).create_new(true).open(path)?;
        // Written, not just made so long: the file system must have its blocks before they are stored to.
        file.write_all(&words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>())?;
        Ok(Self(SharedWords::map(&file, words.len())?))
    }

    /// Marks a model until the result is dropped. Without a free place it goes unmarked.
    pub fn set(&self, model: Digest, doing: Doing) -> Option<Mark<'_>> {
        let places = self.0.get(HEAD..).unwrap_or_default().as_chunks::<MARK>().0;
        places.iter().find_map(|[state, name @ ..]| {
            state.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed).ok()?;
            for (word, value) in name.iter().zip(model.to_words()) {
                word.store(value, Ordering::Relaxed);
            }
            state.store(doing as u64, Ordering::Release);
            Some(Mark(state))
        })
    }

    /// Reads the marks of a process that is gone; none when there is no such file.
    pub fn left(path: &Path) -> Left {
        let bytes = fs::read(path).unwrap_or_default();
        let words: Vec<u64> = bytes.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word)).collect();
        let Some(([MAGIC, oom_kills], rest)) = words.split_first_chunk::<HEAD>() else {
            return Left::default();
        };
        let models = rest.as_chunks::<MARK>().0.iter().filter_map(|[state, name @ ..]| {
            let doing = [Doing::Opening, Doing::Running].into_iter().find(|doing| *doing as u64 == *state)?;
            Some((Digest::from_words(*name), doing))
        });
        Left { oom_kills: *oom_kills, models: models.collect() }
    }
}

/// A model in use.
pub struct Mark<'a>(&'a AtomicU64);

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.0.store(FREE, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("running");
        assert_eq!(Marks::left(&path), Left::default());
        let marks = Marks::make(&path, 7).unwrap();
        let [first, second, third] = [b"1", b"2", b"3"].map(|bytes| Digest::of(bytes));
        let over = marks.set(first, Doing::Running);
        let _opens = marks.set(second, Doing::Opening);
        drop(over);
        let _runs = marks.set(third, Doing::Running);
        let left = Marks::left(&path);
        assert_eq!(left.oom_kills, 7);
        assert_eq!(left.models, [(third, Doing::Running), (second, Doing::Opening)]);
        let again = Marks::make(&path, 8).unwrap();
        assert_eq!(Marks::left(&path), Left { oom_kills: 8, models: vec![] });
        drop(again);
    }

    #[test]
    fn a_full_file_and_a_damaged_one_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("running");
        let marks = Marks::make(&path, 0).unwrap();
        let model = Digest::of(b"model");
        let all: Vec<_> = (0..PLACES).map(|_| marks.set(model, Doing::Running).unwrap()).collect();
        assert!(marks.set(model, Doing::Running).is_none());
        assert_eq!(Marks::left(&path).models.len(), PLACES);
        drop(all);
        assert!(marks.set(model, Doing::Running).is_some());
        for damaged in [&b""[..], b"short", &[0xff; 4096]] {
            let other = dir.path().join("damaged");
            fs::write(&other, damaged).unwrap();
            assert_eq!(Marks::left(&other), Left::default());
        }
    }
}
