"""Statistics of scoring: counted exactly, summed up within their error, kept, and never in the way."""

import json
import math
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from conftest import own, wait_until
from prometheus_client.parser import text_string_to_metric_families
from support import Clone, client_program, engine, failure, onnx, predict, register, sample, status

ROW = sample().rows[0]
COLUMNS = {"columns": ["a", "b", "c", "d"]}
# Within 1 % of the value of a rank, and the numbers were rounded to single precision.
WITHIN = 0.01 + 1e-6


@pytest.fixture(scope="module")
def brisk(new_cluster):
    """A cluster that writes statistics every second."""
    cluster = new_cluster({"altlas.stats_interval": 1})
    yield cluster
    cluster.stop("immediate")


@pytest.fixture
def name(brisk):
    """A database with model m, that nobody has asked anything yet."""
    name = brisk.database()
    with brisk.conn(name) as conn:
        register(conn, "m", manifest=COLUMNS)
    yield name
    with brisk.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def rows(conn, sql, parameters=()):
    cursor = conn.execute(sql, parameters)
    return [dict(zip([column.name for column in cursor.description], row)) for row in cursor.fetchall()]


def stats(conn, model="m/1"):
    found = rows(conn, "SELECT * FROM altlas.model_stats WHERE model_version = %s", (model,))
    return found[0] if found else {"calls": 0, "rows": 0, "errors": 0, "error_codes": {}}


def counted(conn, calls, model="m/1"):
    """Statistics once they tell of so many calls; they must not tell of more."""
    wait_until(lambda: stats(conn, model)["calls"] >= calls, 30, f"{calls} calls of {model}")
    now = stats(conn, model)
    assert now["calls"] == calls
    return now


def spool(cluster):
    return cluster.data / "pgsql_tmp_altlas/stats"


def test_calls_rows_and_errors_are_counted_exactly(brisk, name):
    with brisk.conn(name) as scorer:
        for _ in range(40):
            predict(scorer, "m", ROW)
        scorer.execute(
            "SELECT sum(altlas.predict('m', ARRAY[i, 2, 3, 4]::float8[])) FROM generate_series(1, 160) i"
        ).fetchall()
        for wrong in ([1.0], [1.0, 2.0], [1.0] * 5):
            error = failure(scorer, "SELECT altlas.predict('m', %s::float8[])", (wrong,))
            assert error.sqlstate == "2202E"
        assert failure(scorer, "SELECT altlas.predict('m', '{\"a\": 1}'::jsonb)").sqlstate == "42703"
        # What names no model is nobody's error.
        assert failure(scorer, "SELECT altlas.predict('n', '{\"a\": 1}'::jsonb)").sqlstate == "42704"
    with brisk.conn(name) as conn:
        now = counted(conn, 204)
        assert (now["rows"], now["errors"]) == (200, 4)
        assert now["error_codes"] == {"2202E": 3, "42703": 1}
        assert now["error_rate"] == pytest.approx(4 / 204) and now["rows_per_call"] == 1
        assert 0 < now["p50_latency_ms"] <= now["p95_latency_ms"] <= now["p99_latency_ms"] <= now["max_latency_ms"]
        assert 0 < now["mean_latency_ms"] <= now["max_latency_ms"]
        assert conn.execute(
            "SELECT now() - last_called < '1 minute', since = date_trunc('hour', since) FROM altlas.model_stats"
        ).fetchone() == (True, True)
        hours = rows(conn, "SELECT * FROM altlas.model_stats_hourly")
        assert sum(hour["calls"] for hour in hours) == 204 and sum(hour["errors"] for hour in hours) == 4
        # Nothing is counted twice.
        time.sleep(2.5)
        counted(conn, 204)


def test_clients_at_once(brisk, name):
    """Also in parallel workers, read-only and rolled-back transactions, and of two versions."""
    with brisk.conn(name) as conn:
        register(conn, "m", onnx("sklearn_gradient_boosting"))
        parallel = "debug_parallel_query" if brisk.major >= 16 else "force_parallel_mode"

    def score(number):
        with brisk.conn(name) as conn:
            conn.execute(f"SET {parallel} = on; SET default_transaction_read_only = {'on' if number % 2 else 'off'}")
            for _ in range(10):
                conn.execute("SELECT altlas.predict('m/1', ARRAY[1, 2, 3, 4]::float8[])")
                with suppress(ZeroDivisionError), conn.transaction():
                    conn.execute("SELECT altlas.predict('m/2', ARRAY[1, 2, 3, 4]::float8[])")
                    raise ZeroDivisionError
                error = failure(conn, "SELECT altlas.predict('m/2', ARRAY[1]::float8[])")
                assert error.sqlstate == "2202E"

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(score, range(12)))
    with brisk.conn(name) as conn:
        assert counted(conn, 120)["errors"] == 0
        assert counted(conn, 240, "m/2")["errors"] == 120
        assert stats(conn, "m/2")["rows"] == 120


