"""Writes crates/altlas-explain/tests/data/reference.json: Shapley values by the package shap (interventional, the same background),
and grids of partial dependence by scikit-learn.
Run from the workspace root with shap, scikit-learn, lightgbm and numpy: python scripts/reference/explain.py"""

import itertools
import json
import math
import pathlib

import lightgbm
import numpy as np
import shap
import sklearn
from sklearn import ensemble, linear_model
from sklearn.inspection import partial_dependence

ROOT = pathlib.Path(__file__).resolve().parents[2]
rng = np.random.default_rng(8)


def tolist(x):
    return [[None if np.isnan(v) else float(v) for v in row] for row in x]


def features(rows, width):
    # Multiples of 1/16: the same in single and double precision, so that rows fall into the same leaves.
    return np.round(rng.normal(size=(rows, width)) * 32) / 16


def sklearn_trees(models, scale, values):
    """Nodes of fitted trees: [feature, threshold, yes, no], or [values]."""
    trees = []
    for model in models:
        t = model.tree_
        nodes = []
        for i in range(t.node_count):
            if t.children_left[i] < 0:
                nodes.append([float(v) * scale for v in values(t, i)])
            else:
                nodes.append({"feature": int(t.feature[i]), "threshold": float(t.threshold[i]), "missing_yes": False,
                              "yes": int(t.children_left[i]), "no": int(t.children_right[i])})
        trees.append(nodes)
    return trees


def lightgbm_trees(model):
    trees = []
    for info in model.dump_model()["tree_info"]:
        nodes = []

        def add(node):
            at = len(nodes)
            nodes.append(None)
            if "leaf_value" in node and "split_feature" not in node:
                nodes[at] = [node["leaf_value"]]
            else:
                missing = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
                nodes[at] = {"feature": node["split_feature"], "threshold": node["threshold"], "missing_yes": missing,
                             "yes": add(node["left_child"]), "no": add(node["right_child"])}
            return at

        add(info["tree_structure"])
        trees.append(nodes)
    return trees


def brute(predict, x, background):
    """Shapley values by their definition."""
    width = len(x)

    def value(chosen):
        rows = background.copy()
        rows[:, list(chosen)] = x[list(chosen)]
        return predict(rows).mean()

    values = np.zeros(width)
    for i in range(width):
        others = [j for j in range(width) if j != i]
        for size in range(width):
            for chosen in itertools.combinations(others, size):
                weight = math.factorial(size) * math.factorial(width - size - 1) / math.factorial(width)
                values[i] += weight * (value((*chosen, i)) - value(chosen))
    return values


cases = []


def case(kind, x, background, values, base, prediction, **more):
    cases.append({"kind": kind, "x": tolist(x), "background": tolist(background), "values": np.asarray(values).tolist(),
                  "base": float(base), "prediction": np.asarray(prediction).tolist(), **more})


x = features(300, 6)
y = x[:, 0] * 2 + np.sin(x[:, 1] * 2) * x[:, 2] + (x[:, 3] > 0) * x[:, 0] + rng.normal(size=300) * 0.1
background, rows = x[::10], x[5:300:60]

model = ensemble.GradientBoostingRegressor(n_estimators=30, max_depth=4, learning_rate=0.2, random_state=0).fit(x, y)
explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
values = explainer.shap_values(rows, check_additivity=False)
predicted = model.predict(rows)
case("trees", rows, background, values, model.predict(background).mean(), predicted, target=0,
     base_values=[float(model.init_.constant_[0][0])],
     trees=sklearn_trees(model.estimators_[:, 0], 0.2, lambda t, i: t.value[i][0]))
assert np.abs(values[0] - brute(model.predict, rows[0], background)).max() < 1e-6, "shap is not what it says"

labels = np.digitize(y, np.quantile(y, [0.33, 0.66]))
model = ensemble.RandomForestClassifier(n_estimators=15, max_depth=6, random_state=1).fit(x, labels)
explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
values = explainer.shap_values(rows, check_additivity=False)[:, :, 2]
case("trees", rows, background, values, model.predict_proba(background)[:, 2].mean(), model.predict_proba(rows)[:, 2],
     target=2, base_values=[0.0] * 3,
     trees=sklearn_trees(model.estimators_, 1 / 15, lambda t, i: t.value[i][0] / t.value[i][0].sum()))

holes = x.copy()
holes[rng.random(x.shape) < 0.15] = np.nan
model = lightgbm.LGBMRegressor(n_estimators=25, num_leaves=12, min_child_samples=5, verbose=-1, deterministic=True, n_jobs=1)
model.fit(holes, y)
background, rows = holes[::12][:20], holes[3:300:50]
values = np.array([brute(model.predict, row, background) for row in rows])
case("trees", rows, background, values, model.predict(background).mean(), model.predict(rows), target=0, base_values=[0.0],
     trees=lightgbm_trees(model.booster_))

background, rows = x[::10], x[5:300:60]
model = linear_model.Ridge(alpha=2.0).fit(x, y)
values = shap.LinearExplainer(model, shap.maskers.Independent(background, max_samples=1000)).shap_values(rows)
case("linear", rows, background, values, model.predict(background).mean(), model.predict(rows),
     weights=[model.coef_.tolist()], bias=[float(model.intercept_)])

# Any function: the definition against which the sampled values are held.
predict = lambda rows: np.exp(rows[:, 0] / 4) * (1 + rows[:, 1]) + rows[:, 2] * rows[:, 3]
background, rows = x[::15][:, :4], x[5:300:60][:, :4]
case("product", rows, background, [brute(predict, row, background) for row in rows], predict(background).mean(), predict(rows))

for column, points in ((x[:, 0], 12), (x[:, 0], 500), (np.round(x[:, 1]), 20), (x[:37, 2], 5)):
    found = partial_dependence(linear_model.LinearRegression().fit(column[:, None], column), column[:, None], [0],
                               grid_resolution=points)
    cases.append({"kind": "grid", "column": column.tolist(), "points": points, "grid": found["grid_values"][0].tolist()})

target = ROOT / "crates/altlas-explain/tests/data/reference.json"
lines = ",\n".join(json.dumps(c) for c in cases)
target.write_text(f'{{"shap": "{shap.__version__}", "scikit-learn": "{sklearn.__version__}", "cases": [\n{lines}\n]}}\n')
