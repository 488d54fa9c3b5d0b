"""Who may do what: levels, PUBLIC, sources, and attacks on what runs as altlas' owner."""

import json

import psycopg
import pytest
from support import (
    ENDLESS_TRAINING,
    Call,
    check_answers,
    expected,
    failure,
    job,
    make_noise,
    no_job,
    predictions,
    register,
    sample,
)

LEVELS = ["read", "score", "train", "admin"]
REFUSED = "42501"


@pytest.fixture(scope="module")
def name(cluster):
    """A database with a role for each level, `level_none` without any, and a model."""
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "m")
        make_noise(conn)
        for level in ["none", *LEVELS]:
            conn.execute(f"CREATE ROLE level_{level} LOGIN")
        for level in LEVELS:
            conn.execute("SELECT altlas.grant_access(%s, %s)", (f"level_{level}", level))
    yield name
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for level in ["none", *LEVELS]:
            conn.execute(f"DROP ROLE level_{level}")


@pytest.fixture
def owner(cluster, name):
    with cluster.conn(name) as conn:
        yield conn


@pytest.fixture
def as_level(cluster, name):
    """Connects as the role of a level."""
    made = []

    def connect(level):
        made.append(cluster.conn(name, user=f"level_{level}"))
        return made[-1]

    yield connect
    for conn in made:
        conn.close()


def functions(conn):
    """(oid, signature, a call with only NULLs, level) of every function that is no internal one."""
    return conn.execute(
        """SELECT p.oid, p.oid::regprocedure::text,
                  format('SELECT * FROM (SELECT altlas.%I(%s)%s) s', p.proname,
                         (SELECT string_agg('NULL::' || a.type::regtype, ', ' ORDER BY a.n)
                            FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (type, n)),
                         CASE p.prokind WHEN 'w' THEN ' OVER ()' ELSE '' END),
                  l.level
             FROM pg_proc p LEFT JOIN altlas.api_level l ON l.name = p.proname
            WHERE p.pronamespace = 'altlas'::regnamespace AND (p.proname !~ '^_' OR l.name IS NOT NULL) ORDER BY 2"""
    ).fetchall()


# --- levels ---------------------------------------------------------------------------------------


def test_every_function_has_a_level_and_every_level_a_function(owner):
    assert [signature for _, signature, _, level in functions(owner) if level is None] == []
    nameless = owner.execute(
        """SELECT l.name FROM altlas.api_level l
            WHERE NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'altlas'::regnamespace AND proname = l.name)
              AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'altlas'::regnamespace AND relname = l.name)"""
    ).fetchall()
    assert nameless == []


@pytest.mark.parametrize("level", ["none", *LEVELS])
def test_a_level_may_call_what_it_includes_and_nothing_else(owner, as_level, level):
    conn, rank = as_level(level), LEVELS.index(level) if level != "none" else -1
    checked = 0
    for _, signature, call, needed in functions(owner):
        conn.execute("BEGIN")
        try:
            conn.execute(call).fetchall()
            sqlstate = None
        except psycopg.Error as error:
            sqlstate = error.sqlstate
        conn.execute("ROLLBACK")
        if LEVELS.index(needed) <= rank:
            assert sqlstate != REFUSED and (sqlstate or "22")[:2] in ("22", "42", "55", "25"), (signature, sqlstate)
        else:
            assert sqlstate == REFUSED, (signature, sqlstate)
        checked += 1
    assert checked > 20


@pytest.mark.parametrize("level", ["none", *LEVELS])
def test_internal_functions_are_for_nobody(owner, level):
    may = owner.execute(
        """SELECT p.oid::regprocedure::text FROM pg_proc p
            WHERE p.pronamespace = 'altlas'::regnamespace AND has_function_privilege(%s, p.oid, 'EXECUTE')
              AND p.proname ~ '^_' AND NOT EXISTS (SELECT FROM altlas.api_level l WHERE l.name = p.proname)""",
        (f"level_{level}",),
    ).fetchall()
    assert may == []