def numbers():
    """250 rows: shifted, skewed, of both signs with zeros, and with missing values."""
    dice = random.Random(11)
    return [
        [
            100 + dice.random(),
            dice.lognormvariate(0, 3),
            dice.choice([0.0, dice.gauss(0, 50)]),
            None if n % 5 == 0 else dice.gauss(-7, 1),
        ]
        for n in range(250)
    ]


def test_distributions_are_those_of_the_numbers(brisk, name):
    given = numbers()
    with brisk.conn(name) as scorer:
        scored = scorer.execute(
            "SELECT altlas.predict('m', ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(r) x))"
            " FROM jsonb_array_elements(%s::jsonb) r",
            (json.dumps(given),),
        ).fetchall()
    with brisk.conn(name) as conn:
        counted(conn, 250)
        found = {(row["kind"], row["feature"]): row for row in rows(conn, "SELECT * FROM altlas.feature_stats")}
    assert set(found) == {("feature", "a"), ("feature", "b"), ("feature", "c"), ("feature", "d"), ("score", "score")}
    columns = {("feature", "abcd"[n]): [row[n] for row in given] for n in range(4)}
    columns["score", "score"] = [value for (value,) in scored]
    for key, values in columns.items():
        got, known = found[key], sorted(value for value in values if value is not None)
        assert (got["count"], got["infinite"]) == (len(known), 0)
        assert got["missing_share"] == pytest.approx(1 - len(known) / 250)
        mean = math.fsum(known) / len(known)
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / len(known))
        assert got["mean"] == pytest.approx(mean, rel=1e-6, abs=1e-6)
        assert got["stddev"] == pytest.approx(deviation, rel=1e-5)
        assert (got["min"], got["max"]) == (pytest.approx(known[0], rel=1e-6), pytest.approx(known[-1], rel=1e-6))
        for column, q in {"p05": 0.05, "p50": 0.5, "p95": 0.95}.items():
            assert got[column] == pytest.approx(known[math.floor(q * (len(known) - 1))], rel=WITHIN), (key, column)


def test_labels_are_counted_by_name(brisk, name):
    with brisk.conn(name) as scorer:
        names = {"task": "classification", "labels": ["low", "mid", "high"]}
        register(scorer, "c", onnx("sklearn_logistic_zipmap"), names)
        scored = scorer.execute(
            "SELECT altlas.predict_label('c', ARRAY[i % 7, i % 5, i % 3, i % 2]::float8[]) FROM generate_series(1, 200) i"
        ).fetchall()
    labels = [label for (label,) in scored]
    with brisk.conn(name) as conn:
        counted(conn, 200, "c/1")
        found = rows(conn, "SELECT label, count, share FROM altlas.label_stats ORDER BY label")
        assert found == [
            {"label": label, "count": labels.count(label), "share": pytest.approx(labels.count(label) / 200)}
            for label in sorted(set(labels))
        ]
        assert len(found) > 1
        proba = rows(conn, "SELECT feature, count, max FROM altlas.feature_stats WHERE kind = 'proba' ORDER BY position")
        assert [(row["feature"], row["count"]) for row in proba] == [("low", 200), ("mid", 200), ("high", 200)]
        assert all(0 < row["max"] <= 1 for row in proba)


def test_texts_have_no_features(brisk, name):
    with brisk.conn(name) as conn:
        conn.execute("SELECT * FROM altlas.classify_task('open the file')").fetchall()
        assert counted(conn, 1, "altlas.task_type")["rows"] == 1
        kinds = conn.execute("SELECT DISTINCT kind FROM altlas.feature_stats").fetchall()
        assert kinds == [("proba",)]
        assert conn.execute("SELECT count FROM altlas.label_stats").fetchall() == [(1,)]


