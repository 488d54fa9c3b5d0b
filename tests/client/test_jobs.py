"""Asynchronous jobs: results, notification, identity, cancelling, retention."""

import contextlib
import json
import re
import time

import psycopg
import pytest
from conftest import wait_until
from jobs import (
    ENDED,
    ENDLESS,
    LONG,
    MANY,
    MODEL,
    TEXTS,
    ended,
    result,
    status,
    submit,
    texts_for,
    train_async,
    until,
    values,
    workers,
    workers_at_most,
)
from jobs import conn, name, server  # noqa: F401  fixtures
from support import (
    ENDLESS_TRAINING,
    Call,
    failure,
    job,
    no_job,
    onnx,
    programs,
    register,
)

# --- results --------------------------------------------------------------------------------------


def test_scores_equal_those_of_synchronous_calls(conn):
    conn.execute(
        "CREATE TABLE rows AS SELECT i AS n, sin(i) a, cos(i) b, i % 7 c, i % 3 d FROM generate_series(1, 20000) i"
    )
    number = submit(conn, "SELECT a, b, c, d FROM rows ORDER BY n")
    done = ended(conn, number)
    assert (done["state"], done["kind"], done["label"], done["done"], done["total"]) == (
        "done",
        "score",
        "m/1",
        20000,
        20000,
    )
    assert done["attempts"] == 1 and done["rate"] > 0 and done["error"] is None
    assert done["submitted_at"] <= done["started_at"] <= done["ended_at"] < done["expires_at"]
    different = conn.execute(
        """SELECT count(*), count(*) FILTER (WHERE abs(j.value - altlas.predict('m', ARRAY[r.a, r.b, r.c, r.d])) > 1e-5
                                               OR j.model_version <> 'm/1')
             FROM altlas.job_result(%s) j JOIN rows r ON r.n = j.ordinal WHERE j.ordinal %% 10 = 0""",
        (number,),
    ).fetchone()
    assert different == (2000, 0)
    assert conn.execute("SELECT count(*) FROM altlas.job_input").fetchone() == (0,)


def test_labels_and_probabilities(conn):
    texts = ["open the file", "write the report", None, "Dosyayı aç ve raporu yaz", "ğüşiöç " * 400]
    conn.execute("CREATE TABLE texts (n int, t text)")
    conn.cursor().executemany("INSERT INTO texts VALUES (%s, %s)", list(enumerate(texts, 1)))
    number = submit(conn, "SELECT t FROM texts ORDER BY n", model="altlas.task_type")
    assert ended(conn, number)["state"] == "done"
    rows = result(conn, number)
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5]
    for (_, _, label, proba, version), text in zip(rows, texts):
        assert version == "altlas.task_type"
        if text is None:
            assert (label, proba) == (None, None)
            continue
        now = conn.execute(
            "SELECT label, proba FROM altlas.predict_row('altlas.task_type', %s::text)", (text,)
        ).fetchone()
        assert (label, pytest.approx(proba, abs=1e-5)) == now


def test_no_rows(conn):
    number = submit(conn, "SELECT a, b, c, y FROM noise WHERE false")
    done = ended(conn, number)
    assert (done["state"], done["done"], done["total"]) == ("done", 0, 0)
    assert result(conn, number) == []


def test_the_version_is_that_of_the_submission(conn):
    with conn.transaction():
        number = submit(conn, MANY.format(10))
        register(conn, "m", onnx("sklearn_gradient_boosting"))
        conn.execute("SELECT altlas.set_alias('m', 'production', 2)")
    assert ended(conn, number)["state"] == "done"
    assert {row[4] for row in result(conn, number)} == {"m/1"}
    with conn.transaction():
        lost = submit(conn, MANY.format(10), model="m/1")
        conn.execute("SELECT altlas.drop_version('m', 1)")
    gone = ended(conn, lost)
    assert (gone["state"], gone["error_code"], gone["attempts"]) == ("failed", "42704", 1)


