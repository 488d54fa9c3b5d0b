"""Models of the soak (tests/soak/data): three versions each of boosted trees and of a small network, and what they answer.

Trees are trained by LightGBM and predicted by LightGBM; the network is computed here in double precision. Nothing of the
expected values comes from ONNX Runtime or altlas. Any two versions differ by at least 1 on every row, so that an answer
shows which version gave it. The network holds Erf and LayerNormalization: it is run by the engine, not compiled.

Made with (also written into the file): onnx 1.23.2, lightgbm 4.7.0, onnxmltools 1.16.0, numpy 2.4.6, scipy 1.17.1.

    pip install onnx lightgbm onnxmltools numpy scipy skl2onnx
    python scripts/reference/soak_models.py tests/soak/data
"""

import json
import sys
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

import lightgbm
import numpy as np
import onnxmltools
from onnx import TensorProto, helper, numpy_helper
from onnxmltools.convert.common.data_types import FloatTensorType
from scipy.special import erf

SEED = 11
WIDTH, HIDDEN, ROWS, VERSIONS = 4, 8, 64, 3
EPSILON = 1e-5


def multiples(rng, shape):
    """Multiples of 1/8: exact in single precision, and so are thresholds between them."""
    return rng.integers(-24, 24, size=shape) / 8


def trees(rng, number):
    """Version `number`; its target is moved by 10 a version."""
    x = multiples(rng, (600, WIDTH))
    y = 10 * number + np.tanh(x[:, 0]) + 0.3 * np.sin(number * x[:, 1]) + 0.2 * (x[:, 2] > x[:, 3])
    model = lightgbm.LGBMRegressor(n_estimators=12, num_leaves=12, random_state=SEED, verbose=-1).fit(x, y)
    kinds = [("features", FloatTensorType([None, WIDTH]))]
    converted = onnxmltools.convert_lightgbm(model, initial_types=kinds, target_opset=15)
    return converted.SerializeToString(), model.predict


def network(rng, number):
    """A matrix, a normalisation, GELU, a matrix, a constant of 10 a version."""
    first = rng.normal(size=(WIDTH, HIDDEN)).astype(np.float32)
    bias = rng.normal(size=HIDDEN).astype(np.float32)
    last = (rng.normal(size=(HIDDEN, 1)) / HIDDEN).astype(np.float32)
    constant = np.array([10 * number], np.float32)
    values = {"first": first, "scale": np.ones(HIDDEN, np.float32), "bias": bias, "last": last, "constant": constant}
    values |= {"root": np.float32(np.sqrt(2)), "half": np.float32(0.5), "one": np.float32(1)}
    nodes = [
        helper.make_node("MatMul", ["features", "first"], ["m"]),
        helper.make_node("LayerNormalization", ["m", "scale", "bias"], ["n"], axis=-1, epsilon=EPSILON),
        helper.make_node("Div", ["n", "root"], ["d"]),
        helper.make_node("Erf", ["d"], ["e"]),
        helper.make_node("Add", ["e", "one"], ["a"]),
        helper.make_node("Mul", ["a", "half"], ["h"]),
        helper.make_node("Mul", ["n", "h"], ["g"]),
        helper.make_node("MatMul", ["g", "last"], ["l"]),
        helper.make_node("Add", ["l", "constant"], ["variable"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", WIDTH])],
        [helper.make_tensor_value_info("variable", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

    def predict(x):
        hidden = x @ first.astype(np.float64)
        centred = hidden - hidden.mean(axis=1, keepdims=True)
        normal = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON) + bias
        gelu = normal * 0.5 * (1 + erf(normal / np.sqrt(2)))
        return (gelu @ last.astype(np.float64) + constant).ravel()

    return model.SerializeToString(), predict


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    rows = multiples(rng, (ROWS, WIDTH))
    libraries = {name: version(name) for name in ("onnx", "lightgbm", "onnxmltools", "numpy", "scipy")}
    expected = {}
    for name, make in {"trees": trees, "net": network}.items():
        expected[name] = []
        for number in range(1, VERSIONS + 1):
            onnx, predict = make(rng, number)
            (folder / f"{name}_{number}.onnx").write_bytes(onnx)
            expected[name].append([float(value) for value in predict(rows)])
        nearest = min(np.min(np.abs(np.subtract(a, b))) for a, b in combinations(expected[name], 2))
        if nearest < 1:
            raise ValueError(f"two versions of {name} differ by {nearest} only")
    document = {
        "made_by": "scripts/reference/soak_models.py",
        "libraries": libraries,
        "rows": rows.tolist(),
        "expected": expected,
    }
    (folder / "expected.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
