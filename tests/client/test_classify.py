"""Text classifiers trained in the database: on many labels, in the background, cancelled, by the caller's rights."""

import json
import time

import pytest
from conftest import wait_until
from support import Call, failure, job, no_job

TRAIN = "SELECT * FROM altlas.train(%s, 'text_classification', %s, 'label', 'ngrams', %s)"
ROWS = "SELECT text, label FROM examples ORDER BY n"


@pytest.fixture(scope="module")
def name(cluster):
    name = cluster.database()
    with cluster.conn(name) as conn:
        # Each label has two words of its own among four that all have.
        conn.execute(
            """CREATE TABLE examples AS
               SELECT n, format('please %s the %s now %s', 'verb' || n % 300 || 'x', 'noun' || (n % 300) * 7, n) AS text,
                      'label ' || n % 300 AS label FROM generate_series(0, 5999) n"""
        )
    yield name
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def conn(cluster, name):
    with cluster.conn(name) as connection:
        yield connection


def options(**more):
    return json.dumps({"hyperparams": {"c": 16}, **more})


def test_hundreds_of_labels(conn):
    row = conn.execute(TRAIN, ("many", ROWS, options())).fetchone()
    assert row[4] > 0.95 and row[5] < 0.02
    # A batch of more rows and labels than a table of all their weights would fit into memory for.
    right, rows = conn.execute(
        "SELECT count(*) FILTER (WHERE s.label = e.label), count(*) FROM altlas.score('many', %s) s"
        " JOIN (SELECT row_number() OVER (ORDER BY n) AS ordinal, label FROM examples) e USING (ordinal)",
        ("SELECT text FROM examples ORDER BY n",),
    ).fetchone()
    assert rows == 6000 and right > 5700


def test_in_the_background(conn):
    number = conn.execute(
        "SELECT altlas.train_async('later', 'text_classification', %s, 'label', 'ngrams', %s)", (ROWS, options(seed=3))
    ).fetchone()[0]
    assert conn.execute("SELECT altlas.wait_job(%s, '2 minutes')", (number,)).fetchone() == ("done",)
    project, version, algorithm = conn.execute(
        "SELECT project, version, algorithm FROM altlas.train_result(%s)", (number,)
    ).fetchone()
    assert (project, version, algorithm) == ("later", 1, "ngrams")
    assert conn.execute("SELECT label FROM altlas.classify_task('please verb7x the noun49', 'later')").fetchone() == ("label 7",)


def test_progress_and_cancel(cluster, name):
    slow = json.dumps({"hyperparams": {"c": 100000, "max_iter": 1000}, "validation": {"folds": 20}})
    with Call(cluster, name, TRAIN, parameters=("never", ROWS, slow)) as call, cluster.conn(name) as other:
        job(cluster)
        state = "SELECT phase FROM altlas.jobs WHERE label = 'never' AND state = 'running'"
        wait_until(lambda: (other.execute(state).fetchone() or [None])[0] == "strength 1 of 1", 30, "progress")
        begun = time.monotonic()
        other.execute("SELECT pg_cancel_backend(%s)", (call.pid,))
        assert call.error(5).sqlstate == "57014"
        assert time.monotonic() - begun < 5
        no_job(cluster)
        assert other.execute("SELECT count(*) FROM altlas.models WHERE name = 'never'").fetchone() == (0,)


def test_only_what_the_caller_may_read(conn):
    conn.execute("DROP ROLE IF EXISTS classify_caller")
    conn.execute("CREATE ROLE classify_caller")
    try:
        conn.execute("SELECT altlas.grant_access('classify_caller', 'train')")
        conn.execute("SET ROLE classify_caller")
        assert failure(conn, TRAIN, ("theirs", ROWS, options())).sqlstate == "42501"
        conn.execute("RESET ROLE")
        conn.execute("GRANT SELECT ON examples TO classify_caller")
        conn.execute("SET ROLE classify_caller")
        assert conn.execute(TRAIN, ("theirs", ROWS, options())).fetchone()[0] == "theirs"
    finally:
        conn.execute("RESET ROLE")
        conn.execute("DROP OWNED BY classify_caller")
        conn.execute("SELECT altlas.revoke_access('classify_caller')")
        conn.execute("DROP ROLE classify_caller")