def test_training(conn):
    number = train_async(conn, "later", "lightgbm", {"hyperparams": {"num_trees": 20}})
    done = ended(conn, number)
    assert (done["state"], done["kind"], done["label"]) == ("done", "train", "later")
    row = conn.execute("SELECT * FROM altlas.train_result(%s)", (number,)).fetchone()
    now = conn.execute(
        "SELECT * FROM altlas.train('now', 'regression', 'SELECT a, b, c, y FROM noise', 'y', 'lightgbm', "
        """'{"hyperparams": {"num_trees": 20}}')"""
    ).fetchone()
    assert row[:3] == ("later", 1, "lightgbm") and row[3:7] == now[3:7]
    hashes = conn.execute("SELECT count(DISTINCT sha256) FROM altlas.models WHERE name IN ('now', 'later')").fetchone()
    assert hashes == (1,), "the same rows, options and seed give the same bytes"
    run = conn.execute(
        "SELECT row_count, submitted_by FROM altlas.training_runs WHERE run_id = %s", (row[7],)
    ).fetchone()
    assert run == (20000, "postgres")
    bad = conn.execute("SELECT altlas.train_async('bad', 'regression', 'noise', 'nothing')").fetchone()[0]
    failed = ended(conn, bad)
    assert (failed["state"], failed["error_code"], failed["attempts"]) == ("failed", "22023", 1)
    error = failure(conn, "SELECT * FROM altlas.train_result(%s)", (bad,))
    assert error.sqlstate == "55000" and "22023" in error.diag.message_detail


def test_a_worker_takes_one_job_whatever_the_plan(conn):
    ended(conn, submit(conn, MANY.format(1)))
    # A table of one row is joined the other way round.
    conn.execute("ANALYZE altlas.job")
    numbers = [submit(conn, MANY.format(1)) for _ in range(20)]
    assert {ended(conn, number)["attempts"] for number in numbers} == {1}


def test_two_hundred_small_jobs(server, conn):
    numbers = [submit(conn, MANY.format(1 + n % 5)) for n in range(200)]
    wait_until(
        lambda: conn.execute("SELECT count(*) FROM altlas.jobs WHERE state = 'done'").fetchone() == (200,),
        90,
        "200 jobs",
    )
    counts = [values(conn, number)[0] for number in numbers]
    assert counts == [1 + n % 5 for n in range(200)]
    assert conn.execute("SELECT max(attempts) FROM altlas.job").fetchone() == (1,)
    wait_until(lambda: not workers(server), 10, "the workers' leaving")


def test_numbers_are_those_of_synchronous_trainings_too(conn):
    first = submit(conn, MANY.format(1))
    conn.execute("SELECT * FROM altlas.train('t', 'regression', 'noise', 'y', 'linear')")
    second = submit(conn, MANY.format(1))
    ended(conn, second)
    jobs = conn.execute("SELECT job_id, kind, label, role, state FROM altlas.jobs ORDER BY 1").fetchall()
    assert jobs == [
        (first, "score", "m/1", "postgres", "done"),
        (first + 1, "train", "t", "postgres", "done"),
        (second, "score", "m/1", "postgres", "done"),
    ]


# --- transactions ---------------------------------------------------------------------------------


def test_rolled_back_nothing_happens(server, name, conn):
    with server.conn(name, autocommit=False) as other:
        number = submit(other, MANY.format(10))
        error = failure(other, "SELECT altlas.wait_job(%s)", (number,))
        assert error.sqlstate == "55000" and "transaction" in error.diag.message_primary
        other.rollback()
    for table in ("job", "job_input", "job_output"):
        assert conn.execute(f"SELECT count(*) FROM altlas.{table}").fetchone() == (0,)
    assert failure(conn, "SELECT * FROM altlas.job_status(%s)", (number,)).sqlstate == "42704"


def test_the_rows_are_those_of_the_submission(server, name, conn):
    """Read by the submitter's snapshot and transaction, which the worker cannot see."""
    conn.execute("CREATE TABLE own AS SELECT 1.0 a, 2.0 b, 3.0 c, 4.0 d")
    with conn.transaction():
        conn.execute("INSERT INTO own SELECT * FROM own")
        number = submit(conn, "own")
        conn.execute("DELETE FROM own")
    assert ended(conn, number)["state"] == "done"
    assert values(conn, number)[0] == 2


def test_notification(server, name, conn):
    with server.conn(name) as listener:
        listener.execute("LISTEN altlas_jobs")
        good = submit(conn, MANY.format(3))
        bad = train_async(conn, "bad", "magic")
        heard = {}
        for note in listener.notifies(timeout=30):
            heard[json.loads(note.payload)["job_id"]] = json.loads(note.payload)
            # What is told is there.
            assert status(conn, json.loads(note.payload)["job_id"])["state"] in ENDED
            if len(heard) == 2:
                break
    assert heard == {
        good: {"job_id": good, "kind": "score", "state": "done", "label": "m/1"},
        bad: {"job_id": bad, "kind": "train", "state": "failed", "label": "bad"},
    }


