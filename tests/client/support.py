"""Models, threads, processes and copies of clusters that several test files use."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg
import pytest
from conftest import BINDIR, RUN, Cluster, Process, as_server, own, processes, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
MODELS = REPOSITORY / "crates/altlas-runtime/tests/data"

# A statement that scores for longer than any test waits; model "m" gives one value for all its rows.
ENDLESS_SCORING = (
    "SELECT sum(altlas.predict('m', ARRAY[1, 2, 3, 4 + 0 * i]::float8[])) FROM generate_series(1, 100000000) i"
)
# A training that goes on for longer than any test waits; table "noise" is made by `make_noise`.
ENDLESS_TRAINING = """SELECT * FROM altlas.train('endless', 'regression', 'noise', 'y', 'lightgbm',
    '{"hyperparams": {"num_trees": 10000, "num_leaves": 4096, "min_data_in_leaf": 1, "early_stopping_rounds": 0}}')"""
SHORT_TRAINING = "SELECT * FROM altlas.train('short', 'regression', 'noise', 'y', 'linear')"


@dataclass(frozen=True)
class Sample:
    """A regression model of four numbers with the outputs that its own library gave."""

    onnx: bytes
    rows: list[list[float]]
    expected: list[float]


@cache
def sample(name: str = "xgboost_regressor") -> Sample:
    described = json.loads((MODELS / f"{name}.json").read_text())
    features, value = described["inputs"][0], described["outputs"][0]
    width = features["shape"][1]
    rows = [features["values"][n : n + width] for n in range(0, len(features["values"]), width)]
    return Sample((MODELS / f"{name}.onnx").read_bytes(), rows, value["values"])


def onnx(name: str) -> bytes:
    return (MODELS / f"{name}.onnx").read_bytes()


def padded(model: bytes, size: int, text: bytes = b"padding ") -> bytes:
    """The same model with a description of `size` bytes: a protobuf message may be extended by appending a field."""
    length, rest = b"", size
    while True:
        rest, low = rest >> 7, rest & 0x7F
        length += bytes([low | 0x80 if rest else low])
        if not rest:
            break
    doc_string = b"\x32"  # field 6 of ModelProto, length-delimited
    return model + doc_string + length + (text * (size // len(text) + 1))[:size]


def register(conn: psycopg.Connection, name: str, model: bytes | None = None, manifest: dict | None = None) -> int:
    model = sample().onnx if model is None else model
    row = conn.execute("SELECT altlas.register_model(%s, %s, %s)", (name, model, json.dumps(manifest or {}))).fetchone()
    return row[0]


def score_by_engine(cluster: Cluster, name: str) -> None:
    """New connections to the database have the engine score every model, also those that a session can score itself."""
    with cluster.conn() as conn:
        conn.execute(f"ALTER DATABASE {name} SET altlas.compile_models = off")


def predict(conn: psycopg.Connection, model: str, row: list[float]) -> float:
    return conn.execute("SELECT altlas.predict(%s, %s::float8[])", (model, row)).fetchone()[0]


def predictions(conn: psycopg.Connection, model: str, of: Sample | None = None) -> list[float]:
    return [predict(conn, model, row) for row in (of or sample()).rows]


def expected(of: Sample | None = None):
    return pytest.approx((of or sample()).expected, rel=1e-5)


def check_answers(conn: psycopg.Connection, model: str = "m", of: Sample | None = None) -> None:
    """The model answers, and rightly."""
    assert predictions(conn, model, of) == expected(of)


def make_noise(conn: psycopg.Connection) -> None:
    """A table to train on."""
    conn.execute(
        "CREATE TABLE noise AS SELECT sin(i) a, cos(3 * i) b, sin(7 * i) c, 2 * sin(i) - cos(3 * i) + sin(i * i) / 10 y"
        " FROM (SELECT i::float8 FROM generate_series(1, 20000) i) s"
    )


def status(conn: psycopg.Connection) -> dict:
    cursor = conn.execute("SELECT * FROM altlas.engine_status()")
    return dict(zip([column.name for column in cursor.description], cursor.fetchone()))


def lost(conn: psycopg.Connection) -> bool:
    """Whether the server has ended the connection."""
    try:
        conn.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def failure(conn: psycopg.Connection, sql: str, parameters: tuple = ()) -> psycopg.Error:
    """The error that a statement ends with; the connection must be in autocommit mode."""
    with pytest.raises(psycopg.Error) as caught:
        conn.execute(sql, parameters).fetchall()
    return caught.value


class Call:
    """A statement in a thread and connection of its own."""

    def __init__(self, cluster: Cluster, dbname: str, sql: str, setup: str = "", parameters: tuple = ()):
        self.conn = cluster.conn(dbname)
        self.pid = self.conn.info.backend_pid
        if setup:
            self.conn.execute(setup)
        self._pool = ThreadPoolExecutor(1)
        self._future = self._pool.submit(lambda: self.conn.execute(sql, parameters).fetchall())

    def result(self, seconds: float = 60) -> list[tuple]:
        """Its rows, or its error raised."""
        return self._future.result(seconds)

    def error(self, seconds: float = 60) -> psycopg.Error:
        with pytest.raises(psycopg.Error) as caught:
            self.result(seconds)
        return caught.value

    def done(self) -> bool:
        return self._future.done()

    def __enter__(self) -> Call:
        return self

    def __exit__(self, *_) -> None:
        if not self.done():
            self.conn.cancel_safe(timeout=5)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.conn.close()


def members(cluster: Cluster) -> list[Process]:
    """All processes that work in the cluster's data directory."""
    found, data = [], cluster.data.resolve()
    for process in processes():
        try:
            if Path(os.readlink(f"/proc/{process.pid}/cwd")) == data:
                found.append(process)
        except OSError:
            pass
    return found


