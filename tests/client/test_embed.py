"""Texts through models: a real encoder against Python's libraries, cancel, engine crashes, memory, rights."""

import base64
import json
import math
import os
import signal
import struct
import time
from pathlib import Path

import pytest
from conftest import wait_until
from support import REPOSITORY, Call, engine, failure, programs

TINY = REPOSITORY / "crates/altlas-tokens/tests/data"
MINILM = Path(os.environ["ALTLAS_TEST_MINILM"])
# Made by scripts/reference/minilm.py.
EXPECTED = json.loads((Path(__file__).parent / "minilm.json").read_text())
# More texts than any test waits for.
ENDLESS = "SELECT count(*) FROM altlas.embed_all('SELECT repeat(''Send it to the customer. '', 20) || i FROM generate_series(1, 100000) i', 'real')"


def register(conn, name, folder, model, tokenizer, manifest=None):
    files = [(folder / file).read_bytes() for file in (model, tokenizer)]
    sql = "SELECT altlas.register_text_model(%s, %s, %s, %s)"
    return conn.execute(sql, (name, *files, json.dumps(manifest or {}))).fetchone()[0]


@pytest.fixture(scope="module")
def name(cluster):
    """A database with the tiny encoder, and the real one where it is."""
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "tiny", TINY, "encoder.onnx", "wordpiece.json")
        if MINILM.exists():
            given = {"preprocess": {"max_length": EXPECTED["max_length"]}}
            register(conn, "real", MINILM, "model.onnx", "tokenizer.json", given)
    yield name
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


real = pytest.mark.skipif(not MINILM.exists(), reason="the encoder MiniLM is not there (scripts/setup.sh clients)")


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def vector(text):
    raw = base64.b64decode(text["vector"])
    return struct.unpack(f"<{len(raw) // 4}f", raw)


@real
def test_a_real_encoder_agrees_with_pythons_libraries(cluster, name):
    texts = EXPECTED["texts"]
    with cluster.conn(name) as conn:
        together = conn.execute(
            "SELECT embedding, tokens, truncated FROM altlas.embed_array(%s, 'real') ORDER BY ordinal", ([t["text"] for t in texts],)
        ).fetchall()
        assert [row[1:] for row in together] == [(t["tokens"], t["truncated"]) for t in texts]
        for text, (found, _, _) in zip(texts, together, strict=True):
            assert cosine(found, vector(text)) >= 0.9999, text["text"][:40]
            assert math.isclose(sum(v * v for v in found), 1, rel_tol=1e-5)
            (alone,) = conn.execute("SELECT altlas.embed(%s, 'real')", (text["text"],)).fetchone()
            # The weights are quantised, not what the model computes with: the company of other texts makes no difference
            # but for rounding.
            assert max(abs(a - b) for a, b in zip(alone, found)) <= 1e-5
        close = conn.execute("SELECT altlas.embed('A cat is on the mat.', 'real')").fetchone()[0]
        cat, report = (next(row[0] for row, t in zip(together, texts) if t["text"] == s) for s in ("A cat sits on the mat.", "The quarterly report is late."))
        assert cosine(close, cat) > 0.9 > 0.5 > cosine(close, report)


def test_order_and_company_make_no_difference(cluster, name):
    texts = ["Delete the old logs.", "x", "", "Open the file, then search for errors.", "日本語", "Send it. " * 9] * 400
    with cluster.conn(name) as conn:
        conn.execute("CREATE TABLE texts (n int, body text)")
        with conn.cursor().copy("COPY texts FROM STDIN") as copy:
            for n, text in enumerate(texts):
                copy.write_row((n, text))
        source = "SELECT n, body FROM texts ORDER BY md5(n::text)"
        rows = conn.execute("SELECT key_value::int, embedding FROM altlas.embed_all(%s, 'tiny', 'n')", (source,)).fetchall()
        found = dict(rows)
        assert len(found) == len(texts)
        for n, text in enumerate(texts[:6]):
            (alone,) = conn.execute("SELECT altlas.embed(%s, 'tiny')", (text,)).fetchone()
            for other in range(n, len(texts), 6):
                assert found[other] == pytest.approx(alone, abs=1e-5)


@real
@pytest.mark.parametrize("how", ["pg_cancel_backend", "statement_timeout", "pg_terminate_backend"])
def test_a_long_call_ends_at_once_and_the_engine_is_free(cluster, name, how):
    before = engine(cluster)
    setup = "SET statement_timeout = '2s'" if how == "statement_timeout" else ""
    with Call(cluster, name, ENDLESS, setup=setup) as call, cluster.conn(name) as other:
        wait_until(lambda: queue(other)["models_loaded"] >= 2 and not call.done(), 30, "the model")
        time.sleep(1)
        if not setup:
            other.execute(f"SELECT {how}(%s)", (call.pid,))
        assert call.error(10).sqlstate == ("57P01" if how == "pg_terminate_backend" else "57014")
        assert len(other.execute("SELECT altlas.embed('next', 'real')").fetchone()[0]) == 384
    assert engine(cluster) == before