def test_waiting(server, name, conn):
    number = submit(conn, MANY.format(100))
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SELECT 1").fetchone()
        assert conn.execute("SELECT altlas.wait_job(%s)", (number,)).fetchone() == ("done",)
    slow = train_async(conn, "endless", "lightgbm", ENDLESS)
    assert conn.execute("SELECT altlas.wait_job(%s, '100 ms')", (slow,)).fetchone()[0] in ("queued", "running")
    with Call(server, name, "SELECT altlas.wait_job(%s, '1 day')", parameters=(slow,)) as call:
        time.sleep(0.3)
        assert not call.done()
        assert conn.execute("SELECT altlas.cancel_job(%s)", (slow,)).fetchone() == (True,)
        assert call.result(10) == [("cancelled",)]
    with Call(
        server,
        name,
        "SELECT altlas.wait_job(%s, '1 day')",
        parameters=(train_async(conn, "endless", "lightgbm", ENDLESS),),
    ) as call:
        time.sleep(0.3)
        call.conn.cancel_safe(timeout=5)
        assert call.error(5).sqlstate == "57014"
    [(left,)] = conn.execute("SELECT job_id FROM altlas.jobs WHERE state IN ('queued', 'running')").fetchall()
    conn.execute("SELECT altlas.cancel_job(%s)", (left,))


# --- progress and cancelling ----------------------------------------------------------------------


def test_progress_of_a_training(server, name, conn):
    number = train_async(conn, "endless", "lightgbm", ENDLESS)
    first = until(conn, number, "running", lambda s: s["done"] > 0 and s["phase"].startswith("candidate"))
    later = until(conn, number, "running", lambda s: s["done"] > first["done"])
    assert later["total"] == 10000 and later["rate"] > 0
    shown = conn.execute("SELECT kind, label, role, state, phase, total FROM altlas.jobs WHERE job_id = %s", (number,))
    assert shown.fetchall() == [("train", "endless", "postgres", "running", "candidate 1 of 1: lightgbm", 10000)], (
        "once, though the engine knows it too"
    )
    activity = conn.execute("SELECT query FROM pg_stat_activity WHERE backend_type = 'altlas job'").fetchone()
    assert activity == (f"altlas job {number} (train)",)
    # The worker holds no snapshot while it waits for the engine.
    held = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'altlas job' AND backend_xmin IS NULL"
    wait_until(lambda: conn.execute(held).fetchone() == (1,), 5, "a worker without a snapshot")
    begun = time.monotonic()
    assert conn.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (True,)
    no_job(server)
    assert time.monotonic() - begun < 5
    now = status(conn, number)
    assert (now["state"], now["error"]) == ("cancelled", None)
    assert conn.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (False,)
    wait_until(lambda: not workers(server), 10, "the worker's leaving")
    assert conn.execute("SELECT count(*) FROM altlas.job_input").fetchone() == (0,)


SEARCH = {"search": {"trials": 1000}, "hyperparams": {"num_trees": 30}}
KEEP_BEST = "SELECT altlas.cancel_job(%s, keep_best => true)"


def test_a_search_keeps_its_best_when_it_is_cancelled(server, name, conn):
    number = train_async(conn, "searched", "lightgbm", SEARCH)
    until(conn, number, "running", lambda s: re.match(r"trial (?!1 )", s["phase"] or ""))
    assert conn.execute(KEEP_BEST, (number,)).fetchone() == (True,)
    assert ended(conn, number, 60)["state"] == "done"
    assert conn.execute(KEEP_BEST, (number,)).fetchone() == (False,)
    run = conn.execute("SELECT run_id FROM altlas.train_result(%s)", (number,)).fetchone()[0]
    report = conn.execute("SELECT report FROM altlas.training_runs WHERE run_id = %s", (run,)).fetchone()[0]
    tried = [row for row in report["leaderboard"] if "baseline" not in row]
    assert 1 <= len(tried) < 1000
    assert any("told to finish" in warning for warning in report["warnings"])
    assert conn.execute("SELECT altlas.predict('searched', ARRAY[0.1, 0.2, 0.3]) IS NOT NULL").fetchone() == (True,)


