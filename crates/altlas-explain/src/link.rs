use altlas_score::Additive;

/// What turns the scores of a sum into a model's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// The answer is the score, or each probability is.
    Identity,
    /// `exp(score)`.
    Exp,
    /// `exp(score) − 1`: the score is `ln(1 + answer)`.
    ExpM1,
    /// The probability of the second of two classes is the logistic function of the one score.
    Logistic,
    /// Probabilities are the softmax of the scores.
    Softmax,
}

/// How far an answer may be from what a link makes of the scores: graphs compute in single precision.
const TOLERANCE: f64 = 1e-4;

impl Link {
    const ALL: [Self; 5] = [Self::Identity, Self::Exp, Self::ExpM1, Self::Logistic, Self::Softmax];

    /// The link by which a model's answers (its value, or the probabilities of its classes) follow from the scores of `rows`; none where
    /// they do not, because the graph does more than this crate knows of.
    pub fn find(additive: &Additive, rows: &[Vec<f64>], answers: &[Vec<f64>]) -> Option<Self> {
        let scores: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| (0..additive.scores()).map(|target| additive.score(row, target)).collect())
            .collect();
        let close = |a: f64, b: f64| a == b || (a - b).abs() <= TOLERANCE * b.abs().max(1.0);
        let agrees = |link: &Self| {
            scores.iter().zip(answers).all(|(scores, answer)| {
                let made = link.answer(scores, answer.len());
                made.len() == answer.len() && made.iter().zip(answer).all(|(a, b)| close(*a, *b))
            })
        };
        let some = !rows.is_empty() && rows.len() == answers.len();
        Self::ALL.into_iter().find(|link| some && agrees(link))
    }

    /// The answer of `width` numbers that scores make; empty where they make none.
    fn answer(self, scores: &[f64], width: usize) -> Vec<f64> {
        let logistic = |s: f64| 1.0 / (1.0 + (-s).exp());
        match (self, scores, width) {
            (Self::Identity, [score], 2) => vec![1.0 - score, *score],
            (Self::Identity, _, _) => scores.to_vec(),
            (Self::Exp, [score], 1) => vec![score.exp()],
            (Self::ExpM1, [score], 1) => vec![score.exp_m1()],
            (Self::Logistic, [score], 2) => vec![logistic(-score), logistic(*score)],
            (Self::Softmax, [_, _, ..], _) => {
                let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = scores.iter().map(|s| (s - top).exp()).sum();
                scores.iter().map(|s| (s - top).exp() / total).collect()
            }
            _ => vec![],
        }
    }
}
