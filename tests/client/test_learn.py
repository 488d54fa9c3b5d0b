"""Every algorithm of `train` through SQL: what the session says, the engine says too; searches end when they shall."""

import time

import psycopg
import pytest
from support import Call, failure, job, make_noise, no_job

ROWS = """CREATE TABLE runs AS SELECT i, 'kind' || i % 7 AS kind, CASE WHEN i % 11 > 0 THEN i % 24 END AS hour, i % 5 = 1 AS urgent,
    i % 7 * 2 + i % 24 * 0.5 + (i * 7919 % 101) / 50.0 AS minutes, 'c' || (i % 7 / 2) AS class FROM generate_series(1, 400) i"""
BOTH = ["lightgbm", "decision_tree", "random_forest", "extra_trees", "knn", "svm_linear", "svm_rbf", "mlp"]
REGRESSIONS = [*BOTH, "linear", "ridge", "lasso", "elasticnet"]
CLASSIFICATIONS = [*BOTH, "logistic", "naive_bayes"]


def test_session_and_engine_agree_on_every_algorithm(cluster, database, conn):
    conn.execute(ROWS)
    for task, target, algorithms in (
        ("regression", "minutes", REGRESSIONS),
        ("classification", "class", CLASSIFICATIONS),
    ):
        answer = "predict" if task == "regression" else "predict_proba"
        for algorithm in algorithms:
            model, source = f"{target}_{algorithm}", f"SELECT kind, hour, urgent, {target} FROM runs"
            metric, score, baseline = conn.execute(
                "SELECT metric, score, baseline FROM altlas.train(%s, %s, %s, %s, %s)",
                (model, task, source, target, algorithm),
            ).fetchone()
            assert (score < baseline) if metric in ("rmse", "mae") else (score > baseline), (model, score, baseline)
            ask = f"SELECT altlas.{answer}(%s, r) FROM (SELECT kind, hour, urgent FROM runs WHERE i <= 60) r"
            conn.execute("SET altlas.compile_models = on")
            own = conn.execute(ask, (model,)).fetchall()
            with cluster.conn(database) as other:
                other.execute("SET altlas.compile_models = off")
                theirs = other.execute(ask, (model,)).fetchall()
            flat = [v for (x,) in own for v in (x if isinstance(x, list) else [x])]
            assert flat == pytest.approx([v for (x,) in theirs for v in (x if isinstance(x, list) else [x])], rel=1e-4, abs=1e-5), model
            if task == "classification":
                assert all(sum(x) == pytest.approx(1, abs=1e-5) for (x,) in own), model


UNTARGETED = [("clustering", "kmeans", "predict"), ("clustering", "gmm", "predict"), ("clustering", "hierarchical", "predict"),
              ("clustering", "dbscan", "predict"), ("decomposition", "pca", "predict_vector"), ("anomaly", "isolation_forest", "predict")]


def test_session_and_engine_agree_on_rows_without_a_target(cluster, database, conn):
    conn.execute(ROWS)
    asked = [(algorithm, answer, "kind, hour, urgent, minutes") for _, algorithm, answer in UNTARGETED] + [("ranking", "predict", "kind, hour")]
    for task, algorithm, _ in UNTARGETED:
        conn.execute("SELECT altlas.train(%s, %s, 'SELECT kind, hour, urgent, minutes FROM runs', NULL, %s)", (algorithm, task, algorithm))
    conn.execute(
        "SELECT altlas.train('ranking', 'ranking', 'SELECT i % 40 AS day, kind, hour, i % 7 / 2 AS worth FROM runs', 'worth',"
        " options => '{\"validation\": {\"group\": \"day\"}}')"
    )
    for model, answer, columns in asked:
        ask = f"SELECT altlas.{answer}(%s, r) FROM (SELECT {columns} FROM runs WHERE i <= 60) r"
        own = conn.execute(ask, (model,)).fetchall()
        with cluster.conn(database) as other:
            other.execute("SET altlas.compile_models = off")
            theirs = other.execute(ask, (model,)).fetchall()
        flat = lambda rows: [v for (x,) in rows for v in (x if isinstance(x, list) else [x])]  # noqa: E731
        assert len(set(map(str, own))) > 1 and flat(own) == pytest.approx(flat(theirs), rel=1e-4, abs=1e-5), model


def ends_when_cancelled(cluster, database, statement):
    with Call(cluster, database, statement) as call:
        job(cluster)
        time.sleep(0.5)
        cancelled = time.monotonic()
        call.conn.cancel_safe(timeout=5)
        assert isinstance(call.error(10), psycopg.errors.QueryCanceled)
        assert time.monotonic() - cancelled < 5
    no_job(cluster)


def test_dense_clusters_can_be_cancelled(cluster, database, conn):
    make_noise(conn)
    dense = """SELECT * FROM altlas.train('long', 'clustering', 'noise', algorithm => 'dbscan', options => '{"hyperparams": {"max_rows": 20000}}')"""
    ends_when_cancelled(cluster, database, dense)


def test_a_search_can_be_cancelled_and_watched(cluster, database, conn):
    make_noise(conn)
    search = """SELECT * FROM altlas.train('long', 'regression', 'noise', 'y', 'random_forest',
        '{"search": {"trials": 1000}, "hyperparams": {"num_trees": 500}, "validation": {"kind": "kfold", "folds": 10}}')"""
    ends_when_cancelled(cluster, database, search)
    assert conn.execute("SELECT count(*) FROM altlas.leaderboard('long')").fetchone() == (0,)


def test_a_forest_that_would_not_fit_is_refused(conn):
    make_noise(conn)
    conn.execute("SET altlas.job_memory = '1GB'")
    error = failure(
        conn,
        """SELECT * FROM altlas.train('big', 'regression', 'noise', 'y', 'random_forest',
            '{"hyperparams": {"num_trees": 2000, "min_samples_leaf": 1}}')""",
    )
    assert error.sqlstate == "53000", error
