//! What holds for any input, and the documented edge cases.

use std::cell::Cell;

use altlas_series::{
    Detection, Direction, Method, Options, Point, SeriesError, Severity, Spacing, detect, scores,
};
use proptest::prelude::*;

const METHODS: [Method; 5] = [Method::Auto, Method::Zscore, Method::Mad, Method::Iqr, Method::Seasonal];

fn untimed(values: &[f64]) -> Vec<Point> {
    values.iter().map(|&value| Point { ts_us: None, value }).collect()
}

fn run(points: &[Point], method: Method, options: Options) -> Result<Detection, SeriesError> {
    detect(points, method, &options.validate()?, &|| ())
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -100.0..100.0,
        2 => Just(0.0),
        1 => any::<f64>(),
        1 => Just(f64::NAN),
        1 => prop_oneof![Just(f64::INFINITY), Just(f64::MAX), Just(f64::MIN), Just(5e-324)],
    ]
}

fn time() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![8 => (0..400_i64).prop_map(Some), 1 => any::<i64>().prop_map(Some)]
}

fn options() -> impl Strategy<Value = Options> {
    let direction = prop_oneof![Just(Direction::Both), Just(Direction::High), Just(Direction::Low)];
    let few = |range: std::ops::Range<usize>| proptest::option::of(range);
    (few(2..40), few(3..9), few(9..50), few(7..30), few(40..90), direction).prop_map(
        |(period, min_points, window, seasonal_window, trend_window, direction)| Options {
            threshold: None,
            period,
            direction,
            min_points,
            window,
            seasonal_window,
            trend_window,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn judges_anything(
        data in proptest::collection::vec((time(), value()), 0..200),
        timed: bool,
        options in options(),
        method in proptest::sample::select(&METHODS),
    ) {
        let points: Vec<Point> =
            data.iter().map(|&(ts_us, value)| Point { ts_us: ts_us.filter(|_| timed), value }).collect();
        let detection = match run(&points, method, options.clone()) {
            Ok(detection) => detection,
            Err(SeriesError::NoPeriod { .. } | SeriesError::TooShort { .. }) => {
                prop_assert_eq!(method, Method::Seasonal);
                return Ok(());
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert_ne!(detection.method, Method::Auto);
        prop_assert_eq!(detection.judged.len(), points.len());
        for (judged, point) in detection.judged.iter().zip(&points) {
            prop_assert!(judged.score.is_nan() || (0.0..=1.0).contains(&judged.score), "{:?}", judged);
            prop_assert_eq!(judged.is_anomaly, judged.score > 0.5, "{:?} {:?}", point, judged);
            prop_assert_eq!(judged.is_anomaly, judged.severity.is_some());
            prop_assert!(!(judged.lower > judged.expected || judged.expected > judged.upper), "{:?}", judged);
            if point.value.is_nan() {
                prop_assert!(judged.score.is_nan());
            } else if !judged.expected.is_nan() {
                prop_assert!(!judged.score.is_nan(), "{:?} {:?}", point, judged);
            }
            if point.value.is_infinite() && options.direction == Direction::Both {
                prop_assert_eq!((judged.score, judged.severity), (1.0, Some(Severity::Critical)));
            }
        }
    }

    #[test]
    fn scores_have_the_length_of_the_values(values in proptest::collection::vec(value(), 0..80)) {
        for method in METHODS {
            prop_assert_eq!(scores(&values, method).len(), values.len());
        }
    }
}

#[test]
fn constant_series_has_no_anomaly() -> Result<(), SeriesError> {
    for method in [Method::Auto, Method::Zscore, Method::Mad, Method::Iqr, Method::Seasonal] {
        let options = Options { period: (method == Method::Seasonal).then_some(7), ..Options::default() };
        let detection = run(&untimed(&[0.1; 100]), method, options)?;
        for judged in detection.judged {
            assert_eq!((judged.score, judged.is_anomaly, judged.severity), (0.0, false, None));
            assert_eq!((judged.expected, judged.lower, judged.upper), (0.1, 0.1, 0.1));
        }
    }
    Ok(())
}

#[test]
fn infinities_are_anomalies_and_leave_the_statistics_alone() -> Result<(), SeriesError> {
    let plain: Vec<f64> = (0..50).map(|i| f64::from(i % 7)).collect();
    let mut spiked = plain.clone();
    spiked.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
    for method in [Method::Zscore, Method::Mad, Method::Iqr] {
        let before = run(&untimed(&plain), method, Options::default())?;
        let after = run(&untimed(&spiked), method, Options::default())?;
        assert_eq!(before.judged, after.judged[..50]);
        assert_eq!(after.judged[50].score, 1.0);
        assert_eq!(after.judged[51].severity, Some(Severity::Critical));
        assert!(after.judged[52].score.is_nan() && !after.judged[52].is_anomaly);
    }
    Ok(())
}

#[test]
fn too_few_points_are_not_judged() -> Result<(), SeriesError> {
    let detection = run(&untimed(&[1.0, 2.0, 300.0]), Method::Auto, Options::default())?;
    assert!(detection.judged.iter().all(|judged| judged.score.is_nan() && !judged.is_anomaly));
    assert!(run(&[], Method::Seasonal, Options::default())?.judged.is_empty());
    Ok(())
}

/// Twenty days of hours: quiet nights, busy days.
fn hours() -> Vec<f64> {
    let day = [0.0, 0.0, 1.0, 5.0, 9.0, 8.0, 6.0, 2.0];
    let hourly = day.into_iter().cycle().take(160).flat_map(|level| [level; 3]);
    hourly.enumerate().map(|(i, level)| level + 0.3 * ((i * 7919) % 17) as f64 / 17.0).collect()
}

#[test]
fn a_busy_night_is_found_by_season_alone() -> Result<(), SeriesError> {
    let mut values = hours();
    values[240] = 7.0;
    let seasonal = run(&untimed(&values), Method::Auto, Options::default())?;
    assert_eq!((seasonal.method, seasonal.period), (Method::Seasonal, Some(24)));
    assert_eq!(seasonal.judged[240].severity, Some(Severity::Critical));
    assert!(seasonal.judged[240].upper < 3.0);
    let flat = run(&untimed(&values), Method::Mad, Options::default())?;
    assert!(!flat.judged[240].is_anomaly);
    Ok(())
}

#[test]
fn gaps_in_time_do_not_shift_the_season() -> Result<(), SeriesError> {
    let mut values = hours();
    values[400] = 12.0;
    let mut points: Vec<Point> = (0_i64..)
        .zip(values)
        .map(|(hour, value)| Point { ts_us: Some(hour * 3_600_000_000), value })
        .filter(|point| !(100..111).contains(&(point.ts_us.unwrap_or(0) / 3_600_000_000)))
        .collect();
    points.reverse();
    let detection = run(&points, Method::Auto, Options::default())?;
    assert_eq!((detection.spacing, detection.period), (Spacing::Gaps, Some(24)));
    let found: Vec<i64> = detection
        .judged
        .iter()
        .zip(&points)
        .filter(|(judged, _)| judged.is_anomaly)
        .filter_map(|(_, point)| point.ts_us.map(|us| us / 3_600_000_000))
        .collect();
    assert_eq!(found, [400]);
    Ok(())
}

#[test]
fn a_forced_season_says_why_it_fails() {
    let values: Vec<f64> = (0..30).map(|i| f64::from(i * i % 31)).collect();
    let forced = |options| run(&untimed(&values), Method::Seasonal, options);
    assert_eq!(forced(Options::default()), Err(SeriesError::NoPeriod { points: 30 }));
    let long = Options { period: Some(11), ..Options::default() };
    assert_eq!(forced(long), Err(SeriesError::TooShort { points: 30, period: 11 }));
}

#[test]
fn tick_is_called_while_it_works() -> Result<(), SeriesError> {
    let values: Vec<f64> = (0..50_000).map(|i| f64::from(i % 24) + f64::from(i * 31 % 7)).collect();
    for method in METHODS {
        let ticks = Cell::new(0);
        let options = Options::default().validate()?;
        detect(&untimed(&values), method, &options, &|| ticks.set(ticks.get() + 1))?;
        assert!(ticks.get() > 10, "{method:?}: {}", ticks.get());
    }
    Ok(())
}

#[test]
fn options_are_checked() {
    let refused = [
        r#"{"threshold": 0}"#,
        r#"{"period": 1}"#,
        r#"{"min_points": 2}"#,
        r#"{"window": 2}"#,
        r#"{"window": 50001}"#,
        r#"{"window": 5, "min_points": 6}"#,
        r#"{"seasonal_window": 5}"#,
        r#"{"trend_window": 24, "period": 24}"#,
    ];
    for json in refused {
        let options: Options = serde_json::from_str(json).unwrap();
        assert!(matches!(options.validate(), Err(SeriesError::Option { .. })), "{json}");
    }
    assert!(serde_json::from_str::<Options>(r#"{"treshold": 3}"#).is_err());
    assert_eq!(serde_json::from_str::<Options>("{}").unwrap(), Options::default());
    for method in METHODS {
        assert_eq!(method.as_str().parse(), Ok(method));
    }
    assert!(matches!("lof".parse::<Method>(), Err(SeriesError::UnknownMethod { .. })));
}
