"""The audit log: written with the deed, sealed later, and every change of it is found."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from conftest import wait_until
from support import all_sealed, failure, register

VERIFY = "SELECT ok, rows, sealed, unsealed, problem FROM altlas.verify_audit()"


@pytest.fixture
def filled(conn):
    """A database with some sealed rows."""
    register(conn, "m")
    for number in range(5):
        conn.execute("SELECT altlas.set_alias('m', %s, 1)", (f"a{number}",))
    all_sealed(conn)
    assert verified(conn)["ok"]
    return conn


def verified(conn):
    cursor = conn.execute(VERIFY)
    return dict(zip([column.name for column in cursor.description], cursor.fetchone()))


def test_deeds_are_told(filled):
    rows = filled.execute(
        "SELECT action, object, before, after, session_role, active_role, seal_id IS NOT NULL FROM altlas.audit ORDER BY audit_id"
    ).fetchall()
    assert [row[:2] for row in rows[:3]] == [
        ("register_model", "m/1"),
        ("set_alias", "m@production"),
        ("set_alias", "m@a0"),
    ]
    assert rows[2][2:] == (None, {"version": 1}, "postgres", "postgres", True)
    filled.execute("SELECT altlas.drop_alias('m', 'a0')")
    last = "SELECT action, object, before, after FROM altlas.audit ORDER BY audit_id DESC LIMIT 1"
    assert filled.execute(last).fetchone() == ("drop_alias", "m@a0", {"version": 1}, None)


def test_what_is_rolled_back_is_not_told(filled):
    before = verified(filled)
    with pytest.raises(ZeroDivisionError), filled.transaction():
        filled.execute("SELECT altlas.set_alias('m', 'gone', 1)")
        raise ZeroDivisionError
    assert failure(filled, "SELECT altlas.set_alias('m', 'gone', 99)").sqlstate == "42704"
    assert verified(filled) == before


def test_writers_at_once(cluster, database, filled):
    """Every row is there once, sealed once, in one unbroken chain."""
    writers, deeds, together = 12, 8, Barrier(12)
    before = verified(filled)["rows"]

    def write(writer):
        with cluster.conn(database) as conn:
            together.wait(30)
            for deed in range(deeds):
                conn.execute("SELECT altlas.set_alias('m', %s, 1)", (f"w{writer}_{deed}",))

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    all_sealed(filled)
    wanted = before + writers * deeds
    assert verified(filled) == {"ok": True, "rows": wanted, "sealed": wanted, "unsealed": 0, "problem": None}
    objects = filled.execute("SELECT count(DISTINCT object) FROM altlas.audit WHERE object LIKE 'm@w%'").fetchone()
    assert objects == (writers * deeds,)


def test_a_long_transaction_blocks_nobody(cluster, database, filled):
    with cluster.conn(database, autocommit=False) as slow:
        slow.execute("SELECT altlas.set_alias('m', 'slow', 1)")
        before = verified(filled)
        filled.execute("SET statement_timeout = '10s'")
        filled.execute("SELECT altlas.set_alias('m', 'fast', 1)")
        all_sealed(filled)
        after = verified(filled)
        assert after["sealed"] == before["sealed"] + 1 and after["ok"]
        slow.commit()
    wait_until(lambda: verified(filled)["rows"] == after["rows"] + 1, 5, "the slow row")
    all_sealed(filled)
    assert verified(filled)["ok"]
    order = filled.execute(
        "SELECT object FROM altlas.audit WHERE object IN ('m@slow', 'm@fast') ORDER BY seal_id"
    ).fetchall()
    assert order == [("m@fast",), ("m@slow",)]
    numbers = filled.execute(
        "SELECT object FROM altlas.audit WHERE object IN ('m@slow', 'm@fast') ORDER BY audit_id"
    ).fetchall()
    assert numbers == [("m@slow",), ("m@fast",)], "the slow row has the lower number"


def test_the_head_moves_with_each_row(filled):
    head = filled.execute("SELECT * FROM altlas.audit_head()").fetchone()
    assert len(head[1]) == 64
    filled.execute("SELECT altlas.set_alias('m', 'more', 1)")
    all_sealed(filled)
    moved = filled.execute("SELECT * FROM altlas.audit_head()").fetchone()
    assert moved[0] > head[0] and moved[1] != head[1]


def test_an_independent_reader_gets_the_same_chain(filled):
    """The chain as documented, computed here from the stored row hashes."""
    chain = b""
    for (row_hash,) in filled.execute("SELECT row_hash FROM altlas.audit_seal ORDER BY seal_id").fetchall():
        chain = hashlib.sha256(chain + row_hash).digest()
    assert filled.execute("SELECT chain_hash FROM altlas.audit_head()").fetchone() == (chain.hex(),)


TAMPERING = {
    "object": "UPDATE altlas.audit_log SET object = 'other' WHERE audit_id = 3",
    "role": "UPDATE altlas.audit_log SET active_role = 'other' WHERE audit_id = 3",
    "session": "UPDATE altlas.audit_log SET session_role = 'other' WHERE audit_id = 3",
    "time": "UPDATE altlas.audit_log SET at = at + interval '1 microsecond' WHERE audit_id = 3",
    "action": "UPDATE altlas.audit_log SET action = 'nothing' WHERE audit_id = 3",
    "after": """UPDATE altlas.audit_log SET after = '{"version": 2}' WHERE audit_id = 3""",
    "before": """UPDATE altlas.audit_log SET before = '{}' WHERE audit_id = 3""",
    "after to NULL": "UPDATE altlas.audit_log SET after = NULL WHERE audit_id = 3",
    "number": "UPDATE altlas.audit_log SET audit_id = 999 WHERE audit_id = 3",
    "deleted row": "DELETE FROM altlas.audit_log WHERE audit_id = 3",
    "deleted last row": "DELETE FROM altlas.audit_log WHERE audit_id = (SELECT max(audit_id) FROM altlas.audit_log)",
    "row with its hash": """WITH changed AS (SELECT audit_id, altlas._audit_row_hash(audit_id, at, session_role, active_role, action,
        'other', before, after) AS hash FROM altlas.audit_log WHERE audit_id = 3)
        UPDATE altlas.audit_log l SET object = 'other', row_hash = hash FROM changed c WHERE c.audit_id = l.audit_id""",
    "row with its hash and seal": """WITH changed AS (SELECT audit_id, altlas._audit_row_hash(audit_id, at, session_role, active_role,
        action, 'other', before, after) AS hash FROM altlas.audit_log WHERE audit_id = 3),
        sealed AS (UPDATE altlas.audit_seal s SET row_hash = hash FROM changed c WHERE c.audit_id = s.audit_id)
        UPDATE altlas.audit_log l SET object = 'other', row_hash = hash FROM changed c WHERE c.audit_id = l.audit_id""",
    "deleted row and seal": """WITH s AS (DELETE FROM altlas.audit_seal WHERE audit_id = 3)
        DELETE FROM altlas.audit_log WHERE audit_id = 3""",
    "seal order": "UPDATE altlas.audit_seal SET seal_id = seal_id + 1000 WHERE audit_id = 3",
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found(filled, how):
    assert filled.execute(TAMPERING[how]).rowcount == 1
    found = verified(filled)
    assert found["ok"] is False and found["problem"]


def test_sealing_goes_on_after_tampering_and_hides_nothing(filled):
    filled.execute(TAMPERING["object"])
    filled.execute("SELECT altlas.set_alias('m', 'later', 1)")
    all_sealed(filled)
    assert verified(filled)["ok"] is False


def test_an_administrator_cannot_write_the_log(cluster, database, filled):
    filled.execute("CREATE ROLE auditor LOGIN")
    filled.execute("SELECT altlas.grant_access('auditor', 'admin')")
    try:
        with cluster.conn(database, user="auditor") as conn:
            for sql in (
                "UPDATE altlas.audit_log SET object = 'x'",
                "DELETE FROM altlas.audit_log",
                "TRUNCATE altlas.audit_log",
                "INSERT INTO altlas.audit_log SELECT * FROM altlas.audit_log",
                "SELECT * FROM altlas.audit_log",
                "DELETE FROM altlas.audit_seal",
                "UPDATE altlas.audit_seal SET chain_hash = ''",
                "SELECT altlas._seal_audit()",
                "SELECT nextval('altlas.audit_log_id_seq')",
                "ALTER TABLE altlas.audit_log DISABLE TRIGGER ALL",
                "DROP TABLE altlas.audit_log",
            ):
                assert failure(conn, sql).sqlstate == "42501", sql
            assert failure(conn, "DELETE FROM altlas.audit").sqlstate == "55000", "a view of a join"
            assert conn.execute("SELECT count(*) > 5 FROM altlas.audit").fetchone() == (True,)
            assert verified(conn)["ok"]
            assert conn.execute("SELECT chain_hash FROM altlas.audit_head()").fetchone()[0]
    finally:
        filled.execute("DROP OWNED BY auditor; DROP ROLE auditor")


def test_time_zone_and_formats_do_not_matter(filled):
    """Hashes are of canonical bytes, whoever verifies them."""
    for setting in (
        "TimeZone = 'Asia/Kathmandu'",
        "DateStyle = 'SQL, DMY'",
        "IntervalStyle = 'iso_8601'",
        "bytea_output = 'escape'",
        "extra_float_digits = -15",
        "search_path = ''",
    ):
        filled.execute(f"SET {setting}")
        assert verified(filled)["ok"], setting
