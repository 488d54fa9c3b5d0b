#!/usr/bin/env python3
"""Reference numbers for crates/altlas-history, by statsmodels, scipy and networkx.

    python3 scripts/reference/history.py        # writes crates/altlas-history/tests/data/reference.json

Needs numpy, scipy, statsmodels and networkx. Last made with numpy 2.4, scipy 1.17, statsmodels 0.15, networkx 3.6.
"""

import json
from pathlib import Path

import networkx as nx
import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

TARGET = Path(__file__).resolve().parents[2] / "crates/altlas-history/tests/data/reference.json"


def main():
    rng = np.random.default_rng(5)
    wilson, differences = [], []
    for hits, of in [(0, 7), (3, 7), (7, 7), (40, 1000), (1, 20), (512, 513)]:
        for confidence in (0.8, 0.95, 0.99):
            low, high = proportion_confint(hits, of, 1 - confidence, "wilson")
            wilson.append([hits, of, confidence, low, high])
    for a, n, b, m in [(8, 20, 30, 200), (56, 70, 48, 80), (9, 30, 1, 30), (10, 40, 10, 40)]:
        low, high = confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff", alpha=0.05)
        differences.append([a, n, b, m, low, high, proportions_ztest([a, b], [n, m])[1]])
    p_values = np.round(rng.uniform(0, 1, 12) ** 3, 6)
    first, second = rng.normal(1, 0.7, 60), rng.normal(0.6, 1.1, 90)
    error = np.sqrt(first.var(ddof=1) / 60 + second.var(ddof=1) / 90)
    gap = first.mean() - second.mean()
    z = stats.norm.ppf(0.95)
    graphs = []
    for tasks, chance in [(12, 0.2), (30, 0.08), (40, 0.2)]:
        length = np.round(rng.exponential(10, tasks), 3)
        pairs = [(int(i), int(j)) for i in range(tasks) for j in range(i) if rng.uniform() < chance]
        graph = nx.DiGraph()
        graph.add_nodes_from(range(tasks))
        graph.add_edges_from((on, task) for task, on in pairs)
        # networkx weighs edges: that of an edge is the length of where it begins, and a last node follows all.
        heavy = nx.DiGraph()
        heavy.add_edges_from((a, b, {"weight": length[a]}) for a, b in graph.edges)
        heavy.add_edges_from((n, "end", {"weight": length[n]}) for n in graph.nodes)
        path = nx.dag_longest_path(heavy, weight="weight")[:-1]
        parts = [c for c in nx.weakly_connected_components(graph) if len(c) > 1]
        graphs.append({"tasks": tasks, "pairs": pairs, "length": length.tolist(), "path": [int(n) for n in path], "parts": len(parts)})
    reference = {
        "wilson": wilson,
        "differences": differences,
        "p_values": p_values.tolist(),
        "adjusted": multipletests(p_values, method="fdr_bh")[1].tolist(),
        "first": first.tolist(),
        "second": second.tolist(),
        "ratio": [float(np.exp(v)) for v in (gap, gap - z * error, gap + z * error)],
        "ratio_p": float(2 * stats.norm.sf(abs(gap / error))),
        "quantiles": [[q, float(np.quantile(first, q))] for q in (0, 0.05, 0.5, 0.95, 1)],
        "graphs": graphs,
    }
    TARGET.write_text(json.dumps(reference, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
