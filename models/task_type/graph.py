"""The ONNX graph of a linear text model: gather the rows of the terms, weigh, add, softmax."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8


def build(weights, bias):
    """Bytes of the model with `weights` [buckets + 1, classes] (row 0 is the padding) and `bias` [classes]."""
    classes = int(bias.shape[0])
    nodes = [
        helper.make_node("Gather", ["weights", "term"], ["rows"], axis=0),
        helper.make_node("Unsqueeze", ["weight", "last_axis"], ["weight_column"]),
        helper.make_node("Mul", ["rows", "weight_column"], ["weighed"]),
        helper.make_node("ReduceSum", ["weighed", "term_axis"], ["sums"], keepdims=0),
        helper.make_node("Add", ["sums", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=-1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes, "task_type",
        [helper.make_tensor_value_info("term", TensorProto.INT64, ["N", "L"]),
         helper.make_tensor_value_info("weight", TensorProto.FLOAT, ["N", "L"])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes]),
         helper.make_tensor_value_info("label", TensorProto.INT64, ["N"])],
        [numpy_helper.from_array(np.ascontiguousarray(weights, dtype=np.float32), "weights"),
         numpy_helper.from_array(np.ascontiguousarray(bias, dtype=np.float32), "bias"),
         numpy_helper.from_array(np.array([2], dtype=np.int64), "last_axis"),
         numpy_helper.from_array(np.array([1], dtype=np.int64), "term_axis")])
    model = helper.make_model(graph, producer_name="altlas", producer_version="0.1.0", ir_version=IR_VERSION,
                              opset_imports=[helper.make_opsetid("", OPSET)])
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)
