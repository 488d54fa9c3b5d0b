//! What recording costs a row: `cargo run --release -p altlas-stats --example overhead`.

use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;

use altlas_stats::{Answer, Recorder, Tally, Ticket};

const ROWS: u32 = 20_000_000;

fn main() {
    println!("inputs  ns a row (median of 5)");
    for inputs in [1, 20, 100, 256] {
        let median = |recorded: bool| {
            let mut runs: Vec<f64> = (0..5).map(|_| nanoseconds(inputs, recorded)).collect();
            runs.sort_by(f64::total_cmp);
            runs.get(2).copied().unwrap_or_default()
        };
        println!("{inputs:6}  {:.1}", median(true) - median(false));
    }
}

fn nanoseconds(inputs: u32, recorded: bool) -> f64 {
    let mut recorder = Recorder::new();
    // Numbers as different from each other as those of a table are.
    let rows: Vec<Vec<f64>> = (0..1009u32)
        .map(|r| (0..inputs).map(|c| f64::from((r * 7919 + c * 104_729) % 10_007).sqrt() - 50.0).collect())
        .collect();
    let (mut ticket, tally) = (Ticket::default(), Rc::<Tally>::default());
    let begun = processor_time();
    for (n, row) in (0..ROWS).zip(rows.iter().cycle()) {
        let row = black_box(row);
        if !recorded {
            continue;
        }
        let started = tally.is_due().then(Instant::now);
        if tally.count() {
            continue;
        }
        let Some(valid) = recorder.ticket(ticket, "m/1", "0123456789abcdef") else { return f64::NAN };
        ticket = valid;
        if recorder.row(ticket) {
            recorder.sample(ticket, row, &Answer { value: Some(f64::from(n)), ..Answer::default() });
        }
        recorder.call(ticket, started.map(|s| s.elapsed().as_nanos() as u64));
        recorder.lend(ticket, &tally);
    }
    (processor_time() - begun) / f64::from(ROWS)
}

/// Nanoseconds that this thread had a processor: other work on the machine does not count.
fn processor_time() -> f64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    times.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}
