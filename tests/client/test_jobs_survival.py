"""Asynchronous jobs outlive engines, workers, servers and dumps."""

import psycopg
import pytest
from conftest import wait_until
from jobs import (
    ENDLESS,
    LONG,
    MANY,
    MODEL,
    ended,
    result,
    status,
    submit,
    texts_for,
    train_async,
    until,
    values,
    workers,
)
from jobs import conn, name, server  # noqa: F401  fixtures
from support import (
    client_program,
    engine,
    lost,
    make_noise,
    no_job,
    register,
    renew_engine,
)


def check_scored(conn, number, source):
    """One result, all rows, in order."""
    done = ended(conn, number, 120)
    assert done["state"] == "done", done
    count = int(source.split("generate_series(1, ")[1].split(")")[0])
    assert values(conn, number)[:4] == (count, count, 1, count)
    labels = conn.execute(
        "SELECT i, altlas.predict_label(%s, 'write the report ' || i) FROM generate_series(0, 9) i", (MODEL,)
    )
    wrong = conn.execute(
        "SELECT count(*) FROM altlas.job_result(%s) WHERE label <> (%s::text[])[ordinal %% 10 + 1] OR cardinality(proba) <> 8",
        (number, [label for _, label in labels.fetchall()]),
    ).fetchone()
    assert wrong == (0,)
    return done


def test_the_engine_is_killed_in_the_middle(server, conn):
    source = texts_for(conn, 4)
    number = submit(conn, source, MODEL)
    until(conn, number, "running", lambda s: s["done"] > 0)
    engine(server).kill()
    assert check_scored(conn, number, source)["attempts"] == 1


def test_the_engine_is_killed_during_a_training(server, conn):
    number = train_async(
        conn, "t", "lightgbm", {"hyperparams": {"num_trees": 1500, "num_leaves": 255, "early_stopping_rounds": 0}}
    )
    until(conn, number, "running", lambda s: s["done"] > 0)
    engine(server).kill()
    assert ended(conn, number, 120)["state"] == "done"
    assert conn.execute("SELECT count(*) FROM altlas.models WHERE name = 't'").fetchone() == (1,)


def test_the_engine_is_renewed_during_a_training(server, conn):
    """An engine that stops in good order cancels its jobs, which are not the user's cancellation."""
    number = train_async(
        conn, "t", "lightgbm", {"hyperparams": {"num_trees": 1500, "num_leaves": 255, "early_stopping_rounds": 0}}
    )
    until(conn, number, "running", lambda s: s["done"] > 0)
    renew_engine(server)
    assert ended(conn, number, 120)["state"] == "done"


def test_a_worker_is_terminated(server, conn):
    before = server.started_at
    source = texts_for(conn, 4)
    number = submit(conn, source, MODEL)
    until(conn, number, "running", lambda s: s["done"] > 0)
    [worker] = workers(server)
    conn.execute("SELECT pg_terminate_backend(%s)", (worker.pid,))
    done = check_scored(conn, number, source)
    assert done["attempts"] == 2 and server.started_at == before


def test_a_job_whose_worker_always_dies(server, conn):
    number = train_async(conn, "endless", "lightgbm", ENDLESS)
    for attempt in (1, 2, 3):
        until(conn, number, "running", lambda s: s["attempts"] == attempt)
        [worker] = wait_until(lambda: workers(server), 10, "a worker")
        conn.execute("SELECT pg_terminate_backend(%s)", (worker.pid,))
        wait_until(lambda: not worker.alive(), 10, "the worker's end")
    failed = ended(conn, number, 30)
    assert (failed["state"], failed["error_code"], failed["attempts"]) == ("failed", "58000", 3)
    no_job(server)
    once = submit(conn, LONG, MODEL, {"max_attempts": 1})
    until(conn, once, "running", lambda s: s["done"] > 0)
    [worker] = workers(server)
    conn.execute("SELECT pg_terminate_backend(%s)", (worker.pid,))
    failed = ended(conn, once, 30)
    assert (failed["state"], failed["error_code"], failed["attempts"]) == ("failed", "58000", 1)
    assert conn.execute("SELECT count(*) FROM altlas.job_output").fetchone() == (0,)


@pytest.mark.parametrize(
    "way, preloaded",
    [("a worker is killed", False), ("immediate", False), ("fast", True), ("a worker is killed", True)],
)
def test_the_server_goes_down_in_the_middle(new_cluster, way, preloaded):
    cluster = new_cluster({"fsync": "on", "shared_preload_libraries": "altlas" if preloaded else ""})
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "m")
        make_noise(conn)
        source = texts_for(conn, 4)
        number = submit(conn, source, MODEL)
        training = train_async(conn, "t")
        until(conn, number, "running", lambda s: s["done"] > 0)
        if way == "a worker is killed":
            for worker in workers(cluster):
                worker.kill()
            # The server must have seen it: until then it takes connections, which its restart ends.
            wait_until(lambda: lost(conn), 30, "the end of all connections")
    if way == "a worker is killed":
        wait_until(lambda: reachable(cluster, name), 60, "the server's recovery")
    else:
        cluster.stop(way)
        cluster.start()
    if preloaded:
        # Nobody asks: the table is read, not the status.
        state = "SELECT count(*) FROM altlas.job WHERE state NOT IN ('done')"
        with cluster.conn(name) as conn:
            wait_until(lambda: conn.execute(state).fetchone() == (0,), 120, "the jobs' end")
    with cluster.conn(name) as conn:
        done = check_scored(conn, number, source)
        assert done["attempts"] == 2
        assert ended(conn, training)["state"] == "done"
        assert conn.execute("SELECT count(*) FROM altlas.models WHERE name = 't'").fetchone() == (1,)
    cluster.stop("immediate")


def reachable(cluster, name):
    try:
        with cluster.conn(name) as conn:
            return not lost(conn)
    except psycopg.Error:
        return False


def test_dump_and_restore(server, conn, new_cluster):
    finished = submit(conn, MANY.format(5))
    ended(conn, finished)
    trained = train_async(conn, "kept")
    ended(conn, trained)
    failed = train_async(conn, "bad", "magic")
    ended(conn, failed)
    busy = [train_async(conn, f"endless{n}", "lightgbm", ENDLESS) for n in range(2)]
    for number in busy:
        until(conn, number, "running")
    waiting = submit(conn, MANY.format(7))
    dump = client_program("pg_dump", server.dsn(conn.info.dbname))
    for number in (*busy, waiting):
        conn.execute("SELECT altlas.cancel_job(%s)", (number,))
    before = result(conn, finished), conn.execute("SELECT * FROM altlas.train_result(%s)", (trained,)).fetchone()
    target = new_cluster({"altlas.max_job_workers": 4})
    try:
        with target.conn() as there:
            there.execute("CREATE DATABASE restored")
        client_program("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", target.dsn("restored"), stdin=dump)
        with target.conn("restored") as there:
            after = (
                result(there, finished),
                there.execute("SELECT * FROM altlas.train_result(%s)", (trained,)).fetchone(),
            )
            assert after == before
            assert status(there, failed)["error_code"] == "22023"
            # A job that was running is queued again; asking for one is enough.
            assert ended(there, waiting)["state"] == "done"
            assert values(there, waiting)[0] == 7
            for number in busy:
                until(there, number, "running", lambda s: s["attempts"] == 2)
                assert there.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (True,)
            assert submit(there, MANY.format(1)) == waiting + 1
    finally:
        target.stop("immediate")
