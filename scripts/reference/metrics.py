"""Figures of classifiers and regressions by scikit-learn, and paired tests by SciPy, for the tests of altlas-metrics:
`python scripts/reference/metrics.py > crates/altlas-metrics/tests/data/reference.json`. The calibration error is written out here, by its
definition. Needs numpy, scikit-learn and scipy."""

import json
import sys

import numpy as np
import sklearn
import sklearn.metrics as metrics
import scipy
from scipy import stats

BINS = 10
rng = np.random.default_rng(20261128)


def calibration_error(confidence, right):
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return sum(abs(confidence[bins == b].sum() - right[bins == b].sum()) for b in range(BINS)) / len(right)


def classifier(rows, labels):
    known = rng.integers(0, labels, rows)
    given = np.where(rng.random(rows) < 0.7, known, rng.integers(0, labels + 1, rows))
    confidence = rng.random(rows).round(3)
    # The last label stands for none, so that it is only given, or known, at times.
    names = [f"label {n}" for n in range(labels)] + [None]
    return {
        "known": [names[n] for n in known],
        "given": [names[n] for n in given],
        "confidence": confidence.tolist(),
        "accuracy": metrics.accuracy_score(known, given),
        "macro_f1": metrics.f1_score(known, given, average="macro", zero_division=0),
        "calibration_error": calibration_error(confidence, known == given),
    }


def regression(rows):
    known = rng.gamma(2.0, 30.0, rows)
    given = known * rng.lognormal(0, 0.3, rows)
    return {
        "known": known.tolist(),
        "given": given.tolist(),
        "mae": metrics.mean_absolute_error(known, given),
        "rmse": metrics.root_mean_squared_error(known, given),
        "median_ae": metrics.median_absolute_error(known, given),
        "r2": metrics.r2_score(known, given),
    }


def signed_ranks(differences, method):
    return {
        "differences": differences.tolist(),
        "p": stats.wilcoxon(differences, correction=False, method=method).pvalue,
    }


json.dump(
    {
        "made_by": f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}",
        "classifiers": [classifier(200, 3), classifier(57, 11), classifier(1, 1)],
        "regressions": [regression(120), regression(7)],
        "wilcoxon": [
            signed_ranks(rng.normal(0.3, 1, 12), "exact"),
            signed_ranks(rng.normal(0.1, 1, 49), "exact"),
            signed_ranks(rng.normal(0.05, 1, 400), "approx"),
            signed_ranks(rng.integers(-3, 5, 80).astype(float), "approx"),
        ],
        "mcnemar": [
            {"first": a, "second": b, "p": stats.binomtest(min(a, b), a + b).pvalue if a + b else 1.0}
            for a, b in ((0, 0), (0, 5), (3, 9), (40, 40), (700, 820), (0, 4000))
        ],
    },
    sys.stdout,
    indent=1,
)
