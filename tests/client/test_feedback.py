"""Feedback on models' answers: many givers at once, and who sees what."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from support import failure, register

GIVERS, TIMES = 8, 25
SEEN = "SELECT input, times, given_by FROM altlas.feedback ORDER BY input"


@pytest.fixture
def roles(cluster, conn):
    """Two scorers, a role whose rights the second one has, and a reviewer."""
    conn.execute("""CREATE ROLE giver LOGIN; CREATE ROLE team; CREATE ROLE other LOGIN IN ROLE team; CREATE ROLE reviewer LOGIN;
        SELECT altlas.grant_access(r, 'score') FROM unnest(ARRAY['giver', 'team', 'other']) r;
        SELECT altlas.grant_access('reviewer', 'train')""")
    yield lambda role: cluster.conn(conn.info.dbname, user=role)
    conn.execute("DROP OWNED BY giver, team, other, reviewer; DROP ROLE giver, other, team, reviewer")


def test_many_who_say_the_same_are_counted(cluster, conn):
    """Every call waits for the others that give the same, none is lost and none makes a second entry."""
    together = Barrier(GIVERS)

    def give(_):
        with cluster.conn(conn.info.dbname) as own:
            together.wait(60)
            return {
                own.execute("SELECT altlas.give_feedback('ship it', 'create', 'execute')").fetchone() for _ in range(TIMES)
            }

    with ThreadPoolExecutor(GIVERS) as pool:
        numbers = set().union(*pool.map(give, range(GIVERS)))
    assert len(numbers) == 1
    assert conn.execute("SELECT times, correct FROM altlas.feedback").fetchall() == [(GIVERS * TIMES, "execute")]


def test_each_sees_their_own(conn, roles):
    with roles("giver") as giver, roles("other") as other, roles("reviewer") as reviewer:
        giver.execute("SELECT altlas.give_feedback('a b', 'create', 'open')")
        other.execute("SELECT altlas.give_feedback('a b', 'create', 'open')")
        other.execute("SET ROLE team")
        other.execute("SELECT altlas.give_feedback('c d', 'create', 'open')")
        assert other.execute(SEEN).fetchall() == [("c d", 1, ["team"])], "a role has not its members' rights"
        other.execute("RESET ROLE")
        assert giver.execute(SEEN).fetchall() == [("a b", 1, ["giver"])]
        assert other.execute(SEEN).fetchall() == [("a b", 1, ["other"]), ("c d", 1, ["team"])]
        assert other.execute("SELECT session_roles FROM altlas.feedback WHERE input = 'c d'").fetchone() == (["other"],)
        assert reviewer.execute(SEEN).fetchall() == [("a b", 2, ["giver", "other"]), ("c d", 1, ["team"])]
        for sql in ("SELECT altlas.review_feedback(1, true)", "TABLE altlas.feedback_giver", "DELETE FROM altlas.feedback_entry"):
            assert failure(giver, sql).sqlstate == "42501"
        conn.execute("SELECT altlas.grant_access('reviewer', 'score')")
        assert reviewer.execute(SEEN).fetchall() == []


def test_versions_are_told_apart(conn):
    """The version that answered is kept; a name stands for all of them, also when the model is gone."""
    manifest = {"task": "classification"}
    for _ in range(2):
        register(conn, "m", None, manifest)
    conn.execute("SELECT altlas.give_feedback('x', 'a', 'b', 'm')")
    conn.execute("SELECT altlas.give_feedback('y', 'a', 'b', 'm/2')")
    conn.execute("SELECT altlas.review_feedback(feedback_id, true) FROM altlas.feedback")
    texts = "SELECT array_agg(text ORDER BY text) FROM altlas.feedback_set(%s)"
    assert conn.execute("SELECT array_agg(model_version ORDER BY input) FROM altlas.feedback").fetchone() == (["m/1", "m/2"],)
    assert conn.execute(texts, ("m",)).fetchone() == (["x", "y"],)
    assert conn.execute(texts, ("m/2",)).fetchone() == (["y"],)
    conn.execute("SELECT altlas.drop_alias('m', 'production'); SELECT altlas.drop_version('m', n) FROM unnest(ARRAY[1, 2]) n")
    assert conn.execute(texts, ("m",)).fetchone() == (["x", "y"],)
    assert failure(conn, texts, ("m/2",)).sqlstate == "42704"


def test_regressions_have_no_labels(conn):
    register(conn, "r", None, {"task": "regression"})
    assert failure(conn, "SELECT altlas.give_feedback('x', 'a', 'b', 'r')").sqlstate == "42809"
