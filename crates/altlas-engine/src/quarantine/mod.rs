//! Models that ended the engine: who was in use at its end, and who is not used any more.
//!
//! A crash with one model in use is that model's; the second one puts it in quarantine. With several in use any of them
//! may be at fault: each becomes a suspect and is used with no other beside it for a while, so that the next crash tells.

mod marks;
mod turn;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use altlas_proto::{CrashList, Crashes, Failure};

pub use self::marks::Doing;
use self::marks::{Mark, Marks};
use self::turn::{Pass, Turn};
use crate::{Digest, clock, log};

/// Uses that a suspect must survive alone.
const ALONE: u32 = 20;
/// The longest that a use waits because another must be alone.
const LONGEST: Duration = Duration::from_secs(2);
/// Models that the list may hold.
const MOST: usize = 1000;
const MARKS: &str = "running";

/// What is known of models that ended the engine.
pub struct Quarantine {
    path: PathBuf,
    marks: Option<Marks>,
    list: Mutex<CrashList>,
    /// Suspects among them. None are added while the engine lives: without any, uses need no turn.
    suspects: AtomicUsize,
    /// Those in quarantine among them.
    refused: AtomicUsize,
    turn: Turn,
}

impl Quarantine {
    /// Reads what is known in the engine's `directory`, and learns from the end of the last engine: by signal `ended_by`.
    pub fn open(directory: &Path, ended_by: i32) -> Self {
        let path = directory.join(CrashList::FILE);
        let running = path.with_file_name(MARKS);
        let list = fs::read(&path).ok().and_then(|bytes| CrashList::parse(&bytes)).unwrap_or_default();
        let left = Marks::left(&running);
        let oom_kills = oom_kills();
        let marks = Marks::make(&running, oom_kills).inspect_err(|e| {
            log::event(format_args!(
                "models that end the engine will not be noticed: {}: {e}",
                running.display()
            ));
        });
        let quarantine = Self {
            path,
            marks: marks.ok(),
            list: Mutex::new(list),
            suspects: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            turn: Turn::new(LONGEST),
        };
        quarantine.change(|list| {
            if let Some(cause) = cause(ended_by, oom_kills > left.oom_kills) {
                blame(&mut list.models, &left.models, cause);
            }
        });
        quarantine
    }

    /// Tells which version of ONNX Runtime is in use: crashes of another are forgotten.
    pub fn runtime(&self, version: &str) {
        self.change(|list| {
            if list.runtime != version {
                version.clone_into(&mut list.runtime);
                list.models.clear();
            }
        });
    }

    /// Refuses a model that is in quarantine.
    pub fn check(&self, model: Digest) -> Result<(), Failure> {
        if self.refused.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        let name = model.to_string();
        match self.list().models.get(&name) {
            Some(crashes) if crashes.quarantined() => Err(crashes.failure(&name)),
            _ => Ok(()),
        }
    }

    /// To be held while the runtime works on a model, which may end the process. Waits where a suspect is concerned.
    pub fn risk(
        &self,
        model: Digest,
        doing: Doing,
        given_up: &dyn Fn() -> bool,
    ) -> Result<Risk<'_>, Failure> {
        let pass = match self.suspects.load(Ordering::Acquire) {
            0 => None,
            _ => {
                let suspect = self.list().models.get(&model.to_string()).is_some_and(|c| c.alone > 0);
                Some(self.turn.enter(suspect, given_up)?)
            }
        };
        let mark = self.marks.as_ref().and_then(|marks| marks.set(model, doing));
        Ok(Risk { quarantine: self, model, _mark: mark, pass })
    }

    /// Forgets the crashes of a model; `false` when none are known.
    pub fn release(&self, model: Digest) -> bool {
        self.change(|list| list.models.remove(&model.to_string()).is_some())
    }

    /// What an administrator should know.
    pub fn note(&self) -> Option<String> {
        match self.refused.load(Ordering::Relaxed) {
            0 => None,
            1 => Some("A model is in quarantine, see altlas.quarantine().".to_owned()),
            n => Some(format!("{n} models are in quarantine, see altlas.quarantine().")),
        }
    }

    /// Changes the list, in memory and, where it became another, in its file.
    fn change<T>(&self, change: impl FnOnce(&mut CrashList) -> T) -> T {
        let mut list = self.list();
        let before = list.clone();
        list.format = CrashList::FORMAT;
        let done = change(&mut list);
        let count = |of: fn(&Crashes) -> bool| list.models.values().filter(|crashes| of(crashes)).count();
        self.suspects.store(count(|c| c.alone > 0 && !c.quarantined()), Ordering::Release);
        self.refused.store(count(Crashes::quarantined), Ordering::Relaxed);
        if *list != before {
            self.save(&list);
        }
        done
    }

    fn save(&self, list: &CrashList) {
        let new = self.path.with_extension("new");
        let bytes = serde_json::to_vec_pretty(list).unwrap_or_default();
        if let Err(e) = fs::write(&new, bytes).and_then(|()| fs::rename(&new, &self.path)) {
            log::repeated("quarantine", format_args!("cannot write {}: {e}", self.path.display()));
        }
    }

    fn list(&self) -> MutexGuard<'_, CrashList> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A use of a model.
