"""Asynchronous jobs: the cluster they are tried on, and calls about them."""

import contextlib
import json
import time

import pytest
from conftest import wait_until
from support import (
    make_noise,
    members,
    register,
)

ENDED = ("done", "failed", "cancelled")
# Rows for model "m", which takes its four numbers in their order.
MANY = "SELECT 1.0 + 0 * i AS a, 2.0 AS b, 3.0 AS c, 4.0 AS d FROM generate_series(1, {}) i"
# Texts for the model of the engine; as many as here are work for longer than a test waits before it interferes.
TEXTS = "SELECT 'write the report ' || i % 10 AS text FROM generate_series(1, {}) i"
MODEL, LONG = "altlas.task_type", TEXTS.format(500_000)
ENDLESS = {"hyperparams": {"num_trees": 10000, "num_leaves": 4096, "min_data_in_leaf": 1, "early_stopping_rounds": 0}}


@pytest.fixture(scope="module")
def server(new_cluster):
    """A cluster of its own: tests here leave files for the maintenance worker, and restart the server."""
    return new_cluster({"altlas.max_job_workers": 2})


@pytest.fixture
def name(server):
    name = server.database()
    with server.conn(name) as conn:
        register(conn, "m")
        make_noise(conn)
    yield name
    with server.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def conn(server, name):
    with server.conn(name) as connection:
        yield connection


def submit(conn, source, model="m", options=None):
    row = conn.execute("SELECT altlas.submit(%s, %s, %s)", (model, source, json.dumps(options or {}))).fetchone()
    return row[0]


def train_async(conn, project, algorithm="linear", options=None):
    sql = "SELECT altlas.train_async(%s, 'regression', 'SELECT a, b, c, y FROM noise', 'y', %s, %s)"
    return conn.execute(sql, (project, algorithm, json.dumps(options or {}))).fetchone()[0]


def status(conn, number):
    cursor = conn.execute("SELECT * FROM altlas.job_status(%s)", (number,))
    return dict(zip([column.name for column in cursor.description], cursor.fetchone()))


def ended(conn, number, seconds=60):
    return wait_until(lambda: (s := status(conn, number))["state"] in ENDED and s, seconds, f"the end of job {number}")


def until(conn, number, state, condition=lambda s: True, seconds=30):
    def reached():
        now = status(conn, number)
        assert now["state"] == state or now["state"] not in ENDED, now
        return now["state"] == state and condition(now) and now

    return wait_until(reached, seconds, f"state {state} of job {number}")


def result(conn, number):
    return conn.execute("SELECT * FROM altlas.job_result(%s)", (number,)).fetchall()


def workers(server):
    found = []
    for process in members(server):
        with contextlib.suppress(OSError):
            if process.arguments[0].startswith("postgres: altlas job"):
                found.append(process)
    return found


@contextlib.contextmanager
def workers_at_most(server, number):
    """altlas.max_job_workers meanwhile; the workers at work before have left."""
    with server.conn() as conn:
        wait_until(lambda: not workers(server), 30, "the workers' leaving")
        (before,) = conn.execute("SHOW altlas.max_job_workers").fetchone()
        set_workers(server, conn, number)
        try:
            yield
        finally:
            set_workers(server, conn, before)


def set_workers(server, conn, number):
    server.configure({"altlas.max_job_workers": number})
    server.reload()
    wait_until(lambda: conn.execute("SHOW altlas.max_job_workers").fetchone() == (str(number),), 10, "the setting")
    # The supervisor has seen it, too.
    time.sleep(0.7)


def texts_for(conn, seconds):
    """A source with so many texts that scoring takes about as long, measured."""
    # The first one waits for the engine and the model.
    for rows in (10, 5000):
        done = ended(conn, submit(conn, TEXTS.format(rows), MODEL))
        assert done["state"] == "done", done
    took = (done["ended_at"] - done["started_at"]).total_seconds()
    return TEXTS.format(max(10_000, int(5000 * seconds / took)))


def values(conn, number):
    return conn.execute(
        "SELECT count(*), count(DISTINCT ordinal), min(ordinal), max(ordinal), min(value), max(value) "
        "FROM altlas.job_result(%s)",
        (number,),
    ).fetchone()
