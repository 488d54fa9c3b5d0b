"""A small encoder (all-MiniLM-L6-v2, int8): embeddings of many texts in sets, and how fast a set can be left."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import psycopg
import sql
from bench import Bench, cores, session
from report import NotAvailable, Sample, in_turns
from tokenizers import Tokenizer

MODEL = "minilm"
MAX_LENGTH = 256
BATCHES = (8, 16, 32, 64, 128)
# The whole text set is some times as long for the cancellations: 100,000 texts.
LONG = 100_000
CANCELS = 10
# Processor time that an idle process may take, of the time that it is watched: one tick of 10 ms.
WATCHED = 0.1


def files(bench: Bench) -> tuple[Path, Path]:
    model, tokenizer = bench.encoder / "model.onnx", bench.encoder / "tokenizer.json"
    if not (model.exists() and tokenizer.exists()):
        raise NotAvailable(f"there is no encoder in {bench.encoder}")
    return model, tokenizer


def register(bench: Bench, conn: psycopg.Connection) -> None:
    model, tokenizer = files(bench)
    bench.need(conn, sql.EMBED, sql.EMBED_ALL, sql.REGISTER_TEXT)
    if not conn.execute(sql.IS_REGISTERED, (MODEL,)).fetchone()[0]:
        parameters = (MODEL, model.read_bytes(), tokenizer.read_bytes(), json.dumps({}))
        conn.execute(sql.REGISTER_TEXT_MODEL, parameters)


def tokenize(path: Path, texts: list[str]) -> list[list[int]]:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_LENGTH)
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def batches(ids: list[list[int]], size: int) -> list[dict[str, np.ndarray]]:
    """Texts of like length together, so that padding costs little."""
    ordered = sorted(ids, key=len)
    made = []
    for first in range(0, len(ordered), size):
        group = ordered[first : first + size]
        width = len(group[-1])
        tokens = np.zeros((len(group), width), np.int64)
        mask = np.zeros_like(tokens)
        for row, line in enumerate(group):
            tokens[row, : len(line)] = line
            mask[row, : len(line)] = 1
        made.append({"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)})
    return made


def raw(run, made: list[dict[str, np.ndarray]], rows: int):
    def measure() -> float:
        begun = time.perf_counter()
        for batch in made:
            run(["last_hidden_state"], batch)
        return rows / (time.perf_counter() - begun)

    return measure


def encoder(bench: Bench) -> None:
    report = bench.report
    model, tokenizer = files(bench)
    texts = bench.load_texts()
    ids = tokenize(tokenizer, texts)
    run = session(model, cores()).run
    # The runtime's best batch size on this machine, so that the comparison is with the best it gives.
    some = ids[:: max(1, len(ids) // 1000)]
    speeds = {size: raw(run, batches(some, size), len(some))() for size in BATCHES}
    size = max(speeds, key=lambda candidate: speeds[candidate])
    report.note("raw runtime by batch size, texts/s: " + ", ".join(f"{n}: {speed:.0f}" for n, speed in speeds.items()))
    with bench.connect() as conn:
        register(bench, conn)
        agree(conn, run, tokenizer, texts[:200])
        ask = bench.asks(conn, sql.EMBED_SET, rows=len(texts), model=MODEL)
        contestants = {"ours": lambda: 1e6 / ask(), "raw": raw(run, batches(ids, size), len(ids))}
        got = in_turns(bench.repeats, contestants)
    name = f"ONNX Runtime, {cores()} threads, batches of {size} tokenised before, sorted by length"
    report.compare(
        f"MiniLM int8, {len(texts)} texts, set form", "texts/s", got["ours"], name, got["raw"], 0.95, throughput=True
    )


def agree(conn: psycopg.Connection, run, tokenizer: Path, texts: list[str]) -> None:
    """Embeddings point the same way as the runtime's own; int8 activations depend on the batch, so not to the digit."""
    ours = conn.execute(sql.EMBED_VALUES.format(rows=len(texts), model=MODEL)).fetchall()
    for (embedding,), ids in zip(ours, tokenize(tokenizer, texts), strict=True):
        [batch] = batches([ids], 1)
        expected = run(["last_hidden_state"], batch)[0][0].mean(axis=0)
        got = np.array(embedding)
        cosine = float(got @ expected / np.linalg.norm(got) / np.linalg.norm(expected))
        if cosine < 0.98:
            raise AssertionError(f"an embedding differs from ONNX Runtime's: cosine {cosine:.4f}")


def cancel(bench: Bench) -> None:
    """A statement that embeds 100,000 texts is cancelled in its middle."""
    report = bench.report
    texts = bench.load_texts()
    returned, free, next_call = [], [], []
    with bench.connect() as conn, bench.connect() as other:
        register(bench, conn)
        long = sql.EMBED_LONG.format(model=MODEL, rows=len(texts), times=-(-LONG // len(texts)))
        one = sql.EMBED_ONE.format(model=MODEL)
        for number in range(CANCELS):
            other.execute(one).fetchall()
            (engine,) = other.execute(sql.ENGINE_PID).fetchone()
            ended: dict[str, float | str] = {}
            thread = threading.Thread(target=until_error, args=(conn, long, ended))
            thread.start()
            # Not always at the same place of a batch.
            time.sleep(1 + 0.037 * number)
            begun = time.perf_counter()
            conn.cancel_safe(timeout=30)
            thread.join(60)
            if ended.get("sqlstate") != "57014":
                raise AssertionError(f"the statement did not end by its cancellation: {ended}")
            returned.append((float(ended["at"]) - begun) * 1000)
            idle = idle_since(engine, 60)
            asked = time.perf_counter()
            other.execute(one).fetchall()
            next_call.append((time.perf_counter() - asked) * 1000)
            free.append((max(idle, float(ended["at"])) - begun) * 1000)
    report.value(f"cancel during a batch of {LONG} texts: the client has its error", "ms", Sample(returned), 100)
    report.value(f"cancel during a batch of {LONG} texts: largest of {CANCELS}", "ms", Sample([max(returned)]), 100)
    report.value("the engine is free again (takes no processor time)", "ms", Sample(free), 1000)
    report.value("the engine is free again, largest", "ms", Sample([max(free)]), 1000)
    report.value("a single call afterwards", "ms", Sample(next_call))


def until_error(conn: psycopg.Connection, statement: str, ended: dict) -> None:
    try:
        conn.execute(statement).fetchall()
        ended["sqlstate"] = "none"
    except psycopg.Error as error:
        ended["sqlstate"] = error.sqlstate
    ended["at"] = time.perf_counter()


def ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def idle_since(pid: int, seconds: float) -> float:
    """When the process began to do nothing, looked at for a tenth of a second."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        since, before = time.perf_counter(), ticks(pid)
        time.sleep(WATCHED)
        if ticks(pid) - before <= 1:
            return since
    raise AssertionError(f"the engine was still busy after {seconds} s")