def test_scoring_writes_nothing(brisk, name):
    with brisk.conn(name) as conn:
        conn.execute("SET default_transaction_read_only = on")
        with conn.transaction():
            for _ in range(3):
                predict(conn, "m", ROW)
            assert conn.execute("SELECT pg_current_xact_id_if_assigned()").fetchone() == (None,)
        counted(conn, 3)


def test_off_means_off(brisk, name):
    with brisk.conn(name) as conn:
        conn.execute("SET altlas.stats = off")
        predict(conn, "m", ROW)
        failure(conn, "SELECT altlas.predict('m', ARRAY[1]::float8[])")
        conn.execute("SET altlas.stats = on")
        predict(conn, "m", ROW)
        counted(conn, 1)
        conn.execute("CREATE ROLE hider; SET ROLE hider")
        assert failure(conn, "SET altlas.stats = off").sqlstate == "42501"
        conn.execute("RESET ROLE; DROP ROLE hider")


def test_trials_before_registration_do_not_count(brisk, name):
    with brisk.conn(name) as conn:
        vectors = [{"input": row, "output": [value]} for row, value in zip(sample().rows, sample().expected)]
        register(conn, "m", manifest={"test_vectors": vectors})
        predict(conn, "m/2", ROW)
        counted(conn, 1, "m/2")
        assert [row["model_version"] for row in rows(conn, "SELECT * FROM altlas.model_stats")] == ["m/2"]


def test_a_dropped_version_keeps_its_statistics(brisk, name):
    with brisk.conn(name) as conn:
        predict(conn, "m", ROW)
        conn.execute("SELECT altlas.drop_alias('m', 'production')")
        conn.execute("SELECT altlas.drop_version('m', 1)")
        counted(conn, 1)
        # The number comes again with other bytes: they are told apart.
        register(conn, "m", onnx("sklearn_gradient_boosting"))
        predict(conn, "m/1", ROW)
        wait_until(lambda: len(rows(conn, "SELECT * FROM altlas.model_stats")) == 2, 30, "two graphs")
        hashes = {row["sha256"] for row in rows(conn, "SELECT * FROM altlas.model_stats WHERE calls = 1")}
        assert len(hashes) == 2


def test_old_statistics_go_and_counters_do_not_go_back(brisk, name):
    with brisk.conn(name) as conn:
        for _ in range(5):
            predict(conn, "m", ROW)
        counted(conn, 5)
        for table in ("model_stats_hour", "model_sketch"):
            conn.execute(f"UPDATE altlas.{table} SET hour = hour - interval '91 days'")
        predict(conn, "m", ROW)
        wait_until(lambda: stats(conn)["calls"] == 1, 30, "that old hours go")
        assert conn.execute("SELECT max(count) FROM altlas.feature_stats").fetchone() == (1,)
        assert conn.execute("SELECT count(*) FROM altlas.model_stats_hourly").fetchone() == (1,)
        assert samples(conn)["altlas_model_calls_total", "m", "1"] == 6
        assert samples(conn)["altlas_model_latency_seconds_count", "m", "1"] == 6


def samples(conn):
    """The models' samples in the metrics, without histograms' buckets."""
    found = {}
    for family in text_string_to_metric_families(conn.execute("SELECT altlas.metrics()").fetchone()[0]):
        assert family.documentation and family.type != "unknown", family
        for one in family.samples:
            if not one.name.endswith("_bucket"):
                found[one.name, one.labels.get("model"), one.labels.get("version")] = one.value
    return found


