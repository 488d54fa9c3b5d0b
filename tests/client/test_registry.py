"""Models, versions, aliases and their bytes."""

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from conftest import wait_until
from support import (
    Call,
    check_answers,
    expected,
    failure,
    onnx,
    padded,
    predict,
    predictions,
    register,
    renew_engine,
    sample,
)

FIRST, SECOND = "xgboost_regressor", "sklearn_gradient_boosting"
MIB = 1 << 20
PIECE = 4 * MIB


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def counts(conn):
    """Rows of every table of altlas but those of statistics, which change by themselves."""
    tables = conn.execute(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relnamespace = 'altlas'::regnamespace AND relkind = 'r'"
        " AND relname NOT IN ('model_stats_hour', 'model_sketch')"
    ).fetchall()
    return {table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for (table,) in tables}


def upload(conn, data, piece=PIECE):
    """In pieces, each in its own transaction when the connection is in autocommit mode."""
    assert conn.execute("SELECT altlas.begin_artefact(%s, %s)", (sha256(data), len(data))).fetchone() == (True,)
    for at in range(0, len(data), piece):
        there = conn.execute("SELECT altlas.append_artefact(%s, %s)", (sha256(data), data[at : at + piece])).fetchone()
        assert there == (min(at + piece, len(data)),)
    assert conn.execute("SELECT altlas.finish_artefact(%s)", (sha256(data),)).fetchone() == (sha256(data),)


def forget(cluster):
    """The engine loses what it has of every model, in memory and on disk."""
    renew_engine(cluster, lambda: [file.unlink() for file in cached(cluster)])


def cached(cluster):
    return list((cluster.data / "pgsql_tmp_altlas/cache").iterdir())


# --- uploads --------------------------------------------------------------------------------------


def test_a_large_model_in_pieces(cluster, database, conn):
    data = padded(sample().onnx, 22 * MIB)
    upload(conn, data)
    assert conn.execute("SELECT altlas.register_artefact('large', %s)", (sha256(data),)).fetchone() == (1,)
    check_answers(conn, "large")
    sizes = conn.execute("SELECT n, length(bytes) FROM altlas.artefact_chunk ORDER BY n").fetchall()
    assert [n for n, _ in sizes] == list(range(6))
    assert max(size for _, size in sizes) == PIECE and sum(size for _, size in sizes) == len(data)
    assert conn.execute("SELECT size_bytes, sha256 FROM altlas.models WHERE name = 'large'").fetchone() == (
        len(data),
        sha256(data),
    )
    # From a session that never saw the bytes, with an engine that lost them.
    forget(cluster)
    with cluster.conn(database) as other:
        check_answers(other, "large")


def test_the_same_bytes_at_once_or_in_pieces_are_one_file(conn):
    data = padded(sample().onnx, 5 * MIB)
    register(conn, "once", data)
    assert conn.execute("SELECT altlas.begin_artefact(%s, %s)", (sha256(data), len(data))).fetchone() == (False,)
    assert conn.execute("SELECT altlas.register_artefact('again', %s)", (sha256(data),)).fetchone() == (1,)
    assert conn.execute("SELECT count(*) FROM altlas.artefact").fetchone() == (1,)
    check_answers(conn, "again")


