//! The entry points.
#![allow(
    clippy::indexing_slicing,
    reason = "`order` is a permutation of the points, `cells` lie below the grid's length"
)]

use crate::grid::{Grid, Spacing};
use crate::judge::{Band, Judged};
use crate::period::{CYCLES, find_period};
use crate::rolling::bands;
use crate::stats::variation;
use crate::stl::Stl;
use crate::tick::Ticker;
use crate::{Method, SeriesError, ValidOptions};

/// One value of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Microseconds since 1970-01-01 UTC; used when all points have one.
    pub ts_us: Option<i64>,
    /// The value; NaN when it is missing.
    pub value: f64,
}

/// What [`detect`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// The method used: never `Auto`.
    pub method: Method,
    /// A verdict for each point, in the order given.
    pub judged: Vec<Judged>,
    /// The seasonal period in steps, where the method is `Seasonal`.
    pub period: Option<usize>,
    /// How the time stamps lie: what a step is.
    pub spacing: Spacing,
}

/// Judges every point of a series. `tick` is called every few thousand points and may unwind.
///
/// Points with time stamps may come in any order. Takes `O(n log n)` time, with a window also `O(n · window)`
/// with a small constant.
pub fn detect(
    points: &[Point],
    method: Method,
    options: &ValidOptions,
    tick: &dyn Fn(),
) -> Result<Detection, SeriesError> {
    let ticker = Ticker::new(tick);
    let grid = Grid::new(points);
    ticker.work(30 * points.len());
    let unit = unit(points);
    let values: Vec<f64> = points.iter().map(|point| point.value / unit).collect();
    let finite = values.iter().filter(|value| value.is_finite()).count();
    let season = match method {
        Method::Auto | Method::Seasonal if finite >= options.min_points() => {
            season(&grid, &values, finite, method, options, &ticker)?
        }
        _ => None,
    };
    let used = match method {
        Method::Auto if season.is_some() => Method::Seasonal,
        Method::Auto => Method::Mad,
        method => method,
    };
    let in_order: Vec<f64> = grid.order.iter().map(|&i| values[i]).collect();
    let (period, fit) = match season {
        Some(season) => (Some(season.period), season.fit),
        None => (None, vec![0.0; points.len()]),
    };
    let least = LEAST_REACH * variation(&fit);
    let remainder: Vec<f64> = in_order.iter().zip(&fit).map(|(value, fit)| value - fit).collect();
    let bands = bands(&remainder, used, options, &ticker);
    let blank = Band::UNKNOWN.judge(f64::NAN, options.direction());
    let mut judged = vec![blank; points.len()];
    for (((&i, band), value), fit) in grid.order.iter().zip(bands).zip(remainder).zip(fit) {
        judged[i] = band.at_least(least).judge(value, options.direction()).placed(fit, unit);
        ticker.work(20);
    }
    Ok(Detection { method: used, judged, period, spacing: grid.spacing })
}

/// Scores alone, of untimed values in order, with default options. Where [`Method::Seasonal`] finds no
/// period the values are judged as by [`Method::Mad`].
pub fn scores(values: &[f64], method: Method) -> Vec<f64> {
    let points: Vec<Point> = values.iter().map(|&value| Point { ts_us: None, value }).collect();
    let method = if method == Method::Seasonal { Method::Auto } else { method };
    // With default options only a forced season can fail, and that was just taken away.
    detect(&points, method, &ValidOptions::default(), &|| ()).map_or_else(
        |_| vec![f64::NAN; values.len()],
        |detection| detection.judged.iter().map(|judged| judged.score).collect(),
    )
}

/// The least reach of a seasonal band, in standard deviations of the season and trend themselves: where the series
/// repeats almost exactly, what an outlier leaves behind in the decomposition is no anomaly.
const LEAST_REACH: f64 = 0.01;

struct Season {
    period: usize,
    /// Seasonal component plus trend of each point in time order.
    fit: Vec<f64>,
}

fn season(
    grid: &Grid,
    values: &[f64],
    finite: usize,
    method: Method,
    options: &ValidOptions,
    ticker: &Ticker,
) -> Result<Option<Season>, SeriesError> {
    let cells = grid.fill(values);
    let asked = method == Method::Seasonal;
    let period = match options.period() {
        Some(period) if asked && grid.len / CYCLES < period => {
            return Err(SeriesError::TooShort { points: grid.len, period });
        }
        Some(period) => (grid.len / CYCLES >= period).then_some(period),
        None => match find_period(&cells, grid.step_us, ticker) {
            None if asked => return Err(SeriesError::NoPeriod { points: finite }),
            found => found,
        },
    };
    let Some(period) = period else { return Ok(None) };
    let stl = Stl { period, seasonal: options.seasonal_window(), trend: options.trend_window(period) };
    let fit = stl.fit(&cells, ticker);
    let size =
        cells.iter().filter(|value| !value.is_nan()).fold(0.0, |most: f64, value| most.max(value.abs()));
    let mut fit: Vec<f64> = grid.cells.iter().map(|&cell| fit[cell]).collect();
    for (fit, &i) in fit.iter_mut().zip(&grid.order) {
        // A remainder of rounding errors would have a spread of its own, and outliers in it.
        if (values[i] - *fit).abs() <= 1e-9 * size {
            *fit = values[i];
        }
    }
    Ok(Some(Season { period, fit }))
}

/// A power of two by which the values are divided so that no square overflows or vanishes.
fn unit(points: &[Point]) -> f64 {
    let sizes = points.iter().map(|point| point.value.abs()).filter(|size| size.is_finite());
    match sizes.fold(0.0, f64::max) {
        size if size > 1e100 => 2_f64.powi(1000),
        size if size > 0.0 && size < 1e-100 => 2_f64.powi(-600),
        _ => 1.0,
    }
}
