"""Accuracy of model.onnx on the segments of a gold file (content → type), by language, with the confusion matrix.

The file is segmentation/commands/dev.jsonl in the folder that ALTLAS_DATA names (default: ../shared/data beside the
workspace); where it is absent, nothing is evaluated. It is never trained on.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import fit  # noqa: E402
import prep_reader  # noqa: E402


def gold_file():
    root = Path(os.environ.get("ALTLAS_DATA") or HERE.parents[1].parent / "shared" / "data")
    return root / "segmentation" / "commands" / "dev.jsonl"


def probabilities(texts):
    """What onnxruntime makes of the features of prep_reader."""
    document = json.loads((HERE / "preprocess.json").read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(str(HERE / "model.onnx"), providers=["CPUExecutionProvider"])
    tensors = prep_reader.apply(document, texts)
    return session.run(["probabilities"], {"term": np.array(tensors["term"], dtype=np.int64),
                                           "weight": np.array(tensors["weight"], dtype=np.float32)})[0]


def main():
    path = gold_file()
    if not path.exists():
        print(f"skipped: no {path.name} (set ALTLAS_DATA)")
        return 0
    labels = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))["labels"]
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        command = json.loads(line)
        rows += [(s["content"], s["type"], command["language"]) for s in command["segments"]]
    p = probabilities([r[0] for r in rows]).astype(np.float64)
    y = np.array([labels.index(r[1]) for r in rows])
    print("all", fit.measures(p, y))
    for code in sorted({r[2] for r in rows}):
        mask = np.array([r[2] == code for r in rows])
        print(code, fit.measures(p[mask], y[mask]))
    print("\nrows: gold, columns: predicted\n" + " " * 10 + "".join(f"{name[:8]:>9}" for name in labels) + "   recall")
    guess = p.argmax(axis=1)
    for i, name in enumerate(labels):
        counts = [int(((y == i) & (guess == j)).sum()) for j in range(len(labels))]
        print(f"{name:10}" + "".join(f"{c:9}" for c in counts) + f"   {counts[i] / max(1, sum(counts)):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