@pytest.mark.parametrize("level", ["none", *LEVELS])
def test_relations_are_read_by_their_level_and_written_by_nobody(owner, as_level, level):
    conn, rank = as_level(level), LEVELS.index(level) if level != "none" else -1
    relations = owner.execute(
        """SELECT c.oid, c.relname, l.level FROM pg_class c LEFT JOIN altlas.api_level l ON l.name = c.relname
            WHERE c.relnamespace = 'altlas'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'S', 'p', 'f')"""
    ).fetchall()
    assert len(relations) > 15
    for oid, relation, needed in relations:
        try:
            conn.execute(f"SELECT * FROM altlas.{relation}").fetchall()
            may = True
        except psycopg.errors.InsufficientPrivilege:
            may = False
        assert may == (needed is not None and LEVELS.index(needed) <= rank), relation
        for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
            assert owner.execute(
                "SELECT has_table_privilege(%s, %s::oid, %s)", (f"level_{level}", oid, right)
            ).fetchone() == (False,)
    for (sequence,) in owner.execute(
        "SELECT oid FROM pg_class WHERE relnamespace = 'altlas'::regnamespace AND relkind = 'S'"
    ).fetchall():
        for right in ("USAGE", "SELECT", "UPDATE"):
            sql = "SELECT has_sequence_privilege(%s, %s::oid, %s)"
            assert owner.execute(sql, (f"level_{level}", sequence, right)).fetchone() == (False,)


def test_public_has_nothing(owner):
    """Also where no right was ever granted or revoked: a missing list stands for the default one."""
    sql = """
        SELECT 'function', p.oid::regprocedure::text, a.privilege_type
          FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
         WHERE p.pronamespace = 'altlas'::regnamespace AND a.grantee = 0
        UNION ALL
        SELECT 'relation', c.oid::regclass::text, a.privilege_type
          FROM pg_class c,
               aclexplode(coalesce(c.relacl, acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner))) a
         WHERE c.relnamespace = 'altlas'::regnamespace AND c.relkind <> 'i' AND a.grantee = 0
        UNION ALL
        SELECT 'column', attrelid::regclass || '.' || attname, x.privilege_type
          FROM pg_attribute, aclexplode(attacl) x
         WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'altlas'::regnamespace) AND x.grantee = 0
        UNION ALL
        SELECT 'schema', n.nspname, a.privilege_type
          FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
         WHERE n.nspname = 'altlas' AND a.grantee = 0"""
    assert owner.execute(sql).fetchall() == []
    assert owner.execute("SELECT count(*) FROM pg_proc WHERE pronamespace = 'altlas'::regnamespace").fetchone()[0] > 20


def test_definer_functions_pin_their_path(owner):
    loose = owner.execute("""SELECT oid::regprocedure::text FROM pg_proc
            WHERE pronamespace = 'altlas'::regnamespace AND prosecdef
              AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)""").fetchall()
    assert loose == []


