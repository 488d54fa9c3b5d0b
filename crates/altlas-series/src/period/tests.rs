use super::*;

/// A reproducible sequence of roughly normal numbers (sums of twelve uniform ones).
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// First-order autoregression; 1 is a random walk.
    fn autoregression(&mut self, n: usize, coefficient: f64) -> Vec<f64> {
        let mut state = 0.0;
        (0..n)
            .map(|_| {
                state = coefficient * state + self.normal();
                state
            })
            .collect()
    }
}

fn find(cells: &[f64]) -> Option<usize> {
    find_period(cells, None, &Ticker::new(&|| ()))
}

fn wave(n: usize, period: usize, noise: f64, seed: u64) -> Vec<f64> {
    let mut random = Noise(seed);
    (0..n)
        .map(|i| (2.0 * std::f64::consts::PI * i as f64 / period as f64).sin() + noise * random.normal())
        .collect()
}

#[test]
fn aperiodic_series_have_no_period() {
    for n in [60, 200, 1000] {
        for coefficient in [0.0, 0.5, 0.9, 0.99, 1.0] {
            let found =
                (0..100).filter(|&seed| find(&Noise(seed).autoregression(n, coefficient)).is_some()).count();
            assert!(found <= 4, "n {n} coefficient {coefficient}: {found} of 100");
        }
    }
}

#[test]
fn waves_have_their_period() {
    for (n, period) in [(70, 7), (240, 24), (1000, 24), (1000, 168), (1000, 300), (3000, 7)] {
        for noise in [0.0, 0.1, 0.3] {
            let near = |seed| {
                find(&wave(n, period, noise, seed)).is_some_and(|found| found.abs_diff(period) * 20 <= period)
            };
            let near = (0..50).filter(|&seed| near(seed)).count();
            assert!(near >= 45, "n {n} period {period} noise {noise}: {near} of 50");
        }
    }
}

#[test]
fn a_trend_and_spikes_hide_no_season() {
    let mut cells = wave(500, 24, 0.2, 7);
    for (i, value) in cells.iter_mut().enumerate() {
        *value += 0.05 * i as f64 + if i * i % 101 == 5 { 40.0 } else { 0.0 };
    }
    for missing in [100, 101, 102, 300] {
        cells[missing] = f64::NAN;
    }
    assert_eq!(find(&cells), Some(24));
}

#[test]
fn a_small_fast_pattern_hides_no_large_slow_one() {
    let mut cells = wave(5000, 240, 0.1, 3);
    for (i, value) in cells.iter_mut().enumerate() {
        *value += [0.0, 0.3, 0.1, 0.4, 0.2][i % 5];
    }
    assert_eq!(find(&cells).map(|found| found.abs_diff(240) <= 1), Some(true));
}

#[test]
fn a_calendar_cycle_is_preferred_to_a_neighbour() {
    let minutes = wave(20_000, 1440, 0.5, 1);
    assert_eq!(find_period(&minutes, Some(MINUTE), &Ticker::new(&|| ())), Some(1440));
    assert_eq!(find(&minutes).map(|found| found.abs_diff(1440) <= 15), Some(true));
}

#[test]
fn constant_and_short_series_have_no_period() {
    assert_eq!(find(&[2.5; 100]), None);
    assert_eq!(find(&[1.0, 2.0, 1.0, 2.0, 1.0]), None);
    assert_eq!(find(&[f64::NAN; 50]), None);
    assert_eq!(find(&[]), None);
}
