"""Writes crates/altlas-learn/tests/data/reference.json: linear models and metrics by scikit-learn.
Run from the workspace root with scikit-learn and numpy: python scripts/reference/learn.py"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn import linear_model, metrics, preprocessing

ROOT = pathlib.Path(__file__).resolve().parents[2]
rng = np.random.default_rng(20)


def features(rows, width, missing):
    """float32 features of unlike scales, correlated, some missing."""
    x = rng.normal(size=(rows, width)) @ rng.normal(size=(width, width))
    x = (x * 10.0 ** rng.integers(-2, 4, width) + rng.normal(size=width) * 100).astype(np.float32).astype(float)
    if missing:
        x[rng.random(x.shape) < 0.1] = np.nan
    filled = np.where(np.isnan(x), np.nanmean(x, axis=0), x)
    return x, filled, preprocessing.StandardScaler().fit_transform(filled)


def tolist(x):
    return [[None if np.isnan(v) else v for v in row] for row in x.tolist()]


cases = []
for missing in (False, True):
    x, filled, z = features(120, 5, missing)
    y = z @ rng.normal(size=5) + 3 + rng.normal(size=120)
    for alpha in (0.0, 1.0, 50.0):
        model = linear_model.LinearRegression() if alpha == 0 else linear_model.Ridge(alpha=alpha, solver="cholesky")
        model.fit(z, y)
        cases.append({"kind": "least_squares", "x": tolist(x), "y": y.tolist(), "alpha": alpha,
                      "coefficients": [model.coef_.tolist()], "intercepts": [float(model.intercept_)],
                      "scores": model.predict(z).tolist()})
    for classes, l2 in ((2, 1.0), (2, 0.01), (4, 1.0), (3, 20.0)):
        logits = z @ rng.normal(size=(5, classes)) * 1.5
        y = np.array([rng.choice(classes, p=np.exp(r) / np.exp(r).sum()) for r in logits])
        model = linear_model.LogisticRegression(C=1 / l2, tol=1e-12, max_iter=100_000).fit(z, y)
        proba = model.predict_proba(z)
        case = {"kind": "logistic", "x": tolist(x), "y": y.tolist(), "classes": classes, "l2": l2,
                "coefficients": model.coef_.tolist(), "intercepts": model.intercept_.tolist(), "proba": proba.tolist(),
                "metrics": {"accuracy": metrics.accuracy_score(y, model.predict(z)),
                            "macro_f1": metrics.f1_score(y, model.predict(z), average="macro"),
                            "log_loss": metrics.log_loss(y, proba)}}
        if classes == 2:
            # Rounded scores have ties.
            case["rounded_auc"] = metrics.roc_auc_score(y, proba[:, 1].round(1))
            case["metrics"]["roc_auc"] = metrics.roc_auc_score(y, proba[:, 1])
        cases.append(case)

y, p = rng.gamma(2, 3, 101), rng.gamma(2, 3, 101)
cases.append({"kind": "regression_metrics", "y": y.tolist(), "predicted": p.tolist(), "metrics": {
    "mae": metrics.mean_absolute_error(y, p), "rmse": metrics.root_mean_squared_error(y, p), "r2": metrics.r2_score(y, p),
    "median_ae": metrics.median_absolute_error(y, p),
    "within_factor_2": float(np.mean(np.maximum(y / p, p / y) <= 2))}})

target = ROOT / "crates/altlas-learn/tests/data/reference.json"
lines = ",\n".join(json.dumps(case) for case in cases)
target.write_text(f'{{"scikit-learn": "{sklearn.__version__}", "cases": [\n{lines}\n]}}\n')