def programs(cluster: Cluster, kind: str) -> list[Process]:
    """The engine's processes of a kind: `serve` or `job`."""
    found = []
    for process in members(cluster):
        try:
            if process.arguments[1:2] == [kind]:
                found.append(process)
        except OSError:
            pass
    return found


def engine(cluster: Cluster) -> Process:
    """The cluster's one engine, when it has come."""
    return wait_until(lambda: programs(cluster, "serve"), 30, "an engine")[0]


def renew_engine(cluster: Cluster, meanwhile=lambda: None) -> None:
    """A new engine process, without the pause that follows one that failed; `meanwhile` runs when the old one does
    nothing any more."""
    old, [supervisor] = engine(cluster), supervisors(cluster)
    # Stopped, it does not see SIGTERM, so that the supervisor kills it after a while.
    old.kill(signal.SIGSTOP)
    meanwhile()
    renew_engine.threads = 3 - getattr(renew_engine, "threads", 1)
    cluster.configure({"altlas.engine_threads": renew_engine.threads})
    cluster.reload()
    wait_until(lambda: programs(cluster, "serve") not in ([], [old]) and not old.alive(), 15, "a new engine")
    assert supervisors(cluster) == [supervisor]


def job(cluster: Cluster) -> Process:
    """The cluster's one job, when it has come."""
    return wait_until(lambda: programs(cluster, "job"), 30, "a job")[0]


def no_job(cluster: Cluster, seconds: float = 5) -> None:
    wait_until(lambda: not programs(cluster, "job"), seconds, "the end of the job's process")


def supervisors(cluster: Cluster) -> list[Process]:
    found = []
    for process in members(cluster):
        try:
            if process.arguments[0].startswith("postgres: altlas supervisor"):
                found.append(process)
        except OSError:
            pass
    return found


def all_sealed(conn: psycopg.Connection, seconds: float = 30) -> None:
    """Waits until the maintenance worker has sealed every audit row that the connection sees."""
    unsealed = "SELECT unsealed FROM altlas.verify_audit()"
    wait_until(lambda: conn.execute(unsealed).fetchone() == (0,), seconds, "sealing")


class Clone(Cluster):
    """A base backup of a running cluster; with `replica`, a streaming replica of it."""

    def __init__(self, source: Cluster, replica: bool = False):
        self.bindir = BINDIR
        self.data = own(Path(tempfile.mkdtemp(prefix="client.", dir=RUN)))
        self.sockets = own(Path(tempfile.mkdtemp(prefix="altlas.", dir="/tmp")))
        self.log = self.data / "server.log"
        self._names = itertools.count(1)
        options = ["-R"] if replica else []
        done = as_server(
            BINDIR / "pg_basebackup", "-d", source.dsn(), "-D", self.data, "-c", "fast", "--no-sync", *options
        )
        self.backup_messages = done.stdout + done.stderr
        self.log.unlink(missing_ok=True)
        self.configure({"unix_socket_directories": self.sockets})


def client_program(name: str, *arguments: object, stdin: bytes | None = None) -> bytes:
    """Runs a client program of the server; gives its output, or its messages raised."""
    argv = [str(BINDIR / name), *map(str, arguments)]
    done = subprocess.run(argv, check=False, capture_output=True, input=b"" if stdin is None else stdin)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


def endless_model() -> bytes:
    """An ONNX file that takes the sine of its one column for longer than any test waits."""

    def varint(number: int) -> bytes:
        return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)

    def field(number: int, value: int | str | bytes) -> bytes:
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        value = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(value)) + value

    def node(operator: str, inputs: list[str], outputs: list[str], rest: bytes = b"") -> bytes:
        names = b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
        return field(1, names + field(4, operator) + rest)

    def value(number: int, name: str, element: int, *dimensions: bytes) -> bytes:
        shape = b"".join(field(1, dimension) for dimension in dimensions)
        return field(number, field(1, name) + field(2, field(1, field(1, element) + field(2, shape))))

    column = (field(2, "rows"), field(1, 1))
    body = (
        node("Sin", ["before"], ["after"])
        + node("Identity", ["go"], ["still"])
        + field(2, "body")
        + value(11, "i", 7)
        + value(11, "go", 9)
        + value(11, "before", 1, *column)
        + value(12, "still", 9)
        + value(12, "after", 1, *column)
    )
    graph = (
        node("Loop", ["count", "always", "x"], ["y"], field(5, field(1, "body") + field(6, body) + field(20, 5)))
        + field(2, "endless")
        + field(5, field(2, 7) + field(7, 1 << 60) + field(8, "count"))
        + field(5, field(2, 9) + field(5, 1) + field(8, "always"))
        + value(11, "x", 1, *column)
        + value(12, "y", 1, *column)
    )
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))
