"""A model that ends the engine twice is not used any more; everything else goes on."""

import hashlib
import signal
import struct

import psycopg
import pytest
from conftest import wait_until
from support import Call, check_answers, endless_model, engine, failure, register, status

ENDLESS = "SELECT altlas.predict('bad', ARRAY[0.5]::float8[])"
SHA256 = hashlib.sha256(endless_model()).hexdigest()


@pytest.fixture
def place(new_cluster):
    """A cluster of its own with a good model and one that runs for ever."""
    cluster = new_cluster()
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "m")
        register(conn, "bad", endless_model())
    yield cluster, name
    cluster.stop("immediate")


def crash_in_a_run(cluster):
    """Ends the engine by a bad memory access, as seen from outside, while it runs the model."""
    served = engine(cluster)
    mark = struct.pack("=4Q", *struct.unpack(">4Q", bytes.fromhex(SHA256)))
    marks = cluster.data / "pgsql_tmp_altlas/quarantine/running"
    # The state before the name says that the model runs.
    wait_until(lambda: engine(cluster) == served and struct.pack("=Q", 3) + mark in marks.read_bytes(), 30, "a run")

    def gone():
        # The program's own handler lets the first one pass: no memory access comes again after it.
        if served.alive():
            served.kill(signal.SIGSEGV)
        return not served.alive()

    wait_until(gone, 10, "the engine's end")


def quarantined(conn):
    return conn.execute("SELECT model_sha256, model, crashes, last_crash > now() - '1 h'::interval FROM altlas.quarantine()").fetchall()


def test_the_second_crash_is_the_last(place):
    cluster, name = place
    with cluster.conn(name) as conn:
        started = cluster.started_at
        with Call(cluster, name, ENDLESS) as call:
            crash_in_a_run(cluster)
            assert quarantined(conn) == []
            # The call is tried once more.
            crash_in_a_run(cluster)
            error = call.error(60)
        assert error.sqlstate == "55000", error
        assert "SIGSEGV" in error.diag.message_detail and "2 times" in error.diag.message_detail
        assert "release_quarantine" in error.diag.message_hint
        assert quarantined(conn) == [(SHA256, "bad/1", 2, True)]
        check_answers(conn)
        restarts = status(conn)["restarts"]
        for _ in range(3):
            assert failure(conn, ENDLESS).sqlstate == "55000"
        now = status(conn)
        assert now["restarts"] == restarts == 2
        assert "quarantine" in now["note"]
        assert cluster.started_at == started and "reinitializing" not in cluster.log_text()
    # A restarted server knows it still, also before there is an engine.
    cluster.restart()
    with cluster.conn(name) as conn:
        assert quarantined(conn) == [(SHA256, "bad/1", 2, True)]
        assert status(conn)["engine_pid"] is None
        assert failure(conn, ENDLESS).sqlstate == "55000"
        assert conn.execute("SELECT altlas.release_quarantine('m')").fetchone() == (False,)
        assert conn.execute("SELECT altlas.release_quarantine('bad')").fetchone() == (True,)
        assert conn.execute("SELECT altlas.release_quarantine(%s)", (SHA256,)).fetchone() == (False,)
        assert quarantined(conn) == []
        told = conn.execute("SELECT object, before ->> 'crashes' FROM altlas.audit WHERE action = 'release_quarantine'")
        assert told.fetchall() == [(SHA256, "2")]
        with Call(cluster, name, ENDLESS) as call:
            wait_until(lambda: status(conn)["models_loaded"] == 1, 10, "the model runs again")
            assert not call.done()
        check_answers(conn)


def test_who_kills_the_engine_blames_no_model(place):
    cluster, name = place
    with cluster.conn(name) as conn:
        check_answers(conn)
        for _ in range(3):
            with Call(cluster, name, ENDLESS) as call:
                wait_until(lambda: status(conn)["models_loaded"] or None, 30, "the model runs")
                engine(cluster).kill()
                wait_until(lambda: status(conn)["state"] == "running", 30, "another engine")
                assert not call.done()
        assert quarantined(conn) == []
        check_answers(conn)


def test_release_needs_the_right_level_and_a_known_model(place):
    cluster, name = place
    with cluster.conn(name) as conn:
        assert failure(conn, "SELECT altlas.release_quarantine('nothing')").sqlstate == "42704"
        assert failure(conn, "SELECT altlas.release_quarantine(NULL)").sqlstate == "22004"
        conn.execute("CREATE ROLE reader LOGIN")
        conn.execute("SELECT altlas.grant_access('reader', 'train')")
        with cluster.conn(name, user="reader") as reader:
            assert quarantined(reader) == []
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("SELECT altlas.release_quarantine('bad')")
        conn.execute("BEGIN READ ONLY")
        assert failure(conn, "SELECT altlas.release_quarantine('bad')").sqlstate == "25006"
        conn.execute("ROLLBACK")
