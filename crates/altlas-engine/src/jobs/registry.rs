use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use altlas_proto::{Failure, FailureKind, JobInfo, JobOwner, JobState};
use rustix::process::{Pid, Signal, kill_process};

use crate::clock;

/// Ended jobs that stay in the list.
const REMEMBERED: usize = 50;

/// Why a job was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Somebody asked for it.
    Asked,
    /// The client that waited for it left.
    ClientGone,
    /// The client broke the protocol.
    ClientBroke,
    /// The engine stops.
    Stopping,
}

/// The jobs that run and the last that ended.
pub struct Registry {
    inner: Mutex<Inner>,
    most: usize,
}

#[derive(Default)]
struct Inner {
    last: u64,
    running: BTreeMap<u64, Running>,
    ended: VecDeque<JobInfo>,
}

struct Running {
    info: JobInfo,
    /// `None` before the process started. Taken out, under the lock, before the process is reaped, so that a
    /// signal never reaches another process that got the number.
    process: Option<Pid>,
    killed: Option<Why>,
    /// It is to be told to end with the best that it has as soon as it listens.
    finishes: bool,
}

impl Registry {
    /// Lets so many jobs run at the same time.
    pub fn new(most: usize) -> Self {
        Self { inner: Mutex::default(), most }
    }

    /// Gives a job its number, if there is a place.
    pub fn admit(&self, kind: &str, owner: &JobOwner) -> Result<u64, Failure> {
        let mut inner = self.lock();
        if inner.running.len() >= self.most {
            return Err(Failure::new(FailureKind::Resources, "too many jobs run")
                .detail(format!("{} jobs run, which is as many as may.", inner.running.len()))
                .hint("Wait for one to end, cancel one, or raise altlas.max_jobs."));
        }
        inner.last += 1;
        let job = inner.last;
        let info = JobInfo {
            job,
            kind: kind.to_owned(),
            owner: owner.clone(),
            pid: 0,
            state: JobState::Running,
            phase: String::new(),
            done: 0,
            total: 0,
            started_us: clock::now_us(),
            ended_us: None,
        };
        inner.running.insert(job, Running { info, process: None, killed: None, finishes: false });
        Ok(job)
    }

    /// Notes the process. A job cancelled meanwhile is killed.
    pub fn started(&self, job: u64, pid: u32) {
        let mut inner = self.lock();
        if let Some(running) = inner.running.get_mut(&job) {
            running.info.pid = pid;
            running.process = i32::try_from(pid).ok().and_then(Pid::from_raw);
            if running.killed.is_some() {
                running.signal(Signal::KILL);
            }
        }
    }

    /// Notes how far a job is.
    pub fn progress(&self, job: u64, phase: &str, done: u64, total: u64) {
        if let Some(running) = self.lock().running.get_mut(&job) {
            phase.clone_into(&mut running.info.phase);
            running.info.done = done;
            running.info.total = total;
            running.tell();
        }
    }

    /// Tells a job to end with the best that it has; `false` when none of that number runs.
    pub fn finish(&self, job: u64) -> bool {
        let mut inner = self.lock();
        let Some(running) = inner.running.get_mut(&job) else {
            return false;
        };
        running.finishes = true;
        running.tell();
        true
    }

    /// Kills a job; `false` when none of that number runs.
    pub fn kill(&self, job: u64, why: Why) -> bool {
        let mut inner = self.lock();
        let Some(running) = inner.running.get_mut(&job) else {
            return false;
        };
        running.killed.get_or_insert(why);
        running.signal(Signal::KILL);
        true
    }

    /// Kills all jobs.
    pub fn kill_all(&self) {
        let numbers: Vec<u64> = self.lock().running.keys().copied().collect();
        for job in numbers {
            self.kill(job, Why::Stopping);
        }
    }

    /// Ends the process of a job that has given its result.
    pub fn dismiss(&self, job: u64) {
        if let Some(running) = self.lock().running.get(&job) {
            running.signal(Signal::KILL);
        }
    }

    /// Why a running job was killed, if it was.
    pub fn killed(&self, job: u64) -> Option<Why> {
        self.lock().running.get(&job)?.killed
    }

    /// Moves a job to those that ended. Called before its process is reaped.
    pub fn ended(&self, job: u64, state: JobState) {
        let mut inner = self.lock();
        let Some(running) = inner.running.remove(&job) else {
            return;
        };
        inner.ended.push_front(JobInfo { state, ended_us: Some(clock::now_us()), ..running.info });
        inner.ended.truncate(REMEMBERED);
    }

    /// Newest first.
    pub fn list(&self) -> Vec<JobInfo> {
        let inner = self.lock();
        let mut jobs: Vec<JobInfo> = inner.running.values().map(|r| r.info.clone()).collect();
        jobs.extend(inner.ended.iter().cloned());
        jobs.sort_by_key(|info| std::cmp::Reverse(info.job));
        jobs
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn signal(&self, signal: Signal) {
        if let Some(process) = self.process {
            // Fails only when the process is dead already.
            let _ = kill_process(process, signal);
        }
    }

    /// A process that has told how far it is holds the signal back and looks for it; before, it would die of it.
    fn tell(&mut self) {
        if self.finishes && !self.info.phase.is_empty() {
            self.finishes = false;
            self.signal(Signal::USR1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> JobOwner {
        JobOwner { database: 1, role: 2, label: "test".into(), number: 0 }
    }

    #[test]
    fn places_are_bounded_and_come_back() {
        let jobs = Registry::new(2);
        let first = jobs.admit("train", &owner()).unwrap();
        jobs.admit("train", &owner()).unwrap();
        assert_eq!(jobs.admit("train", &owner()).unwrap_err().kind, FailureKind::Resources);
        jobs.ended(first, JobState::Done);
        assert!(!jobs.kill(first, Why::Asked));
        let third = jobs.admit("train", &owner()).unwrap();
        let states: Vec<_> = jobs.list().iter().map(|info| (info.job, info.state)).collect();
        assert_eq!(states, [(third, JobState::Running), (2, JobState::Running), (first, JobState::Done)]);
    }

    #[test]
    fn the_list_remembers_a_bounded_number() {
        let jobs = Registry::new(1);
        for _ in 0..60 {
            let job = jobs.admit("train", &owner()).unwrap();
            jobs.ended(job, JobState::Failed);
        }
        let list = jobs.list();
        assert_eq!((list.len(), list[0].job), (REMEMBERED, 60));
    }
}
