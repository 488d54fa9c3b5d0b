//! Time of each method on a million points: `cargo run --release -p altlas-series --example speed`.

use std::time::Instant;

use altlas_series::{Method, Options, Point, SeriesError, detect};

fn main() -> Result<(), SeriesError> {
    let value = |i: i64| {
        ((i % 1440) as f64 / 1440.0 * std::f64::consts::TAU).sin() * 10.0 + (i * 7919 % 101) as f64 / 20.0
    };
    let points: Vec<Point> =
        (0..1_000_000).map(|i| Point { ts_us: Some(i * 60_000_000), value: value(i) }).collect();
    let window = |window| Options { window: Some(window), ..Options::default() };
    for (method, options) in [
        (Method::Zscore, Options::default()),
        (Method::Mad, Options::default()),
        (Method::Iqr, Options::default()),
        (Method::Auto, Options::default()),
        (Method::Seasonal, Options { period: Some(100_000), ..Options::default() }),
        (Method::Mad, window(1_000)),
        (Method::Zscore, window(1_000)),
        (Method::Mad, window(50_000)),
    ] {
        let text = format!("{:?} {:?}", options.period, options.window);
        let start = Instant::now();
        let detection = detect(&points, method, &options.validate()?, &|| ())?;
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{:8} period, window {text:20} {seconds:6.2} s; period {:?}",
            detection.method.as_str(),
            detection.period
        );
    }
    Ok(())
}
