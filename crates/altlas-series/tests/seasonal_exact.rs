//! Where a series repeats exactly, an outlier is alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a helper of tests

use altlas_series::{Method, Options, Point, detect};

fn anomalies(values: &[f64], method: Method) -> (Option<usize>, Vec<usize>) {
    let points: Vec<Point> =
        (0..).zip(values).map(|(day, &value)| Point { ts_us: Some(day * 86_400_000_000), value }).collect();
    let options = Options::default().validate().unwrap();
    let detection = detect(&points, method, &options, &|| ()).unwrap();
    (detection.period, (0..values.len()).filter(|&day| detection.judged[day].is_anomaly).collect())
}

#[test]
fn one_outlier_in_an_exact_week_is_the_only_anomaly() {
    let week = [10.0, 12.0, 15.0, 14.0, 13.0, 4.0, 3.0];
    for outlier in [1.0, 20.0, -400.0] {
        let mut values: Vec<f64> = (0..210).map(|day| week[day % 7]).collect();
        values[100] += outlier;
        assert_eq!(anomalies(&values, Method::Seasonal), (Some(7), vec![100]), "{outlier}");
    }
}

#[test]
fn a_sine_with_a_trend_and_two_spikes() {
    let mut values: Vec<f64> = (0..480)
        .map(|t| 50.0 + 0.02 * f64::from(t) + 10.0 * (f64::from(t) * std::f64::consts::TAU / 24.0).sin())
        .collect();
    values[200] += 15.0;
    values[333] -= 9.0;
    assert_eq!(anomalies(&values, Method::Auto), (Some(24), vec![200, 333]));
}

#[test]
fn an_exact_week_without_outlier_has_no_anomaly() {
    let values: Vec<f64> = (0..70).map(|day| [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0][day % 7]).collect();
    assert_eq!(anomalies(&values, Method::Auto).1, Vec::<usize>::new());
}
