"""Small models of other libraries, and what those libraries predict: tests/data of altlas-runtime.

Each model is trained, exported to ONNX by the usual converter, and its own predictions on a few rows are written beside
it. The expected values come from the training library, never from ONNX Runtime.

Made with (also written into each file): onnx 1.23.2, scikit-learn 1.9.1, skl2onnx 1.20.0, lightgbm 4.7.0,
onnxmltools 1.16.0, xgboost 3.2.0, numpy 2.4.6.

    pip install onnx pandas scikit-learn skl2onnx lightgbm onnxmltools xgboost numpy
    python scripts/reference/onnx_models.py crates/altlas-runtime/tests/data
"""

import json
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import lightgbm
import numpy as np
import onnxmltools
import pandas
import skl2onnx
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, IsolationForest, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

OPSET = {"": 18, "ai.onnx.ml": 3}
SEED = 7


def library(*names):
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = version(f"{name}-cpu")
    return found


def plain(array):
    """Values as JSON takes them; NaN is null."""
    flat = np.asarray(array).reshape(-1).tolist()
    return [None if isinstance(v, float) and v != v else v for v in flat]


def tensor(name, array):
    array = np.asarray(array)
    kinds = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64", "bool": "bool"}
    kind = kinds.get(str(array.dtype), "string")
    return {"name": name, "dtype": kind, "shape": list(array.shape), "values": plain(array)}


def save(folder, name, model, inputs, outputs, libraries):
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    reference = {
        "made_by": "scripts/reference/onnx_models.py",
        "libraries": library("onnx", "numpy", *libraries),
        "inputs": [tensor(n, a) for n, a in inputs.items()],
        "outputs": [tensor(n, a) for n, a in outputs.items()],
    }
    (folder / f"{name}.json").write_text(json.dumps(reference, indent=1, ensure_ascii=False) + "\n")


def data(rows, width, missing=0.0):
    """Multiples of 1/8, so that thresholds between them are exact in single precision."""
    rng = np.random.default_rng(SEED)
    x = rng.integers(-40, 40, size=(rows, width)).astype(np.float32) / 8
    y = 2 * x[:, 0] - x[:, 1] ** 2 + 3 * (x[:, 2] > 1) + rng.normal(0, 0.1, rows)
    if missing:
        x[rng.random(x.shape) < missing] = np.nan
    return x, y


def floats(width, kind=FloatTensorType):
    return [("features", kind([None, width]))]


