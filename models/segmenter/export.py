"""Writes the trained network as ONNX: products of integers, the pieces' vectors in eight bits by rows.

`python3 models/segmenter/export.py WORK` reads WORK/trained.npz and WORK/commands.jsonl and writes WORK/model.onnx. What a matrix is multiplied with is quantised to
eight bits between bounds that some commands gave, so that the texts of a batch do not change each other's answers; weights have seven bits, a scale for
each column, so that no processor's sum of two products leaves sixteen bits, and all of them give the same.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from base import LAYERS
from labels import Encoder
from network import HEADS, NORM, OUTPUTS

CALIBRATED_ON = 600
MOST_WEIGHT = 63
# Least and most of what is multiplied with a matrix, by its name.
Bounds = dict[str, tuple[float, float]]


class Graph:
    """Nodes and constants as they are written; products in 32-bit floats as long as the bounds are not known."""

    def __init__(self, bounds: Bounds | None) -> None:
        self.bounds = bounds
        self.multiplied: dict[str, list[str]] = {}  # what a matrix is multiplied with: its quantised form
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], out: str, domain: str = "", **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [out], out, domain=domain, **attributes))
        return out

    def linear(self, x: str, weight: np.ndarray, bias: np.ndarray, out: str) -> str:
        """x · weight + bias."""
        addend = self.constant(f"{out}.bias", bias)
        if self.bounds is None:
            self.multiplied[x] = []
            return self.node("Add", [self.node("MatMul", [x, self.constant(f"{out}.weight", weight)], f"{out}.product"), addend], out)
        codes, scale, zero = self.multiplied.get(x) or self.quantised(x)
        sizes = np.maximum(np.abs(weight).max(0) / MOST_WEIGHT, 1e-12).astype(np.float32)
        whole = np.rint(weight / sizes).astype(np.int8)
        factors = [self.constant(f"{out}.codes", whole), scale, self.constant(f"{out}.scale", sizes)]
        return self.node("MatMulIntegerToFloat", [codes, *factors, zero, "", addend], out, "com.microsoft")

    def quantised(self, x: str) -> list[str]:
        least, most = self.bounds[x]
        step = (most - least) / 255
        scale = self.constant(f"{x}.step", np.array(step, np.float32))
        zero = self.constant(f"{x}.zero", np.array(round(-least / step), np.uint8))
        self.multiplied[x] = [self.node("QuantizeLinear", [x, scale, zero], f"{x}.codes"), scale, zero]
        return self.multiplied[x]

    def norm(self, x: str, scale: np.ndarray, shift: np.ndarray, out: str) -> str:
        names = [self.constant(f"{out}.scale", scale), self.constant(f"{out}.shift", shift)]
        return self.node("LayerNormalization", [x, *names], out, axis=-1, epsilon=NORM)


def embed(g: Graph, w: dict[str, np.ndarray]) -> str:
    """The pieces' vectors and those of their places."""
    pieces = w["pieces"]
    scale = np.maximum(np.abs(pieces).max(-1, keepdims=True) / 127, 1e-12).astype(np.float32)
    codes = np.clip(np.rint(pieces / scale), -127, 127).astype(np.int8)
    found = g.node("Gather", [g.constant("pieces.codes", codes), "input_ids"], "pieces.found")
    scales = g.node("Gather", [g.constant("pieces.scale", scale), "input_ids"], "pieces.scales")
    vectors = g.node("Mul", [g.node("Cast", [found], "pieces.cast", to=TensorProto.FLOAT), scales], "vectors")
    for name, value in (("zero", 0), ("one", 1), ("two", 2)):
        g.constant(name, np.array([value], np.int64))
    g.node("Slice", [g.node("Shape", ["input_ids"], "shape"), "one", "two"], "length")
    places = g.node("Slice", [g.constant("positions", w["positions"]), "zero", "length", "zero"], "places")
    return g.norm(g.node("Add", [vectors, places], "placed"), w["norm.scale"], w["norm.shift"], "start")


