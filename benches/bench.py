"""What every section works with: the server, the models in it, the rows, the report."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import data
import numpy as np
import onnxruntime
import psycopg
import sql
import wire
from report import NotAvailable, Report

DATABASE = "bench"
BLOCK = 50_000


@dataclass
class Bench:
    report: Report
    models: Path
    encoder: Path
    bindir: Path
    rows: int
    texts: int
    repeats: int
    seconds: int

    def connect(self, **options) -> psycopg.Connection:
        return psycopg.connect(**{"dbname": DATABASE, "autocommit": True, **options})

    def create(self) -> None:
        with self.connect(dbname="postgres") as conn:
            conn.execute(f"CREATE DATABASE {DATABASE}")
        with self.connect() as conn:
            conn.execute("CREATE EXTENSION altlas")

    def need(self, conn: psycopg.Connection, *functions: str) -> None:
        """Raises NotAvailable where a function is not in this build."""
        for function in functions:
            if not conn.execute(sql.HAS_FUNCTION, (function,)).fetchone()[0]:
                raise NotAvailable(f"this build has no altlas.{function}")

    def versions(self) -> dict[str, str]:
        with self.connect() as conn:
            server = conn.info.parameter_status("server_version")
            (altlas,) = conn.execute(sql.VERSION).fetchone()
        return {f"PostgreSQL {server.split('.')[0]}": server, "altlas": altlas}

    def register(self, conn: psycopg.Connection, name: str) -> Path:
        """Has the model in the server, and gives its file."""
        path = data.make(self.models, name)
        if not conn.execute(sql.IS_REGISTERED, (name,)).fetchone()[0]:
            manifest = {"task": data.TASKS.get(name, "regression"), "columns": wire.COLUMNS}
            conn.execute(sql.REGISTER, (name, path.read_bytes(), json.dumps(manifest)))
        return path

    def peer(self, conn: psycopg.Connection, name: str) -> None:
        """The same model in plpython3u, in row and array form."""
        try:
            conn.execute(sql.PEER_EXTENSION)
        except psycopg.errors.FeatureNotSupported as error:
            raise NotAvailable(f"plpython3u: {error.diag.message_primary}") from None
        path = data.make(self.models, name)
        for text in (sql.PEER_ROW, sql.PEER_ARRAY):
            conn.execute(text.format(model=name, path=path, output=data.OUTPUTS.get(name, "variable")))

    def load_rows(self) -> None:
        """Table `rows`, vacuumed, so that no contestant pays for hint bits."""
        with self.connect() as conn:
            if conn.execute("SELECT to_regclass('rows')").fetchone()[0]:
                return
            conn.execute(sql.MAKE_ROWS.format(columns=", ".join(f"{name} float8" for name in wire.COLUMNS)))
            with conn.cursor().copy(sql.LOAD_ROWS) as copy:
                copy.write(wire.SIGNATURE)
                for first in range(0, self.rows, BLOCK):
                    copy.write(wire.encode_table(first + 1, self.features(first, min(BLOCK, self.rows - first))))
                copy.write(wire.TRAILER)
            conn.execute("VACUUM (FREEZE, ANALYZE) rows")
            conn.execute("CHECKPOINT")
            conn.execute(sql.EMPTY_FUNCTION.format(rows=self.rows))

    def features(self, first: int, count: int) -> np.ndarray:
        """Rows `first` + 1 to `first` + `count` of the table; `first` is a multiple of BLOCK."""
        return data.features(count, data.SEED + 1 + first // BLOCK)

    def load_texts(self) -> list[str]:
        made = data.texts(self.texts)
        with self.connect() as conn:
            if not conn.execute("SELECT to_regclass('texts')").fetchone()[0]:
                conn.execute(sql.MAKE_TEXTS)
                with conn.cursor().copy(sql.LOAD_TEXTS) as copy:
                    for number, text in enumerate(made, 1):
                        copy.write_row((number, text))
                conn.execute("VACUUM (FREEZE, ANALYZE) texts")
        return made

    def asks(self, conn: psycopg.Connection, text: str, rows: int | None = None, **names) -> Callable[[], float]:
        """A contestant: the statement's time, in microseconds a row."""
        rows = rows or self.rows
        statement = text.format(rows=rows, **names)

        def measure() -> float:
            begun = time.perf_counter()
            conn.execute(statement).fetchall()
            return (time.perf_counter() - begun) * 1e6 / rows

        return measure

    def agree(self, conn: psycopg.Connection, model: str, path: Path, peer: bool, rows: int = 1000) -> None:
        """A comparison of answers that differ would be worth nothing."""
        output = data.OUTPUTS.get(model, "variable")
        expected = session(path, 1).run([output], {"features": self.features(0, rows)})[0].ravel()
        for text in [sql.FIRST_VALUES] + [sql.PEER_FIRST_VALUES] * peer:
            got = np.array([value for (value,) in conn.execute(text.format(model=model, rows=rows))])
            worst = float(np.max(np.abs(got - expected) / np.maximum(1, np.abs(expected))))
            if worst > 1e-5:
                raise AssertionError(f"{model}: answers differ from ONNX Runtime's by {worst:.2g}")


def session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def cores() -> int:
    return len(os.sched_getaffinity(0))


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