def main(folder):
    skl = ("scikit-learn", "skl2onnx")
    x, y = data(400, 4)
    x_missing, _ = data(400, 4, missing=0.1)
    few = x[:12]
    classes = np.digitize(y, np.quantile(y, [0.33, 0.66])).astype(np.int64)
    names = np.array(["ağır", "hafif", "orta"])[classes]

    def sklearn_model(name, model, initial, inputs, outputs, **options):
        converted = skl2onnx.to_onnx(model, initial_types=initial, target_opset=OPSET, **options)
        save(folder, name, converted, inputs, outputs, skl)

    model = LogisticRegression(max_iter=1000).fit(x, classes)
    label, proba = model.predict(few), model.predict_proba(few).astype(np.float32)
    outputs = {"output_label": label, "output_probability": proba}
    sklearn_model("sklearn_logistic_zipmap", model, floats(4), {"features": few}, outputs)

    model = RandomForestClassifier(5, max_depth=3, random_state=SEED).fit(x, names)
    label, proba = model.predict(few), model.predict_proba(few).astype(np.float32)
    outputs = {"output_label": label, "output_probability": proba}
    sklearn_model("sklearn_forest_zipmap_strings", model, floats(4), {"features": few}, outputs)

    outputs = {"label": label, "probabilities": proba}
    plain_tensors = {"zipmap": False}
    options = {id(model): plain_tensors}
    sklearn_model("sklearn_forest_tensors", model, floats(4), {"features": few}, outputs, options=options)

    model = GradientBoostingRegressor(n_estimators=8, max_depth=2, random_state=SEED).fit(x, y)
    outputs = {"variable": model.predict(few).astype(np.float32).reshape(-1, 1)}
    sklearn_model("sklearn_gradient_boosting", model, floats(4), {"features": few}, outputs)

    model = make_pipeline(StandardScaler(), Ridge()).fit(x.astype(np.float64), y)
    wide = few.astype(np.float64)
    outputs = {"variable": model.predict(wide).reshape(-1, 1)}
    sklearn_model("sklearn_ridge_double", model, floats(4, DoubleTensorType), {"features": wide}, outputs)

    model = KMeans(3, n_init=2, random_state=SEED).fit(x)
    outputs = {"label": model.predict(few).astype(np.int64), "scores": model.transform(few).astype(np.float32)}
    sklearn_model("sklearn_kmeans", model, floats(4), {"features": few}, outputs)

    model = IsolationForest(n_estimators=5, max_samples=32, random_state=SEED).fit(x)
    outputs = {
        "label": model.predict(few).astype(np.int64).reshape(-1, 1),
        "scores": model.decision_function(few).astype(np.float32).reshape(-1, 1),
    }
    sklearn_model("sklearn_isolation_forest", model, floats(4), {"features": few}, outputs)

    model = SVC(probability=True, random_state=SEED).fit(x[:60], classes[:60])
    label = model.predict(few).astype(np.int64)
    outputs = {"label": label, "probabilities": model.predict_proba(few).astype(np.float32)}
    sklearn_model("sklearn_svm", model, floats(4), {"features": few}, outputs, options={id(model): plain_tensors})

    model = MLPClassifier((6,), max_iter=300, random_state=SEED).fit(x, classes)
    outputs = {"label": model.predict(few), "probabilities": model.predict_proba(few).astype(np.float32)}
    sklearn_model("sklearn_mlp", model, floats(4), {"features": few}, outputs, options={id(model): plain_tensors})

    # One input a column, of three types.
    city = np.array(["İzmir", "Bonn", "Ankara"])[np.arange(400) % 3].reshape(-1, 1).astype(object)
    floor = (np.arange(400) % 7).astype(np.int64).reshape(-1, 1)
    amount = x[:, :1]
    table = pandas.DataFrame({"city": city[:, 0], "floor": floor[:, 0], "amount": amount[:, 0]})
    columns = ColumnTransformer(
        [("city", OneHotEncoder(handle_unknown="ignore"), ["city"]), ("rest", StandardScaler(), ["floor", "amount"])]
    )
    model = make_pipeline(columns, LinearRegression()).fit(table, y)
    initial = [
        ("city", StringTensorType([None, 1])),
        ("floor", Int64TensorType([None, 1])),
        ("amount", FloatTensorType([None, 1])),
    ]
    rows = table[:6].copy()
    rows.loc[0, "city"] = "Nowhere"
    inputs = {"city": rows[["city"]].to_numpy(), "floor": floor[:6], "amount": amount[:6]}
    outputs = {"variable": model.predict(rows).astype(np.float32).reshape(-1, 1)}
    sklearn_model("sklearn_pipeline_columns", model, initial, inputs, outputs)

    texts = np.array(["call the bank", "pay the bill", "call mother", "pay rent", "bank bill rent", ""])
    # Lower case would add a StringNormalizer, which ONNX Runtime runs only where the system has its locale.
    model = make_pipeline(TfidfVectorizer(lowercase=False), LogisticRegression())
    model.fit(texts, ["call", "pay", "call", "pay", "pay", "call"])
    inputs = {"text": texts.reshape(-1, 1).astype(object)}
    label, proba = model.predict(texts), model.predict_proba(texts).astype(np.float32)
    options = {id(model): plain_tensors}
    initial = [("text", StringTensorType([None, 1]))]
    outputs = {"label": label, "probabilities": proba}
    sklearn_model("sklearn_text", model, initial, inputs, outputs, options=options)

    tools = ("lightgbm", "onnxmltools")
    small = {"n_estimators": 6, "num_leaves": 6, "random_state": SEED, "verbose": -1}
    model = lightgbm.LGBMRegressor(**small).fit(x_missing, y)
    converted = onnxmltools.convert_lightgbm(model, initial_types=floats(4, ToolsFloat), target_opset=15)
    outputs = {"variable": model.predict(x_missing[:12]).astype(np.float32).reshape(-1, 1)}
    save(folder, "lightgbm_regressor_missing", converted, {"features": x_missing[:12]}, outputs, tools)

    model = lightgbm.LGBMClassifier(**small).fit(x, classes)
    converted = onnxmltools.convert_lightgbm(model, initial_types=floats(4, ToolsFloat), target_opset=15, zipmap=False)
    outputs = {"label": model.predict(few), "probabilities": model.predict_proba(few).astype(np.float32)}
    save(folder, "lightgbm_classifier", converted, {"features": few}, outputs, tools)

    model = xgboost.XGBRegressor(n_estimators=6, max_depth=3, random_state=SEED).fit(x, y)
    converted = onnxmltools.convert_xgboost(model, initial_types=floats(4, ToolsFloat), target_opset=15)
    outputs = {"variable": model.predict(few).reshape(-1, 1)}
    save(folder, "xgboost_regressor", converted, {"features": few}, outputs, ("xgboost", "onnxmltools"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
