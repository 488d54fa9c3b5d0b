//! Fits of support vector machines, whose scores become probabilities.

use std::time::Instant;

use altlas_prep::Matrix;

use crate::LearnError;
use crate::arena::{Arena, Fold, MIN_VALID, Part, Report, tell_unconverged, ticker};
use crate::kernel::KernelRun;
use crate::linear::LinearFit;
use crate::margin::linear_svm;
use crate::model::Model;
use crate::platt::Platt;
use crate::spec::{KernelSvmParams, LinearSvmParams};

impl Arena<'_> {
    pub(crate) fn margin(
        &self,
        p: &LinearSvmParams,
        fold: &Fold,
        warnings: &mut Vec<String>,
        report: &mut Report<'_>,
    ) -> Result<LinearFit, LearnError> {
        let mut tick = ticker(u64::from(p.max_iter) * if self.classes > 0 { 2 } else { 1 }, report);
        let run = |part: &Part, tick: &mut dyn FnMut()| {
            let Part { matrix, learned, .. } = part;
            let threads = self.threads as usize;
            linear_svm(matrix, learned, self.classes, p.c, p.epsilon, p.max_iter, threads, tick)
        };
        let platt = self.platt(fold, |part| {
            let (fit, _) = run(part, &mut tick)?;
            Ok(move |matrix: &Matrix| fit.scores(matrix))
        })?;
        let (fit, converged) = run(&fold.train, &mut tick)?;
        tell_unconverged("svm_linear", converged, warnings);
        Ok(match platt {
            Some(platt) => fit.calibrated(&platt),
            None => fit,
        })
    }

    pub(crate) fn kernel(
        &self,
        p: &KernelSvmParams,
        fold: &Fold,
        deadline: Option<Instant>,
        warnings: &mut Vec<String>,
        report: &mut Report<'_>,
    ) -> Result<Model, LearnError> {
        let max_rows = p.max_rows as usize;
        let rows = fold.train.matrix.rows.min(max_rows) as u64;
        let needed = rows * rows * 4 + rows * fold.train.matrix.width as u64 * 8;
        if self.memory > 0 && needed > self.memory / 10 * 7 {
            return Err(LearnError::NeedsMemory { needed, limit: self.memory / 10 * 7 });
        }
        let mut done = 0;
        let mut tick = || {
            done += 1;
            report(done, done + 1);
        };
        let run = |part: &Part, tick: &mut dyn FnMut()| {
            KernelRun {
                matrix: &part.matrix,
                target: &part.learned,
                classes: self.classes,
                c: p.c,
                gamma: p.gamma.unwrap_or(1.0 / part.matrix.width.max(1) as f64),
                epsilon: p.epsilon,
                max_rows,
                seed: self.seed,
                deadline,
            }
            .train(tick)
        };
        let platt = self.platt(fold, |part| {
            let (fit, _) = run(part, &mut tick)?;
            Ok(move |matrix: &Matrix| fit.scores(matrix))
        })?;
        let (fit, converged) = run(&fold.train, &mut tick)?;
        tell_unconverged("svm_rbf", converged, warnings);
        if fold.train.matrix.rows > max_rows {
            let all = fold.train.matrix.rows;
            warnings.push(format!("svm_rbf learned from a sample of {max_rows} of {all} rows"));
        }
        Ok(Model::Kernel(match platt {
            Some(platt) => fit.calibrated(&platt),
            None => fit,
        }))
    }

    /// Fits to the inner part what makes probabilities of scores on the rows split off it; to all training rows where they are
    /// too few. `None` for a regression.
    fn platt<F: Fn(&Matrix) -> Vec<f64>>(
        &self,
        fold: &Fold,
        fit: impl FnOnce(&Part) -> Result<F, LearnError>,
    ) -> Result<Option<Platt>, LearnError> {
        if self.classes == 0 {
            return Ok(None);
        }
        let few = fold.valid.matrix.rows < MIN_VALID;
        let (part, judge) = if few { (&fold.train, &fold.train) } else { (&fold.inner, &fold.valid) };
        let scores = fit(part)?(&judge.matrix);
        Ok(Some(Platt::new(&scores, &judge.known, self.classes)))
    }
}