def test_a_queued_job_has_nothing_to_keep(server, name, conn):
    running = [train_async(conn, f"endless{n}", "lightgbm", ENDLESS) for n in range(2)]
    for number in running:
        until(conn, number, "running")
    waiting = train_async(conn, "waiting", "lightgbm", SEARCH)
    assert conn.execute(KEEP_BEST, (waiting,)).fetchone() == (False,)
    assert status(conn, waiting)["state"] == "queued"
    for number in [waiting, *running]:
        assert conn.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (True,)
    no_job(server)


def test_cancel_scoring(server, name, conn):
    number = submit(conn, LONG, MODEL)
    until(conn, number, "running", lambda s: s["done"] > 0)
    assert conn.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (True,)
    assert status(conn, number)["state"] == "cancelled"
    # The worker has let go: the next job is run, and no scores are left.
    assert ended(conn, submit(conn, MANY.format(3)))["state"] == "done"
    assert conn.execute("SELECT count(*) FROM altlas.job_output WHERE job_id = %s", (number,)).fetchone() == (0,)
    error = failure(conn, "SELECT * FROM altlas.job_result(%s)", (number,))
    assert error.sqlstate == "55000" and "cancelled" in error.diag.message_primary


def test_cancel_queued(server, name, conn):
    running = [train_async(conn, f"endless{n}", "lightgbm", ENDLESS) for n in range(2)]
    for number in running:
        until(conn, number, "running")
    waiting = submit(conn, MANY.format(10))
    time.sleep(0.7)
    assert status(conn, waiting)["state"] == "queued"
    assert failure(conn, "SELECT * FROM altlas.job_result(%s)", (waiting,)).sqlstate == "55000"
    with conn.transaction(force_rollback=True):
        assert conn.execute("SELECT altlas.cancel_job(%s)", (waiting,)).fetchone() == (True,)
    assert status(conn, waiting)["state"] == "queued", "rolled back"
    assert conn.execute("SELECT altlas.cancel_job(%s)", (waiting,)).fetchone() == (True,)
    assert status(conn, waiting)["state"] == "cancelled"
    for number in running:
        assert conn.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (True,)
    no_job(server)


def test_a_cancellation_rolled_back(server, name, conn):
    """It interrupts the work, which is begun again."""
    number = train_async(conn, "endless", "lightgbm", ENDLESS)
    until(conn, number, "running")
    first = job(server)
    with conn.transaction(force_rollback=True):
        assert conn.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (True,)
        no_job(server)
        # Nobody waits for the transaction: the worker goes on with other jobs.
        with server.conn(name) as other:
            assert ended(other, submit(other, MANY.format(3)), 20)["state"] == "done"
    assert wait_until(lambda: programs(server, "job"), 20, "the training")[0] != first
    assert status(conn, number)["state"] == "running"
    assert conn.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (True,)
    no_job(server)


def test_pg_cancel_backend(server, conn):
    number = train_async(conn, "endless", "lightgbm", ENDLESS)
    until(conn, number, "running")
    [worker] = wait_until(lambda: workers(server), 10, "a worker")
    job(server)
    conn.execute("SELECT pg_cancel_backend(%s)", (worker.pid,))
    assert ended(conn, number, 10)["state"] == "cancelled"
    no_job(server)


# --- rights ---------------------------------------------------------------------------------------


@pytest.fixture
def scorer(server, name, conn):
    """A role that may score, and its connection."""
    conn.execute("CREATE ROLE job_scorer LOGIN")
    conn.execute("CREATE ROLE job_other LOGIN")
    for role in ("job_scorer", "job_other"):
        conn.execute("SELECT altlas.grant_access(%s, 'score')", (role,))
    with server.conn(name, user="job_scorer") as connection:
        yield connection
    conn.execute("RESET ROLE")
    for role in ("job_scorer", "job_other", "job_renamed"):
        with contextlib.suppress(psycopg.errors.UndefinedObject):
            conn.execute(f"DROP OWNED BY {role}")
            conn.execute(f"DROP ROLE {role}")


def test_rows_are_read_by_the_submitters_rights(conn, scorer):
    conn.execute("CREATE TABLE secret AS SELECT 1.0 a, 2.0 b, 3.0 c, 4.0 d")
    assert failure(scorer, "SELECT altlas.submit('m', 'secret')").sqlstate == "42501"
    conn.execute("GRANT SELECT ON secret TO job_scorer")
    number = submit(scorer, "secret")
    # What was read stays read; nothing more is.
    conn.execute("REVOKE SELECT ON secret FROM job_scorer")
    assert ended(scorer, number)["state"] == "done"
    assert values(scorer, number)[0] == 1
    assert failure(scorer, "SELECT altlas.train_async('t', 'regression', 'secret', 'd')").sqlstate == "42501"
    for table in ("job", "job_input", "job_output"):
        assert failure(scorer, f"SELECT * FROM altlas.{table}").sqlstate == "42501"


