"""What is committed survives dumps, crashes, base backups and replication, and goes on working there."""

import contextlib
import json

import psycopg
import pytest
from conftest import wait_until
from support import (
    REPOSITORY,
    Clone,
    all_sealed,
    check_answers,
    client_program,
    engine,
    expected,
    failure,
    make_noise,
    onnx,
    padded,
    predictions,
    programs,
    register,
    sample,
    status,
)

TEXT_MODEL = REPOSITORY / "crates/altlas-tokens/tests/data"
# What the maintenance worker writes by itself, at any time.
GATHERED = ("altlas.model_stats_hour", "altlas.model_sketch")
KPI = {"kind": "average", "source": "public.noise", "value": "y", "time_column": "at"}


@pytest.fixture(scope="module")
def source(new_cluster):
    """A cluster and a database in which every table of altlas has rows, all audit rows sealed."""
    cluster = new_cluster()
    name = cluster.database()
    with cluster.conn(name) as conn:
        vectors = [{"input": row, "output": [value]} for row, value in zip(sample().rows, sample().expected)]
        register(conn, "m", padded(sample().onnx, 9 << 20), {"test_vectors": vectors, "description": "ağaç"})
        register(conn, "m", onnx("sklearn_gradient_boosting"))
        conn.execute("SELECT altlas.set_alias('m', 'next', 2)")
        files = [(TEXT_MODEL / file).read_bytes() for file in ("encoder.onnx", "wordpiece.json")]
        conn.execute("SELECT altlas.register_text_model('words', %s, %s)", files)
        make_noise(conn)
        conn.execute("ALTER TABLE noise ADD at timestamptz DEFAULT '2025-01-01 00:00+00'")
        for _ in range(2):
            conn.execute(TRAIN)
        conn.execute("SELECT altlas.define_kpi('kept', %s)", (json.dumps(KPI),))
        conn.execute("SELECT altlas.give_feedback('ship it', 'create', 'execute')")
        conn.execute("SELECT altlas.compare_models(ARRAY['m'], 'SELECT a, b, c, y, y AS truth FROM noise LIMIT 5', 'truth')")
        conn.execute("CREATE ROLE survivor LOGIN")
        conn.execute("SELECT altlas.grant_access('survivor', 'score')")
        # A job that is done and one that stays in the queue, here and in copies.
        conn.execute("SELECT altlas.submit('m', 'SELECT a, b, c, y FROM noise LIMIT 5')")
        assert conn.execute("SELECT altlas.wait_job(max(job_id)) FROM altlas.jobs").fetchone() == ("done",)
        cluster.configure({"altlas.max_job_workers": 0})
        cluster.reload()
        wait_until(lambda: conn.execute("SHOW altlas.max_job_workers").fetchone() == ("0",), 10, "the setting")
        conn.execute("SELECT altlas.submit('m', 'SELECT a, b, c, y FROM noise LIMIT 5')")
        all_sealed(conn)
        answers(conn)
        wait_until(lambda: all(extension_tables(conn)[table] for table in GATHERED), 60, "statistics")
        for table, count in extension_tables(conn).items():
            assert count > 0, f"{table} is dumped with the extension and must have rows here"
    return cluster, name


TRAIN = """SELECT version, run_id FROM altlas.train('trained', 'regression', 'SELECT a, b, c, y FROM noise', 'y',
    'lightgbm', '{"hyperparams": {"num_trees": 20}}')"""


def extension_tables(conn):
    """Rows of each table that is dumped with the extension."""
    tables = conn.execute(
        """SELECT t.oid::regclass::text FROM pg_extension e, unnest(e.extconfig) t (oid) JOIN pg_class c USING (oid)
            WHERE e.extname = 'altlas' AND c.relkind = 'r'"""
    ).fetchall()
    assert len(tables) >= 10
    return {table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for (table,) in tables}


def answers(conn):
    """What every model says, and the state of the log."""
    trained = conn.execute(
        "SELECT altlas.predict('trained', n) FROM (SELECT a, b, c FROM noise ORDER BY a, b LIMIT 50) n"
    )
    return {
        "m": predictions(conn, "m"),
        "m@next": predictions(conn, "m@next"),
        "trained": [value for (value,) in trained.fetchall()],
        "words": conn.execute("SELECT altlas.embed('Delete the old logs.', 'words')").fetchone(),
        "audit": conn.execute("SELECT * FROM altlas.verify_audit()").fetchone(),
        "head": conn.execute("SELECT seal_id, chain_hash FROM altlas.audit_head()").fetchone(),
        "models": conn.execute(
            "SELECT name, version, aliases, sha256, metrics FROM altlas.models ORDER BY 1, 2"
        ).fetchall(),
        "kpi": conn.execute("SELECT value FROM altlas.kpi_rollup('kept', 'year')").fetchall(),
        "jobs": conn.execute(
            "SELECT j.job_id, j.label, j.state, r.* FROM altlas.jobs j, altlas.job_result(j.job_id) r "
            "WHERE j.kind = 'score' AND j.state = 'done' ORDER BY 1, 4"
        ).fetchall(),
        "access": conn.execute("SELECT role_name, level FROM altlas.access").fetchall(),
        "rows": {table: rows for table, rows in extension_tables(conn).items() if table not in GATHERED},
    }


