"""Who starts the engine, how many of it there are, and that nothing outlives the server."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from conftest import wait_until
from support import (
    ENDLESS_TRAINING,
    Call,
    check_answers,
    engine,
    failure,
    job,
    lost,
    make_noise,
    members,
    no_job,
    predict,
    programs,
    register,
    sample,
    status,
    supervisors,
)

CALLERS = 50


@pytest.fixture
def place(new_cluster):
    cluster = new_cluster()
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "m")
        make_noise(conn)
    yield cluster, name
    if cluster.running():
        cluster.stop("immediate")


def nobody_left(cluster, seconds=10):
    wait_until(lambda: not members(cluster), seconds, "the end of all processes")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_stop_leaves_no_process(place, mode):
    cluster, name = place
    with Call(cluster, name, ENDLESS_TRAINING) as call:
        job(cluster)
        assert len(programs(cluster, "serve")) == 1
        cluster.stop(mode)
        nobody_left(cluster)
        assert isinstance(call.error(10), psycopg.OperationalError)
    cluster.start()
    with cluster.conn(name) as conn:
        assert status(conn)["state"] == "stopped", "without preload nobody starts the engine but a call"
        check_answers(conn)


def test_a_killed_postmaster_leaves_no_process(place):
    cluster, name = place
    with Call(cluster, name, ENDLESS_TRAINING) as call:
        job(cluster)
        os.kill(cluster.pid, signal.SIGKILL)
        nobody_left(cluster)
        assert isinstance(call.error(10), psycopg.OperationalError)
    # Where nobody reaps the postmaster, its number stays taken and its lock files look valid.
    for lock in [cluster.data / "postmaster.pid", *cluster.sockets.glob("*.lock")]:
        lock.unlink()
    cluster.start()
    with cluster.conn(name) as conn:
        check_answers(conn)


def test_a_killed_supervisor_takes_the_engine_along(place):
    cluster, name = place
    served, [supervisor], postmaster = engine(cluster), supervisors(cluster), cluster.pid
    with cluster.conn() as witness, Call(cluster, name, ENDLESS_TRAINING):
        task = job(cluster)
        supervisor.kill()
        wait_until(lambda: not served.alive() and not task.alive(), 10, "the end of engine and job")
        # PostgreSQL restarts all its processes when one that is attached to shared memory is killed.
        wait_until(lambda: lost(witness), 10, "the end of the other connections")

    def back():
        try:
            return cluster.conn(name)
        except psycopg.OperationalError:
            return None

    with wait_until(back, 30, "the server's recovery") as conn:
        check_answers(conn)
        assert cluster.pid == postmaster
        assert status(conn)["supervisor_pid"] != supervisor.pid
    wait_until(lambda: len(supervisors(cluster)) == 1 and len(programs(cluster, "serve")) == 1, 10, "one of each")


@pytest.mark.parametrize("attempt", range(3))
def test_many_first_calls_start_one_engine(place, attempt):
    cluster, name = place
    cluster.restart()
    rows, together = sample().rows, Barrier(CALLERS)

    def first_call(number):
        with cluster.conn(name) as conn:
            together.wait(60)
            return predict(conn, "m", rows[number % len(rows)])

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(first_call, range(CALLERS)))
    wanted = [sample().expected[number % len(rows)] for number in range(CALLERS)]
    assert answers == pytest.approx(wanted, rel=1e-5)
    wait_until(lambda: len(programs(cluster, "serve")) == 1, 10, "one engine")
    wait_until(lambda: len(supervisors(cluster)) == 1, 10, "one supervisor")
    assert cluster.log_text().count("the engine runs with pid") == 2, "one engine before the restart, one after"


def test_status_starts_nothing(new_cluster):
    cluster = new_cluster()
    name = cluster.database()
    with cluster.conn(name) as conn:
        now = status(conn)
        assert (now["state"], now["engine_pid"], now["preloaded"]) == ("stopped", None, False)
        assert "shared_preload_libraries" in now["note"]
        assert conn.execute("SELECT count(*) FROM altlas.jobs").fetchone() == (0,)
    assert programs(cluster, "serve") == [] and supervisors(cluster) == []


def test_preloaded_the_engine_runs_from_the_start(new_cluster):
    cluster = new_cluster({"shared_preload_libraries": "altlas"})
    served = engine(cluster)
    name = cluster.database()
    with cluster.conn(name) as conn:
        wait_until(lambda: status(conn)["state"] == "running", 15, "the engine's answer")
        now = status(conn)
        assert now["preloaded"] is True and now["engine_pid"] == served.pid
        assert "shared_preload_libraries" not in (now["note"] or "")
        register(conn, "m")
        check_answers(conn)
    assert len(supervisors(cluster)) == 1
    cluster.stop()
    nobody_left(cluster)


def test_no_free_worker(new_cluster):
    cluster = new_cluster({"max_worker_processes": 0})
    name = cluster.database()
    with cluster.conn(name) as conn:
        error = failure(conn, "SELECT altlas.register_model('m', %s)", (sample().onnx,))
        assert error.sqlstate == "53400"
        assert "max_worker_processes is 0" in error.diag.message_detail
        assert "max_worker_processes" in error.diag.message_hint
        assert conn.execute("SELECT count(*) FROM altlas.artefact").fetchone() == (0,)
        # What needs no engine works, and its audit rows wait to be sealed.
        conn.execute("CREATE ROLE no_worker")
        conn.execute("SELECT altlas.grant_access('no_worker', 'read')")
        assert conn.execute("SELECT ok, unsealed FROM altlas.verify_audit()").fetchone() == (True, 1)
        # The rules of segmentation do without the engine, and say so.
        versions = conn.execute(
            "SELECT DISTINCT model_version FROM altlas.segment_text('Call Bob and pay the rent.')"
        ).fetchall()
        assert len(versions) == 1 and "engine not available" in versions[0][0]


def test_changed_settings_start_the_engine_again(place):
    cluster, name = place
    with cluster.conn(name) as conn:
        before = status(conn)
        cluster.configure({"altlas.model_memory": "64MB"})
        cluster.reload()
        wait_until(lambda: status(conn)["engine_pid"] not in (None, before["engine_pid"]), 15, "a new engine")
        check_answers(conn)
        now = status(conn)
        assert now["memory_budget_bytes"] == 64 << 20
        assert now["supervisor_pid"] == before["supervisor_pid"]
        assert now["restarts"] == 0, "it did not fail"
        no_job(cluster)