def test_wrong_uploads(conn):
    data = sample().onnx
    digest, size = sha256(data), len(data)

    def begin(announced=size, of=digest):
        assert conn.execute("SELECT altlas.begin_artefact(%s, %s)", (of, announced)).fetchone() == (True,)

    def append(bytes_, of=digest):
        conn.execute("SELECT altlas.append_artefact(%s, %s)", (of, bytes_))

    def finish(of=digest):
        return failure(conn, "SELECT altlas.finish_artefact(%s)", (of,))

    assert failure(conn, "SELECT altlas.append_artefact(%s, %s)", (digest, data)).sqlstate == "55000", "not begun"
    begin()
    append(data[:100])
    error = finish()
    assert error.sqlstate == "55000" and f"100 of {size}" in error.diag.message_primary
    assert failure(conn, "SELECT altlas.append_artefact(%s, %s)", (digest, data)).sqlstate == "55000", "too much"
    error = failure(conn, "SELECT altlas.register_artefact('m', %s)", (digest,))
    assert error.sqlstate == "55000", "an unfinished upload cannot be registered"
    begin()
    append(data[:-1] + bytes([data[-1] ^ 1]))
    error = finish()
    assert error.sqlstate == "55000" and "hash" in error.diag.message_primary
    # A restart begins from nothing, also with another size.
    begin(10)
    begin()
    append(data)
    assert conn.execute("SELECT altlas.finish_artefact(%s)", (digest,)).fetchone() == (digest,)
    assert failure(conn, "SELECT altlas.append_artefact(%s, 'x')", (digest,)).sqlstate == "55000", "complete"
    assert conn.execute("SELECT altlas.register_artefact('m', %s)", (digest,)).fetchone() == (1,)
    check_answers(conn)
    for wrong in ["", "abc", digest.upper(), digest[:-1] + "g", digest + "0"]:
        assert failure(conn, "SELECT altlas.begin_artefact(%s, 1)", (wrong,)).sqlstate == "22023"
    for wrong in [0, -1]:
        assert failure(conn, "SELECT altlas.begin_artefact(%s, %s)", ("0" * 64, wrong)).sqlstate == "22023"
    assert (
        failure(conn, "SELECT altlas.begin_artefact(%s, %s)", ("0" * 64, 1 << 40)).sqlstate == "22P03"
    ), "over max_model_size"


def test_an_upload_is_rolled_back(conn):
    data = sample().onnx
    before = counts(conn)
    with pytest.raises(ZeroDivisionError), conn.transaction():
        upload(conn, data)
        raise ZeroDivisionError
    assert counts(conn) == before
    upload(conn, data, piece=1000)
    assert conn.execute("SELECT altlas.register_artefact('m', %s)", (sha256(data),)).fetchone() == (1,)
    check_answers(conn)


def test_what_is_no_model_is_refused(conn):
    before = counts(conn)
    good = sample().onnx
    for bad in [b"", b"\0", b"not a model", good[: len(good) // 2], bytes(1000)]:
        error = failure(conn, "SELECT altlas.register_model('bad', %s)", (bad,))
        assert error.sqlstate == "22P03", (bad[:20], error)
    error = failure(
        conn, """SELECT altlas.register_model('bad', %s, '{"task": "regression", "colour": "red"}')""", (good,)
    )
    assert error.sqlstate == "22023" and "colour" in error.diag.message_primary
    wrong = {"test_vectors": [{"input": sample().rows[0], "output": [sample().expected[0] + 1]}]}
    error = failure(conn, "SELECT altlas.register_model('bad', %s, %s)", (good, json.dumps(wrong)))
    assert error.sqlstate == "22000"
    assert counts(conn) == before
    right = {"test_vectors": [{"input": r, "output": [y]} for r, y in zip(sample().rows, sample().expected)]}
    assert register(conn, "good", good, right) == 1
    assert conn.execute("SELECT count(*) FROM altlas.test_vector").fetchone() == (len(sample().rows),)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "_", "m" * 63, "_a.B-9", "Model"])
def test_good_names(conn, name):
    assert register(conn, name) == 1
    assert predict(conn, name, sample().rows[0]) == pytest.approx(sample().expected[0], rel=1e-5)


@pytest.mark.parametrize("name", ["", "1a", "-a", "a b", "m" * 64, "a/1", "a@b", "ğ", "altlas.x", "a\nb", "a'b"])
def test_bad_names(conn, name):
    assert failure(conn, "SELECT altlas.register_model(%s, %s)", (name, sample().onnx)).sqlstate == "22023"
    assert conn.execute("SELECT count(*) FROM altlas.artefact").fetchone() == (0,)


