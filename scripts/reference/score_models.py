"""Graphs that the usual converters write for classical models: tests/data of altlas-score.

Only the graphs are kept. The tests compare altlas-score with ONNX Runtime on them, on rows that they make themselves, so
no expected values are stored; whether a converter reproduces its library is tested in altlas-runtime.

Made with: onnx 1.23.2, scikit-learn 1.9.1, skl2onnx 1.20.0, lightgbm 4.7.0, onnxmltools 1.16.0, xgboost 3.2.0.

    pip install onnx pandas scikit-learn skl2onnx lightgbm onnxmltools xgboost-cpu numpy
    python scripts/reference/score_models.py crates/altlas-score/tests/data
"""

import sys
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnxmltools
import pandas
import skl2onnx
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn import ensemble, linear_model, naive_bayes, neural_network, preprocessing, svm, tree
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

warnings.filterwarnings("ignore")
OPSET = {"": 18, "ai.onnx.ml": 3}
SEED = 7
WIDTH = 4


def data(rows=200):
    rng = np.random.default_rng(SEED)
    x = rng.integers(-40, 40, size=(rows, WIDTH)).astype(np.float32) / 8
    y = 2 * x[:, 0] - x[:, 1] ** 2 + 3 * (x[:, 2] > 1) + rng.normal(0, 0.1, rows)
    return x, y


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    x, y = data()
    wide = x.astype(np.float64)
    two = (y > np.median(y)).astype(np.int64)
    three = np.digitize(y, np.quantile(y, [0.33, 0.66])).astype(np.int64)
    names = np.array(["low", "mid", "high"])[three]

    def save(name, model):
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())

    def sk(name, model, kind=FloatTensorType, initial=None, opset=OPSET, **options):
        options = {"options": {id(model): options}} if options else {}
        initial = initial or [("features", kind([None, WIDTH]))]
        save(f"sk_{name}", skl2onnx.to_onnx(model, initial_types=initial, target_opset=opset, **options))

    plain = {"zipmap": False}
    log = linear_model.LogisticRegression
    sk("linear", linear_model.LinearRegression().fit(x, y))
    sk("linear_double", linear_model.Lasso(0.01).fit(wide, y), DoubleTensorType)
    sk("linear_two_targets", linear_model.Ridge().fit(x, np.c_[y, -y]))
    sk("poisson", linear_model.PoissonRegressor().fit(x, np.abs(y)))
    sk("logistic_two", log().fit(x, two), **plain)
    sk("logistic_two_strings", log().fit(x, np.array(["no", "yes"])[two]))
    sk("logistic_three", log().fit(x, three), **plain)
    sk("logistic_raw", log().fit(x, three), zipmap=False, raw_scores=True)
    sk("logistic_columns", log().fit(x, three), zipmap="columns")
    sk("logistic_double", log().fit(wide, three), DoubleTensorType, **plain)
    sk("ovr", OneVsRestClassifier(log()).fit(x, three), **plain)
    sk("sgd", linear_model.SGDClassifier(loss="log_loss", random_state=SEED).fit(x, three), **plain)
    sk("perceptron", linear_model.Perceptron(random_state=SEED).fit(x, three), **plain)
    sk("ridge_classifier", linear_model.RidgeClassifier().fit(x, two), **plain)

    few = slice(0, 60)
    for kernel in ("linear", "rbf", "poly", "sigmoid"):
        sk(f"svr_{kernel}", svm.SVR(kernel=kernel).fit(x[few] / 5, y[few]))
        sk(f"svc_{kernel}", svm.SVC(kernel=kernel).fit(x[few] / 5, three[few]), **plain)
    sk("svc_two", svm.SVC().fit(x[few], two[few]), **plain)
    sk("svc_two_proba", svm.SVC(probability=True, random_state=SEED).fit(x[few], two[few]), **plain)
    sk("svc_names_proba", svm.SVC(probability=True, random_state=SEED).fit(x[few], names[few]), **plain)
    sk("svc_linear_model", svm.LinearSVC().fit(x[few], three[few]))
    sk("one_class", svm.OneClassSVM().fit(x[few]))

    sk("tree_regressor", tree.DecisionTreeRegressor(max_depth=5).fit(x, y))
    sk("tree_double", tree.DecisionTreeRegressor(max_depth=5).fit(wide, y), DoubleTensorType)
    sk("tree_classifier_two", tree.DecisionTreeClassifier(max_depth=5).fit(x, two), **plain)
    sk("tree_classifier", tree.DecisionTreeClassifier(max_depth=5).fit(x, names), **plain)
    deep = {"n_estimators": 10, "random_state": SEED}
    sk("forest", ensemble.RandomForestRegressor(**deep).fit(x, y))
    sk("forest_two", ensemble.RandomForestClassifier(**deep).fit(x, two), **plain)
    sk("forest_names", ensemble.ExtraTreesClassifier(**deep, max_depth=6).fit(x, names), **plain)
    sk("boosting_two", ensemble.GradientBoostingClassifier(n_estimators=5).fit(x, two), **plain)
    sk("boosting_three", ensemble.GradientBoostingClassifier(n_estimators=5).fit(x, three), **plain)
    sk("adaboost", ensemble.AdaBoostClassifier(n_estimators=4, random_state=SEED).fit(x, three), **plain)
    sk("adaboost_regressor", ensemble.AdaBoostRegressor(n_estimators=4, random_state=SEED).fit(x, y))
    sk("bagging", ensemble.BaggingClassifier(n_estimators=3, random_state=SEED).fit(x, three), **plain)
    voting = [("a", log()), ("b", tree.DecisionTreeClassifier(max_depth=3))]
    sk("voting", ensemble.VotingClassifier(voting, voting="soft", flatten_transform=False).fit(x, three), **plain)
    sk("isolation", ensemble.IsolationForest(n_estimators=8, max_samples=64, random_state=SEED).fit(x))

    sk("kmeans", KMeans(3, n_init=2, random_state=SEED).fit(x))
    sk("kmeans_batch", MiniBatchKMeans(4, n_init=2, random_state=SEED).fit(x))
    sk("naive_bayes", naive_bayes.GaussianNB().fit(x, three), **plain)
    sk("bernoulli_bayes", naive_bayes.BernoulliNB().fit(x, three), **plain)
    sk("mlp", neural_network.MLPRegressor(hidden_layer_sizes=(8,), max_iter=50, random_state=SEED).fit(x, y))
    for activation in ("tanh", "logistic"):
        model = neural_network.MLPClassifier((8, 5), activation=activation, max_iter=50, random_state=SEED)
        sk(f"mlp_{activation}", model.fit(x, two), **plain)

    gap = x.copy()
    gap[::7, 1] = np.nan
    steps = {
        "impute": SimpleImputer(strategy="median"),
        "minmax": preprocessing.MinMaxScaler((-1, 2), clip=True),
        "maxabs": preprocessing.MaxAbsScaler(),
        "robust": preprocessing.RobustScaler(),
        "normal_l1": preprocessing.Normalizer("l1"),
        "normal_l2": preprocessing.Normalizer("l2"),
        "normal_max": preprocessing.Normalizer("max"),
        "binary": preprocessing.Binarizer(threshold=0.5),
        "bins": preprocessing.KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf"),
        "polynomial": preprocessing.PolynomialFeatures(2),
        "pca": PCA(2, random_state=SEED),
        "power": preprocessing.PowerTransformer(),
    }
    for name, step in steps.items():
        first = make_pipeline(SimpleImputer(), step) if name != "impute" else make_pipeline(step)
        first.steps.append(("last", linear_model.LinearRegression()))
        sk(f"chain_{name}", first.fit(gap, y))

    table = pandas.DataFrame(
        {"city": np.array(["İzmir", "Bonn", "Ankara"])[np.arange(200) % 3], "kind": np.array(["a", "b"])[np.arange(200) % 2],
         "floor": np.arange(200) % 7, "amount": gap[:, 1], "price": x[:, 0]})
    columns = ColumnTransformer([
        ("text", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["city", "kind"]),
        ("floor", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["floor"]),
        ("rest", make_pipeline(SimpleImputer(), preprocessing.StandardScaler()), ["amount", "price"])])
    initial = [("city", StringTensorType([None, 1])), ("kind", StringTensorType([None, 1])),
               ("floor", Int64TensorType([None, 1])), ("amount", FloatTensorType([None, 1])), ("price", FloatTensorType([None, 1]))]
    sk("columns_boosting", make_pipeline(columns, ensemble.GradientBoostingRegressor(n_estimators=5)).fit(table, y), initial=initial)
    sk("columns_logistic", make_pipeline(columns, log()).fit(table, names), initial=initial)
    ordinal = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("text", ordinal, ["city", "kind"]), ("rest", "passthrough", ["floor", "price"])])
    kept = [p for p in initial if p[0] != "amount"]
    sk("columns_ordinal", make_pipeline(columns, tree.DecisionTreeRegressor(max_depth=4)).fit(table, y), initial=kept)

    def tools(name, convert, model, **options):
        save(name, convert(model, initial_types=[("features", ToolsFloat([None, WIDTH]))], target_opset=15, **options))

    light, boost = onnxmltools.convert_lightgbm, onnxmltools.convert_xgboost
    small = {"n_estimators": 6, "num_leaves": 6, "random_state": SEED, "verbose": -1}
    tools("lgbm_regressor", light, lightgbm.LGBMRegressor(**small).fit(gap, y))
    tools("lgbm_two", light, lightgbm.LGBMClassifier(**small).fit(gap, two), zipmap=False)
    tools("lgbm_three", light, lightgbm.LGBMClassifier(**small).fit(gap, three))
    tools("lgbm_forest", light, lightgbm.LGBMRegressor(**small, boosting_type="rf", bagging_freq=1, bagging_fraction=0.5).fit(gap, y))
    tools("lgbm_poisson", light, lightgbm.LGBMRegressor(**small, objective="poisson").fit(gap, np.abs(y)))
    tools("lgbm_split", light, lightgbm.LGBMRegressor(**small).fit(gap, y), split=2)
    kinds = x.copy()
    kinds[:, 3] = np.arange(200) % 5
    tools("lgbm_categories", light, lightgbm.LGBMRegressor(**small, min_data_per_group=1, cat_smooth=1).fit(kinds, y, categorical_feature=[3]))
    forest = {"n_estimators": 6, "max_depth": 3, "random_state": SEED}
    tools("xgb_regressor", boost, xgboost.XGBRegressor(**forest).fit(gap, y))
    tools("xgb_two", boost, xgboost.XGBClassifier(**forest).fit(gap, two))
    tools("xgb_three", boost, xgboost.XGBClassifier(**forest).fit(gap, three))
    tools("xgb_poisson", boost, xgboost.XGBRegressor(**forest, objective="count:poisson").fit(gap, np.abs(y)))
    tools("xgb_gamma", boost, xgboost.XGBRegressor(**forest, objective="reg:gamma").fit(gap, np.abs(y) + 1))
    tools("xgb_forest", boost, xgboost.XGBRFRegressor(**forest).fit(gap, y))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