def queue(conn):
    cursor = conn.execute("SELECT * FROM altlas.engine_status()")
    return {k: v or 0 for k, v in zip([c.name for c in cursor.description], cursor.fetchone()) if k in ("models_loaded", "queue_depth")}


@real
def test_a_killed_engine_costs_no_text(new_cluster):
    cluster = new_cluster()
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "real", MINILM, "model.onnx", "tokenizer.json")
        sql = "SELECT key_value, embedding FROM altlas.embed_all('SELECT i, ''Send report '' || i FROM generate_series(1, 2000) i', 'real', 'i')"
        with Call(cluster, name, sql) as call:
            wait_until(lambda: programs(cluster, "serve"), 30, "an engine")
            time.sleep(2)
            engine(cluster).kill(signal.SIGKILL)
            found = dict(call.result(300))
        assert len(found) == 2000
        for n in (1, 600, 2000):
            (alone,) = conn.execute("SELECT altlas.embed(%s, 'real')", (f"Send report {n}",)).fetchone()
            assert cosine(found[str(n)], alone) >= 0.9999
    cluster.stop("immediate")


def test_backend_memory_stays_flat(cluster, name):
    """Long texts that are stored compressed and out of line, and ten thousand rows of answers."""
    with cluster.conn(name) as conn:
        conn.execute("CREATE TABLE long AS SELECT i, repeat(md5(i::text) || ' ', 8000) AS body FROM generate_series(1, 400) i")
        me = next(p for p in cluster.descendants() if p.pid == conn.info.backend_pid)
        conn.execute("SELECT count(*) FROM altlas.embed_all('SELECT body FROM long LIMIT 20', 'tiny')").fetchone()
        before = me.private_memory
        assert conn.execute("SELECT count(embedding) FROM altlas.embed_all('SELECT body FROM long', 'tiny')").fetchone() == (400,)
        conn.execute("SELECT count(embedding) FROM altlas.embed_all('SELECT ''text '' || i FROM generate_series(1, 60000) i', 'tiny')").fetchone()
        # 100 MB of texts and their vectors went through.
        assert me.private_memory - before < 30 << 20


def test_rights(cluster, name):
    with cluster.conn(name) as conn:
        conn.execute("CREATE ROLE embedder LOGIN")
        conn.execute("CREATE TABLE secret AS SELECT 'text' AS body")
        try:
            conn.execute("SELECT altlas.grant_access('embedder', 'score')")
            with cluster.conn(name, user="embedder") as scorer:
                assert scorer.execute("SELECT array_length(altlas.embed('x', 'tiny'), 1)").fetchone() == (8,)
                assert failure(scorer, "SELECT * FROM altlas.embed_all('secret', 'tiny')").sqlstate == "42501"
                assert failure(scorer, "SELECT altlas.register_text_model('x', 'a', 'b')").sqlstate == "42501"
                writes = "SELECT * FROM altlas.embed_all('SELECT ''x'' || setval(''counter'', 1)', 'tiny')"
                conn.execute("CREATE SEQUENCE counter; GRANT ALL ON SEQUENCE counter TO embedder")
                assert failure(scorer, writes).sqlstate == "25006"
            conn.execute("BEGIN READ ONLY")
            assert conn.execute("SELECT count(*) FROM altlas.embed_all('secret', 'tiny')").fetchone() == (1,)
            conn.execute("ROLLBACK")
        finally:
            conn.execute("SELECT altlas.revoke_access('embedder')")
            conn.execute("DROP OWNED BY embedder")
            conn.execute("DROP ROLE embedder")


def test_uploaded_in_pieces_and_parallel(cluster, name):
    with cluster.conn(name) as conn:
        hashes = []
        for file in ("classifier.onnx", "wordpiece.json"):
            bytes_ = (TINY / file).read_bytes()
            (sha,) = conn.execute("SELECT encode(sha256(%s), 'hex')", (bytes_,)).fetchone()
            if conn.execute("SELECT altlas.begin_artefact(%s, %s)", (sha, len(bytes_))).fetchone()[0]:
                for n in range(0, len(bytes_), 1000):
                    conn.execute("SELECT altlas.append_artefact(%s, %s)", (sha, bytes_[n : n + 1000]))
                conn.execute("SELECT altlas.finish_artefact(%s)", (sha,))
            hashes.append(sha)
        conn.execute("SELECT altlas.register_text_artefacts('pieces', %s, %s)", hashes)
        assert conn.execute("SELECT array_length(altlas.predict_proba('pieces', 'x'), 1)").fetchone() == (3,)
        conn.execute("CREATE TABLE many AS SELECT 'text ' || i AS body FROM generate_series(1, 400) i")
        conn.execute("SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0")
        sql = "SELECT count(altlas.embed(body, 'tiny')) FROM many"
        plan = "\n".join(row[0] for row in conn.execute(f"EXPLAIN {sql}").fetchall())
        assert "Parallel" in plan
        assert conn.execute(sql).fetchone() == (400,)
