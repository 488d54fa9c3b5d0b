"""Training in the database beside a client that fetches the rows and trains with the same library, or scikit-learn."""

from __future__ import annotations

import json
import threading
import time

import data
import lightgbm
import numpy as np
import psycopg
import sql
import wire
from bench import Bench, cores
from connections import MIB, private, pss
from report import Sample, in_turns
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROWS, WATCHED_ROWS = 300_000, 1_000_000
ROUNDS, LEAVES = 100, 31
TREES, CLUSTERS, RUNS = 50, 8, 1
# The share that altlas keeps from training, to calibrate and to test.
KEPT = 0.3
SECOND = 0.05


def training(bench: Bench) -> None:
    """Seconds from the call to a model: altlas' also splits, judges, converts, checks and registers; the client's only fetches and fits
    the rows that altlas fits."""
    bench.load_rows()
    with bench.connect() as conn:
        prepare(conn)
        conn.execute("SELECT set_config('altlas.job_threads', %s, false)", (str(cores()),))
        rows = min(ROWS, bench.rows)
        for work, task, target, algorithm, options, fit in CONTESTS:
            ours = lambda: train(conn, rows, task, target, algorithm, options)  # noqa: E731
            got = in_turns(bench.repeats, {"ours": ours, "peer": lambda: fetch_and_fit(bench, rows, target, fit)})
            bench.report.compare(f"{work}, {rows:,} rows × {wire.FEATURES}", "s", got["ours"], fit.__doc__, got["peer"])
    memory(bench)


def prepare(conn: psycopg.Connection) -> None:
    """The rows with a number and a class to learn."""
    if conn.execute("SELECT to_regclass('learned')").fetchone()[0]:
        return
    worth = "sin(2 * c1) + c2 * c3 + abs(c4) - 0.5 * (c5 > 0.3)::int + 0.2 * c6 + 0.1 * c7"
    columns = ", ".join(wire.COLUMNS)
    conn.execute(f"CREATE TABLE learned AS SELECT id, {columns}, {worth} AS y, ({worth} > 0.8) AS late FROM rows ORDER BY id")
    conn.execute("VACUUM (FREEZE, ANALYZE) learned")


def source(rows: int, target: str | None) -> str:
    return f"SELECT {', '.join([*wire.COLUMNS, *([target] if target else [])])} FROM learned WHERE id <= {rows}"


def train(conn, rows, task, target, algorithm, options) -> float:
    begun = time.perf_counter()
    conn.execute(
        "SELECT version FROM altlas.train('bench_' || %s, %s, %s, %s, %s, %s)",
        (algorithm, task, source(rows, target), target, algorithm, json.dumps(options)),
    ).fetchone()
    return time.perf_counter() - begun


def fetch_and_fit(bench: Bench, rows: int, target: str | None, fit) -> float:
    """Rows by binary COPY into numpy, and the fit."""
    begun = time.perf_counter()
    with bench.connect() as conn:
        pieces = []
        numbers = source(rows, target).replace("late FROM", "late::int::float8 FROM")
        with conn.cursor().copy(f"COPY ({numbers}) TO STDOUT (FORMAT binary)") as copy:
            pieces.extend(copy)
    width = len(wire.COLUMNS) + bool(target)
    row = np.dtype([("fields", ">i2"), *((f"{n}_{part}", kind) for n in range(width) for part, kind in (("l", ">i4"), ("v", ">f8")))])
    table = np.frombuffer(b"".join(pieces)[len(wire.SIGNATURE) : -len(wire.TRAILER)], row)
    x = np.column_stack([table[f"{n}_v"] for n in range(len(wire.COLUMNS))]).astype(np.float32)
    y = table[f"{width - 1}_v"].astype(float) if target else None
    fit(x, y)
    return time.perf_counter() - begun


def learned(x, y):
    """The share of the rows that altlas learns from."""
    order = np.random.default_rng(data.SEED).permutation(len(x))[: int(len(x) * (1 - KEPT))]
    return x[order], y[order]


def fit_boosting(x, y) -> None:
    """fetch and LightGBM"""
    parameters = {"objective": "regression", "num_leaves": LEAVES, "learning_rate": 0.1, "num_threads": cores(), "verbosity": -1}
    lightgbm.train(parameters, lightgbm.Dataset(*learned(x, y)), ROUNDS)


def fit_forest(x, y) -> None:
    """fetch and scikit-learn"""
    model = RandomForestRegressor(TREES, min_samples_leaf=21, max_features=1 / 3, n_jobs=cores(), random_state=0)
    model.fit(*learned(x, y))


def fit_logistic(x, y) -> None:
    """fetch and scikit-learn"""
    make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=500)).fit(*learned(x, y))


def fit_kmeans(x, _) -> None:
    """fetch and scikit-learn"""
    KMeans(CLUSTERS, n_init=RUNS, random_state=0).fit(StandardScaler().fit_transform(x))


BOOSTING = {"num_trees": ROUNDS, "num_leaves": LEAVES, "learning_rate": 0.1, "early_stopping_rounds": 0}
CONTESTS = [
    ("boosting, 100 rounds", "regression", "y", "lightgbm", {"hyperparams": BOOSTING}, fit_boosting),
    ("random forest, 50 trees", "regression", "y", "random_forest", {"hyperparams": {"num_trees": TREES, "min_samples_leaf": 21}}, fit_forest),
    ("logistic regression", "classification", "late", "logistic", {}, fit_logistic),
    ("k-means, 8 clusters", "clustering", None, "kmeans", {"hyperparams": {"k": CLUSTERS, "n_init": RUNS}}, fit_kmeans),
]


def memory(bench: Bench) -> None:
    """What a session holds while it trains: measured every 50 ms, for two numbers of rows."""
    for rows in sorted({min(n, bench.rows) for n in (WATCHED_ROWS // 10, WATCHED_ROWS)}):
        with bench.connect() as conn:
            conn.execute("SELECT sum(c1) FROM learned WHERE id <= 1000").fetchall()
            pid, before, seen, done = conn.info.backend_pid, private(conn.info.backend_pid), [], threading.Event()

            def watch(pid=pid, seen=seen, done=done):
                while not done.wait(SECOND):
                    seen.append((private(pid), pss(pid)))

            watcher = threading.Thread(target=watch)
            watcher.start()
            train(conn, rows, "regression", "y", "lightgbm", {"hyperparams": BOOSTING})
            done.set()
            watcher.join()
        most = max(p for p, _ in seen) - before
        bench.report.value(f"session while it trains on {rows:,} rows: private memory above an idle one, most", "MiB", Sample([most * MIB]))
        bench.report.note(f"{rows:,} rows: the session's PSS was {min(s for _, s in seen) * MIB:.1f} to {max(s for _, s in seen) * MIB:.1f} MiB")
