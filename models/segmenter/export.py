"""Writes the trained network as ONNX: matrices in eight bits by blocks of 32, the pieces' vectors in eight bits by rows.

`python3 models/segmenter/export.py WORK` reads WORK/trained.npz and writes WORK/model.onnx. Activations are quantised by the
runtime a row and block at a time, so that the texts of a batch do not change each other's answers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from base import LAYERS
from network import HEADS, NORM, OUTPUTS

BLOCK = 32


class Graph:
    """Nodes and constants as they are written."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], out: str, domain: str = "", **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [out], out, domain=domain, **attributes))
        return out

    def linear(self, x: str, weight: np.ndarray, bias: np.ndarray, out: str) -> str:
        """x · weight + bias, with the weights in eight bits."""
        into, width = weight.shape
        blocks = weight.T.reshape(width, into // BLOCK, BLOCK)
        scale = np.maximum(np.abs(blocks).max(-1, keepdims=True) / 127, 1e-12).astype(np.float32)
        codes = (np.clip(np.rint(blocks / scale), -128, 127) + 128).astype(np.uint8)
        names = [self.constant(f"{out}.codes", codes), self.constant(f"{out}.scale", scale.reshape(-1))]
        product = self.node(
            "MatMulNBits",
            [x, *names],
            f"{out}.product",
            "com.microsoft",
            K=into,
            N=width,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,
        )
        return self.node("Add", [product, self.constant(f"{out}.bias", bias)], out)

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


def graph(w: dict[str, np.ndarray]) -> onnx.ModelProto:
    g = Graph()
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
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9, producer_name="altlas")


def main() -> None:
    work = Path(sys.argv[1])
    weights = {name: w.astype(np.float32) for name, w in np.load(work / "trained.npz").items()}
    data = graph(weights).SerializeToString(deterministic=True)
    (work / "model.onnx").write_bytes(data)
    print(f"{len(data) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