pub struct Risk<'a> {
    quarantine: &'a Quarantine,
    model: Digest,
    // Fields drop in this order: the mark is gone before others come in.
    _mark: Option<Mark<'a>>,
    pass: Option<Pass<'a>>,
}

impl Drop for Risk<'_> {
    fn drop(&mut self) {
        if self.pass.as_ref().is_some_and(Pass::alone) {
            self.quarantine.change(|list| {
                if let Some(crashes) = list.models.get_mut(&self.model.to_string()) {
                    crashes.alone = crashes.alone.saturating_sub(1);
                }
                list.models.retain(|_, crashes| crashes.crashes > 0 || crashes.alone > 0);
            });
        }
    }
}

/// Puts the crash on the models that were in use.
fn blame(models: &mut BTreeMap<String, Crashes>, in_use: &[(Digest, Doing)], cause: &str) {
    let mut names: Vec<String> = in_use.iter().map(|(model, _)| model.to_string()).collect();
    names.sort();
    names.dedup();
    let single = names.len() == 1;
    for name in names {
        let what = match in_use.first() {
            Some((_, Doing::Opening)) if single => "while it opened this model",
            _ if single => "while it ran this model",
            _ => "while it used this model and others",
        };
        log::event(format_args!("{cause} ended the engine {what}: {name}"));
        let crashes = models.entry(name).or_default();
        crashes.crashes = crashes.crashes.saturating_add(u32::from(single));
        crashes.alone = ALONE;
        crashes.last_us = clock::now_us();
        crashes.reason = format!("{cause} ended the engine {what}.");
    }
    while models.len() > MOST {
        let oldest =
            models.iter().min_by_key(|(_, c)| (c.quarantined(), c.last_us)).map(|(name, _)| name.clone());
        oldest.and_then(|name| models.remove(&name));
    }
}

/// What a signal says, if it says that the engine crashed. `SIGKILL` comes from administrators, and from the kernel when
/// memory is short, which counts such cases.
fn cause(signal: i32, out_of_memory: bool) -> Option<&'static str> {
    match signal {
        libc::SIGSEGV => Some("A bad memory access (SIGSEGV)"),
        libc::SIGBUS => Some("A bad memory access (SIGBUS)"),
        libc::SIGABRT => Some("An abort (SIGABRT)"),
        libc::SIGILL => Some("A bad instruction (SIGILL)"),
        libc::SIGFPE => Some("An arithmetic fault (SIGFPE)"),
        libc::SIGTRAP => Some("A trap (SIGTRAP)"),
        libc::SIGSYS => Some("A forbidden system call (SIGSYS)"),
        libc::SIGKILL if out_of_memory => Some("The kernel, which was out of memory (SIGKILL),"),
        _ => None,
    }
}

