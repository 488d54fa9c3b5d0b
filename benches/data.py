"""Models and data of the benches, made from fixed seeds; kept in one folder that the server's user can read.

LightGBM and scikit-learn train, their own converters write the ONNX files, as a user would. The networks are written here:
they hold Erf and LayerNormalization, so that they are run by the engine.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
from wire import FEATURES

SEED = 20260101
TREES, LEAVES = 300, 31
OPSET = {"": 17, "ai.onnx.ml": 3}
OUTPUTS = {"trees": "variable", "logistic": "label"}
TASKS = {"trees": "regression", "logistic": "classification"}

WORDS = """account agenda agreement analysis annual answer approval archive article assign attach audit backup balance
bank batch board brief budget build calendar call campaign cancel chart check choose clean client close code collect
compare complete confirm contact contract convert copy cost create customer daily dashboard data date deadline delete
deliver department deploy describe design detail document download draft email employee export feedback file find fix
folder follow forecast form forward group growth guide holiday import improve index inform install invoice issue job
label launch lead letter list load logo machine manager market measure meeting memo merge message minutes monthly move
network notes office online open order outline overview paper partner payment period plan policy post prepare price
print process product profile project proposal publish purchase quarter query question quote rate read record reduce
region release remind remove rename renew repair reply report request research reserve resolve review route sales
sample save schedule search season send server service share sheet ship sign site slide sort staff stock store submit
summary supplier support survey table target task team template test ticket topic track train transfer translate trip
update upload value vendor verify version visit warehouse website week write year the a of and for in to with by from on
before after about every next last new""".split()


def features(rows: int, seed: int) -> np.ndarray:
    """Numbers in single precision, so that the same value reaches every contestant."""
    return np.random.default_rng(seed).normal(size=(rows, FEATURES)).astype(np.float32)


def target(x: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(SEED)
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + np.abs(x[:, 3]) - 0.5 * (x[:, 4] > 0.3)
    return y + x[:, 5:] @ np.linspace(0.02, 0.3, FEATURES - 5) + rng.normal(0, 0.2, len(x))


def texts(count: int) -> list[str]:
    """Sentences of 4 to 24 words: what tasks, tickets and messages look like to a tokenizer."""
    rng = random.Random(SEED)
    return [" ".join(rng.choices(WORDS, k=rng.randint(4, 24))).capitalize() + "." for _ in range(count)]


def make(folder: Path, name: str) -> Path:
    """The model's file; made when it is not there."""
    path = folder / f"{name}.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(MODELS[name]())
        unfinished.rename(path)
    return path


def trees() -> bytes:
    import lightgbm
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    x = features(50_000, SEED)
    parameters = {
        "objective": "regression",
        "num_leaves": LEAVES,
        "learning_rate": 0.05,
        "min_data_in_leaf": 20,
        "seed": SEED,
        "deterministic": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    booster = lightgbm.train(parameters, lightgbm.Dataset(x, target(x)), TREES)
    shape = {tree["num_leaves"] for tree in booster.dump_model()["tree_info"]}
    if booster.num_trees() != TREES or shape != {LEAVES}:
        raise ValueError(f"{booster.num_trees()} trees of {shape} leaves")
    kinds = [("features", FloatTensorType([None, FEATURES]))]
    return onnxmltools.convert_lightgbm(booster, initial_types=kinds, target_opset=15).SerializeToString()


def logistic() -> bytes:
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.linear_model import LogisticRegression

    x = features(20_000, SEED)
    y = target(x)
    model = LogisticRegression(max_iter=1000).fit(x, (y > np.median(y)).astype(np.int64))
    kinds = [("features", FloatTensorType([None, FEATURES]))]
    converted = skl2onnx.to_onnx(model, initial_types=kinds, target_opset=OPSET, options={id(model): {"zipmap": False}})
    return converted.SerializeToString()


def network(hidden: int, layers: int) -> bytes:
    """`layers` times: matrix, normalisation, GELU; then one number. Single precision, random weights."""
    from onnx import TensorProto, checker, helper, numpy_helper

    rng = np.random.default_rng(SEED)
    nodes, weights = [], []

    def weight(name: str, array: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(array.astype(np.float32), name))
        return name

    def node(op: str, inputs: list[str], output: str, **attributes) -> str:
        nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    root, half, one = (
        weight("root", np.array(math.sqrt(2))),
        weight("half", np.array(0.5)),
        weight("one", np.array(1.0)),
    )
    value, width = "features", FEATURES
    for layer in range(layers):
        matrix = weight(f"w{layer}", rng.normal(0, 1 / math.sqrt(width), (width, hidden)))
        value = node("MatMul", [value, matrix], f"m{layer}")
        scale, bias = weight(f"s{layer}", np.ones(hidden)), weight(f"b{layer}", rng.normal(0, 0.1, hidden))
        value = node("LayerNormalization", [value, scale, bias], f"n{layer}", axis=-1)
        gate = node("Erf", [node("Div", [value, root], f"d{layer}")], f"e{layer}")
        gate = node("Mul", [node("Add", [gate, one], f"a{layer}"), half], f"h{layer}")
        value, width = node("Mul", [value, gate], f"g{layer}"), hidden
    node("MatMul", [value, weight("last", rng.normal(0, 1 / math.sqrt(width), (width, 1)))], "variable")
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", FEATURES])],
        [helper.make_tensor_value_info("variable", TensorProto.FLOAT, ["rows", 1])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    return model.SerializeToString()


def forest(trees: int = 1032, depth: int = 10) -> bytes:
    """Complete trees with random splits: 70 MB of TreeEnsembleRegressor."""
    from onnx import TensorProto, helper

    rng = np.random.default_rng(SEED)
    inner = 2**depth - 1
    nodes = 2 * inner + 1
    number = np.arange(nodes)
    is_leaf = number >= inner
    child = np.where(is_leaf, 0, 2 * number + 1)
    other = np.where(is_leaf, 0, 2 * number + 2)
    ids = np.tile(number, trees)
    leaves = np.tile(is_leaf, trees)
    count = int(leaves.sum())
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["variable"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="AVERAGE",
        nodes_treeids=np.repeat(np.arange(trees), nodes).tolist(),
        nodes_nodeids=ids.tolist(),
        nodes_featureids=np.where(leaves, 0, rng.integers(0, FEATURES, len(ids))).tolist(),
        nodes_values=np.where(leaves, 0, rng.normal(size=len(ids))).astype(np.float32).tolist(),
        nodes_modes=np.where(leaves, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_truenodeids=np.tile(child, trees).tolist(),
        nodes_falsenodeids=np.tile(other, trees).tolist(),
        target_treeids=np.repeat(np.arange(trees), inner + 1).tolist(),
        target_nodeids=ids[leaves].tolist(),
        target_ids=[0] * count,
        target_weights=rng.normal(size=count).astype(np.float32).tolist(),
    )
    graph = helper.make_graph(
        [node],
        "forest",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, FEATURES])],
        [helper.make_tensor_value_info("variable", TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


MODELS = {
    "trees": trees,
    "logistic": logistic,
    "net_small": lambda: network(16, 1),
    "net_middle": lambda: network(512, 2),
    "net_70mb": lambda: network(4170, 2),
    "forest_70mb": forest,
}
