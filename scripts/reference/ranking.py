#!/usr/bin/env python3
"""NDCG of orders by scikit-learn, and what LightGBM's lambdarank reaches on made-up groups, for crates/altlas-learn.

    python3 scripts/reference/ranking.py        # writes crates/altlas-learn/tests/data/ranking.json

Needs numpy, scikit-learn and lightgbm. Last made with numpy 2.4, scikit-learn 1.9, lightgbm 4.7.
"""

import json
from pathlib import Path

import lightgbm
import numpy as np
from sklearn.metrics import ndcg_score

TARGET = Path(__file__).resolve().parents[2] / "crates/altlas-learn/tests/data/ranking.json"


def order(rng, rows, grades, k, ties):
    relevance = rng.integers(0, grades, rows).astype(float)
    relevance[0] = grades - 1
    scores = np.round(rng.normal(size=rows), 0 if ties else 3)
    return {"relevance": relevance.tolist(), "scores": scores.tolist(), "k": k,
            "ndcg": float(ndcg_score(relevance[None], scores[None], k=k))}


def groups(rng, count, size):
    """Rows of groups whose relevance is a noisy function of three of five features."""
    x = np.round(rng.normal(size=(count * size, 5)), 3).astype(np.float32).astype(float)
    worth = 1.5 * x[:, 0] - x[:, 1] ** 2 + x[:, 0] * x[:, 2] + 0.5 * rng.normal(size=len(x))
    grades = np.digitize(worth, np.quantile(worth, [0.5, 0.75, 0.9]))
    return x, grades.reshape(count, size)


def boosted(rng):
    size, learned = 20, 60
    x, grades = groups(rng, 90, size)
    rows = learned * size
    params = {"objective": "lambdarank", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20, "verbosity": -1, "deterministic": True,
              "force_row_wise": True, "num_threads": 1, "seed": 1}
    data = lightgbm.Dataset(x[:rows], grades[:learned].ravel(), group=[size] * learned)
    scores = lightgbm.train(params, data, 30).predict(x[rows:]).reshape(-1, size)
    gains = [ndcg_score(g[None], s[None], k=10) for g, s in zip(grades[learned:], scores) if g.any()]
    return {"width": 5, "size": size, "learned": learned, "x": x.tolist(), "grades": grades.ravel().tolist(), "rounds": 30, "num_leaves": 15,
            "learning_rate": 0.1, "scores": np.round(scores.ravel(), 6).tolist(), "ndcg": float(np.mean(gains))}


def main():
    rng = np.random.default_rng(23)
    cases = {"ndcg": [order(rng, *case) for case in [(10, 4, 5, False), (12, 3, 10, True), (6, 2, 1, True), (30, 5, 10, True), (3, 2, 10, False)]],
             "boosted": boosted(rng)}
    TARGET.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