def test_a_source_cannot_write(conn, scorer):
    conn.execute("CREATE TABLE marks (n int)")
    conn.execute("GRANT ALL ON marks TO job_scorer")
    conn.execute(
        "CREATE FUNCTION public.mark(i int) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN INSERT INTO marks VALUES (i); RETURN i; END $$"
    )
    # Pieces of rows are stored while the source is still read.
    late = """SELECT random() a, random() b, 0 c, CASE WHEN i > 90000 THEN mark(i) ELSE 0 END d FROM generate_series(1, 100000) i"""
    assert failure(scorer, "SELECT altlas.submit('m', %s)", (late,)).sqlstate == "25006"
    assert conn.execute("SELECT count(*) FROM marks").fetchone() == (0,)


def test_jobs_of_others(server, name, conn, scorer):
    number = submit(scorer, MANY.format(2))
    ended(scorer, number)
    with server.conn(name, user="job_other") as other:
        for sql in (
            "SELECT * FROM altlas.job_status(%s)",
            "SELECT * FROM altlas.job_result(%s)",
            "SELECT altlas.wait_job(%s)",
        ):
            assert failure(other, sql, (number,)).sqlstate == "42501", sql
        assert other.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (False,)
        conn.execute("GRANT job_scorer TO job_other")
        assert len(result(other, number)) == 2
    assert len(result(conn, number)) == 2


def test_rights_are_looked_at_again(server, conn, scorer):
    """They may be taken, and roles dropped, between the submission and the work."""
    running = [train_async(conn, f"endless{n}", "lightgbm", ENDLESS) for n in range(2)]
    for number in running:
        until(conn, number, "running")
    revoked = submit(scorer, MANY.format(2))
    conn.execute("SELECT altlas.revoke_access('job_scorer')")
    with server.conn(conn.info.dbname, user="job_other") as other:
        orphan = submit(other, MANY.format(2))
    conn.execute("SELECT altlas.revoke_access('job_other')")
    conn.execute("DROP ROLE job_other")
    for number in running:
        conn.execute("SELECT altlas.cancel_job(%s)", (number,))
    lost = ended(conn, revoked)
    assert (lost["state"], lost["error_code"]) == ("failed", "42501")
    lost = ended(conn, orphan)
    assert (lost["state"], lost["error_code"]) == ("failed", "42704") and "job_other" in lost["error"]


def test_the_work_is_done_as_the_submitter(conn, scorer):
    conn.execute("SELECT altlas.grant_access('job_scorer', 'train')")
    conn.execute("GRANT SELECT ON noise TO job_scorer")
    number = train_async(scorer, "theirs")
    assert ended(scorer, number)["state"] == "done"
    assert conn.execute("SELECT submitted_by FROM altlas.training_runs WHERE project = 'theirs'").fetchone() == (
        "job_scorer",
    )
    roles = conn.execute("SELECT DISTINCT active_role FROM altlas.audit WHERE object LIKE 'theirs%'").fetchall()
    assert roles == [("job_scorer",)]


# --- the rest -------------------------------------------------------------------------------------


def test_retention(server, name, conn):
    server.configure({"altlas.job_retention": "2s"})
    server.reload()
    try:
        number = submit(conn, MANY.format(2))
        assert ended(conn, number)["state"] == "done"
        wait_until(
            lambda: conn.execute("SELECT count(*) FROM altlas.job WHERE job_id = %s", (number,)).fetchone() == (0,),
            20,
            "the job's removal, which nobody asked for",
        )
        assert conn.execute("SELECT count(*) FROM altlas.job_output").fetchone() == (0,)
        error = failure(conn, "SELECT * FROM altlas.job_result(%s)", (number,))
        assert error.sqlstate == "42704" and "job_retention" in error.diag.message_detail
    finally:
        server.configure({"altlas.job_retention": "7d"})
        server.reload()


