"""Runs a trained model's test vectors the independent way: models/prep_reader.py makes the features, ONNX Runtime the
outputs. Usage: python scripts/reference/check_trained.py DIR, where DIR is written by
`cargo run -p altlas-learn --example eval -- SPEC DIR`. Needs numpy and onnxruntime."""

import datetime
import json
import math
import pathlib
import sys

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models"))
import prep_reader  # noqa: E402

directory = pathlib.Path(sys.argv[1])
document, manifest, vectors = (json.loads((directory / f"{n}.json").read_text()) for n in ("document", "manifest", "vectors"))
types = {c["name"]: c["type"] for c in document["columns"]}


def value(name, x):
    if x is not None and types[name] == "timestamp":
        moment = datetime.datetime.fromisoformat(x.replace("Z", "+00:00"))
        return (moment - prep_reader.EPOCH) // datetime.timedelta(microseconds=1)
    if types[name] in ("number", "interval") and isinstance(x, str):
        return {"Infinity": math.inf, "-Infinity": -math.inf}[x]
    return x


rows = [{k: value(k, x) for k, x in v["input"].items()} for v in vectors]
features = np.array(prep_reader.apply(document, rows), dtype=np.float32)
session = onnxruntime.InferenceSession(str(directory / "model.onnx"))
name = manifest["output"]["value"] or manifest["output"]["proba"]
found = session.run([name], {document["output"]: features})[0]
expected = np.array([v["output"] for v in vectors])
error = np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected)))
print(f"{len(rows)} vectors, {features.shape[1]} features, largest error {error:.2e}")
if manifest["output"]["label"]:
    labels = session.run([manifest["output"]["label"]], {document["output"]: features})[0]
    # Where two classes are equally likely, rounding decides.
    top = np.sort(expected, axis=1)
    clear = top[:, -1] - top[:, -2] > 1e-5
    assert (labels == expected.argmax(axis=1))[clear].all(), "labels differ"
assert error <= 1e-5, "beyond 1e-5"
