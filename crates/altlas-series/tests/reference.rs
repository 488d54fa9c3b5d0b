//! Against numpy, scipy and statsmodels: numbers by `scripts/reference/series.py`.

use altlas_series::{Judged, Method, Options, Point, SeriesError, detect};

#[derive(serde::Deserialize)]
struct Reference {
    bands: Vec<Sample>,
    rolling: Vec<Rolling>,
    seasonal: Vec<Seasonal>,
}

#[derive(serde::Deserialize)]
struct Sample {
    name: String,
    method: Method,
    values: Vec<f64>,
    band: [f64; 3],
    scores: Vec<f64>,
}

#[derive(serde::Deserialize)]
struct Rolling {
    method: Method,
    window: usize,
    values: Vec<f64>,
    bands: Vec<[f64; 3]>,
}

#[derive(serde::Deserialize)]
struct Seasonal {
    name: String,
    period: usize,
    values: Vec<f64>,
    bands: Vec<[f64; 3]>,
    scores: Vec<f64>,
}

fn reference() -> Result<Reference, serde_json::Error> {
    serde_json::from_str(include_str!("data/reference.json"))
}

fn judge(values: &[f64], method: Method, options: Options) -> Result<Vec<Judged>, SeriesError> {
    let points: Vec<Point> = values.iter().map(|&value| Point { ts_us: None, value }).collect();
    Ok(detect(&points, method, &options.validate()?, &|| ())?.judged)
}

fn close(a: f64, b: f64, context: &str) {
    assert!((a - b).abs() <= 1e-8 * b.abs().max(1.0), "{context}: {a} instead of {b}");
}

fn same_band(judged: &Judged, [expected, lower, upper]: [f64; 3], context: &str) {
    close(judged.expected, expected, context);
    close(judged.lower, lower, context);
    close(judged.upper, upper, context);
}

#[test]
fn whole_series() -> Result<(), Box<dyn std::error::Error>> {
    for sample in reference()?.bands {
        let context = format!("{} {:?}", sample.name, sample.method);
        let judged = judge(&sample.values, sample.method, Options::default())?;
        for (judged, score) in judged.iter().zip(&sample.scores) {
            same_band(judged, sample.band, &context);
            close(judged.score, *score, &context);
            assert_eq!(judged.is_anomaly, *score > 0.5, "{context}");
            assert_eq!(judged.severity.is_some(), judged.is_anomaly, "{context}");
        }
    }
    Ok(())
}

#[test]
fn rolling_window() -> Result<(), Box<dyn std::error::Error>> {
    for case in reference()?.rolling {
        let options =
            Options { window: Some(case.window), min_points: Some(case.window), ..Options::default() };
        let judged = judge(&case.values, case.method, options)?;
        assert!(judged[..case.window].iter().all(|judged| judged.score.is_nan() && judged.expected.is_nan()));
        for (judged, band) in judged[case.window..].iter().zip(case.bands) {
            same_band(judged, band, case.method.as_str());
        }
    }
    Ok(())
}

#[test]
fn seasonal() -> Result<(), Box<dyn std::error::Error>> {
    for case in reference()?.seasonal {
        let options = Options { period: Some(case.period), ..Options::default() };
        let judged = judge(&case.values, Method::Seasonal, options)?;
        assert!(judged.iter().any(|judged| judged.is_anomaly), "{}", case.name);
        for ((judged, band), score) in judged.iter().zip(case.bands).zip(case.scores) {
            same_band(judged, band, &case.name);
            close(judged.score, score, &case.name);
        }
    }
    Ok(())
}
