//! Precision and recall on the labelled windows of the Numenta Anomaly Benchmark.
//!
//!     zcat series.csv.gz | cargo run --release -p altlas-series --example nab
//!
//! reads lines `file,timestamp,value,in_window` (a header first, timestamps `2014-02-14 14:30:00`). A window is
//! found when at least one point inside is flagged; precision is the share of flagged points that lie
//! in a window. The whole series is judged at once, with default options: an offline measure, not NAB's streaming score.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::time::Instant;

use altlas_series::{Method, Options, Point, detect};

#[derive(Default)]
struct Series {
    points: Vec<Point>,
    in_window: Vec<bool>,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    flagged: usize,
    flagged_inside: usize,
    windows: usize,
    windows_found: usize,
}

impl Counts {
    fn add(&mut self, flags: &[bool], inside: &[bool]) {
        let mut found = false;
        for (i, (&flag, &inside_now)) in flags.iter().zip(inside).enumerate() {
            let starts =
                inside_now && !i.checked_sub(1).and_then(|i| inside.get(i)).copied().unwrap_or(false);
            self.flagged += usize::from(flag);
            self.flagged_inside += usize::from(flag && inside_now);
            self.windows += usize::from(starts);
            found = found && !starts && inside_now;
            if flag && inside_now && !found {
                found = true;
                self.windows_found += 1;
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut all: BTreeMap<String, Series> = BTreeMap::new();
    for line in io::stdin().lock().lines().skip(1) {
        let line = line?;
        let mut fields = line.split(',');
        let (Some(file), Some(time), Some(value), Some(inside)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(format!("not four fields: {line:?}").into());
        };
        let series = all.entry(file.to_owned()).or_default();
        let ts_us = Some(microseconds(time).ok_or("timestamp")?);
        series.points.push(Point { ts_us, value: value.parse().unwrap_or(f64::NAN) });
        series.in_window.push(inside == "1");
    }
    let options = Options::default().validate()?;
    for method in [Method::Zscore, Method::Mad, Method::Iqr, Method::Auto] {
        let (mut total, mut seasonal, mut points) = (Counts::default(), 0, 0);
        let start = Instant::now();
        for (file, series) in &all {
            let detection = detect(&series.points, method, &options, &|| ())?;
            let flags: Vec<bool> = detection.judged.iter().map(|judged| judged.is_anomaly).collect();
            total.add(&flags, &series.in_window);
            points += flags.len();
            if let Some(period) = detection.period {
                seasonal += 1;
                eprintln!("{file}: period {period} steps, time stamps {:?}", detection.spacing);
            }
        }
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        println!(
            "{:8} flagged {:5.2} % of points; precision {:.3} (chance {:.3}); windows found {} of {} ({:.3}); seasonal in {} of {}; {:.2} µs a point",
            method.as_str(),
            100.0 * share(total.flagged, points),
            share(total.flagged_inside, total.flagged),
            share(
                all.values().flat_map(|series| &series.in_window).filter(|&&inside| inside).count(),
                points
            ),
            total.windows_found,
            total.windows,
            share(total.windows_found, total.windows),
            seasonal,
            all.len(),
            start.elapsed().as_secs_f64() * 1e6 / points.max(1) as f64,
        );
    }
    Ok(())
}

/// Microseconds since 1970-01-01 of `YYYY-MM-DD hh:mm:ss` (days by Hinnant's `days_from_civil`).
fn microseconds(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    let seconds = number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
    Some((days * 86_400 + seconds) * 1_000_000)
}
