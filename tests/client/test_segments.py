"""Segments by a network: cancelled, without the engine, many at once."""

import json
import os
import signal
import time

import pytest
from conftest import wait_until
from support import REPOSITORY, engine, failure

TINY = REPOSITORY / "crates/altlas-tokens/tests/data"
TEXT = "Open the file, then search for errors and send it to the customer. "


@pytest.fixture(scope="module")
def name(cluster):
    """A database with a network that knows some words by heart, which stands for the built-in one, too."""
    name = cluster.database()
    with cluster.conn(name) as conn:
        files = [(TINY / file).read_bytes() for file in ("segmenter.onnx", "wordpiece.json")]
        manifest = json.dumps({"preprocess": {"pooling": "tokens", "max_length": 64}})
        conn.execute("SELECT altlas.register_text_model('network', %s, %s, %s)", (*files, manifest))
        conn.execute("DELETE FROM altlas.builtin_model WHERE name = 'altlas.segmenter'")
        conn.execute(
            "INSERT INTO altlas.builtin_model SELECT 'altlas.segmenter', sha256, preprocess, manifest"
            " FROM altlas.model_version JOIN altlas.model USING (model_id) WHERE name = 'network'"
        )
        # The engine has its files: nobody looks for them in the share directory.
        conn.execute("SELECT * FROM altlas.segment_text(%s, model => 'network')", (TEXT,))
    yield name
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def found(conn, text, model=None):
    return conn.execute("SELECT content, model_version FROM altlas.segment_text(%s, model => %s)", (text, model)).fetchall()


def test_the_network_answers_by_default(cluster, name):
    with cluster.conn(name) as conn:
        rows = found(conn, TEXT)
        assert [row[0] for row in rows] == ["Open the file", "search for errors", "send it to the customer"]
        assert all(row[1].startswith("altlas.segmenter@") for row in rows)
        assert {row[1] for row in found(conn, TEXT, "altlas.rules")} == {"rules-1"}


def test_read_only_transactions_may_segment(cluster, name):
    with cluster.conn(name) as conn:
        conn.execute("SET default_transaction_read_only = on")
        assert len(found(conn, TEXT)) == 3


def test_a_long_text_can_be_cancelled(cluster, name):
    with cluster.conn(name) as conn:
        conn.execute("SET altlas.max_text_bytes = '64MB'")
        conn.execute("SET statement_timeout = '1s'")
        begun = time.monotonic()
        error = failure(conn, "SELECT count(*) FROM altlas.segment_text(%s)", (TEXT * 200_000,))
        assert error.sqlstate == "57014" and time.monotonic() - begun < 10
        conn.execute("RESET statement_timeout")
        assert len(found(conn, TEXT)) == 3


def test_thousands_of_tasks_in_one_text(cluster, name):
    with cluster.conn(name) as conn:
        rows = conn.execute("SELECT ordinal, depends_on FROM altlas.segment_text(%s)", (TEXT * 1700,)).fetchall()
        assert [row[0] for row in rows] == list(range(1, 5101))
        assert all(parent < ordinal for ordinal, parents in rows for parent in parents)


def test_an_engine_that_dies_is_replaced_or_done_without(cluster, name):
    with cluster.conn(name) as conn:
        os.kill(engine(cluster).pid, signal.SIGKILL)
        rows = found(conn, TEXT)
        assert len(rows) == 3
        assert all(row[1].startswith(("altlas.segmenter@", "rules-1 (engine")) for row in rows)
        wait_until(lambda: found(conn, TEXT)[0][1].startswith("altlas.segmenter@"), 20, "the network's answer")
        many = conn.execute("SELECT count(*) FROM altlas.segment_array(%s)", ([TEXT] * 500,)).fetchone()
        assert many == (1500,)
