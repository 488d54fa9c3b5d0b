#!/usr/bin/env python3
"""Clusters by density, principal components and isolation forests, from scikit-learn, for crates/altlas-learn.

    python3 scripts/reference/density.py        # writes crates/altlas-learn/tests/data/density.json

Needs numpy and scikit-learn. Last made with numpy 2.4, scikit-learn 1.9.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.cluster import DBSCAN
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._iforest import _average_path_length
from sklearn.preprocessing import StandardScaler

TARGET = Path(__file__).resolve().parents[2] / "crates/altlas-learn/tests/data/density.json"


def clouds(rng, rows, width, centres, spread):
    """Clouds around centres, and a tenth of the rows anywhere, as float32 numbers of few digits."""
    middles = rng.normal(0, 3, (centres, width))
    points = middles[rng.integers(0, centres, rows)] + rng.normal(0, spread, (rows, width))
    away = rng.random(rows) < 0.1
    points[away] = rng.uniform(-8, 8, (away.sum(), width))
    return np.round(points, 4).astype(np.float32).astype(float)


def density(points, eps, min_samples):
    """The clusters that each row can be of: its own, or, of a row that is no core, all that have a core within reach."""
    model = DBSCAN(eps=eps, min_samples=min_samples).fit(points)
    cores = model.core_sample_indices_
    members = []
    for row, label in enumerate(model.labels_):
        reach = np.linalg.norm(points[cores] - points[row], axis=1) <= eps
        near = sorted(set(model.labels_[cores][reach].tolist()))
        members.append([int(label)] if row in cores or not near else near)
    return {"width": points.shape[1], "z": np.round(points, 6).tolist(), "eps": eps, "min_samples": min_samples, "cores": len(cores),
            "clusters": len(set(model.labels_) - {-1}), "members": members}


def components(rng, rows, width, kept, scale):
    x = rng.normal(size=(rows, 3)) @ rng.normal(size=(3, width)) + 0.3 * rng.normal(size=(rows, width))
    x = np.round(x * 10.0 ** rng.integers(-1, 2, width) + rng.normal(size=width) * 10, 4).astype(np.float32).astype(float)
    z = StandardScaler(with_std=scale).fit_transform(x)
    model = PCA(kept).fit(z)
    return {"width": width, "x": np.round(x, 6).tolist(), "n_components": kept, "scale": scale, "kept": int(model.n_components_),
            "ratios": model.explained_variance_ratio_.tolist(), "variances": model.explained_variance_.tolist(),
            "components": model.components_.tolist(), "scores": model.transform(z[:20]).tolist()}


def isolation(rng, rows, width, samples):
    x = clouds(rng, rows, width, 3, 0.7)
    model = IsolationForest(n_estimators=4000, max_samples=samples, random_state=1).fit(x)
    return {"width": width, "x": np.round(x, 6).tolist(), "max_samples": samples, "scores": np.round(-model.score_samples(x), 6).tolist(),
            "path": float(_average_path_length([samples])[0])}


def main():
    rng = np.random.default_rng(17)
    cases = {
        "dbscan": [density(clouds(rng, rows, width, centres, spread), eps, least) for rows, width, centres, spread, eps, least in
                   [(150, 2, 3, 0.4, 0.5, 5), (200, 3, 4, 0.5, 0.9, 4), (120, 2, 1, 1.0, 0.4, 6), (60, 1, 2, 0.3, 0.1, 1)]],
        "pca": [components(rng, *case) for case in [(80, 5, 3, True), (60, 4, 2, False), (100, 6, 0.9, True), (5, 7, 4, True)]],
        "isolation": [isolation(rng, *case) for case in [(300, 3, 128), (150, 2, 64)]],
    }
    TARGET.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