def check_alive(cluster, name, before):
    """The same answers, the same rights, and work goes on."""
    with cluster.conn(name) as conn:
        now = answers(conn)
        assert now == before
        assert now["audit"][0] is True and now["m"] == expected()
        with cluster.conn(name, user="survivor") as scorer:
            assert predictions(scorer, "m") == expected()
            assert failure(scorer, "SELECT * FROM altlas.artefact_chunk").sqlstate == "42501"
            assert failure(scorer, "SELECT altlas.set_alias('m', 'x', 1)").sqlstate == "42501"
        run = max(number for (number,) in conn.execute("SELECT run_id FROM altlas.training_runs").fetchall())
        assert conn.execute(TRAIN).fetchone() == (3, run + 1)
        assert register(conn, "m") == 3
        conn.execute("SELECT altlas.set_alias('m', 'next', 3)")
        conn.execute("SELECT altlas.define_kpi('kept', %s)", (json.dumps(KPI | {"description": "changed"}),))
        conn.execute("SELECT altlas.define_kpi('another', %s)", (json.dumps(KPI),))
        conn.execute("CREATE ROLE late")
        conn.execute("SELECT altlas.grant_access('late', 'read')")
        all_sealed(conn)
        assert conn.execute("SELECT ok, problem FROM altlas.verify_audit()").fetchone() == (True, None)
        assert conn.execute("SELECT seal_id FROM altlas.audit_head()").fetchone()[0] > before["head"][0]


def plain(cluster, name, target):
    """pg_dump as SQL, read by psql."""
    with target.conn() as conn:
        conn.execute(f"CREATE DATABASE {name}")
    dump = client_program("pg_dump", cluster.dsn(name))
    client_program("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", target.dsn(name), stdin=dump)


def custom(cluster, name, target):
    """pg_dump --format=custom, read by pg_restore, which makes the database."""
    dump = client_program("pg_dump", "--format=custom", cluster.dsn(name))
    client_program("pg_restore", "--exit-on-error", "--create", "-d", target.dsn(), stdin=dump)


def everything(cluster, name, target):
    """pg_dumpall, read by psql; the roles' own commands came before."""
    dump = client_program("pg_dumpall", "-d", cluster.dsn(), "--no-role-passwords")
    ours = [line for line in dump.splitlines(keepends=True) if not line.startswith((b"CREATE ROLE", b"ALTER ROLE"))]
    client_program("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", target.dsn(), stdin=b"".join(ours))


@pytest.mark.parametrize("way", [plain, custom, everything])
def test_dump_and_restore(source, new_cluster, way):
    cluster, name = source
    with cluster.conn(name) as conn:
        before = answers(conn)
    target = new_cluster()
    try:
        with target.conn() as conn:
            conn.execute("CREATE ROLE survivor LOGIN")
        way(cluster, name, target)
        check_alive(target, name, before)
    finally:
        target.stop("immediate")


def test_crash_after_commit(new_cluster):
    cluster = new_cluster({"fsync": "on"})
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "m", padded(sample().onnx, 5 << 20))
        register(conn, "m", onnx("sklearn_gradient_boosting"))
        conn.execute("SELECT altlas.set_alias('m', 'production', 2)")
        lost = cluster.conn(name, autocommit=False)
        register(lost, "lost")
        cluster.stop("immediate")
    with contextlib.suppress(psycopg.Error):
        lost.close()
    cluster.start()
    with cluster.conn(name) as conn:
        check_answers(conn, "m", sample("sklearn_gradient_boosting"))
        check_answers(conn, "m/1")
        assert failure(conn, "SELECT altlas.predict('lost', ARRAY[1, 2, 3, 4]::float8[])").sqlstate == "42704"
        assert register(conn, "m") == 3
        all_sealed(conn)
        assert conn.execute("SELECT ok FROM altlas.verify_audit()").fetchone() == (True,)
    cluster.stop("immediate")


def test_base_backup(source):
    cluster, name = source
    with cluster.conn(name) as conn:
        before = answers(conn)
    assert programs(cluster, "serve"), "the engine's files must be in use"
    clone = Clone(cluster)
    try:
        assert "warning" not in clone.backup_messages.lower()
        left = clone.data / "pgsql_tmp_altlas"
        assert not left.exists() or list(left.iterdir()) == []
        clone.start()
        check_alive(clone, name, before)
        assert "WARNING" not in clone.log_text()
    finally:
        clone.remove()