def test_references(conn):
    register(conn, "m", onnx(FIRST))
    register(conn, "m", onnx(SECOND))
    conn.execute("SELECT altlas.set_alias('m', 'next', 2)")
    for reference, answers in [
        ("m", FIRST),
        ("m@production", FIRST),
        ("m/1", FIRST),
        ("m/2", SECOND),
        ("m@next", SECOND),
    ]:
        check_answers(conn, reference, sample(answers))
    for reference, sqlstate in [
        ("nope", "42704"),
        ("m@nope", "42704"),
        ("m/3", "42704"),
        ("m/0", "42704"),
        ("m/x", "22023"),
        ("m/", "22023"),
        ("m/99999999999", "22023"),
        ("", "42704"),
        (None, "22004"),
    ]:
        error = failure(conn, "SELECT altlas.predict(%s, ARRAY[1, 2, 3, 4]::float8[])", (reference,))
        assert error.sqlstate == sqlstate, reference


# --- aliases and versions -------------------------------------------------------------------------


def seen(conn):
    """The model's answer to the first row, and the version that gave it."""
    sql = "SELECT value, model_version FROM altlas.predict_row('m', %s::float8[])"
    value, version = conn.execute(sql, (sample().rows[0],)).fetchone()
    of = {"m/1": sample(FIRST), "m/2": sample(SECOND)}[version]
    assert value == pytest.approx(of.expected[0], rel=1e-5)
    return version


def test_an_alias_moves_with_its_transaction(cluster, database, conn):
    register(conn, "m", onnx(FIRST))
    register(conn, "m", onnx(SECOND))
    with cluster.conn(database) as reader, cluster.conn(database, autocommit=False) as steady:
        steady.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert seen(steady) == seen(reader) == "m/1"
        with conn.transaction():
            assert conn.execute("SELECT altlas.set_alias('m', 'production', 2)").fetchone() == (1,)
            assert seen(conn) == "m/2", "one's own change"
            assert seen(reader) == "m/1", "another's change is not committed"
        assert seen(reader) == "m/2"
        assert seen(steady) == "m/1", "an older snapshot"
        steady.commit()
        assert seen(steady) == "m/2"
        with pytest.raises(ZeroDivisionError), conn.transaction():
            conn.execute("SELECT altlas.set_alias('m', 'production', 1)")
            assert seen(conn) == "m/1"
            raise ZeroDivisionError
        assert seen(conn) == seen(reader) == "m/2", "rolled back"
        with conn.transaction():
            with pytest.raises(ZeroDivisionError), conn.transaction():
                conn.execute("SELECT altlas.set_alias('m', 'production', 1)")
                assert seen(conn) == "m/1"
                raise ZeroDivisionError
            assert seen(conn) == "m/2", "rolled back to a savepoint"


def test_versions_in_use_stay(conn):
    register(conn, "m", onnx(FIRST))
    register(conn, "m", onnx(SECOND))
    register(conn, "other", onnx(FIRST))
    error = failure(conn, "SELECT altlas.drop_version('m', 1)")
    assert error.sqlstate == "2BP01" and "production" in error.diag.message_detail
    check_answers(conn, "m", sample(FIRST))
    conn.execute("SELECT altlas.set_alias('m', 'production', 2)")
    conn.execute("SELECT altlas.drop_version('m', 1)")
    assert failure(conn, "SELECT altlas.drop_version('m', 1)").sqlstate == "42704"
    assert failure(conn, "SELECT altlas.predict('m/1', ARRAY[1, 2, 3, 4]::float8[])").sqlstate == "42704"
    # Its bytes are another model's, too.
    check_answers(conn, "other", sample(FIRST))
    assert register(conn, "m", onnx(FIRST)) == 3, "numbers are not used again"
    conn.execute("SELECT altlas.drop_alias('m', 'production')")
    assert failure(conn, "SELECT altlas.predict('m', ARRAY[1, 2, 3, 4]::float8[])").sqlstate == "42704"
    for version in (2, 3):
        conn.execute("SELECT altlas.drop_version('m', %s)", (version,))
    assert conn.execute("SELECT DISTINCT name FROM altlas.models WHERE NOT builtin").fetchall() == [("other",)]
    assert conn.execute("SELECT count(*) FROM altlas.artefact").fetchone() == (1,)
    conn.execute("SELECT altlas.drop_alias('other', 'production')")
    conn.execute("SELECT altlas.drop_version('other', 1)")
    left = counts(conn)
    for table in ("artefact", "artefact_chunk", "model", "model_version", "model_alias", "test_vector"):
        assert left[f"altlas.{table}"] == 0