def layer(g: Graph, w: dict[str, np.ndarray], n: int, x: str) -> str:
    def linear(x: str, part: str) -> str:
        return g.linear(x, w[f"{n}.{part}.w"], w[f"{n}.{part}.b"], f"{n}.{part}")

    split = {}
    for part in "qkv":
        shaped = g.node("Reshape", [linear(x, part), "by_head"], f"{n}.{part}.heads")
        turn = [0, 2, 3, 1] if part == "k" else [0, 2, 1, 3]
        split[part] = g.node("Transpose", [shaped], f"{n}.{part}.turned", perm=turn)
    scores = g.node("Mul", [g.node("MatMul", [split["q"], split["k"]], f"{n}.dot"), "shrink"], f"{n}.scores")
    share = g.node("Softmax", [g.node("Add", [scores, "hidden"], f"{n}.masked")], f"{n}.share", axis=-1)
    mixed = g.node("Transpose", [g.node("MatMul", [share, split["v"]], f"{n}.mix")], f"{n}.back", perm=[0, 2, 1, 3])
    mixed = g.node("Reshape", [mixed, "joined"], f"{n}.joined")
    x = g.node("Add", [x, linear(mixed, "ao")], f"{n}.attended")
    x = g.norm(x, w[f"{n}.aln.scale"], w[f"{n}.aln.shift"], f"{n}.aln")
    inner = g.node("Gelu", [linear(x, "fi")], f"{n}.inner")
    x = g.node("Add", [x, linear(inner, "fo")], f"{n}.fed")
    return g.norm(x, w[f"{n}.oln.scale"], w[f"{n}.oln.shift"], f"{n}.oln")


def graph(w: dict[str, np.ndarray], bounds: Bounds | None) -> onnx.ModelProto:
    g = Graph(bounds)
    hidden = w["pieces"].shape[1]
    x = embed(g, w)
    g.constant("by_head", np.array([0, 0, HEADS, hidden // HEADS], np.int64))
    g.constant("joined", np.array([0, 0, hidden], np.int64))
    g.constant("shrink", np.array((hidden // HEADS) ** -0.5, np.float32))
    present = g.node("Cast", ["attention_mask"], "present", to=TensorProto.FLOAT)
    absent = g.node("Sub", [g.constant("unit", np.array(1, np.float32)), present], "absent")
    weighed = g.node("Mul", [absent, g.constant("far", np.array(-1e9, np.float32))], "weighed")
    g.node("Unsqueeze", [weighed, g.constant("middle", np.array([1, 2], np.int64))], "hidden")
    for n in range(LAYERS):
        x = layer(g, w, n, x)
    weight = np.concatenate([w[f"{name}.w"] for name in OUTPUTS], 1)
    bias = np.concatenate([w[f"{name}.b"] for name in OUTPUTS])
    g.linear(x, weight, bias, "tags")

    def port(name: str, kind: int, shape: list) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    made = helper.make_graph(
        g.nodes,
        "segmenter",
        [port(name, TensorProto.INT64, ["texts", "pieces"]) for name in ("input_ids", "attention_mask")],
        [port("tags", TensorProto.FLOAT, ["texts", "pieces", len(bias)])],
        g.constants,
    )
    if bounds is None:
        made.output.extend(port(name, TensorProto.FLOAT, None) for name in g.multiplied)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9, producer_name="altlas")


def calibrated(weights: dict[str, np.ndarray], work: Path) -> Bounds:
    """The bounds that some of the training commands give, zero among them."""
    session = onnxruntime.InferenceSession(graph(weights, None).SerializeToString(), providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_outputs()][1:]
    bounds = dict.fromkeys(names, (0.0, 0.0))
    with (work / "commands.jsonl").open() as lines:
        texts = [json.loads(line)["text"] for line in itertools.islice(lines, CALIBRATED_ON)]
    for ids, _ in Encoder(work / "tokenizer.json").pieces(texts):
        feeds = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), np.int64)}
        for name, values in zip(names, session.run(names, feeds)):
            bounds[name] = min(bounds[name][0], float(values.min())), max(bounds[name][1], float(values.max()))
    return bounds


def main() -> None:
    work = Path(sys.argv[1])
    weights = {name: w.astype(np.float32) for name, w in np.load(work / "trained.npz").items()}
    data = graph(weights, calibrated(weights, work)).SerializeToString(deterministic=True)
    (work / "model.onnx").write_bytes(data)
    print(f"{len(data) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
