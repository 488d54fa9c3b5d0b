//! Models and tokenizers on disk: the built-in ones, and a cache of those that were uploaded.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use altlas_proto::{Failure, FailureKind};
use sha2::{Digest as _, Sha256};

use crate::{Digest, EngineError, log};

/// A cached file stays at least so long, even beyond the budget: the client that uploaded it is about to use it.
const GRACE: Duration = Duration::from_secs(60);
const PART: &str = "part";

/// The models on disk.
#[derive(Debug)]
pub struct Disk {
    builtin: PathBuf,
    cache: PathBuf,
    budget: u64,
}

impl Disk {
    /// Makes the cache's directory if need be, and removes uploads that never ended.
    pub fn open(builtin: &Path, cache: &Path, budget: u64) -> Result<Self, EngineError> {
        match DirBuilder::new().mode(0o700).create(cache) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(EngineError::file(cache)(e)),
            _ => {}
        }
        for entry in fs::read_dir(cache).map_err(EngineError::file(cache))?.flatten() {
            if entry.path().extension().is_some_and(|e| e == PART) {
                let _ = fs::remove_file(entry.path());
            }
        }
        let disk = Self { builtin: builtin.to_owned(), cache: cache.to_owned(), budget };
        disk.trim();
        Ok(disk)
    }

    /// The bytes of a model or a tokenizer, their hash checked; `None` when they are neither built in nor cached.
    /// `reserve` is told the size before the bytes are read, and may refuse. A damaged cache file is removed.
    pub fn read(
        &self,
        digest: Digest,
        mut reserve: impl FnMut(u64) -> Result<(), Failure>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let builtin = |kind: &str| (self.builtin.join(format!("{digest}.{kind}")), false);
        for (path, own) in [builtin("onnx"), builtin("json"), (self.cached(digest), true)] {
            let bytes = match read_whole(&path, &mut reserve) {
                Ok(Some(read)) => read?,
                Ok(None) => continue,
                Err(e) => {
                    log::repeated("model file unreadable", format_args!("{}: {e}", path.display()));
                    continue;
                }
            };
            if Digest::of(&bytes) == digest {
                if own {
                    // The age that decides about eviction is the time since the last use.
                    let _ = File::open(&path).and_then(|f| f.set_modified(SystemTime::now()));
                }
                return Ok(Some(bytes));
            }
            log::repeated("model file damaged", format_args!("{} is damaged", path.display()));
            if own {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(None)
    }

    /// Begins to take a model of `size` bytes.
    pub fn upload(&self, digest: Digest, size: u64) -> Result<Upload<'_>, Failure> {
        let random = RandomState::new().hash_one(digest);
        let part = self.cache.join(format!("{digest}.{random:016x}.{PART}"));
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(not_written)?;
        Ok(Upload { disk: self, file, part, digest, size, received: 0, hasher: Sha256::new() })
    }

    fn cached(&self, digest: Digest) -> PathBuf {
        self.cache.join(digest.to_string())
    }

    /// Removes the files that were not used for longest until the rest fits the budget.
    fn trim(&self) {
        let Ok(entries) = fs::read_dir(&self.cache) else {
            return;
        };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .flatten()
            .filter(|e| e.file_name().to_str().is_some_and(|name| Digest::parse(name).is_ok()))
            .filter_map(|e| {
                let data = e.metadata().ok()?;
                Some((data.modified().ok()?, data.len(), e.path()))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (used, size, path) in files {
            let fresh = used.elapsed().is_ok_and(|age| age < GRACE);
            if total <= self.budget || fresh {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                total = total.saturating_sub(size);
            }
        }
    }
}

/// Outer errors are the file's, inner ones those of `reserve`.
fn read_whole(
    path: &Path,
    reserve: &mut impl FnMut(u64) -> Result<(), Failure>,
) -> io::Result<Option<Result<Vec<u8>, Failure>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let size = file.metadata()?.len();
    if let Err(refused) = reserve(size) {
        return Ok(Some(Err(refused)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // A file that grew meanwhile is damaged: one byte too many makes the hash wrong and bounds the read.
    file.take(size.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(Ok(bytes)))
}

/// A model on its way. Dropped before [`Upload::finish`], it leaves nothing behind.
pub struct Upload<'a> {
    disk: &'a Disk,
    file: File,
    part: PathBuf,
    digest: Digest,
    size: u64,
    received: u64,
    hasher: Sha256,
}

impl Upload<'_> {
    /// Takes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.received = self.received.saturating_add(bytes.len() as u64);
        if self.received > self.size {
            let text = format!("{} bytes were announced, at least {} came.", self.size, self.received);
            return Err(
                Failure::new(FailureKind::BadModel, "the upload is longer than announced").detail(text)
            );
        }
        self.hasher.update(bytes);
        self.file.write_all(bytes).map_err(not_written)
    }

    /// Whether all announced bytes came.
    pub fn complete(&self) -> bool {
        self.received == self.size
    }

    /// Checks the hash and puts the file into the cache. No `fsync`: a file cut by a crash of the machine is
    /// found by its hash.
    pub fn finish(mut self) -> Result<(), Failure> {
        let found = Digest::finish(std::mem::take(&mut self.hasher));
        if found != self.digest {
            return Err(Failure::new(
                FailureKind::BadModel,
                "the uploaded bytes are not the model that was announced",
            )
            .detail(format!("Their SHA-256 is {found}, announced was {}.", self.digest)));
        }
        fs::rename(&self.part, self.disk.cached(self.digest)).map_err(not_written)?;
        self.disk.trim();
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        // Gone already after a successful end.
        let _ = fs::remove_file(&self.part);
    }
}

fn not_written(e: io::Error) -> Failure {
    log::repeated("cache not writable", format_args!("cannot write to the model cache: {e}"));
    Failure::new(FailureKind::Resources, "the engine cannot write to its model cache")
        .detail(e.to_string())
        .hint("Check the free space and the permissions of pgsql_tmp_altlas in the data directory.")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        dir: tempfile::TempDir,
        disk: Disk,
    }

    fn place(budget: u64) -> Place {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("models")).unwrap();
        let disk = Disk::open(&dir.path().join("models"), &dir.path().join("cache"), budget).unwrap();
        Place { dir, disk }
    }

    fn store(disk: &Disk, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let mut upload = disk.upload(digest, bytes.len() as u64).unwrap();
        for piece in bytes.chunks(3) {
            upload.write(piece).unwrap();
        }
        assert!(upload.complete());
        upload.finish().unwrap();
        digest
    }

    fn read(disk: &Disk, digest: Digest) -> Option<Vec<u8>> {
        disk.read(digest, |_| Ok(())).unwrap()
    }

    fn names(place: &Place) -> usize {
        fs::read_dir(place.dir.path().join("cache")).unwrap().count()
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let place = place(1000);
        let digest = store(&place.disk, b"a model of some bytes");
        assert_eq!(read(&place.disk, digest).unwrap(), b"a model of some bytes");
        assert_eq!(read(&place.disk, Digest::of(b"other")), None);
    }

    #[test]
    fn two_uploads_of_one_model_both_end_well() {
        let place = place(1000);
        let digest = Digest::of(b"model");
        let mut first = place.disk.upload(digest, 5).unwrap();
        let mut second = place.disk.upload(digest, 5).unwrap();
        first.write(b"model").unwrap();
        second.write(b"model").unwrap();
        first.finish().unwrap();
        second.finish().unwrap();
        assert_eq!(read(&place.disk, digest).unwrap(), b"model");
        assert_eq!(names(&place), 1);
    }

    #[test]
    fn a_failed_upload_leaves_nothing() {
        let place = place(1000);
        let digest = Digest::of(b"model");
        let mut wrong = place.disk.upload(digest, 5).unwrap();
        wrong.write(b"MODEL").unwrap();
        assert_eq!(wrong.finish().unwrap_err().kind, FailureKind::BadModel);
        let mut long = place.disk.upload(digest, 5).unwrap();
        assert_eq!(long.write(b"models").unwrap_err().kind, FailureKind::BadModel);
        drop(long);
        drop(place.disk.upload(digest, 5).unwrap());
        assert_eq!(names(&place), 0);
    }

    #[test]
    fn damaged_files_are_not_used() {
        let place = place(1000);
        let digest = store(&place.disk, b"model");
        let path = place.disk.cached(digest);
        fs::write(&path, b"medol").unwrap();
        assert_eq!(read(&place.disk, digest), None);
        assert!(!path.exists());
        fs::write(place.dir.path().join(format!("models/{digest}.onnx")), b"bad").unwrap();
        assert_eq!(read(&place.disk, digest), None);
        store(&place.disk, b"model");
        assert_eq!(read(&place.disk, digest).unwrap(), b"model");
    }

    #[test]
    fn the_oldest_files_go_first_and_fresh_ones_stay() {
        let place = place(11);
        let digests = [b"first", b"secnd", b"third"].map(|b| store(&place.disk, b));
        assert_eq!(names(&place), 3, "all are fresh");
        for (digest, age) in digests.iter().zip([300, 100, 200]) {
            let file = File::open(place.disk.cached(*digest)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        let last = store(&place.disk, b"fourth");
        assert_eq!(digests.map(|d| place.disk.cached(d).exists()), [false, true, false]);
        assert!(place.disk.cached(last).exists());
    }

    #[test]
    fn the_start_removes_partial_files_only() {
        let place = place(1000);
        let digest = store(&place.disk, b"model");
        fs::write(place.dir.path().join("cache").join(format!("{digest}.1.part")), b"mo").unwrap();
        let disk =
            Disk::open(&place.dir.path().join("models"), &place.dir.path().join("cache"), 1000).unwrap();
        assert_eq!(names(&place), 1);
        assert_eq!(read(&disk, digest).unwrap(), b"model");
    }

    #[test]
    fn a_refused_size_is_not_read() {
        let place = place(1000);
        let digest = store(&place.disk, b"model");
        let refused = place.disk.read(digest, |size| {
            assert_eq!(size, 5);
            Err(Failure::new(FailureKind::Resources, "too large"))
        });
        assert_eq!(refused.unwrap_err().kind, FailureKind::Resources);
    }
}