@pytest.fixture(scope="module")
def replica(source):
    clone = Clone(source[0], replica=True)
    clone.start()
    yield clone
    clone.remove()


def test_a_replica_answers_like_its_primary(source, replica):
    cluster, name = source
    with cluster.conn(name) as primary, replica.conn(name) as conn:
        assert conn.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
        caught_up(primary, conn)
        # A rollup makes nothing, too.
        assert answers(conn) == answers(primary)
        now = status(conn)
        assert now["state"] == "running" and now["engine_pid"] == engine(replica).pid
        assert now["engine_pid"] != status(primary)["engine_pid"]
        for sql in (
            "SELECT * FROM altlas.jobs",
            "SELECT altlas.job_status(job_id), altlas.wait_job(job_id, '0') FROM altlas.jobs WHERE kind = 'score'",
            "SELECT * FROM altlas.training_runs",
            "SELECT * FROM altlas.kpis",
            "SELECT * FROM altlas.audit",
            "SELECT * FROM altlas.error_codes()",
            "SELECT * FROM altlas.segment_text('Call Bob. Then pay.', granularity => 'sentence')",
            "SELECT * FROM altlas.detect_anomaly('SELECT a FROM noise LIMIT 500', 'a')",
            "SELECT * FROM altlas.predict_duration('{}', 'nope')",
        ):
            with contextlib.suppress(psycopg.errors.UndefinedObject):
                conn.execute(sql).fetchall()


def test_a_replica_refuses_to_write(source, replica):
    _, name = source
    digest = "0" * 64
    with replica.conn(name) as conn:
        for sql in (
            "SELECT altlas.register_model('x', 'x')",
            f"SELECT altlas.register_artefact('x', '{digest}')",
            f"SELECT altlas.begin_artefact('{digest}', 1)",
            f"SELECT altlas.append_artefact('{digest}', 'x')",
            f"SELECT altlas.finish_artefact('{digest}')",
            "SELECT altlas.register_text_model('x', 'x', 'x')",
            f"SELECT altlas.register_text_artefacts('x', '{digest}', '{digest}')",
            "SELECT altlas.set_alias('m', 'x', 1)",
            "SELECT altlas.drop_alias('m', 'next')",
            "SELECT altlas.drop_version('m', 1)",
            "SELECT altlas.pin_builtin('altlas.task_type', 'x')",
            "SELECT altlas.grant_access('survivor', 'admin')",
            "SELECT altlas.revoke_access('survivor')",
            "SELECT altlas.define_kpi('x', '{}')",
            "SELECT altlas.drop_kpi('kept')",
            "SELECT altlas.install_task_schema('x')",
            "SELECT * FROM altlas.train('x', 'regression', 'noise', 'y', 'linear')",
            "SELECT altlas.train_async('x', 'regression', 'noise', 'y', 'linear')",
            "SELECT altlas.submit('m', 'SELECT a, b, c, y FROM noise')",
            "SELECT altlas.cancel_job(job_id) FROM altlas.jobs WHERE state = 'queued'",
        ):
            error = failure(conn, sql)
            assert error.sqlstate == "25006", (sql, error)
            assert "primary" in (error.diag.message_hint or ""), sql
    assert "PANIC" not in replica.log_text() and "terminated by signal" not in replica.log_text()


def caught_up(primary, replica):
    (target,) = primary.execute("SELECT pg_current_wal_lsn()").fetchone()
    sql = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
    wait_until(lambda: replica.execute(sql, (target,)).fetchone() == (True,), 30, "replay")


def test_a_replica_follows_an_alias(source, replica):
    cluster, name = source
    with cluster.conn(name) as primary, replica.conn(name) as conn:
        caught_up(primary, conn)
        assert predictions(conn, "m@next") == expected(sample("sklearn_gradient_boosting"))
        try:
            primary.execute("SELECT altlas.set_alias('m', 'next', 1)")
            caught_up(primary, conn)
            assert predictions(conn, "m@next") == expected()
        finally:
            primary.execute("SELECT altlas.set_alias('m', 'next', 2)")
            all_sealed(primary)
        caught_up(primary, conn)
        assert predictions(conn, "m@next") == expected(sample("sklearn_gradient_boosting"))


def test_a_promoted_replica_goes_on(source):
    cluster, name = source
    with cluster.conn(name) as conn:
        before = answers(conn)
    clone = Clone(cluster, replica=True)
    try:
        clone.start()
        with cluster.conn(name) as primary, clone.conn(name) as conn:
            caught_up(primary, conn)
            check_answers(conn)
            conn.execute("SELECT pg_promote()")
        check_alive(clone, name, before)
    finally:
        clone.remove()
