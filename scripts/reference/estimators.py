"""Writes crates/altlas-learn/tests/data/estimators.json: estimators by scikit-learn.
Run from the workspace root with scikit-learn and numpy: python scripts/reference/estimators.py"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import calibration, cluster, ensemble, linear_model, metrics, mixture, naive_bayes, neighbors, neural_network, svm, tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
rng = np.random.default_rng(30)
warnings.filterwarnings("ignore")
cases = []


def features(rows, width):
    """float32 features of unlike scales, and standardised ones."""
    x = rng.normal(size=(rows, width)) @ rng.normal(size=(width, width))
    x = (x * 10.0 ** rng.integers(-1, 2, width) + rng.normal(size=width) * 10).astype(np.float32).astype(float)
    return x, (x - x.mean(0)) / x.std(0)


def tolist(x):
    return [[None if np.isnan(v) else round(float(v), 9) for v in row] for row in np.asarray(x)]


def labels(z, classes):
    logits = z @ rng.normal(size=(z.shape[1], classes)) * 1.5 + rng.gumbel(size=(len(z), classes))
    return logits.argmax(1)


x, z = features(90, 4)
y = z @ np.array([3.0, 0, -1, 0.2]) + 3 + rng.normal(size=90)
deviation = y.std()
for alpha, ratio in ((0.05, 1.0), (0.3, 1.0), (0.05, 0.5), (0.2, 0.1)):
    model = linear_model.ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-14, max_iter=100_000).fit(z, y / deviation)
    cases.append({"kind": "elastic", "x": tolist(x), "y": y.tolist(), "alpha": alpha, "l1_ratio": ratio,
                  "coefficients": (model.coef_ * deviation).tolist(), "intercept": float(model.intercept_ * deviation)})
for c, epsilon in ((1.0, 0.1), (0.05, 0.3)):
    model = svm.LinearSVR(C=c, epsilon=epsilon, loss="squared_epsilon_insensitive", dual=True, tol=1e-9, max_iter=1_000_000)
    model.fit(z, (y - y.mean()) / deviation)
    cases.append({"kind": "margin", "classes": 0, "x": tolist(x), "y": y.tolist(), "c": c, "epsilon": epsilon,
                  "coefficients": [(model.coef_ * deviation).tolist()],
                  "intercepts": [float(model.intercept_[0] * deviation + y.mean())]})
for c, gamma in ((1.0, 0.25), (10.0, 0.05)):
    model = svm.SVR(C=c, epsilon=0.1, gamma=gamma, tol=1e-8).fit(z, (y - y.mean()) / deviation)
    cases.append({"kind": "kernel", "classes": 0, "x": tolist(x), "y": y.tolist(), "c": c, "gamma": gamma, "epsilon": 0.1,
                  "scores": tolist((model.predict(z) * deviation + y.mean())[:, None])})
for k, weights in ((5, "uniform"), (7, "distance")):
    query = z + 0.3
    model = neighbors.KNeighborsRegressor(k, weights=weights).fit(z, y)
    cases.append({"kind": "neighbours", "classes": 0, "x": tolist(x), "y": y.tolist(), "k": k, "weights": weights,
                  "query": tolist(x + 0.3 * x.std(0)), "scores": tolist(model.predict(query)[:, None])})

for classes in (2, 3):
    x, z = features(120, 4)
    y = labels(z, classes)
    model = naive_bayes.GaussianNB(var_smoothing=1e-3).fit(z, y)
    cases.append({"kind": "bayes", "classes": classes, "x": tolist(x), "y": y.tolist(), "smoothing": 1e-3,
                  "proba": tolist(model.predict_proba(z))})
    for k, weights in ((5, "uniform"), (9, "distance")):
        query = z + 0.3
        model = neighbors.KNeighborsClassifier(k, weights=weights).fit(z, y)
        cases.append({"kind": "neighbours", "classes": classes, "x": tolist(x), "y": y.tolist(), "k": k, "weights": weights,
                      "query": tolist(x + 0.3 * x.std(0)), "scores": tolist(model.predict_proba(query))})
    for c in (1.0, 0.01):
        model = svm.LinearSVC(C=c, loss="squared_hinge", dual=True, tol=1e-9, max_iter=1_000_000).fit(z, y)
        cases.append({"kind": "margin", "classes": classes, "x": tolist(x), "y": y.tolist(), "c": c, "epsilon": 0.0,
                      "coefficients": model.coef_.tolist(), "intercepts": model.intercept_.tolist()})
    # One against the rest, as the crate has it.
    scores = []
    for one in range(classes) if classes > 2 else [1]:
        scores.append(svm.SVC(C=2.0, gamma=0.2, tol=1e-8).fit(z, y == one).decision_function(z))
    cases.append({"kind": "kernel", "classes": classes, "x": tolist(x), "y": y.tolist(), "c": 2.0, "gamma": 0.2, "epsilon": 0.0,
                  "scores": tolist(np.array(scores).T)})
    if classes == 2:
        fit = calibration._SigmoidCalibration().fit(scores[0], y)
        cases.append({"kind": "platt", "scores": scores[0].tolist(), "y": y.tolist(), "slope": -fit.a_, "offset": -fit.b_})

# Few values a feature, so that every threshold between two of them is tried; some missing. Few leaves, so that no two splits are equally good.
x = np.stack([rng.integers(0, n, 400) for n in (200, 40, 12, 3)], axis=1).astype(float)
signal = np.sin(x[:, 0] / 25) * 2 + (x[:, 1] > 17) * x[:, 2] / 4 + (x[:, 3] == 1)
x[rng.random(400) < 0.15, 1] = np.nan
for classes in (0, 2, 3):
    noisy = signal + rng.normal(size=400) * 0.7
    y = noisy if classes == 0 else np.digitize(noisy, np.quantile(noisy, np.arange(1, classes) / classes))
    for depth, leaf in ((3, 7), (4, 12)):
        kind = tree.DecisionTreeRegressor if classes == 0 else tree.DecisionTreeClassifier
        model = kind(max_depth=depth, min_samples_leaf=leaf, random_state=1).fit(x, y)
        scores = model.predict(x)[:, None] if classes == 0 else model.predict_proba(x)
        cases.append({"kind": "tree", "classes": classes, "x": tolist(x), "y": y.tolist(), "depth": depth, "leaf": leaf,
                      "scores": tolist(scores), "importance": model.feature_importances_.tolist()})

# Forests draw, so that figures on other rows are compared.
x = rng.normal(size=(900, 6)).astype(np.float32).astype(float)
signal = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * (x[:, 3] > 0)
for classes in (0, 2, 4):
    noisy = signal + rng.normal(size=900) * 0.3
    y = noisy if classes == 0 else np.digitize(noisy, np.quantile(noisy, np.arange(1, classes) / classes))
    case = {"kind": "forest", "classes": classes, "y": y.tolist(), "leaf": 3, "share": 0.5}
    if classes == 0:
        case["x"] = tolist(x)
    for name, kinds in (("random", (ensemble.RandomForestRegressor, ensemble.RandomForestClassifier)),
                        ("extra", (ensemble.ExtraTreesRegressor, ensemble.ExtraTreesClassifier))):
        figures = []
        for seed in range(5):
            model = kinds[classes > 0](200, min_samples_leaf=3, max_features=0.5, random_state=seed, n_jobs=2).fit(x[:600], y[:600])
            if classes == 0:
                figures.append(metrics.root_mean_squared_error(y[600:], model.predict(x[600:])))
            else:
                figures.append(metrics.log_loss(y[600:], model.predict_proba(x[600:])))
        case[name] = [float(np.mean(figures)), float(np.std(figures))]
    cases.append(case)


class Started:
    """Networks that begin with given weights."""

    def _init_coef(self, fan_in, fan_out, dtype):
        weights = rng.normal(size=(fan_in, fan_out)).round(3) * 0.5
        self.begun = getattr(self, "begun", []) + [weights.tolist()]
        return weights.astype(dtype), np.zeros(fan_out, dtype)


class Regressor(Started, neural_network.MLPRegressor):
    pass


class Classifier(Started, neural_network.MLPClassifier):
    pass


z = rng.normal(size=(30, 3)).round(3)
for classes in (0, 2, 3):
    y = (z @ np.array([1.0, -2, 0.5]) + 0.3 * rng.normal(size=30)).round(3) if classes == 0 else labels(z, classes)
    model = (Classifier if classes else Regressor)(hidden_layer_sizes=(5, 4), solver="adam", alpha=0.1, batch_size=30, learning_rate_init=0.01,
                                                   max_iter=25, shuffle=False, tol=0, n_iter_no_change=1000)
    model.fit(z, y)
    cases.append({"kind": "network", "classes": classes, "z": z.tolist(), "y": y.tolist(), "l2": 0.1, "rate": 0.01, "steps": 25,
                  "start": model.begun, "weights": [w.tolist() for w in model.coefs_],
                  "bias": [b.tolist() for b in model.intercepts_]})

z = np.concatenate([rng.normal(size=(n, 3)) * 0.5 + c for n, c in ((50, (0, 0, 0)), (40, (3, 0, 1)), (30, (0, 3, -2)), (1, (9, 9, 9)))])
z = z.astype(np.float32).astype(float)
for k in (2, 4, 6):
    model = cluster.KMeans(k, n_init=50, random_state=1, tol=0).fit(z)
    cases.append({"kind": "clusters", "k": k, "z": tolist(z), "members": model.labels_.tolist(), "inertia": float(model.inertia_),
                  "figures": {"silhouette": float(metrics.silhouette_score(z, model.labels_)),
                              "davies_bouldin": float(metrics.davies_bouldin_score(z, model.labels_)),
                              "calinski_harabasz": float(metrics.calinski_harabasz_score(z, model.labels_))}})

z = np.concatenate([rng.normal(size=(n, 3)) @ rng.normal(size=(3, 3)) * 0.7 + c for n, c in ((90, (0, 0, 0)), (60, (5, 0, 1)), (50, (0, 5, -4)))])
z = z.astype(np.float32).astype(float)
for k in (2, 3):
    model = mixture.GaussianMixture(k, n_init=5, tol=1e-6, max_iter=1000, random_state=1).fit(z)
    cases.append({"kind": "mixture", "k": k, "z": tolist(z), "likelihood": float(model.score(z)), "bic": float(model.bic(z)),
                  "members": model.predict(z).tolist()})

target = ROOT / "crates/altlas-learn/tests/data/estimators.json"
lines = ",\n".join(json.dumps(case) for case in cases)
target.write_text(f'{{"scikit-learn": "{sklearn.__version__}", "cases": [\n{lines}\n]}}\n')