def test_metrics_are_read_by_prometheus(brisk):
    odd = 'q"uo\\te'
    with brisk.conn() as admin:
        admin.execute('CREATE DATABASE "q""uo\\te"')
    try:
        with psycopg.connect(brisk.dsn(), dbname=odd, autocommit=True) as conn:
            conn.execute("CREATE EXTENSION altlas")
            register(conn, "m")
            for _ in range(7):
                predict(conn, "m", ROW)
            for _ in range(2):
                failure(conn, "SELECT altlas.predict('m', ARRAY[1]::float8[])")
            time.sleep(1)
            counted(conn, 9)
            page = conn.execute("SELECT altlas.metrics()").fetchone()[0]
            families = {family.name: family for family in text_string_to_metric_families(page)}
            now = status(conn)
        own = {"database": odd, "model": "m", "version": "1"}
        [calls] = families["altlas_model_calls"].samples
        assert (calls.name, calls.labels, calls.value) == ("altlas_model_calls_total", own, 9)
        [errors] = families["altlas_model_errors"].samples
        assert (errors.labels, errors.value) == (own | {"sqlstate": "2202E"}, 2)
        [last] = families["altlas_model_last_call_timestamp_seconds"].samples
        assert abs(last.value - time.time()) < 60
        buckets = [one for one in families["altlas_model_latency_seconds"].samples if one.name.endswith("_bucket")]
        values = [one.value for one in buckets]
        assert values == sorted(values) and values[-1] == 7 and buckets[-1].labels["le"] == "+Inf"
        bounds = [float(one.labels["le"]) for one in buckets]
        assert bounds == sorted(set(bounds)) and bounds[0] < 1e-6 and bounds[-2] > 30
        assert families["altlas_engine_up"].samples[0].value == 1
        assert families["altlas_engine_memory_budget_bytes"].samples[0].value == now["memory_budget_bytes"]
        assert families["altlas_engine_restarts"].samples[0].value == now["restarts"]
        assert families["altlas_engine_start_time_seconds"].samples[0].value == now["started_at"].timestamp()
        assert families["altlas_engine_models_loaded"].samples[0].value == now["models_loaded"]
    finally:
        with brisk.conn() as admin:
            admin.execute('DROP DATABASE "q""uo\\te" WITH (FORCE)')


def test_metrics_start_nothing(new_cluster):
    cluster = new_cluster()
    name = cluster.database()
    with cluster.conn(name) as conn:
        now = samples(conn)
        assert now["altlas_engine_up", None, None] == 0 and now["altlas_info", None, "0.1.0"] == 1
        assert not [key for key in now if key[0].startswith("altlas_model")]
        assert cluster.engines() == []
    cluster.stop("immediate")


def test_levels(brisk, name):
    with brisk.conn(name) as conn:
        predict(conn, "m", ROW)
        counted(conn, 1)
        conn.execute("CREATE ROLE watcher LOGIN")
        try:
            conn.execute("SELECT altlas.grant_access('watcher', 'read')")
            with brisk.conn(name, user="watcher") as watcher:
                for view in ("model_stats", "model_stats_hourly", "feature_stats"):
                    assert watcher.execute(f"SELECT count(*) > 0 FROM altlas.{view}").fetchone() == (True,)
                assert samples(watcher)["altlas_model_rows_total", "m", "1"] == 1
                assert failure(watcher, "SELECT * FROM altlas.model_sketch").sqlstate == "42501"
                assert failure(watcher, "SELECT * FROM altlas._sketch_summary('x')").sqlstate == "XX001"
        finally:
            conn.execute("SELECT altlas.revoke_access('watcher')")
            conn.execute("DROP OWNED BY watcher; DROP ROLE watcher")


def test_dump_and_restore(brisk, name):
    views = ("model_stats", "model_stats_hourly", "feature_stats", "label_stats")

    def told(conn):
        return {view: sorted(map(str, rows(conn, f"SELECT * FROM altlas.{view}"))) for view in views}

    with brisk.conn(name) as conn:
        register(conn, "c", onnx("sklearn_logistic_zipmap"), {"task": "classification"})
        predict(conn, "m", ROW)
        conn.execute("SELECT altlas.predict_label('c', ARRAY[1, 2, 3, 4]::float8[])")
        counted(conn, 1)
        counted(conn, 1, "c/1")
        before = told(conn)
        assert all(before.values())
    with brisk.conn() as admin:
        admin.execute("CREATE DATABASE restored")
    try:
        dump = client_program("pg_dump", brisk.dsn(name))
        client_program("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", brisk.dsn("restored"), stdin=dump)
        with brisk.conn("restored") as conn:
            assert told(conn) == before
            predict(conn, "m", ROW)
            counted(conn, 2)
    finally:
        with brisk.conn() as admin:
            admin.execute("DROP DATABASE restored WITH (FORCE)")


