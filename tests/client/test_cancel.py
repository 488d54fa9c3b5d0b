"""Every wait ends soon when it shall: cancel, timeout, termination, altlas.cancel_job."""

import os
import socket
import time

import psycopg
import pytest
from conftest import wait_until
from support import (
    ENDLESS_SCORING,
    ENDLESS_TRAINING,
    Call,
    check_answers,
    engine,
    job,
    make_noise,
    no_job,
    programs,
    register,
    score_by_engine,
)

SOON = 5


@pytest.fixture(scope="module")
def name(cluster):
    name = cluster.database()
    score_by_engine(cluster, name)
    with cluster.conn(name) as conn:
        register(conn, "m")
        make_noise(conn)
        check_answers(conn)
    yield name
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def same_engine(cluster, name):
    """No test may cost the engine its life, or leave a job."""
    before = engine(cluster)
    yield
    assert engine(cluster) == before
    no_job(cluster)


def started(cluster, call, sql):
    """Waits until the statement is in the middle of its work."""
    if sql is ENDLESS_TRAINING:
        job(cluster)
    active = "SELECT state FROM pg_stat_activity WHERE pid = %s"
    with cluster.conn() as conn:
        wait_until(lambda: conn.execute(active, (call.pid,)).fetchone() == ("active",), 10, "the statement's start")
    time.sleep(0.3)
    assert not call.done()


@pytest.mark.parametrize("sql", [ENDLESS_SCORING, ENDLESS_TRAINING], ids=["scoring", "training"])
def test_cancel(cluster, name, sql):
    with Call(cluster, name, sql) as call, cluster.conn() as other:
        started(cluster, call, sql)
        begun = time.monotonic()
        assert other.execute("SELECT pg_cancel_backend(%s)", (call.pid,)).fetchone() == (True,)
        assert call.error(SOON).sqlstate == "57014"
        assert time.monotonic() - begun < SOON
        no_job(cluster)
        check_answers(call.conn)


@pytest.mark.parametrize("sql", [ENDLESS_SCORING, ENDLESS_TRAINING], ids=["scoring", "training"])
def test_statement_timeout(cluster, name, sql):
    begun = time.monotonic()
    with Call(cluster, name, sql, setup="SET statement_timeout = '1s'") as call:
        error = call.error(1 + SOON)
        assert error.sqlstate == "57014" and "statement timeout" in error.diag.message_primary
        assert 1 <= time.monotonic() - begun < 1 + SOON
        no_job(cluster)
        call.conn.execute("SET statement_timeout = 0")
        check_answers(call.conn)


@pytest.mark.parametrize("sql", [ENDLESS_SCORING, ENDLESS_TRAINING], ids=["scoring", "training"])
def test_terminated_backend(cluster, name, sql):
    with Call(cluster, name, sql) as call, cluster.conn() as other:
        started(cluster, call, sql)
        other.execute("SELECT pg_terminate_backend(%s)", (call.pid,))
        assert call.error(SOON).sqlstate == "57P01"
        no_job(cluster)
        gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        wait_until(lambda: other.execute(gone, (call.pid,)).fetchone() == (0,), SOON, "the backend's end")


def test_client_that_goes_away(cluster, name):
    """With client_connection_check_interval a lost client is noticed in the middle of a wait for the engine."""
    call = Call(cluster, name, ENDLESS_TRAINING, setup="SET client_connection_check_interval = '200ms'")
    try:
        job(cluster)
        # The thread of the call owns the connection: only its socket may be taken away.
        with socket.socket(fileno=os.dup(call.conn.fileno())) as lost:
            lost.shutdown(socket.SHUT_RDWR)
        no_job(cluster)
        assert isinstance(call.error(SOON), psycopg.OperationalError)
    finally:
        with cluster.conn() as other:
            other.execute("SELECT pg_terminate_backend(%s)", (call.pid,))


def test_cancelled_while_rows_are_sent(cluster, name):
    # The job starts with the first piece of data, so there must be more of them than one before the wait.
    source = """SELECT i::float8 a, (2 * i)::float8 y FROM generate_series(1, 300000) i
        UNION ALL SELECT 0, CASE WHEN pg_sleep(60) IS NULL THEN 1 END"""
    sql = "SELECT * FROM altlas.train('slow', 'regression', %s, 'y')"
    with Call(cluster, name, sql, parameters=(source,)) as call:
        job(cluster)
        call.conn.cancel_safe(timeout=SOON)
        assert call.error(SOON).sqlstate == "57014"
        no_job(cluster)
        check_answers(call.conn)


def test_cancel_job_from_another_session(cluster, name):
    with Call(cluster, name, ENDLESS_TRAINING) as call, cluster.conn(name) as other:
        job(cluster)
        number = running(other)["job_id"]
        assert other.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (True,)
        error = call.error(SOON)
        assert error.sqlstate == "57014" and "cancelled" in error.diag.message_primary
        no_job(cluster)
        state = "SELECT state, ended_at IS NOT NULL FROM altlas.jobs WHERE job_id = %s"
        assert other.execute(state, (number,)).fetchone() == ("cancelled", True)
        assert other.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (
            False,
        ), "it does not run any more"
        assert other.execute("SELECT altlas.cancel_job(-1)").fetchone() == (False,)
        check_answers(call.conn)


def running(conn):
    cursor = conn.execute("SELECT * FROM altlas.jobs WHERE state = 'running'")
    row = cursor.fetchone()
    return row and dict(zip([column.name for column in cursor.description], row))


def test_jobs_shows_progress_to_others(cluster, name):
    elsewhere = cluster.database()
    with Call(cluster, name, ENDLESS_TRAINING) as call, cluster.conn(name) as other, cluster.conn(elsewhere) as far:
        first = wait_until(
            lambda: (row := running(other)) and row["phase"].startswith("candidate") and row["done"] > 0 and row, 30, "progress"
        )
        assert (first["label"], first["kind"], first["role"]) == ("endless", "train", "postgres")
        assert first["total"] == 10000 and first["ended_at"] is None and first["started_at"] is not None
        later = wait_until(lambda: (row := running(other)) and row["done"] > first["done"] and row, 30, "more progress")
        assert later["job_id"] == first["job_id"] and 0 <= later["percent"] < 100
        assert far.execute("SELECT count(*) FROM altlas.jobs").fetchone() == (
            0,
        ), "another database's jobs are not shown"
        assert far.execute("SELECT altlas.cancel_job(%s)", (first["job_id"],)).fetchone() == (False,)
        assert len(programs(cluster, "job")) == 1
        call.conn.cancel_safe(timeout=SOON)
        call.error(SOON)
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {elsewhere}")


def test_more_jobs_than_may_run_are_refused(cluster, name):
    """altlas.max_jobs is 2: the third is told, not queued for ever."""
    with Call(cluster, name, ENDLESS_TRAINING) as first, Call(cluster, name, ENDLESS_TRAINING) as second:
        wait_until(lambda: len(programs(cluster, "job")) == 2, 30, "two jobs")
        with cluster.conn(name) as conn:
            with pytest.raises(psycopg.Error) as caught:
                conn.execute(ENDLESS_TRAINING)
            assert caught.value.sqlstate == "53000"
            check_answers(conn)
        for call in (first, second):
            call.conn.cancel_safe(timeout=SOON)
            assert call.error(SOON).sqlstate == "57014"
