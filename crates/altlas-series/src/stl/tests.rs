use super::*;

#[derive(serde::Deserialize)]
struct Reference {
    stl: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    period: usize,
    seasonal: usize,
    trend: usize,
    values: Vec<f64>,
    fit: Vec<f64>,
}

fn fit(stl: Stl, y: &[f64]) -> Vec<f64> {
    stl.fit(y, &Ticker::new(&|| ()))
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn equals_statsmodels() -> Result<(), serde_json::Error> {
    let reference: Reference = serde_json::from_str(include_str!("../../tests/data/reference.json"))?;
    assert!(reference.stl.len() >= 4);
    for case in reference.stl {
        let stl = Stl { period: case.period, seasonal: case.seasonal, trend: case.trend };
        let difference = farthest(&fit(stl, &case.values), &case.fit);
        assert!(difference < 1e-8, "{}: {difference}", case.name);
    }
    Ok(())
}

#[test]
fn missing_values_do_not_bend_the_fit() {
    let stl = Stl { period: 12, seasonal: 11, trend: 61 };
    let wave = |i: usize| (i as f64 / 12.0 * std::f64::consts::TAU).sin() * 3.0 + 0.01 * i as f64;
    let whole: Vec<f64> = (0..240).map(wave).collect();
    let mut gaps = whole.clone();
    gaps[0] = f64::NAN;
    gaps[50..70].fill(f64::NAN);
    gaps.iter_mut().skip(100).step_by(7).for_each(|value| *value = f64::NAN);
    assert!(farthest(&fit(stl, &gaps), &whole) < 1e-6);
}

#[test]
fn an_outlier_stays_in_the_remainder() {
    let stl = Stl { period: 12, seasonal: 11, trend: 61 };
    let wave = |i: usize| (i as f64 / 12.0 * std::f64::consts::TAU).sin() + 0.02 * ((i * 7919) % 13) as f64;
    let whole: Vec<f64> = (0..240).map(wave).collect();
    let mut spiked = whole.clone();
    spiked[120] += 50.0;
    assert!(farthest(&fit(stl, &spiked), &fit(stl, &whole)) < 0.1);
}

#[test]
fn nothing_observed_gives_zero() {
    assert_eq!(fit(Stl { period: 2, seasonal: 11, trend: 11 }, &[f64::NAN; 9]), [0.0; 9]);
}
