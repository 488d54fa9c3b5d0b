use crate::quantile;

/// Figures of a regression, in the unit of the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers {
    /// Mean absolute error.
    pub mae: f64,
    /// Square root of the mean squared error.
    pub rmse: f64,
    /// Median absolute error.
    pub median_ae: f64,
    /// Coefficient of determination; `None` where all known values are equal.
    pub r2: Option<f64>,
}

/// The figures of given values beside known ones; `None` of none.
pub fn numbers(known: &[f64], given: &[f64]) -> Option<Numbers> {
    let errors: Vec<f64> = known.iter().zip(given).map(|(y, p)| (y - p).abs()).collect();
    let count = errors.len() as f64;
    let median_ae = quantile(&errors, 0.5)?;
    let squares: f64 = errors.iter().map(|e| e * e).sum();
    let mean = known.iter().sum::<f64>() / count;
    let spread: f64 = known.iter().map(|y| (y - mean) * (y - mean)).sum();
    Some(Numbers {
        mae: errors.iter().sum::<f64>() / count,
        rmse: (squares / count).sqrt(),
        median_ae,
        r2: (spread > 0.0).then(|| 1.0 - squares / spread),
    })
}
