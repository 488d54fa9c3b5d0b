"""The calls of the soak. Each asks the server something and raises Wrong when the answer is not right."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import reference
from reference import TABULAR, VERSIONS, Production, Wrong

# Rows of the set forms: the reference rows, many times.
TIMES = 40
TEXTS = (
    "Find the report of last week and send it to Ayşe by Friday.",
    "Raporu özetle, sonra müdüre gönder.",
    "If the stock is below 100, order 500 pieces and tell purchasing.",
    "Create a chart of monthly sales; export it as PDF.",
    "Toplantı notlarını çevir ve ekibe e-posta ile ilet.",
    "Schedule a call with the supplier tomorrow at 10, then update the ticket.",
)

SETUP = """
CREATE TABLE points (id int PRIMARY KEY, a float8, b float8, c float8, d float8, features float8[]);
CREATE TABLE noise AS
    SELECT sin(i) a, cos(3 * i) b, sin(7 * i) c, 2 * sin(i) - cos(3 * i) + sin(i * i) / 10 y
      FROM (SELECT i::float8 FROM generate_series(1, 2000) i) s;
CREATE TABLE sales AS
    SELECT timestamptz '2024-01-01 00:00+00' + i * interval '37 minutes' sold_at, (i * 7919) % 1000 amount,
           (ARRAY['north', 'south', 'west'])[1 + i % 3] region
      FROM generate_series(1, 20000) i;
SELECT altlas.define_kpi('revenue', '{"kind": "sum", "source": "public.sales", "time_column": "sold_at", "value": "amount",
    "dimensions": ["region"]}');