def test_a_rolled_back_registration_leaves_nothing(cluster, database, conn):
    before = counts(conn)
    manifest = {"test_vectors": [{"input": sample().rows[0], "output": [sample().expected[0]]}]}
    with pytest.raises(ZeroDivisionError), conn.transaction():
        register(conn, "m", sample().onnx, manifest)
        check_answers(conn)
        raise ZeroDivisionError
    assert counts(conn) == before
    assert failure(conn, "SELECT altlas.predict('m', ARRAY[1, 2, 3, 4]::float8[])").sqlstate == "42704"
    assert register(conn, "m") == 1


def test_versions_registered_at_once_are_counted(cluster, database, conn):
    """Different bytes, one name: everybody gets a number, none is left out."""
    together = Barrier(8)

    def one(number):
        with cluster.conn(database) as mine:
            together.wait(30)
            return register(mine, "m", padded(sample().onnx, 1000 + number))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == list(range(1, 9))
    assert conn.execute("SELECT count(*) FROM altlas.model_alias").fetchone() == (1,)
    check_answers(conn)


def test_the_same_bytes_registered_at_once(cluster, database, conn):
    """Two sessions bring one file: the second waits for the first and then uses its bytes."""
    with conn.transaction():
        register(conn, "mine")
        sql = "SELECT altlas.register_model('theirs', %s)"
        call = Call(cluster, database, sql, parameters=(sample().onnx,))
        with cluster.conn() as other:
            waits = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s"
            wait_until(lambda: other.execute(waits, (call.pid,)).fetchone() == ("Lock",) or call.done(), 10, "the lock")
    with call:
        assert call.result(30) == [(1,)]
        check_answers(call.conn, "theirs")


# --- damage ---------------------------------------------------------------------------------------


@pytest.fixture
def stored(cluster, database, conn):
    """A model in three pieces that the engine has not got, and that the engine scores."""
    conn.execute("SET altlas.compile_models = off")
    register(conn, "m", padded(sample().onnx, 9 * MIB))
    check_answers(conn)
    return conn


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE altlas.artefact_chunk SET bytes = set_byte(bytes, 100, 255 - get_byte(bytes, 100)) WHERE n = 1",
        "UPDATE altlas.artefact_chunk SET bytes = substr(bytes, 2) WHERE n = 0",
        "UPDATE altlas.artefact_chunk SET bytes = bytes || 'x' WHERE n = 2",
        "DELETE FROM altlas.artefact_chunk WHERE n = 0",
        "DELETE FROM altlas.artefact_chunk WHERE n = 1",
        "DELETE FROM altlas.artefact_chunk WHERE n = 2",
        "DELETE FROM altlas.artefact_chunk",
    ],
    ids=["changed byte", "shorter piece", "longer piece", "first gone", "middle gone", "last gone", "all gone"],
)
def test_damaged_bytes(cluster, stored, damage):
    stored.execute(damage)
    forget(cluster)
    stored.execute("SET statement_timeout = '20s'")
    error = failure(stored, "SELECT altlas.predict('m', ARRAY[1, 2, 3, 4]::float8[])")
    assert error.sqlstate == "XX001", error
    # The connection is usable, and so is the engine for others.
    register(stored, "sound")
    check_answers(stored, "sound")


def test_the_engines_cache_may_go(cluster, stored):
    for file in cached(cluster):
        file.unlink()
    check_answers(stored)
    forget(cluster)
    check_answers(stored)
    assert cached(cluster)


