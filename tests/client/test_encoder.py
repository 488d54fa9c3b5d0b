"""Text classifiers on an encoder: a version survives dump and restore, the encoder's file must be there, training ends when cancelled."""

import sys
import time
from pathlib import Path

import pytest
from conftest import wait_until
from support import Call, client_program, failure, job, no_job

TRAIN = "SELECT algorithm FROM altlas.train(%s, 'text_classification', %s, 'label', %s, '{\"hyperparams\": {\"c\": 64}}')"
ROWS = "SELECT text, label FROM examples ORDER BY n"
TEXTS = ["send 20 euros to Anna", "is it going to rain", "yarın kar var mı", "kiramı öde"]
ANSWERS = "SELECT (SELECT array_agg(round(p::numeric, 6)) FROM unnest(r.proba) p) FROM unnest(%s::text[]) t, altlas.predict_row('kept', t) r"


@pytest.fixture
def examples(conn):
    conn.execute(
        """CREATE TABLE examples AS
           SELECT n, format(v.said, (ARRAY['Anna', 'Izmir', 'Oslo', 'Bert', 'Paris', 'Maria'])[1 + n / 6 % 6]) AS text, v.label
             FROM generate_series(0, 71) n
             JOIN (VALUES (0, 'pay the bill of %s', 'pay'), (1, 'transfer money to %s', 'pay'), (2, 'I owe %s something', 'pay'),
                          (3, 'will it snow in %s', 'weather'), (4, 'how warm is %s now', 'weather'), (5, '%s: sunny or cloudy?', 'weather'))
                  v (place, said, label) ON v.place = n % 6"""
    )


@pytest.mark.parametrize("algorithm", ["auto", "encoder"])
def test_the_reader_in_python_says_the_same(cluster, conn, examples, tmp_path, algorithm):
    """models/prep_reader.py makes the inputs of the graph, ONNX Runtime its answers."""
    numpy, onnxruntime = pytest.importorskip("numpy"), pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    sys.path.append(str(Path(__file__).resolve().parents[2] / "models"))
    import prep_reader

    conn.execute(TRAIN, ("kept", ROWS, algorithm))
    sha256, document, manifest = conn.execute("SELECT sha256, preprocess, manifest FROM altlas.model_version").fetchone()
    pieces = conn.execute("SELECT bytes FROM altlas.artefact_chunk WHERE sha256 = %s ORDER BY n", (sha256,)).fetchall()
    share = client_program("pg_config", "--sharedir").decode().strip()
    embedding = document["embedding"]
    files = Path(share) / "altlas/models"
    encoder = prep_reader.Encoder(files / f"{embedding['model']}.onnx", files / f"{embedding['document']['tokenizer']}.json")
    tensors = prep_reader.apply(document, TEXTS, encoder)
    session = onnxruntime.InferenceSession(b"".join(piece for (piece,) in pieces))
    types = {"term": numpy.int64}
    feed = {name: numpy.array(rows, dtype=types.get(name, numpy.float32)) for name, rows in tensors.items()}
    found = session.run([manifest["output"]["proba"]], feed)[0]
    answers = conn.execute("SELECT altlas.predict_proba('kept', t) FROM unnest(%s::text[]) t", (TEXTS,)).fetchall()
    assert numpy.abs(found - numpy.array([a for (a,) in answers])).max() < 1e-3


def test_dump_and_restore(cluster, conn, examples):
    assert conn.execute(TRAIN, ("kept", ROWS, "auto")).fetchone() == ("encoder_ngrams",)
    before = conn.execute(ANSWERS, (TEXTS,)).fetchall()
    dump = client_program("pg_dump", cluster.dsn(conn.info.dbname))
    name = cluster.database(extension=False)
    client_program("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", cluster.dsn(name), stdin=dump)
    with cluster.conn(name) as there:
        assert there.execute(ANSWERS, (TEXTS,)).fetchall() == before
    assert len(before) == len(TEXTS)


