#!/usr/bin/env python3
"""Clusters of points by Ward's criterion, from scikit-learn, for crates/altlas-learn.

    python3 scripts/reference/ward.py        # writes crates/altlas-learn/tests/data/ward.json

Needs numpy and scikit-learn. Last made with numpy 2.4, scikit-learn 1.9.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.cluster import AgglomerativeClustering

TARGET = Path(__file__).resolve().parents[2] / "crates/altlas-learn/tests/data/ward.json"


def main():
    rng = np.random.default_rng(11)
    cases = []
    for rows, width, centres in [(40, 2, 3), (90, 3, 4), (120, 4, 1)]:
        points = rng.normal(0, 1, (rows, width)) + 3 * rng.normal(0, 1, (centres, width))[rng.integers(0, centres, rows)]
        points = np.round(points, 4).astype(np.float32)
        members = {k: AgglomerativeClustering(k, linkage="ward").fit_predict(points.astype(np.float64)).tolist() for k in (2, 3, 5, 12)}
        cases.append({"width": width, "z": np.round(points.astype(np.float64), 4).tolist(), "members": members})
    TARGET.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