@pytest.mark.parametrize("damage", ["garbage", "cut", "empty", "longer"])
def test_the_engines_cache_may_be_damaged(cluster, stored, damage):
    def spoil():
        for file in cached(cluster):
            data = file.read_bytes()
            changed = {"garbage": bytes(len(data)), "cut": data[: len(data) // 2], "empty": b"", "longer": data + b"x"}
            file.write_bytes(changed[damage])

    renew_engine(cluster, spoil)
    check_answers(stored)


# --- the query path -------------------------------------------------------------------------------


def test_scoring_writes_nothing(cluster, conn):
    """No transaction number is taken, so that it works on replicas, in parallel workers and in read-only transactions;
    also when the engine must be given the model first."""
    register(conn, "m")
    conn.execute(
        "CREATE TABLE series AS SELECT now() + i * interval '1 hour' AS at, sin(i) AS v FROM generate_series(1, 200) i"
    )
    kpi = {"kind": "average", "source": "public.series", "value": "v", "time_column": "at"}
    conn.execute("SELECT altlas.define_kpi('k', %s)", (json.dumps(kpi),))
    statements = [
        "SELECT altlas.predict('m', ARRAY[1, 2, 3, 4]::float8[])",
        "SELECT * FROM altlas.predict_row('m', '[1, 2, 3, 4]'::jsonb)",
        "SELECT * FROM altlas.classify_task('Call Bob.')",
        "SELECT * FROM altlas.segment_text('Call Bob and pay the rent.')",
        "SELECT * FROM altlas.detect_anomaly('public.series', 'v', 'at')",
        "SELECT * FROM altlas.detect_anomaly('SELECT * FROM public.series', 'v', 'at')",
        "SELECT * FROM altlas.kpi_rollup('k', 'day')",
        "SELECT * FROM altlas.models",
        "SELECT * FROM altlas.jobs",
        "SELECT * FROM altlas.engine_status()",
        "SELECT * FROM altlas.verify_audit()",
    ]
    forget(cluster)
    wrote = []
    for sql in statements:
        conn.execute("BEGIN READ ONLY")
        conn.execute(sql).fetchall()
        if conn.execute("SELECT pg_current_xact_id_if_assigned()").fetchone() != (None,):
            wrote.append(sql)
        conn.execute("ROLLBACK")
    assert wrote == []


PARALLEL = (
    "parallel_setup_cost = 0",
    "parallel_tuple_cost = 0",
    "min_parallel_table_scan_size = 0",
    "parallel_leader_participation = off",
)


def parallel(conn, sql):
    """The rows of a statement that runs in workers."""
    for setting in PARALLEL:
        conn.execute(f"SET {setting}")
    plan = "\n".join(line for (line,) in conn.execute(f"EXPLAIN (ANALYZE) {sql}").fetchall())
    assert re.search("Workers Launched: [1-9]", plan), plan
    return conn.execute(sql).fetchall()


def test_predictions_are_equal_in_parallel_workers(cluster, conn):
    """Scoring is PARALLEL SAFE: names are resolved and bytes read as owner in workers, too."""
    register(conn, "m")
    conn.execute("CREATE TABLE features (n int, row float8[])")
    for n, row in enumerate(sample().rows):
        conn.execute("INSERT INTO features VALUES (%s, %s)", (n, row))
    conn.execute("CREATE TABLE many AS SELECT f.* FROM features f, generate_series(1, 100)")
    forget(cluster)
    rows = parallel(conn, "SELECT n, avg(altlas.predict('m', row)) FROM many GROUP BY n ORDER BY n")
    assert [value for _, value in rows] == expected()
    assert predictions(conn, "m") == expected()


def test_built_in_models_work_in_parallel_workers(cluster, conn):
    conn.execute("CREATE TABLE texts AS SELECT 'Call Bob' AS t FROM generate_series(1, 1000)")
    alone = conn.execute("SELECT label FROM altlas.classify_task('Call Bob')").fetchall()
    rows = parallel(conn, "SELECT DISTINCT c.label FROM texts CROSS JOIN LATERAL altlas.classify_task(texts.t) c")
    assert rows == alone