def test_two_databases(server, name, conn):
    """The one worker takes turns between them; and a database whose work is done can be dropped."""
    second = server.database()
    source = texts_for(conn, 0.5)
    with workers_at_most(server, 1), server.conn(second) as other:
        register(other, "m", onnx("sklearn_gradient_boosting"))
        with workers_at_most(server, 0):
            many = [submit(conn, source, MODEL) for _ in range(12)]
            few = [submit(other, MANY.format(3)) for _ in range(3)]
        served = [ended(other, number) for number in few]
        last = ended(conn, many[-1], 120)
        assert {job["state"] for job in (*served, last)} == {"done"}
        assert all(job["ended_at"] < last["ended_at"] for job in served), "not after all jobs of the first database"
        assert other.execute("SELECT count(*) FROM altlas.jobs").fetchone() == (3,)
    with server.conn() as admin:
        admin.execute("SET statement_timeout = '20s'")
        wait_until(
            lambda: (
                admin.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (second,)).fetchone() == (0,)
            ),
            10,
            "no connection to the second database",
        )
        admin.execute(f"DROP DATABASE {second}")


def test_drop_database(server):
    """Right after the work without force, in the middle of it with force."""
    for force in (False, True):
        name = server.database()
        with server.conn(name) as conn:
            number = submit(conn, LONG if force else TEXTS.format(3), MODEL)
            if force:
                until(conn, number, "running", lambda s: s["done"] > 0)
            else:
                ended(conn, number)
        with server.conn() as admin:
            admin.execute("SET statement_timeout = '20s'")
            admin.execute(f"DROP DATABASE {name} {'WITH (FORCE)' if force else ''}")
    wait_until(lambda: not workers(server), 10, "the workers' end")
    wait_until(lambda: not list((server.data / "pgsql_tmp_altlas/jobs").iterdir()), 10, "an empty list of work")
    wait_until(lambda: not list((server.data / "pgsql_tmp_altlas/workers").iterdir()), 10, "no worker's file")


def test_the_extension_goes_while_a_job_runs(server, name, conn):
    number = submit(conn, LONG, MODEL)
    until(conn, number, "running", lambda s: s["done"] > 0)
    conn.execute("SET statement_timeout = '20s'")
    conn.execute("DROP EXTENSION altlas")
    wait_until(lambda: not workers(server), 10, "the worker's end")
    conn.execute("CREATE EXTENSION altlas")
    register(conn, "m")
    assert ended(conn, submit(conn, MANY.format(3)))["state"] == "done"


def test_a_database_with_other_defaults(server, name, conn):
    conn.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    conn.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    conn.execute(f"ALTER DATABASE {name} SET statement_timeout = '1ms'")
    if server.major >= 17:
        conn.execute(f"ALTER DATABASE {name} SET transaction_timeout = '50ms'")
    assert ended(conn, submit(conn, MANY.format(300_000)))["state"] == "done"


def test_a_training_waits_for_its_place(server, name, conn):
    """altlas.max_jobs trainings of sessions leave no place: the job waits, and does not fail."""
    with Call(server, name, ENDLESS_TRAINING) as first, Call(server, name, ENDLESS_TRAINING) as second:
        wait_until(lambda: len(programs(server, "job")) == 2, 30, "two trainings")
        number = train_async(conn, "patient")
        until(conn, number, "queued", lambda s: s["phase"] is not None and "altlas.max_jobs" in s["phase"])
        assert status(conn, number)["attempts"] == 0
        # It holds no worker meanwhile.
        assert ended(conn, submit(conn, MANY.format(3)))["state"] == "done"
        for call in (first, second):
            call.conn.cancel_safe(timeout=5)
            call.error(5)
    assert ended(conn, number)["state"] == "done"


def test_workers_may_be_none(server, conn):
    with workers_at_most(server, 0):
        number = submit(conn, MANY.format(3))
        time.sleep(1.5)
        assert status(conn, number)["state"] == "queued" and not workers(server)
    assert ended(conn, number)["state"] == "done"


def test_a_large_input_stays_within_its_limit(conn):
    conn.execute("SET altlas.max_job_input = '1MB'")
    error = failure(conn, "SELECT altlas.submit('m', %s)", (MANY.format(100_000),))
    assert error.sqlstate == "54000" and "max_job_input" in error.diag.message_hint
    assert conn.execute("SELECT count(*) FROM altlas.job_input").fetchone() == (0,)
    conn.execute("RESET altlas.max_job_input")
    number = submit(conn, MANY.format(300_000))
    pieces = "SELECT count(*), max(length(bytes)) FROM altlas.job_input WHERE job_id = %s"
    count, longest = conn.execute(pieces, (number,)).fetchone()
    if count:
        assert longest <= 4 << 20
    assert ended(conn, number)["state"] == "done"
    assert values(conn, number)[:4] == (300_000, 300_000, 1, 300_000)
