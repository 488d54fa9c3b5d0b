//! Hyperparameters: given as [`Options`], valid by type as [`ValidOptions`].

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SeriesError;

/// The longest rolling window, in points: one step costs time proportional to it.
pub const MAX_WINDOW: usize = 50_000;

/// How a point is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// `Seasonal` where the data support a period (three cycles, strong autocorrelation), else `Mad`.
    Auto,
    /// Distance from the mean in standard deviations.
    Zscore,
    /// Distance from the median in robust standard deviations (Iglewicz & Hoaglin 1993).
    Mad,
    /// Tukey's fences: distance from the quartiles in interquartile ranges (Tukey 1977).
    Iqr,
    /// `Mad` on the remainder of a robust seasonal-trend decomposition (Cleveland et al. 1990).
    Seasonal,
}

impl Method {
    /// The name in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Zscore => "zscore",
            Self::Mad => "mad",
            Self::Iqr => "iqr",
            Self::Seasonal => "seasonal",
        }
    }

    fn default_threshold(self) -> f64 {
        match self {
            Self::Zscore => 3.0,
            Self::Iqr => 1.5,
            Self::Auto | Self::Mad | Self::Seasonal => 3.5,
        }
    }
}

impl FromStr for Method {
    type Err = SeriesError;

    fn from_str(name: &str) -> Result<Self, SeriesError> {
        [Self::Auto, Self::Zscore, Self::Mad, Self::Iqr, Self::Seasonal]
            .into_iter()
            .find(|method| method.as_str() == name)
            .ok_or_else(|| SeriesError::UnknownMethod { name: name.to_owned() })
    }
}

/// Which side of the expected value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Values too high and values too low.
    #[default]
    Both,
    /// Values too high only; a value below the expected one scores 0.
    High,
    /// Values too low only; a value above the expected one scores 0.
    Low,
}

/// Options as a user gives them; every key may be left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Where a point becomes an anomaly: standard deviations for `zscore` (default 3), robust standard
    /// deviations for `mad` and `seasonal` (3.5), interquartile ranges beyond the quartiles for `iqr`
    /// (1.5). More than 0.
    pub threshold: Option<f64>,
    /// Seasonal period in points (in steps of the time grid where there are time stamps); at least 2.
    /// Default: found by autocorrelation. Read by `seasonal` and `auto`.
    pub period: Option<usize>,
    /// Which side counts: `both` (default), `high` or `low`.
    pub direction: Direction,
    /// Fewer finite values than this are not judged (score NaN, no anomaly); at least 3, at most
    /// `window`. Default: 10, or the window where that is shorter.
    pub min_points: Option<usize>,
    /// Judge a point by this many finite values before it instead of by the whole series (on the remainder
    /// for `seasonal`); 3 to 50,000. Default: the whole series.
    pub window: Option<usize>,
    /// Smoothing window of the seasonal component, in cycles; 7 or more, rounded up to odd. Smaller: the
    /// pattern may change faster. Default: 11.
    pub seasonal_window: Option<usize>,
    /// Smoothing window of the trend, in points; more than the period, rounded up to odd. Default: five periods,
    /// so that an anomaly as long as one period (about a third of the weight) does not become trend.
    pub trend_window: Option<usize>,
}

/// Options that were checked once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValidOptions {
    options: Options,
}

impl Options {
    /// Checks every range.
    pub fn validate(self) -> Result<ValidOptions, SeriesError> {
        if let Some(threshold) = self.threshold
            && !(threshold.is_finite() && threshold > 0.0)
        {
            return Err(out_of_range("threshold", threshold, "a finite number above 0"));
        }
        let at_least = |option, given: Option<usize>, least, expected| match given {
            Some(given) if given < least => Err(out_of_range(option, given, expected)),
            _ => Ok(()),
        };
        at_least("period", self.period, 2, "at least 2")?;
        at_least("min_points", self.min_points, 3, "at least 3")?;
        at_least("window", self.window, 3, "3 to 50000")?;
        at_least("seasonal_window", self.seasonal_window, 7, "at least 7")?;
        at_least("trend_window", self.trend_window, 3, "at least 3 and more than the period")?;
        if let Some(window) = self.window {
            if window > MAX_WINDOW {
                return Err(out_of_range("window", window, "3 to 50000"));
            }
            if let Some(min_points) = self.min_points.filter(|&n| n > window) {
                return Err(out_of_range("min_points", min_points, "at most the window"));
            }
        }
        if let (Some(trend), Some(period)) = (self.trend_window, self.period)
            && trend <= period
        {
            return Err(out_of_range("trend_window", trend, "at least 3 and more than the period"));
        }
        Ok(ValidOptions { options: self })
    }
}

fn out_of_range(option: &'static str, given: impl ToString, expected: &'static str) -> SeriesError {
    SeriesError::Option { option, given: given.to_string(), expected }
}

impl TryFrom<Options> for ValidOptions {
    type Error = SeriesError;

    fn try_from(options: Options) -> Result<Self, SeriesError> {
        options.validate()
    }
}

impl ValidOptions {
    /// The threshold of a method, in the method's unit.
    pub fn threshold(&self, method: Method) -> f64 {
        self.options.threshold.unwrap_or_else(|| method.default_threshold())
    }

    /// The seasonal period as given, in points.
    pub fn period(&self) -> Option<usize> {
        self.options.period
    }

    /// Which side counts.
    pub fn direction(&self) -> Direction {
        self.options.direction
    }

    /// The fewest finite values that are judged.
    pub fn min_points(&self) -> usize {
        self.options.min_points.unwrap_or_else(|| self.options.window.map_or(10, |w| w.min(10)))
    }

    /// The rolling window, in finite values.
    pub fn window(&self) -> Option<usize> {
        self.options.window
    }

    /// The seasonal smoothing window in cycles, odd.
    pub fn seasonal_window(&self) -> usize {
        self.options.seasonal_window.unwrap_or(11) | 1
    }

    /// The trend smoothing window in points for a period, odd and longer than the period.
    pub fn trend_window(&self, period: usize) -> usize {
        let given = self.options.trend_window.unwrap_or_else(|| period.saturating_mul(5));
        given.max(period.saturating_add(1)) | 1
    }
}
