/// The value below which the share `q` of the values lies, between two values in proportion (type 7 of Hyndman, Fan 1996); `None`
/// of none. The values need no order.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, q)
}

/// The same of ascending values.
pub fn quantile_of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let at = sorted.len().checked_sub(1)? as f64 * q.clamp(0.0, 1.0);
    let (low, high) = (sorted.get(at.floor() as usize)?, sorted.get(at.ceil() as usize)?);
    Some(low + (high - low) * at.fract())
}