def test_a_scorer_predicts_without_reading_the_model(as_level):
    conn = as_level("score")
    check_answers(conn)
    for table in ("artefact_chunk", "artefact", "model_version", "model", "model_alias", "test_vector", "training_run"):
        assert failure(conn, f"SELECT * FROM altlas.{table}").sqlstate == REFUSED
    for sql in (
        "SELECT altlas.begin_artefact(repeat('0', 64), 1)",
        "SELECT altlas.register_model('mine', 'x')",
        "SELECT altlas.set_alias('m', 'production', 1)",
        "COPY altlas.artefact_chunk TO STDOUT",
        "CREATE TABLE altlas.mine ()",
        "CREATE TRIGGER t BEFORE INSERT ON altlas.model EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ):
        assert failure(conn, sql).sqlstate == REFUSED, sql


def test_levels_are_changed_and_taken(cluster, name, owner):
    owner.execute("""CREATE ROLE "odd "" rôle" LOGIN""")
    role = 'odd " rôle'
    grant, revoke = "SELECT altlas.grant_access(%s, %s)", "SELECT altlas.revoke_access(%s)"
    try:
        with cluster.conn(name, user=role) as conn:
            score, alias = (
                "SELECT altlas.predict('m', ARRAY[1, 2, 3, 4]::float8[])",
                "SELECT altlas.set_alias('m', 'odd', 1)",
            )
            assert failure(conn, score).sqlstate == REFUSED
            owner.execute(grant, (role, "train"))
            conn.execute(score)
            conn.execute(alias)
            owner.execute(grant, (role, "score"))
            conn.execute(score)
            assert failure(conn, alias).sqlstate == REFUSED
            assert owner.execute(revoke, (role,)).fetchone() == (True,)
            assert failure(conn, score).sqlstate == REFUSED
            assert owner.execute(revoke, (role,)).fetchone() == (False,)
        told = owner.execute(
            "SELECT action, before ->> 'level', after ->> 'level' FROM altlas.audit WHERE object = %s ORDER BY audit_id",
            (role,),
        ).fetchall()
        assert told == [
            ("grant_access", None, "train"),
            ("grant_access", "train", "score"),
            ("revoke_access", "score", None),
        ]
        assert failure(owner, grant, (role, "root")).sqlstate == "22023"
        assert failure(owner, grant, ("nobody at all", "read")).sqlstate == "42704"
    finally:
        owner.execute("""DROP OWNED BY "odd "" rôle"; DROP ROLE "odd "" rôle" """)


def test_the_audit_names_who_acts(owner):
    owner.execute("SET ROLE level_train")
    owner.execute("SELECT altlas.set_alias('m', 'acted', 1)")
    owner.execute("RESET ROLE")
    sql = "SELECT session_role, active_role FROM altlas.audit WHERE object = 'm@acted'"
    assert owner.execute(sql).fetchall() == [("postgres", "level_train")]


def test_jobs_are_cancelled_by_their_owner_only(cluster, name, as_level):
    other = as_level("train")
    with Call(cluster, name, ENDLESS_TRAINING) as call:
        job(cluster)
        [(number,)] = other.execute("SELECT job_id FROM altlas.jobs WHERE state = 'running'").fetchall()
        assert other.execute("SELECT altlas.cancel_job(%s)", (number,)).fetchone() == (False,)
        assert not call.done()
    no_job(cluster)


# --- sources --------------------------------------------------------------------------------------


def train(conn, source, project="sourced"):
    return conn.execute("SELECT * FROM altlas.train(%s, 'regression', %s, 'y', 'linear')", (project, source))


def refusal(conn, source):
    with pytest.raises(psycopg.Error) as caught:
        train(conn, source)
    return caught.value.sqlstate


@pytest.fixture
def secrets(owner):
    """Tables, functions and policies to attack with; dropped afterwards."""
    owner.execute("""
        CREATE SCHEMA attack;
        GRANT ALL ON SCHEMA attack TO level_train;
        CREATE TABLE attack.closed AS SELECT * FROM noise;
        CREATE TABLE attack.open AS SELECT *, timestamptz '2025-01-01 00:00+00' AS at FROM noise;
        GRANT ALL ON attack.open TO level_train;
        CREATE TABLE attack.log (who text DEFAULT current_user);
        GRANT ALL ON attack.log TO level_train;
        CREATE SEQUENCE attack.counter;
        GRANT ALL ON attack.counter TO level_train;
        """)
    yield owner
    owner.execute("SET client_min_messages = warning; DROP SCHEMA attack CASCADE")


def test_a_source_is_read_by_the_callers_rights(secrets, as_level):
    conn = as_level("train")
    for source in (
        "attack.closed",
        "SELECT * FROM attack.closed",
        "altlas.artefact_chunk",
        "TABLE altlas.model_version",
        "noise",
    ):
        assert refusal(conn, source) == REFUSED, source
    assert train(conn, "attack.open").fetchone()[:2] == ("sourced", 1)
    assert failure(conn, "SELECT * FROM altlas.kpi_rollup('none')").sqlstate == "42704"


WRITERS = {
    "insert": "INSERT INTO attack.log DEFAULT VALUES",
    "delete": "DELETE FROM attack.open",
    "table": "CREATE TABLE attack.made ()",
    "grant": "GRANT SELECT ON attack.open TO PUBLIC",
    "nextval": "PERFORM nextval('attack.counter')",
    "altlas": "PERFORM altlas.set_alias('m', 'attacked', 1)",
    "nested": "PERFORM altlas.train('nested', 'regression', 'attack.open', 'y', 'linear')",
    "in a subtransaction": "BEGIN INSERT INTO attack.log DEFAULT VALUES; EXCEPTION WHEN division_by_zero THEN NULL; END",
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_source_writes_nothing(secrets, as_level, writer):
    conn = as_level("train")
    conn.execute(
        f"CREATE FUNCTION attack.side_effect() RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN {WRITERS[writer]}; RETURN 1; END $$"
    )
    before = secrets.execute("SELECT count(*) FROM altlas.audit").fetchone()
    assert refusal(conn, "SELECT a, y, attack.side_effect() b FROM attack.open LIMIT 100") == "25006"
    assert secrets.execute(
        "SELECT (SELECT count(*) FROM attack.log), (SELECT count(*) FROM attack.open)"
    ).fetchone() == (0, 20000)
    assert secrets.execute("SELECT is_called FROM attack.counter").fetchone() == (False,)
    assert secrets.execute("SELECT count(*) FROM altlas.audit").fetchone() == before
    # The transaction is writeable again.
    conn.execute("INSERT INTO attack.log DEFAULT VALUES")


def test_a_source_cannot_make_its_transaction_writeable(secrets, as_level):
    conn = as_level("train")
    source = "SELECT a, y FROM attack.open WHERE set_config('transaction_read_only', 'off', true) IS NOT NULL"
    assert refusal(conn, source) == "25001"


@pytest.mark.parametrize(
    "source",
    [
        "WITH gone AS (DELETE FROM attack.open RETURNING *) SELECT * FROM gone",
        "SELECT * INTO attack.copy FROM attack.open",
        "SELECT * FROM attack.open FOR UPDATE",
        "SELECT * FROM attack.open; DELETE FROM attack.open",
        "DELETE FROM attack.open RETURNING *",
        "COPY attack.open TO STDOUT",
        "CALL attack.nothing()",
        "EXPLAIN SELECT * FROM attack.open",
        "",
        " ; ",
    ],
)
def test_a_source_is_one_query(secrets, as_level, source):
    conn = as_level("train")
    assert refusal(conn, source) in ("42601", "25006", "0A000")
    assert secrets.execute("SELECT count(*) FROM attack.open").fetchone() == (20000,)
    assert secrets.execute("SELECT to_regclass('attack.copy')").fetchone() == (None,)


def test_a_name_is_no_place_for_a_query(secrets, as_level):
    """What looks like a name is looked up as one, quoted or not."""
    conn = as_level("train")
    conn.execute("""CREATE TABLE attack."select 1; drop" AS SELECT * FROM attack.open LIMIT 100""")
    assert train(conn, '''attack."select 1; drop"''').fetchone()[0] == "sourced"
    assert refusal(conn, "attack.nowhere") == "42P01"


def test_row_security_holds_in_sources(secrets, as_level):
    secrets.execute("ALTER TABLE attack.open ENABLE ROW LEVEL SECURITY")
    secrets.execute("CREATE POLICY positive ON attack.open TO level_train USING (a > 0)")
    conn = as_level("train")
    (visible,) = conn.execute("SELECT count(*) FROM attack.open").fetchone()
    assert 0 < visible < 20000
    (run,) = conn.execute(
        "SELECT run_id FROM altlas.train('secured', 'regression', 'attack.open', 'y', 'linear')"
    ).fetchone()
    assert conn.execute("SELECT row_count FROM altlas.training_runs WHERE run_id = %s", (run,)).fetchone() == (visible,)
    secrets.execute("DROP POLICY positive ON attack.open")
    with pytest.raises(psycopg.Error):
        train(conn, "attack.open", "nothing")


# --- what runs as the owner -----------------------------------------------------------------------

SHADOWS = """
    CREATE FUNCTION attack.trace(what text) RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN RAISE WARNING 'shadow % ran as %', what, current_user; END $$;
    CREATE FUNCTION attack.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM attack.trace('text ='); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
    CREATE OPERATOR attack.= (LEFTARG = text, RIGHTARG = text, FUNCTION = attack.eq);
    CREATE FUNCTION attack.eq(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN PERFORM attack.trace('bigint ='); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
    CREATE OPERATOR attack.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = attack.eq);
    CREATE FUNCTION attack.add(integer, integer) RETURNS integer LANGUAGE plpgsql AS
        $$ BEGIN PERFORM attack.trace('integer +'); RETURN $1 OPERATOR(pg_catalog.+) $2; END $$;
    CREATE OPERATOR attack.+ (LEFTARG = integer, RIGHTARG = integer, FUNCTION = attack.add);
    CREATE FUNCTION attack.format(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
    CREATE FUNCTION attack.now() RETURNS timestamptz LANGUAGE plpgsql AS
        $$ BEGIN PERFORM attack.trace('now'); RETURN pg_catalog.now(); END $$;
    CREATE FUNCTION attack.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
        $$ BEGIN PERFORM attack.trace('clock_timestamp'); RETURN pg_catalog.now(); END $$;
    CREATE FUNCTION attack.nextval(regclass) RETURNS bigint LANGUAGE plpgsql AS
        $$ BEGIN PERFORM attack.trace('nextval'); RETURN pg_catalog.nextval($1); END $$;
    CREATE FUNCTION attack.length(bytea) RETURNS integer LANGUAGE plpgsql AS
        $$ BEGIN PERFORM attack.trace('length'); RETURN pg_catalog.length($1); END $$;
    CREATE FUNCTION attack.sha256(bytea) RETURNS bytea LANGUAGE plpgsql AS
        $$ BEGIN PERFORM attack.trace('sha256'); RETURN pg_catalog.sha256($1); END $$;
    CREATE TABLE attack.pg_roles AS SELECT * FROM pg_catalog.pg_roles;
    CREATE TABLE attack.pg_class AS SELECT oid, relname, relnamespace FROM pg_catalog.pg_class;
    GRANT ALL ON ALL TABLES IN SCHEMA attack TO PUBLIC;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA attack TO PUBLIC;
    GRANT USAGE ON SCHEMA attack TO PUBLIC;
"""


def test_shadows_do_not_run_as_the_owner(secrets, as_level):
    """A caller's operators and functions, before pg_catalog in the path, while altlas works on its own tables."""
    secrets.execute(SHADOWS)
    model = sample().onnx
    manifest = json.dumps({"test_vectors": [{"input": sample().rows[0], "output": [sample().expected[0]]}]})
    calls = [
        ("SELECT altlas.register_model('shadowed', %s, %s)", (model, manifest)),
        ("SELECT altlas.register_model('shadowed', %s)", (model,)),
        ("SELECT altlas.set_alias('shadowed', 'next', 2)", ()),
        ("SELECT altlas.drop_alias('shadowed', 'next')", ()),
        ("SELECT altlas.drop_version('shadowed', 2)", ()),
        ("SELECT * FROM altlas.predict_row('shadowed', ARRAY[1, 2, 3, 4]::float8[])", ()),
        ("SELECT * FROM altlas.train('shadow_trained', 'regression', 'attack.open', 'y', 'linear')", ()),
        ("SELECT altlas.begin_artefact(%s, 10)", ("0" * 64,)),
        ("SELECT altlas.append_artefact(%s, 'abc')", ("0" * 64,)),
        (
            "SELECT altlas.define_kpi('shadowed', %s)",
            ('{"kind": "average", "source": "attack.open", "value": "y", "time_column": "at"}',),
        ),
        ("SELECT altlas.grant_access('level_none', 'read')", ()),
        ("SELECT altlas.revoke_access('level_none')", ()),
        ("SELECT * FROM altlas.verify_audit()", ()),
        ("SELECT * FROM altlas.audit_head()", ()),
        ("SELECT * FROM altlas.models", ()),
        ("SELECT * FROM altlas.audit", ()),
        ("SELECT * FROM altlas.kpis", ()),
        ("SELECT * FROM altlas.jobs", ()),
        ("SELECT altlas.cancel_job(1)", ()),
    ]
    for level in ("train", "admin"):
        conn = as_level(level)
        conn.execute("SET search_path = attack, pg_catalog")
        secrets.execute("GRANT SELECT ON attack.open TO level_admin")
        warnings = []
        conn.add_notice_handler(lambda notice: warnings.append(notice.message_primary))
        conn.execute("SELECT 'a'::text = 'a'::text, 1 + 1, now()")
        assert sum(f"ran as level_{level}" in warning for warning in warnings) == 3, "the shadows are in place"
        ran = 0
        for sql, parameters in calls:
            try:
                conn.execute(sql, parameters).fetchall()
                ran += 1
            except psycopg.Error as error:
                # A level that is too low; or what a shadow makes of a statement that runs as the caller.
                assert error.sqlstate in (REFUSED, "22023", "42704", "2BP01"), (sql, error)
        assert ran >= 8
        assert [warning for warning in warnings if "ran as postgres" in warning] == []


def test_temporary_objects_do_not_stand_in_for_altlas_tables(secrets, as_level):
    conn = as_level("train")
    conn.execute("CREATE TEMP TABLE model (model_id bigint, name text, task text)")
    conn.execute("CREATE TEMP TABLE pg_roles (rolname name)")
    conn.execute("CREATE FUNCTION pg_temp.coalesce2(int) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    register(conn, "untouched")
    assert predictions(conn, "untouched") == expected()
    assert conn.execute("SELECT count(*) FROM pg_temp.model").fetchone() == (0,)


def test_somebody_elses_schema_is_not_taken_over(cluster):
    """A schema "altlas" that another role owns could hold functions of theirs beside those of altlas."""
    with cluster.conn() as conn:
        conn.execute("CREATE ROLE squatter")
        database = cluster.database(extension=False)
        with cluster.conn(database) as there:
            there.execute("CREATE SCHEMA altlas AUTHORIZATION squatter")
            error = failure(there, "CREATE EXTENSION altlas")
            assert error.sqlstate == REFUSED and error.diag.message_hint
        conn.execute(f"DROP DATABASE {database}")
        conn.execute("DROP ROLE squatter")
