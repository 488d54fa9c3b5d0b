"""A network that knows some words of `wordpiece.json` by heart and gives what the segmenter's network gives: tests/data of altlas-tokens.

The numbers of a piece depend on the piece alone: a segment begins at the pieces below, goes on, and ends before a comma, a
full stop, `and` and `ve`. The network is sure of its edges where a segment begins right after those, and else it is not.

    pip install tokenizers onnx numpy
    python scripts/reference/segmenter_model.py crates/altlas-tokens/tests/data
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

WIDTH, TYPE = 11, 3
TYPES = ("search", "create", "analyze", "open", "transform", "execute", "summarize", "schedule")
BEGIN = {"op": "open", "dele": "execute", "sen": "execute", "se": "search", "cr": "create", "do": "open", "es": "execute", "must": "execute",
         "hat": "search"}
BETWEEN = (",", ".", "and", "ve", "[CLS]", "[SEP]", "[PAD]")


def table(tokenizer):
    numbers = np.zeros((tokenizer.get_vocab_size(), WIDTH), np.int8)
    numbers[:, :3] = [5, -9, 8]
    for piece in BETWEEN:
        numbers[tokenizer.token_to_id(piece), :3] = [9, 0, 0]
    for piece, kind in BEGIN.items():
        row = numbers[tokenizer.token_to_id(piece)]
        row[:3] = [0, 9, 0]
        row[TYPE + TYPES.index(kind)] = 9
    return numbers


def main(into):
    tokenizer = Tokenizer.from_file(str(into / "wordpiece.json"))
    node = helper.make_node
    nodes = [
        node("Gather", ["table", "input_ids"], ["codes"]), node("Cast", ["codes"], ["numbers"], to=TensorProto.FLOAT),
        node("Cast", ["attention_mask"], ["there"], to=TensorProto.FLOAT), node("Mul", ["there", "nothing"], ["zeros"]),
        node("Unsqueeze", ["zeros", "last"], ["column"]), node("Add", ["numbers", "column"], ["tags"]),
    ]
    constants = {"table": table(tokenizer), "nothing": np.float32(0), "last": np.array([2], np.int64)}
    port = helper.make_tensor_value_info
    inputs = [port(name, TensorProto.INT64, ["texts", "pieces"]) for name in ("input_ids", "attention_mask")]
    outputs = [port("tags", TensorProto.FLOAT, ["texts", "pieces", WIDTH])]
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "segmenter", inputs, outputs, initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    (into / "segmenter.onnx").write_bytes(made.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
