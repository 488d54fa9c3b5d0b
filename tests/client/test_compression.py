"""A network in eight bits: smaller, measured, refused where it lost too much."""

import json

import pytest
from support import failure, register
from test_batches import WIDTH, dense_model

COLUMNS = ", ".join(f"sin(i * {n + 1})::float8 AS c{n}" for n in range(WIDTH))
QUANTIZE = "SELECT stage, model_version, size_bytes, memory_bytes, latency_p50_ms, mae FROM altlas.quantize(%s, %s, 'y', %s)"
VERSIONS = "SELECT version, sha256 FROM altlas.models WHERE name = 'net' ORDER BY version"


@pytest.fixture
def net(conn):
    """A network, and rows whose target is its answer, give or take one."""
    register(conn, "net", dense_model())
    conn.execute(f"CREATE TABLE plain AS SELECT {COLUMNS} FROM generate_series(1, 100) i")
    row = ", ".join(f"c{n}" for n in range(WIDTH))
    conn.execute(f"""CREATE TABLE exact AS SELECT p.*, altlas.predict('net', ARRAY[{row}]) AS y FROM plain p;
        CREATE TABLE near AS SELECT {row}, y + CASE WHEN random() < 0.5 THEN 1 ELSE -1 END AS y FROM exact""")


def test_a_smaller_version_is_registered_and_measured(conn, net):
    before, after = conn.execute(QUANTIZE, ("net", "near", "{}")).fetchall()
    assert (before[:2], after[:2]) == (("before", "net/1"), ("after", "net/2"))
    assert 3 * after[2] < 2 * before[2]
    assert after[3] < before[3]
    assert before[4] > 0 and after[4] > 0
    assert abs(after[5] - before[5]) <= 0.01 * before[5]
    made = conn.execute("SELECT manifest -> 'quantized' FROM altlas.model_version WHERE version = 2").fetchone()[0]
    assert made == {"from": "net/1", "bits": 8, "matrices": 1, "max_loss": 0.01}
    # It waits for its release, and the same model gives the same bytes.
    [aliases] = conn.execute("SELECT aliases FROM altlas.models WHERE name = 'net' AND version = 2").fetchone()
    assert not aliases
    conn.execute(QUANTIZE, ("net/1", "near", '{"keep": false}'))
    (_, first), (_, second), (_, third) = conn.execute(VERSIONS).fetchall()
    assert first != second == third


def test_what_lost_too_much_leaves_nothing(conn, net):
    error = failure(conn, QUANTIZE, ("net", "exact", "{}"))
    assert error.sqlstate == "22000"
    assert "lost too much" in error.diag.message_primary and "mean absolute error" in error.diag.message_detail
    assert len(conn.execute(VERSIONS).fetchall()) == 1
    assert conn.execute("SELECT count(*) FROM altlas.comparisons").fetchone() == (0,)


def test_what_cannot_be_smaller_is_refused(conn, net):
    register(conn, "trees")
    for model, options, code in [
        ("trees", {}, "42809"),
        ("altlas.task_type", {}, "42809"),
        ("net", {"max_loss": 2}, "22023"),
        ("net", {"bits": 4}, "22023"),
        ("nothing", {}, "42704"),
    ]:
        assert failure(conn, QUANTIZE, (model, "near", json.dumps(options))).sqlstate == code, (model, options)


DISTILL = "SELECT stage, model_version, size_bytes, mae FROM altlas.distill(%s, %s, 'student', %s, 'y', %s)"


@pytest.fixture
def rows(conn):
    conn.execute("""CREATE TABLE rows AS SELECT i, (i * 7 % 50)::float8 AS a, (i * 13 % 20)::float8 AS b
        FROM generate_series(1, 1000) i""")

    def teacher(target: str) -> str:
        source = f"SELECT a, b, {target} AS y FROM rows WHERE i <= 500"
        conn.execute("SELECT altlas.train('teacher', 'regression', %s, 'y', 'lightgbm')", (source,))
        return f"SELECT a, b, {target} AS y FROM rows WHERE i > 500"

    return teacher


def test_a_student_learns_from_the_teacher(conn, rows):
    test, options = rows("3 * a + 5 * b"), json.dumps({"algorithm": "ridge", "max_loss": 1})
    before, after = conn.execute(DISTILL, ("teacher", "SELECT a, b FROM rows WHERE i <= 500", test, options)).fetchall()
    assert (before[:2], after[:2]) == (("before", "teacher/1"), ("after", "student/1"))
    assert after[2] < before[2]
    assert after[3] <= 2 * before[3]


def test_a_student_that_lost_too_much_leaves_nothing(conn, rows):
    test, all_rows = rows("(a - 25) ^ 2"), "SELECT a, b FROM rows WHERE i <= 500"
    error = failure(conn, DISTILL, ("teacher", all_rows, test, '{"algorithm": "ridge"}'))
    assert error.sqlstate == "22000"
    assert conn.execute("SELECT count(*) FROM altlas.models WHERE name = 'student'").fetchone() == (0,)


def test_a_student_needs_what_the_teacher_takes(conn, rows):
    test = rows("a")
    register(conn, "plain")
    for teacher, source, code in [
        ("teacher", "SELECT a FROM rows", "42703"),
        ("teacher", "SELECT a, b, 1 AS teacher_answer FROM rows", "42804"),
        ("plain", "SELECT a, b FROM rows", "42809"),
    ]:
        assert failure(conn, DISTILL, (teacher, source, test, "{}")).sqlstate == code, (teacher, source)