"""
POINTS = f"(SELECT p.* FROM points p, generate_series(1, {TIMES}))"
# Answers by row: the least and the greatest of equal rows, so that one wrong row among many is seen.
BY_ROW = "SELECT id, min(v), max(v) FROM ({}) s GROUP BY id"
WINDOW = BY_ROW.format(f"SELECT id, altlas.predict_batched('{{model}}', features) OVER () v FROM {POINTS} p")
SCAN = BY_ROW.format(f"SELECT id, altlas.predict('{{model}}', features) v FROM {POINTS} p")
RECORD = BY_ROW.format("SELECT id, altlas.predict('{model}', p) v FROM points p")
SCORE = "SELECT ordinal, value, model_version FROM altlas.score('{model}', 'SELECT a, b, c, d FROM points ORDER BY id')"
ARRAY = "SELECT altlas.predict_array('{model}', (SELECT array_agg(features ORDER BY id) FROM points))"
PREDICT_ROW = "SELECT value, model_version FROM altlas.predict_row(%s, %s::float8[])"
PREDICT = "SELECT altlas.predict(%s, %s::float8[])"
TRAIN = "SELECT score, version FROM altlas.train(%s, 'regression', 'noise', 'y', 'linear')"
DROP_OLD = """SELECT altlas.drop_version(name, version) FROM altlas.models
    WHERE name = %s AND NOT coalesce('production' = ANY (aliases), false)"""
KPI = "SELECT period_start, dimensions->>'region', value, sample_count FROM altlas.kpi_rollup('revenue', 'month', by => '{region}')"
PLAIN_KPI = """SELECT date_trunc('month', sold_at, 'UTC'), region, sum(amount)::float8, count(*) FROM sales
    GROUP BY 1, 2 ORDER BY region, 1"""
SEGMENT = "SELECT ordinal, content, task_type, model_version FROM altlas.segment_text(%s)"
REGISTER_TEXT = "SELECT altlas.register_text_model('tiny', %s, %s, %s)"
EMBED = "SELECT altlas.embed(%s, 'tiny')"
EMBED_ALL = "SELECT ordinal, embedding FROM altlas.embed_all('SELECT body FROM sentences ORDER BY id', 'tiny')"
FUNCTIONS = "SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'altlas'::regnamespace"


@dataclass
class Truth:
    """What is known before the storm begins."""

    production: Production = field(default_factory=Production)
    functions: set[str] = field(default_factory=set)
    kpi: list[tuple] = field(default_factory=list)
    training_score: float = 0.0
    # By text and model_version: segmentation names the rules alone when it did without the engine.
    segments: dict[tuple[str, str], list[tuple]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def prepare(conn: psycopg.Connection) -> Truth:
    """Tables and models, and the answers that have no reference of their own, asked for in quiet."""
    conn.execute(SETUP)
    truth = Truth()
    with conn.cursor() as cursor:
        points = [(number, *row, row) for number, row in enumerate(reference.rows())]
        cursor.executemany("INSERT INTO points VALUES (%s, %s, %s, %s, %s, %s)", points)
    for model in TABULAR:
        for version in range(1, VERSIONS + 1):
            manifest = json.dumps({"task": "regression", "columns": ["a", "b", "c", "d"]})
            parameters = (model, reference.onnx(model, version), manifest)
            [got] = conn.execute("SELECT altlas.register_model(%s, %s, %s)", parameters).fetchone()
            if got != version:
                raise Wrong(f"{model}: version {got} was registered, not {version}")
    truth.functions = {name for (name,) in conn.execute(FUNCTIONS)}
    if {"embed", "embed_all", "register_text_model"} <= truth.functions:
        encoder, tokenizer = (reference.text_file(name) for name in ("encoder.onnx", "wordpiece.json"))
        manifest = json.dumps({"preprocess": {"max_length": reference.texts()["max_length"]}})
        conn.execute(REGISTER_TEXT, (encoder, tokenizer, manifest))
        conn.execute("CREATE TABLE sentences (id int PRIMARY KEY, body text NOT NULL)")
        with conn.cursor() as cursor:
            cursor.executemany("INSERT INTO sentences VALUES (%s, %s)", list(enumerate(reference.texts()["texts"])))
    truth.kpi = conn.execute(PLAIN_KPI).fetchall()
    [truth.training_score, _] = conn.execute(TRAIN, ("first",)).fetchone()
    for text in TEXTS:
        segment(conn, truth, text)
    return truth


def one_model(rng: random.Random) -> str:
    return rng.choice(TABULAR)


def ask(truth: Truth, model: str, run: Callable[[], list[tuple]]) -> tuple[list[tuple], Callable[[int], None]]:
    """The answer, and a check that a version was in production meanwhile."""
    begun = time.monotonic()
    answer = run()
    ended = time.monotonic()
    return answer, lambda version: truth.production.check(model, version, begun, ended)


def predict_row(conn, truth: Truth, rng: random.Random) -> None:
    model, row = one_model(rng), rng.randrange(len(reference.rows()))
    parameters = (model, reference.rows()[row])
    [(value, label)], was_production = ask(truth, model, lambda: conn.execute(PREDICT_ROW, parameters).fetchall())
    name, version = reference.named(label)
    if name != model:
        raise Wrong(f"{label} answered for {model}")
    reference.check(model, version, row, value)
    was_production(version)


def predict(conn, truth: Truth, rng: random.Random) -> None:
    model, row = one_model(rng), rng.randrange(len(reference.rows()))
    parameters = (model, reference.rows()[row])
    [(value,)], was_production = ask(truth, model, lambda: conn.execute(PREDICT, parameters).fetchall())
    was_production(reference.answered_by(model, row, value))


def predict_version(conn, truth: Truth, rng: random.Random) -> None:
    model, row = one_model(rng), rng.randrange(len(reference.rows()))
    version = rng.randint(1, VERSIONS)
    [(value,)] = conn.execute(PREDICT, (f"{model}/{version}", reference.rows()[row])).fetchall()
    reference.check(model, version, row, value)


def by_row(statement: str) -> Callable:
    """A set of rows: all of them answered by one version, which was in production."""

    def call(conn, truth: Truth, rng: random.Random) -> None:
        model = one_model(rng)
        answer, was_production = ask(truth, model, lambda: conn.execute(statement.format(model=model)).fetchall())
        one_version(model, [(row, value) for row, low, high in answer for value in (low, high)], was_production)

    return call


def one_version(model: str, answers: list[tuple[int, float]], was_production: Callable[[int], None]) -> None:
    if {row for row, _ in answers} != set(range(len(reference.rows()))):
        raise Wrong(f"{model}: {len(answers)} answers for {len(reference.rows())} rows")
    versions = {reference.answered_by(model, row, value) for row, value in answers}
    if len(versions) != 1:
        raise Wrong(f"{model}: one statement was answered by the versions {sorted(versions)}")
    was_production(versions.pop())


def score(conn, truth: Truth, rng: random.Random) -> None:
    model = one_model(rng)
    answer, was_production = ask(truth, model, lambda: conn.execute(SCORE.format(model=model)).fetchall())
    one_version(model, [(ordinal - 1, value) for ordinal, value, _ in answer], was_production)
    for ordinal, value, label in answer:
        name, version = reference.named(label)
        reference.check(name, version, ordinal - 1, value)


def predict_array(conn, truth: Truth, rng: random.Random) -> None:
    model = one_model(rng)
    [(values,)], was_production = ask(truth, model, lambda: conn.execute(ARRAY.format(model=model)).fetchall())
    one_version(model, list(enumerate(values)), was_production)


def train(conn, truth: Truth, rng: random.Random) -> None:
    project = f"trained_{rng.randrange(8)}"
    [got, version] = conn.execute(TRAIN, (project,)).fetchone()
    if abs(got - truth.training_score) > 1e-9 or version < 1:
        raise Wrong(f"training {project}: score {got}, before {truth.training_score}")
    # Another connection may have dropped the same version.
    with contextlib.suppress(psycopg.errors.UndefinedObject):
        conn.execute(DROP_OLD, (project,))


def kpi(conn, truth: Truth, rng: random.Random) -> None:
    answer = conn.execute(KPI).fetchall()
    if answer != truth.kpi:
        raise Wrong(f"kpi_rollup gives {len(answer)} rows that differ from SQL's own aggregates")


def segment_text(conn, truth: Truth, rng: random.Random) -> None:
    segment(conn, truth, rng.choice(TEXTS))


def segment(conn, truth: Truth, text: str) -> None:
    answer = conn.execute(SEGMENT, (text,)).fetchall()
    labels = {label for *_, label in answer}
    if len(labels) != 1:
        raise Wrong(f"{text!r}: segments of the versions {sorted(labels)}")
    found = [row[:-1] for row in answer]
    with truth.lock:
        known = truth.segments.setdefault((text, labels.pop()), found)
    if found != known:
        raise Wrong(f"{text!r}: segments {found}, before {known}")


def embed(conn, truth: Truth, rng: random.Random) -> None:
    number = rng.randrange(len(reference.texts()["texts"]))
    [(got,)] = conn.execute(EMBED, (reference.texts()["texts"][number],)).fetchall()
    reference.check_embedding(number, got)


def embed_all(conn, truth: Truth, rng: random.Random) -> None:
    answer = conn.execute(EMBED_ALL).fetchall()
    if [ordinal for ordinal, _ in answer] != list(range(1, len(reference.texts()["texts"]) + 1)):
        raise Wrong(f"embed_all: {len(answer)} rows for {len(reference.texts()['texts'])} texts")
    for ordinal, got in answer:
        reference.check_embedding(ordinal - 1, got)


# Name, weight, what altlas must offer for it, the call.
CALLS: tuple[tuple[str, int, str, Callable], ...] = (
    ("predict_row", 30, "predict_row", predict_row),
    ("predict", 25, "predict", predict),
    ("predict, a version", 10, "predict", predict_version),
    ("predict over a scan", 4, "predict", by_row(SCAN)),
    ("predict, a table's row", 6, "predict", by_row(RECORD)),
    ("predict_batched", 6, "predict_batched", by_row(WINDOW)),
    ("score", 6, "score", score),
    ("predict_array", 6, "predict_array", predict_array),
    ("train", 1, "train", train),
    ("kpi_rollup", 3, "kpi_rollup", kpi),
    ("segment_text", 6, "segment_text", segment_text),
    ("embed", 8, "embed", embed),
    ("embed_all", 3, "embed_all", embed_all),
)