def test_statistics_outlive_restarts_and_crashes(new_cluster):
    cluster = new_cluster({"altlas.stats_interval": 1})
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "m")
        for _ in range(3):
            predict(conn, "m", ROW)
        counted(conn, 3)
    cluster.restart()
    with cluster.conn(name) as conn:
        assert stats(conn)["calls"] == 3
        predict(conn, "m", ROW)
        counted(conn, 4)
        # The engine goes, and with it at most what it has not handed over.
        engine(cluster).kill()
        predict(conn, "m", ROW)
        counted(conn, 5)
    with cluster.conn(name) as conn:
        for _ in range(2):
            failure(conn, "SELECT altlas.predict('m', ARRAY[1]::float8[])")
    # What backends left in files outlives the server's crash.
    cluster.stop("immediate")
    cluster.start()
    with cluster.conn(name) as conn:
        predict(conn, "m", ROW)
        assert counted(conn, 8)["errors"] == 2
    assert "PANIC" not in cluster.log_text()
    cluster.stop("immediate")


def test_damaged_files_are_passed_over(brisk, name):
    with brisk.conn(name) as conn:
        predict(conn, "m", ROW)
        counted(conn, 1)
        (database,) = conn.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        folder = spool(brisk) / str(database)
        folder.mkdir(exist_ok=True)
        (own(folder) / "1-1-1.delta").write_bytes(b"B\x01nonsense")
        own(folder / "1-1-1.delta")
        predict(conn, "m", ROW)
        counted(conn, 2)
        wait_until(lambda: not folder.exists() or not list(folder.iterdir()), 10, "the file to go")
    assert "holds no statistics" in brisk.log_text()


def test_databases_can_be_dropped_at_any_time(brisk):
    for _ in range(4):
        name = brisk.database()
        with brisk.conn(name) as conn:
            register(conn, "m")
            predict(conn, "m", ROW)
            failure(conn, "SELECT altlas.predict('m', ARRAY[1]::float8[])")
        with brisk.conn() as conn:
            conn.execute("SET statement_timeout = '20s'")
            conn.execute(f"DROP DATABASE {name}")
    # What they left is given up.
    with brisk.conn() as conn:
        known = {str(oid) for (oid,) in conn.execute("SELECT oid FROM pg_database").fetchall()}
        wait_until(lambda: {path.name for path in spool(brisk).iterdir()} <= known, 60, "that their files go")
        workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'altlas maintenance%'"
        wait_until(lambda: conn.execute(workers).fetchone() == (0,), 20, "no maintenance worker")


def test_the_extension_goes_and_comes_again(brisk, name):
    with brisk.conn(name) as conn:
        conn.execute("SET altlas.compile_models = off")
        predict(conn, "m", ROW)
        failure(conn, "SELECT altlas.predict('m', ARRAY[1]::float8[])")
        conn.execute("DROP EXTENSION altlas")
        time.sleep(2.5)
        conn.execute("CREATE EXTENSION altlas")
        register(conn, "n")
        predict(conn, "n", ROW)
        counted(conn, 1, "n/1")
        assert stats(conn)["calls"] == 0


def test_a_replica_shows_and_gathers_nothing(new_cluster):
    cluster = new_cluster({"altlas.stats_interval": 1})
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "m")
        predict(conn, "m", ROW)
        counted(conn, 1)
        clone = Clone(cluster, replica=True)
        try:
            clone.start()
            with clone.conn(name) as replica:
                assert stats(replica)["calls"] == 1
                assert samples(replica)["altlas_model_calls_total", "m", "1"] == 1
                predict(replica, "m", ROW)
                failure(replica, "SELECT altlas.predict('m', ARRAY[1]::float8[])")
                replica.execute("SELECT altlas.predict('m', ARRAY[1, 2, 3, 4]::float8[])")
            assert not spool(clone).exists()
            with clone.conn(name) as promoted:
                promoted.execute("SELECT pg_promote()")
                predict(promoted, "m", ROW)
                counted(promoted, 2)
        finally:
            clone.remove()
    cluster.stop("immediate")


def test_somebody_who_locks_the_tables_delays_but_loses_nothing(brisk, name):
    with brisk.conn(name) as conn, brisk.conn(name) as locker:
        predict(conn, "m", ROW)
        counted(conn, 1)
        with locker.transaction():
            locker.execute("LOCK TABLE altlas.model_stats_hour IN ACCESS EXCLUSIVE MODE")
            predict(conn, "m", ROW)
            # Longer than the worker waits for the lock.
            time.sleep(6)
        counted(conn, 2)
    with pytest.raises(psycopg.Error), brisk.conn(name) as conn:
        conn.execute("SELECT altlas._merge_stats('x', 'y')")
