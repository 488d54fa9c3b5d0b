"""The SQL surface: what is installed is what is written down, and an upgraded extension equals a new one."""

import difflib
import os
import re
from pathlib import Path

import pytest
from support import REPOSITORY

CATALOGUE = (Path(__file__).parent / "catalogue.sql").read_text()
SNAPSHOT = REPOSITORY / "sql/snapshot.txt"
HEADER = (
    "# The SQL surface, from tests/client/catalogue.sql. Changed on purpose? ALTLAS_UPDATE_SNAPSHOT=1 writes it anew.\n"
)
SCRIPTS = sorted(REPOSITORY.glob("sql/altlas--*--*.sql"))


def surface(conn):
    conn.execute("SET search_path = ''")
    return [line for (line,) in conn.execute(CATALOGUE).fetchall()]


def bodies(conn):
    """What the snapshot leaves out: definitions of views and functions, comments."""
    return conn.execute(
        """SELECT c.oid::regclass::text, pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class') FROM pg_class c
            WHERE c.relnamespace = 'altlas'::regnamespace AND c.relkind IN ('r', 'v', 'S')
           UNION ALL
           SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc') FROM pg_proc p
            WHERE p.pronamespace = 'altlas'::regnamespace AND p.prokind IN ('f', 'p', 'w')
           ORDER BY 1"""
    ).fetchall()


def differences(wanted, found):
    return "\n".join(difflib.unified_diff(wanted, found, "wanted", "found", lineterm="", n=0))


def test_the_surface_is_the_one_written_down(conn):
    """An unintended change of a name, a type, a default, a right or a table fails here."""
    found = surface(conn)
    if os.environ.get("ALTLAS_UPDATE_SNAPSHOT") == "1":
        SNAPSHOT.write_text(HEADER + "".join(f"{line}\n" for line in found))
    wanted = SNAPSHOT.read_text().removeprefix(HEADER).splitlines()
    assert not differences(wanted, found)


def test_the_surface_keeps_its_rules(conn):
    """Rules that a snapshot written anew must keep, too."""
    lines = surface(conn)
    assert len(lines) > 100
    assert [line for line in lines if "PUBLIC" in line or "not a member" in line or line.startswith("trigger")] == []
    undumped = {
        line.split()[1] for line in lines if re.match("(table|sequence) ", line) and " dumped where " not in line
    }
    assert undumped == {"api_level", "builtin_model"}, "rows of every other table are the user's and must be dumped"


def versions(conn):
    return {
        version
        for (version,) in conn.execute("SELECT version FROM pg_available_extension_versions WHERE name = 'altlas'")
    }


@pytest.mark.skipif(not SCRIPTS, reason="there is no upgrade script yet")
def test_upgraded_equals_new(cluster, database, conn):
    (newest,) = conn.execute("SELECT default_version FROM pg_available_extensions WHERE name = 'altlas'").fetchone()
    wanted, wanted_bodies = surface(conn), bodies(conn)
    starts = {re.fullmatch(r"altlas--(.+)--(.+)\.sql", script.name)[1] for script in SCRIPTS}
    assert starts <= versions(conn), "the install script of every version that can be upgraded must be installed"
    for old in sorted(starts):
        name = cluster.database(extension=False)
        with cluster.conn(name) as upgraded:
            upgraded.execute(f"CREATE EXTENSION altlas VERSION '{old}'")
            upgraded.execute("ALTER EXTENSION altlas UPDATE")
            assert upgraded.execute("SELECT extversion FROM pg_extension WHERE extname = 'altlas'").fetchone() == (
                newest,
            )
            assert not differences(wanted, surface(upgraded)), old
            assert bodies(upgraded) == wanted_bodies, old
        with cluster.conn() as admin:
            admin.execute(f"DROP DATABASE {name}")


def test_the_comparison_finds_changes(conn):
    """The test above would be vacuous if the query did not see a change."""
    before = surface(conn)
    changes = [
        "ALTER TABLE altlas.model ADD colour text",
        "ALTER TABLE altlas.model ALTER task DROP NOT NULL",
        "GRANT EXECUTE ON FUNCTION altlas.engine_status TO PUBLIC",
        "GRANT SELECT ON altlas.models TO PUBLIC",
        "ALTER FUNCTION altlas.engine_status() STABLE",
        "ALTER FUNCTION altlas.verify_audit() RESET search_path",
        "ALTER FUNCTION altlas.verify_audit() SECURITY INVOKER",
        "CREATE FUNCTION altlas.more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX ON altlas.model (task)",
        "ALTER TABLE altlas.artefact_chunk ALTER bytes SET STORAGE EXTENDED",
        "UPDATE altlas.api_level SET level = 'read' WHERE name = 'train'",
        "ALTER EXTENSION altlas DROP VIEW altlas.models",
    ]
    for change in changes:
        conn.execute("BEGIN")
        conn.execute(change)
        assert surface(conn) != before, change
        conn.execute("ROLLBACK")
    assert surface(conn) == before
