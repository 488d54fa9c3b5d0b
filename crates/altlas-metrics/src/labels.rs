use std::collections::BTreeMap;

/// Bins of the calibration error.
const BINS: usize = 10;

/// One answer of a classifier beside what is right. `None` is a label, too: that of what belongs to no class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer<'a> {
    /// The right label.
    pub known: Option<&'a str>,
    /// The label given.
    pub given: Option<&'a str>,
    /// The probability that the classifier gives its answer, where it tells one.
    pub confidence: Option<f64>,
}

impl Answer<'_> {
    /// Whether the label given is the right one.
    pub fn is_right(&self) -> bool {
        self.known == self.given
    }
}

/// Figures of a classifier, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Labels {
    /// The share of right answers.
    pub accuracy: f64,
    /// The mean over labels of the harmonic mean of precision and recall; over labels that occur or are given.
    pub macro_f1: f64,
    /// Expected calibration error (Naeini, Cooper, Hauskrecht 2015): the mean distance of confidence and accuracy in ten bins of
    /// equal width, by rows; of the answers that have a confidence.
    pub calibration_error: Option<f64>,
}

/// The figures of some answers; `None` of none.
pub fn labels(answers: &[Answer<'_>]) -> Option<Labels> {
    let count = answers.len();
    if count == 0 {
        return None;
    }
    // Of each label: how often known, given, both.
    let mut tally: BTreeMap<Option<&str>, [f64; 3]> = BTreeMap::new();
    for answer in answers {
        tally.entry(answer.known).or_default()[0] += 1.0;
        tally.entry(answer.given).or_default()[1] += 1.0;
        if answer.is_right() {
            tally.entry(answer.known).or_default()[2] += 1.0;
        }
    }
    let f1: f64 = tally.values().map(|[known, given, both]| 2.0 * both / (known + given)).sum();
    let right = answers.iter().filter(|a| a.is_right()).count();
    Some(Labels {
        accuracy: right as f64 / count as f64,
        macro_f1: f1 / tally.len() as f64,
        calibration_error: calibration_error(answers),
    })
}

fn calibration_error(answers: &[Answer<'_>]) -> Option<f64> {
    // Of each bin: answers, sum of confidences, right ones.
    let mut bins = [[0.0_f64; 3]; BINS];
    let mut count = 0.0;
    for answer in answers {
        let Some(confidence) = answer.confidence.filter(|c| c.is_finite()) else { continue };
        let confidence = confidence.clamp(0.0, 1.0);
        let at = ((confidence * BINS as f64) as usize).min(BINS - 1);
        if let Some([rows, sum, right]) = bins.get_mut(at) {
            *rows += 1.0;
            *sum += confidence;
            *right += f64::from(answer.is_right());
        }
        count += 1.0;
    }
    let apart: f64 = bins.iter().map(|[_, sum, right]| (sum - right).abs()).sum();
    (count > 0.0).then(|| apart / count)
}
