"""Explanations: exact and sampled ones agree, long ones end when they shall, sources are read by the caller's rights."""

import json
import time

import pytest
from support import failure, register, sample

BACKGROUND = "SELECT * FROM known LIMIT 40"


@pytest.fixture
def columns(conn):
    """The columns of a linear model `m`, and rows for it in the table `known`."""
    names = [f"x{n}" for n in range(len(sample().rows[0]))]
    register(conn, "m", manifest={"columns": names, "task": "regression"})
    made = ", ".join(f"sin(i * {n + 1})::float8 AS {name}" for n, name in enumerate(names))
    conn.execute(f"CREATE TABLE known AS SELECT i, {made} FROM generate_series(1, 200) i")
    return names


def explained(conn, **options):
    options = json.dumps({"background": BACKGROUND, **options})
    return conn.execute(
        "SELECT e.* FROM known k, altlas.explain('m', k, %s) e WHERE i = 7 ORDER BY feature", (options,)
    ).fetchall()


def test_a_model_in_the_engine_is_sampled_to_the_same_values(conn, columns):
    exact = explained(conn)
    assert [row[0] for row in exact] == sorted(columns)
    assert all(row[5] is None for row in exact)
    conn.execute("SET altlas.compile_models = off")
    sampled = explained(conn)
    assert all(row[5] is not None for row in sampled)
    for a, b in zip(exact, sampled):
        # The order of the columns does not matter to a linear model.
        assert abs(a[2] - b[2]) < 1e-4 and abs(a[3] - b[3]) < 1e-4 and abs(a[4] - b[4]) < 1e-4
    total = sum(row[2] for row in sampled)
    assert abs(total - (sampled[0][4] - sampled[0][3])) < 1e-6
    again = explained(conn, seed=0)
    assert again == sampled


def test_a_long_one_ends_at_the_timeout(conn, columns):
    conn.execute("CREATE VIEW many AS SELECT k.* FROM known k, generate_series(1, 1000000)")
    conn.execute("SET statement_timeout = '500ms'")
    calls = [
        ("SELECT count(*) FROM altlas.explain_source('m', 'many', options => %s)", json.dumps({"background": BACKGROUND})),
        ("SELECT count(*) FROM altlas.explain_source('m', 'many', options => %s)",
         json.dumps({"background": BACKGROUND, "scale": "output"})),
        ("SELECT * FROM altlas.importance('m', 'SELECT *, x0 AS y FROM many LIMIT 500000', 'y', %s)",
         json.dumps({"repeats": 1000, "max_rows": 1000000})),
        ("SELECT * FROM altlas.partial_dependence('m', 'SELECT * FROM many LIMIT 200000', 'x0', 1000, %s)",
         json.dumps({"max_rows": 1000000})),
    ]
    for sql, options in calls:
        begun = time.monotonic()
        assert failure(conn, sql, (options,)).sqlstate == "57014", sql
        assert time.monotonic() - begun < 5, sql


def test_sources_are_read_by_the_callers_rights(cluster, database, conn, columns):
    conn.execute("CREATE ROLE explainer LOGIN; SELECT altlas.grant_access('explainer', 'score')")
    try:
        with cluster.conn(database, user="explainer") as own:
            rows = "SELECT 0.5::float8 AS x0, " + ", ".join(f"i::float8 AS {name}" for name in columns[1:])
            rows += " FROM generate_series(1, 5) i"
            background = json.dumps({"background": rows})
            sql = "SELECT count(*) FROM altlas.explain_source('m', %s, options => %s)"
            assert own.execute(sql, (rows, background)).fetchone() == (5 * len(columns),)
            assert failure(own, sql, ("known", background)).sqlstate == "42501"
            assert failure(own, sql, (rows, json.dumps({"background": "known"}))).sqlstate == "42501"
            # Neither the stored rows nor trainings are for this level.
            assert failure(own, "SELECT * FROM altlas.background_row").sqlstate == "42501"
            assert failure(own, "SELECT * FROM altlas.reproduce(1)").sqlstate == "42501"
            assert failure(own, "SELECT * FROM altlas.export_mlflow(1)").sqlstate == "42501"
    finally:
        conn.execute("SELECT altlas.revoke_access('explainer'); DROP ROLE explainer")
