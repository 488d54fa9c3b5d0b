//! Anomaly detection on one series of numbers.
//!
//! [`detect`] judges every point of a series by one of the [`Method`]s. Each method gives a point a band, that is an
//! expected value and a normal range; score, verdict and severity follow from where the value lies in
//! it (see [`Judged`]).
//!
//! - A missing value (NaN) is no anomaly and scores NaN.
//! - An infinite value is an anomaly of score 1, and left out of every statistic.
//! - A constant series has no anomalies, and bounds equal to its value. After a constant window (option `window`)
//!   any other value scores 1.
//! - Fewer finite values than `min_points`: nothing is judged.

mod detect;
mod error;
mod grid;
mod judge;
mod options;
mod period;
mod rolling;
mod stats;
mod stl;
mod tick;

pub use detect::{Detection, Point, detect, scores};
pub use error::SeriesError;
pub use grid::Spacing;
pub use judge::{Judged, Severity};
pub use options::{Direction, MAX_WINDOW, Method, Options, ValidOptions};
