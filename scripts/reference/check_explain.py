"""Holds altlas.explain, importance and partial_dependence against their definitions and scikit-learn, on models that altlas trains.
Needs psycopg, numpy, scikit-learn and onnxruntime, and a server by the usual variables (PGHOST, PGDATABASE, …):
python scripts/reference/check_explain.py"""

import itertools
import math

import numpy as np
import onnxruntime
import psycopg
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import partial_dependence, permutation_importance

COLUMNS = ["a", "b", "c", "d"]
ROWS = 1200


def model(conn, name):
    """Answers of the registered graph, whose inputs are the columns as they are."""
    onnx = b"".join(r[0] for r in conn.execute(
        "SELECT bytes FROM altlas.artefact_chunk WHERE sha256 = (SELECT sha256 FROM altlas.models WHERE name = %s) ORDER BY n", (name,)))
    session = onnxruntime.InferenceSession(onnx)
    return lambda x: session.run(None, {session.get_inputs()[0].name: np.asarray(x, np.float32)})[-1].astype(float)


class Regressor(RegressorMixin, BaseEstimator):
    def __init__(self, ask=None):
        self.ask = ask

    def fit(self, x, y):
        self.fitted_ = True
        return self

    def predict(self, x):
        return self.ask(x)[:, 0]


class Classifier(ClassifierMixin, BaseEstimator):
    def __init__(self, ask=None):
        self.ask = ask

    def fit(self, x, y):
        self.classes_ = np.array(["no", "yes"])
        return self

    def predict_proba(self, x):
        return self.ask(x)

    def predict(self, x):
        return self.classes_[self.ask(x).argmax(axis=1)]


def shapley(value, x, background):
    """By the definition, all sets of columns."""
    width = len(x)

    def mean(chosen):
        rows = background.copy()
        rows[:, list(chosen)] = x[list(chosen)]
        return value(rows).mean()

    values = np.zeros(width)
    for i in range(width):
        others = [j for j in range(width) if j != i]
        for size in range(width):
            for chosen in itertools.combinations(others, size):
                weight = math.factorial(size) * math.factorial(width - size - 1) / math.factorial(width)
                values[i] += weight * (mean((*chosen, i)) - mean(chosen))
    return values


def close(found, expected, tolerance, what):
    apart = np.abs(np.asarray(found) - np.asarray(expected)).max()
    assert apart <= tolerance, f"{what}: {found}, not {expected}"
    return apart


with psycopg.connect("", autocommit=True) as conn:
    rng = np.random.default_rng(5)
    x = np.round(rng.normal(size=(ROWS, 4)) * 16) / 8
    y = 3 * x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=ROWS)
    conn.execute("CREATE EXTENSION IF NOT EXISTS altlas")
    conn.execute("DROP TABLE IF EXISTS checked")
    conn.execute("CREATE TEMP TABLE checked (n int, a float8, b float8, c float8, d float8, y float8, label text)")
    with conn.cursor().copy("COPY checked FROM STDIN") as copy:
        for n in range(ROWS):
            copy.write_row((n, *x[n].tolist(), float(y[n]), "yes" if y[n] > 0 else "no"))
    for algorithm, target, task in (("lightgbm", "y", "regression"), ("ridge", "y", "regression"),
                                    ("lightgbm", "label", "classification"), ("logistic", "label", "classification")):
        name = f"check_{algorithm}_{target}"
        conn.execute("SELECT altlas.train(%s, %s, %s, %s, %s)",
                     (name, task, f"SELECT a, b, c, d, {target} FROM checked ORDER BY n", target, algorithm))
        ask = model(conn, name)
        classifies = task == "classification"
        margin = (lambda rows: np.log(ask(rows)[:, 1] / ask(rows)[:, 0])) if classifies else (lambda rows: ask(rows)[:, 0])
        background = np.array(conn.execute(
            "SELECT (input ->> 'a')::float8, (input ->> 'b')::float8, (input ->> 'c')::float8, (input ->> 'd')::float8"
            "  FROM altlas.background_row JOIN altlas.model_version USING (version_id) JOIN altlas.model m USING (model_id)"
            " WHERE m.name = %s ORDER BY n", (name,)).fetchall())
        worst = 0
        for n in range(3, ROWS, 400):
            found = conn.execute("SELECT contribution FROM checked r, altlas.explain(%s, r) WHERE r.n = %s", (name, n)).fetchall()
            # Graphs answer in single precision.
            worst = max(worst, close([f[0] for f in found], shapley(margin, x[n], background), 2e-4, f"{name}, row {n}"))
        estimator = (Classifier if classifies else Regressor)(ask).fit(x, y)
        known = np.where(y > 0, "yes", "no") if classifies else y
        grid = conn.execute("SELECT number, mean FROM altlas.partial_dependence(%s, 'checked', 'b', 15) ORDER BY number", (name,)).fetchall()
        expected = partial_dependence(estimator, x, [1], grid_resolution=15, kind="average",
                                      response_method="predict_proba" if classifies else "auto")
        close([g[0] for g in grid], expected["grid_values"][0], 1e-9, "the grid")
        apart = close([g[1] for g in grid], expected["average"][-1], 1e-5, "partial dependence")
        ours = conn.execute("SELECT feature, importance, standard_deviation FROM altlas.importance(%s, 'checked', %s, '{\"repeats\": 30}')"
                            " ORDER BY feature", (name, target)).fetchall()
        theirs = permutation_importance(estimator, x, known, n_repeats=30, random_state=0,
                                        scoring="accuracy" if classifies else "neg_mean_absolute_error")
        for (feature, mean, deviation), mean2, deviation2 in zip(ours, theirs.importances_mean, theirs.importances_std, strict=True):
            error = math.sqrt((deviation**2 + deviation2**2) / 30)
            assert abs(mean - mean2) <= 4 * error + 1e-9, f"{name}, {feature}: {mean}, not {mean2} ± {error}"
        print(f"{name}: contributions within {worst:.1e}, partial dependence within {apart:.1e}, importances within 4 standard errors")
