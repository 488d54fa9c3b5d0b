//! The text format of Prometheus, version 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write as _;

use crate::Histogram;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Buckets, sum and count.
    Histogram,
}

/// Labels of a sample, in order.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// A page of metrics, written family by family.
#[derive(Debug, Default)]
pub struct Exposition {
    page: String,
    family: &'static str,
}

impl Exposition {
    /// Begins a family; its samples follow.
    pub fn family(&mut self, name: &'static str, kind: MetricKind, help: &str) {
        let kind = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        // Writing to a string cannot fail; so below.
        let _ = write!(self.page, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        self.family = name;
    }

    /// A sample of a counter or gauge.
    pub fn sample(&mut self, labels: Labels<'_>, value: f64) {
        self.line("", labels, None, value);
    }

    /// A histogram's samples. The bucket of power k holds the values below 2^k; `unit` is what 1 is in the unit shown. Whole
    /// things are counted up to and including a bound, so that theirs is one less (`whole`).
    pub fn histogram(
        &mut self,
        labels: Labels<'_>,
        histogram: &Histogram,
        powers: std::ops::RangeInclusive<u32>,
        unit: f64,
        whole: bool,
    ) {
        for power in powers {
            let bound = (2f64.powi(power as i32) - f64::from(u8::from(whole))) * unit;
            let below = histogram.below_power(power);
            self.line("_bucket", labels, Some(&bound.to_string()), below as f64);
        }
        let count = histogram.count() as f64;
        self.line("_bucket", labels, Some("+Inf"), count);
        self.line("_sum", labels, None, histogram.sum() as f64 * unit);
        self.line("_count", labels, None, count);
    }

    /// The page.
    pub fn finish(self) -> String {
        self.page
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, bound: Option<&str>, value: f64) {
        let _ = write!(self.page, "{}{suffix}", self.family);
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        for (n, (name, value)) in all.enumerate() {
            let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _ = write!(self.page, "{}{name}=\"{value}\"", if n == 0 { "{" } else { "," });
        }
        let close = if labels.is_empty() && bound.is_none() { "" } else { "}" };
        let value = match value {
            v if v.is_nan() => "NaN".to_owned(),
            v if v.is_infinite() => if v > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
            v => v.to_string(),
        };
        let _ = writeln!(self.page, "{close} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_the_format_says() {
        let mut page = Exposition::default();
        page.family("up", MetricKind::Gauge, "One\nor \\ none.");
        page.sample(&[], 1.0);
        page.family("calls_total", MetricKind::Counter, "Calls.");
        page.sample(&[("model", "a\"b\\c\nd"), ("version", "1")], 1e15);
        page.sample(&[("model", "e")], f64::INFINITY);
        let mut histogram = Histogram::default();
        [1, 2, 3, 100].iter().for_each(|v| histogram.add(*v, 1));
        page.family("rows", MetricKind::Histogram, "Rows.");
        page.histogram(&[("m", "x")], &histogram, 1..=3, 1.0, true);
        page.family("s", MetricKind::Histogram, "Seconds.");
        page.histogram(&[], &histogram, 2..=2, 0.5, false);
        let expected = r#"# HELP up One\nor \\ none.
# TYPE up gauge
up 1
# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{model="a\"b\\c\nd",version="1"} 1000000000000000
calls_total{model="e"} +Inf
# HELP rows Rows.
# TYPE rows histogram
rows_bucket{m="x",le="1"} 1
rows_bucket{m="x",le="3"} 3
rows_bucket{m="x",le="7"} 3
rows_bucket{m="x",le="+Inf"} 4
rows_sum{m="x"} 106
rows_count{m="x"} 4
# HELP s Seconds.
# TYPE s histogram
s_bucket{le="2"} 3
s_bucket{le="+Inf"} 4
s_sum 53
s_count 4
"#;
        assert_eq!(page.finish(), expected);
    }
}