/// How often the kernel killed a process for want of memory, 0 when it does not say.
fn oom_kills() -> u64 {
    let counters = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = counters.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok());
    count.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: &dyn Fn() -> bool = &|| false;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("quarantine")).unwrap();
            Self(dir)
        }

        fn open(&self, ended_by: i32) -> Quarantine {
            let quarantine = Quarantine::open(self.0.path(), ended_by);
            quarantine.runtime("1.0");
            quarantine
        }

        /// An engine that the signal ends while it runs the models.
        fn crash(&self, before: i32, models: &[Digest], signal: i32) -> i32 {
            let quarantine = self.open(before);
            for model in models {
                // Never dropped: the process did not come so far. Turns are not waited for here.
                std::mem::forget(quarantine.marks.as_ref().unwrap().set(*model, Doing::Running));
            }
            signal
        }

        fn known(&self) -> CrashList {
            CrashList::parse(&fs::read(self.0.path().join(CrashList::FILE)).unwrap()).unwrap()
        }
    }

    fn models() -> [Digest; 3] {
        [b"a", b"b", b"c"].map(|bytes| Digest::of(bytes))
    }

    #[test]
    fn the_second_crash_alone_is_the_last() {
        let (place, [a, b, _]) = (Place::new(), models());
        let ended = place.crash(0, &[a], libc::SIGSEGV);
        let ended = place.crash(ended, &[a], libc::SIGABRT);
        let quarantine = place.open(ended);
        let failure = quarantine.check(a).unwrap_err();
        assert_eq!(failure.kind, altlas_proto::FailureKind::Quarantined);
        assert!(failure.detail.unwrap().contains("SIGABRT"));
        assert!(quarantine.check(b).is_ok() && quarantine.note().is_some());
        // It is so for the next engine too, which ends in another way, until it is released.
        let quarantine = place.open(libc::SIGTERM);
        assert!(quarantine.check(a).is_err());
        assert!(quarantine.release(a) && !quarantine.release(a));
        assert!(quarantine.check(a).is_ok() && quarantine.note().is_none());
        assert!(place.open(0).check(a).is_ok());
    }

    #[test]
    fn an_end_that_is_no_crash_is_nobodys() {
        let (place, [a, ..]) = (Place::new(), models());
        for signal in [0, libc::SIGTERM, libc::SIGKILL, libc::SIGSYS + 100] {
            let ended = place.crash(0, &[a], signal);
            drop(place.open(ended));
            assert!(place.known().models.is_empty(), "signal {signal}");
        }
        assert!(cause(libc::SIGKILL, true).is_some() && cause(libc::SIGKILL, false).is_none());
    }

    #[test]
    fn several_in_use_become_suspects_and_one_alone_is_found() {
        let (place, [a, b, c]) = (Place::new(), models());
        let ended = place.crash(0, &[a, b, a], libc::SIGSEGV);
        let quarantine = place.open(ended);
        let known = place.known();
        assert_eq!(known.models.len(), 2);
        assert!(known.models.values().all(|crashes| (crashes.crashes, crashes.alone) == (0, ALONE)));
        // While a suspect is used nobody else is.
        let risk = quarantine.risk(a, Doing::Running, NEVER).unwrap();
        assert!(quarantine.risk(c, Doing::Running, &|| true).is_err());
        drop(risk);
        assert_eq!(place.known().models[&a.to_string()].alone, ALONE - 1);
        for _ in 1..ALONE {
            drop(quarantine.risk(a, Doing::Opening, NEVER).unwrap());
        }
        // The other one is at fault, which two crashes alone show.
        let ended = place.crash(0, &[b], libc::SIGSEGV);
        let ended = place.crash(ended, &[b], libc::SIGSEGV);
        let quarantine = place.open(ended);
        assert!(quarantine.check(b).is_err() && quarantine.check(a).is_ok());
        // Without suspects nobody waits.
        assert_eq!(quarantine.suspects.load(Ordering::Relaxed), 0);
        let _one = quarantine.risk(a, Doing::Running, &|| true).unwrap();
        let _other = quarantine.risk(c, Doing::Running, &|| true).unwrap();
    }

    #[test]
    fn another_runtime_begins_anew() {
        let (place, [a, ..]) = (Place::new(), models());
        let ended = place.crash(0, &[a], libc::SIGSEGV);
        drop(place.open(ended));
        assert_eq!((place.known().runtime.as_str(), place.known().models.len()), ("1.0", 1));
        Quarantine::open(place.0.path(), 0).runtime("1.1");
        assert_eq!((place.known().runtime.as_str(), place.known().models.len()), ("1.1", 0));
    }

    #[test]
    fn a_damaged_list_is_an_empty_one() {
        let (place, [a, ..]) = (Place::new(), models());
        fs::write(place.0.path().join(CrashList::FILE), b"{\"format\": 1, \"models\": 7}").unwrap();
        assert!(place.open(0).check(a).is_ok());
        assert!(place.known().models.is_empty());
    }

    #[test]
    fn the_list_is_bounded_and_keeps_those_in_quarantine() {
        let worst = Crashes { crashes: 2, ..Crashes::default() };
        let mut models = BTreeMap::from([("worst".to_owned(), worst)]);
        for n in 0..MOST as u64 + 5 {
            blame(&mut models, &[(Digest::of(&n.to_be_bytes()), Doing::Running)], "A test");
        }
        assert_eq!(models.len(), MOST);
        assert!(models.contains_key("worst"));
    }
}