def test_the_file_of_the_encoder_is_missing(new_cluster):
    cluster = new_cluster()
    try:
        with cluster.conn(cluster.database()) as conn:
            # An encoder that is not there stands for one whose file was lost.
            conn.execute("UPDATE altlas.builtin_model SET sha256 = repeat('0', 64) WHERE name = 'altlas.e5_small'")
            conn.execute("CREATE TABLE examples AS SELECT n, 'text ' || n AS text, 'label ' || n % 2 AS label FROM generate_series(1, 60) n")
            for algorithm in ("auto", "encoder"):
                error = failure(conn, TRAIN, ("m", ROWS, algorithm))
                assert error.sqlstate == "58P01" and "altlas.e5_small" in error.diag.message_primary
                assert "0" * 64 in error.diag.message_detail and error.diag.message_hint
            error = failure(conn, "SELECT altlas.embed('text', 'altlas.e5_small')")
            assert error.sqlstate == "58P01" and error.diag.message_hint
            assert conn.execute(TRAIN, ("m", ROWS, "ngrams")).fetchone() == ("ngrams",)
    finally:
        cluster.stop("immediate")


def test_a_version_whose_encoder_is_gone_says_so(conn, examples):
    conn.execute(TRAIN, ("kept", ROWS, "encoder"))
    conn.execute(
        """UPDATE altlas.model_version SET preprocess = jsonb_set(preprocess, '{embedding,model}', to_jsonb(repeat('0', 64)))"""
    )
    for query in (
        "SELECT altlas.predict_label('kept', 'pay')",
        "SELECT count(label) FROM altlas.score('kept', 'SELECT text FROM examples')",
    ):
        error = failure(conn, query)
        assert error.sqlstate == "58P01" and "altlas.e5_small" in error.diag.message_primary and error.diag.message_hint


def test_cancel_while_texts_are_encoded(cluster, conn, examples):
    rows = "SELECT text || n || m AS text, label FROM examples, generate_series(1, 1000) m"
    with Call(cluster, conn.info.dbname, TRAIN, parameters=("never", rows, "encoder")) as call:
        job(cluster)
        state = "SELECT phase FROM altlas.jobs WHERE label = 'never' AND state = 'running'"
        wait_until(lambda: (conn.execute(state).fetchone() or [None])[0] == "encode", 60, "progress")
        begun = time.monotonic()
        conn.execute("SELECT pg_cancel_backend(%s)", (call.pid,))
        assert call.error(5).sqlstate == "57014"
        assert time.monotonic() - begun < 5
        no_job(cluster)
    assert conn.execute("SELECT count(*) FROM altlas.models WHERE name = 'never'").fetchone() == (0,)


def test_in_the_background(conn, examples):
    number = conn.execute("SELECT altlas.train_async('later', 'text_classification', %s, 'label')", (ROWS,)).fetchone()[0]
    assert conn.execute("SELECT altlas.wait_job(%s, '2 minutes')", (number,)).fetchone() == ("done",)
    assert conn.execute("SELECT algorithm FROM altlas.train_result(%s)", (number,)).fetchone() == ("encoder_ngrams",)
    assert conn.execute("SELECT label FROM altlas.classify_task('is it raining outside', 'later')").fetchone() == ("weather",)


def test_threads_do_not_change_the_model_and_memory_is_held_against_the_limit(conn, examples):
    for threads in (1, 2):
        conn.execute(f"SET altlas.job_threads = {threads}")
        conn.execute(TRAIN, ("same", ROWS, "auto"))
    assert conn.execute("SELECT count(*), count(DISTINCT sha256) FROM altlas.models WHERE name = 'same'").fetchone() == (2, 1)
    conn.execute("SET altlas.job_memory = '500MB'")
    error = failure(conn, TRAIN, ("small", ROWS, "encoder"))
    assert error.sqlstate == "53000" and "encoder" in error.diag.message_primary and "job_memory" in error.diag.message_hint
    assert conn.execute(TRAIN, ("small", ROWS, "ngrams")).fetchone() == ("ngrams",)
