//! Which databases the maintenance worker visits for statistics: those that have some, every `altlas.stats_interval`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::announce;
use super::files::PENDING;
use crate::guc;
use crate::monitor::spool;

/// Visits that may fail to begin, one after the other, before a database is taken for gone. The pause doubles each time.
const IN_VAIN: u32 = 3;

/// When each database was visited last, and how often in vain since.
#[derive(Default)]
pub struct Visits(HashMap<u32, (Instant, u32)>);

impl Visits {
    /// Announces the databases whose turn it is.
    pub fn announce_due(&mut self) {
        let databases = spool::databases();
        self.0.retain(|database, _| databases.contains(database));
        let interval = Duration::from_secs(guc::stats_interval_s());
        for database in databases {
            let (last, in_vain) = self.0.get(&database).map_or((None, 0), |(at, n)| (Some(*at), *n));
            if last.is_some_and(|at| at.elapsed() < interval * (1 << in_vain))
                || !spool::is_waiting(database)
                || announce::is_announced(PENDING, database)
            {
                continue;
            }
            let in_vain = if spool::announce_visit(database) { 0 } else { in_vain + 1 };
            if in_vain > IN_VAIN {
                spool::forget(database);
                continue;
            }
            self.0.insert(database, (Instant::now(), in_vain));
            announce::now(PENDING, database);
        }
    }
}
