"""The engine dies in the middle of work: the server does not notice, callers get an answer or a typed error."""

import re
import signal
import time

import psycopg
import pytest
from conftest import wait_until
from support import (
    ENDLESS_SCORING,
    ENDLESS_TRAINING,
    SHORT_TRAINING,
    Call,
    check_answers,
    engine,
    job,
    make_noise,
    no_job,
    predict,
    register,
    sample,
    score_by_engine,
    status,
    supervisors,
)


@pytest.fixture
def place(new_cluster):
    """A cluster of its own with a model, so that the engine's restarts are counted from 0."""
    cluster = new_cluster()
    name = cluster.database()
    score_by_engine(cluster, name)
    with cluster.conn(name) as conn:
        register(conn, "m")
        make_noise(conn)
    yield cluster, name
    cluster.stop("immediate")


def assert_untouched(cluster, before, witness):
    """No backend was restarted, and the postmaster is the same."""
    assert witness.execute("SELECT 1").fetchone() == (1,)
    assert cluster.started_at == before
    assert "reinitializing" not in cluster.log_text()
    assert "terminated by signal" not in cluster.log_text()


def test_killed_during_a_query(place):
    cluster, name = place
    row = sample().rows[0]
    sql = f"""SELECT count(p), min(p), max(p) FROM
        (SELECT altlas.predict('m', ARRAY[{row[0]}, {row[1]}, {row[2]}, {row[3]} + 0 * i]::float8[]) AS p
           FROM generate_series(1, 60000) i) s"""
    with cluster.conn(name) as witness:
        before, was = cluster.started_at, status(witness)
        with Call(cluster, name, sql) as call:
            time.sleep(0.5)
            assert not call.done(), "the query must be longer than this"
            engine(cluster).kill()
            try:
                [(count, low, high)] = call.result(60)
            except psycopg.Error as error:
                assert error.sqlstate[:2] in ("08", "58"), error
                assert "altlas engine" in error.diag.message_primary
            else:
                assert count == 60000 and low == high == pytest.approx(sample().expected[0], rel=1e-5)
        check_answers(witness)
        now = status(witness)
        assert_untouched(cluster, before, witness)
        assert now["restarts"] == was["restarts"] + 1
        assert now["supervisor_pid"] == was["supervisor_pid"]
        assert now["engine_pid"] != was["engine_pid"]
        assert len(supervisors(cluster)) == 1


def test_killed_again_and_again(place):
    cluster, name = place
    with cluster.conn(name) as conn:
        before = cluster.started_at
        for _ in range(4):
            engine(cluster).kill()
            check_answers(conn)
        assert status(conn)["restarts"] == 4
        assert_untouched(cluster, before, conn)
    pauses = re.findall(r"starting it again in ([0-9.]+)(ms|s)$", cluster.log_text(), re.M)
    seconds = [float(number) * (0.001 if unit == "ms" else 1) for number, unit in pauses]
    assert len(seconds) == 4
    assert seconds == sorted(seconds) and seconds[-1] >= 4 * seconds[0], "each pause is longer than the one before"


def test_killed_during_a_training(place):
    cluster, name = place
    with cluster.conn(name) as conn:
        before = cluster.started_at
        with Call(cluster, name, ENDLESS_TRAINING) as call:
            job(cluster)
            engine(cluster).kill()
            error = call.error(30)
            assert error.sqlstate[:2] in ("08", "58"), error
            no_job(cluster)
            # The same connection goes on.
            assert call.conn.execute(SHORT_TRAINING).fetchone()[:2] == ("short", 1)
        assert conn.execute("SELECT count(*) FROM altlas.models WHERE name = 'endless'").fetchone() == (0,)
        assert_untouched(cluster, before, conn)


def test_the_jobs_own_process_is_killed(place):
    cluster, name = place
    with cluster.conn(name) as conn:
        predict(conn, "m", sample().rows[0])
        before, served = cluster.started_at, engine(cluster)
        with Call(cluster, name, ENDLESS_TRAINING) as call:
            job(cluster).kill()
            error = call.error(30)
            assert error.sqlstate == "58000"
            assert "Signal 9" in error.diag.message_detail
            assert call.conn.execute(SHORT_TRAINING).fetchone()[:2] == ("short", 1)
        states = conn.execute("SELECT label, state FROM altlas.jobs ORDER BY job_id").fetchall()
        assert states == [("endless", "failed"), ("short", "done")]
        assert engine(cluster) == served and status(conn)["restarts"] == 0
        assert_untouched(cluster, before, conn)


def test_an_engine_that_hangs_can_be_left(place):
    cluster, name = place
    served = engine(cluster)
    served.kill(signal.SIGSTOP)
    try:
        with cluster.conn(name) as conn:
            conn.execute("SET statement_timeout = '500ms'")
            begun = time.monotonic()
            with pytest.raises(psycopg.errors.QueryCanceled):
                conn.execute(ENDLESS_SCORING)
            assert time.monotonic() - begun < 5
            served.kill(signal.SIGCONT)
            conn.execute("SET statement_timeout = 0")
            check_answers(conn)
    finally:
        served.kill(signal.SIGCONT)
    assert engine(cluster) == served


def test_an_engine_that_cannot_come_is_told(place):
    """Not a crash, but the same way out: nobody waits in vain for an engine that cannot come."""
    cluster, name = place
    with cluster.conn(name) as conn:
        conn.execute("SET altlas.engine_start_timeout = '2s'")
        pid = status(conn)["supervisor_pid"]
        served = engine(cluster)
        # A supervisor that sleeps starts nothing.
        stopped = next(process for process in supervisors(cluster) if process.pid == pid)
        stopped.kill(signal.SIGSTOP)
        try:
            served.kill()
            wait_until(lambda: not served.alive(), 5, "the engine's end")
            begun = time.monotonic()
            with pytest.raises(psycopg.errors.ConnectionFailure) as caught:
                predict(conn, "m", sample().rows[0])
            assert 1.5 < time.monotonic() - begun < 20
            assert caught.value.diag.message_hint
            assert status(conn)["state"] == "starting"
        finally:
            stopped.kill(signal.SIGCONT)
        conn.execute("RESET altlas.engine_start_timeout")
        check_answers(conn)
