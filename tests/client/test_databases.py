"""Databases: encodings, neighbours, and the extension's coming and going."""

import pytest
from conftest import wait_until
from support import (
    all_sealed,
    check_answers,
    failure,
    make_noise,
    onnx,
    register,
    sample,
)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_other_encodings_are_refused(cluster, encoding):
    database = f"encoded_{encoding.lower()}"
    with cluster.conn() as conn:
        provider = "LOCALE_PROVIDER libc" if cluster.major >= 15 else ""
        conn.execute(f"CREATE DATABASE {database} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C' {provider}")
        try:
            with cluster.conn(database) as there:
                error = failure(there, "CREATE EXTENSION altlas")
                assert error.sqlstate == "0A000"
                assert encoding in error.diag.message_primary
                assert "ENCODING 'UTF8'" in error.diag.message_hint
                assert there.execute("SELECT to_regnamespace('altlas')").fetchone() == (None,)
        finally:
            conn.execute(f"DROP DATABASE {database}")


def test_drop_database_right_after_audited_work(cluster):
    """The maintenance worker that was asked for may be on its way."""
    for _ in range(5):
        name = cluster.database()
        with cluster.conn(name) as conn:
            register(conn, "m")
            for alias in range(20):
                conn.execute("SELECT altlas.set_alias('m', %s, 1)", (f"a{alias}",))
        with cluster.conn() as conn:
            conn.execute("SET statement_timeout = '20s'")
            conn.execute(f"DROP DATABASE {name}")
    # Work for databases that are gone does not keep the supervisor busy.
    wait_until(lambda: not list((cluster.data / "pgsql_tmp_altlas/pending").iterdir()), 20, "an empty list of work")
    with cluster.conn() as conn:
        workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'altlas maintenance%'"
        wait_until(lambda: conn.execute(workers).fetchone() == (0,), 20, "no maintenance worker")


def test_models_of_one_name_in_two_databases(cluster):
    names = [cluster.database(), cluster.database()]
    kinds = ["xgboost_regressor", "sklearn_gradient_boosting"]
    with cluster.conn(names[0]) as first, cluster.conn(names[1]) as second:
        for conn, kind in zip((first, second), kinds):
            register(conn, "m", onnx(kind))
        for _ in range(2):
            for conn, kind in zip((first, second), kinds):
                check_answers(conn, "m", sample(kind))
        assert failure(second, "SELECT altlas.predict('m/2', ARRAY[1, 2, 3, 4]::float8[])").sqlstate == "42704"
        # One goes, the other stays; and so does a file that both had.
        register(first, "same", onnx(kinds[1]))
        first.execute("SELECT altlas.drop_alias('same', 'production')")
        first.execute("SELECT altlas.drop_version('same', 1)")
        check_answers(second, "m", sample(kinds[1]))
    with cluster.conn() as conn:
        for name in names:
            conn.execute(f"DROP DATABASE {name}")


def test_gone_and_come_again(conn):
    """In one session, whose connection to the engine and caches stay."""
    for _ in range(2):
        register(conn, "m")
        make_noise(conn)
        conn.execute("SELECT * FROM altlas.train('t', 'regression', 'noise', 'y', 'linear')")
        check_answers(conn)
        all_sealed(conn)
        conn.execute("DROP EXTENSION altlas")
        gone = conn.execute(
            "SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' "
            "AND refobjid NOT IN (SELECT oid FROM pg_extension)"
        ).fetchone()
        assert gone == (0,)
        assert conn.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'altlas'::regnamespace").fetchone() == (
            0,
        )
        assert failure(conn, "SELECT altlas.predict('m', ARRAY[1, 2, 3, 4]::float8[])").sqlstate in ("42883", "3F000")
        conn.execute("DROP TABLE noise")
        conn.execute("CREATE EXTENSION altlas")
        assert conn.execute("SELECT count(*) FROM altlas.models WHERE NOT builtin").fetchone() == (0,)
        assert failure(conn, "SELECT altlas.predict('m', ARRAY[1, 2, 3, 4]::float8[])").sqlstate == "42704"
        assert conn.execute("SELECT ok, rows FROM altlas.verify_audit()").fetchone() == (True, 0)


def test_audited_work_and_then_the_extension_goes(cluster, database, conn):
    """The maintenance worker finds a database without altlas."""
    with conn.transaction():
        register(conn, "m")
    conn.execute("DROP EXTENSION altlas")
    wait_until(lambda: not list((cluster.data / "pgsql_tmp_altlas/pending").iterdir()), 20, "an empty list of work")
    conn.execute("CREATE EXTENSION altlas")
    register(conn, "m")
    all_sealed(conn)


def test_a_copy_of_a_database(cluster, database, conn):
    """CREATE DATABASE … TEMPLATE: the copy has the models, and its log goes on by itself."""
    register(conn, "m")
    all_sealed(conn)
    conn.close()
    with cluster.conn() as admin:
        wait_until(
            lambda: admin.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (database,)).fetchone()
            == (0,),
            10,
            "no connection to the template",
        )
        admin.execute(f"CREATE DATABASE copied TEMPLATE {database}")
        try:
            with cluster.conn("copied") as copy:
                check_answers(copy)
                assert register(copy, "m", onnx("sklearn_gradient_boosting")) == 2
                all_sealed(copy)
                assert copy.execute("SELECT ok FROM altlas.verify_audit()").fetchone() == (True,)
        finally:
            admin.execute("DROP DATABASE copied")
