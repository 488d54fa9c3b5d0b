"""Twenty connections with single calls of the encoder: SQL beside a FastAPI service, both under generators written in C."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import encoder
import sql
from bench import Bench, cores, quantile
from report import NotAvailable, Sample

CLIENTS = 20
HERE = Path(__file__).parent
WARM = 3


@dataclass(frozen=True)
class Load:
    """What a generator saw: calls a second, and milliseconds."""

    throughput: float
    p50: float
    p99: float


def service(bench: Bench) -> None:
    report = bench.report
    model, tokenizer = encoder.files(bench)
    if which("wrk") is None:
        raise NotAvailable("wrk, the generator of HTTP requests, is not installed")
    texts = bench.load_texts()
    with bench.connect() as conn, tempfile.TemporaryDirectory() as folder:
        encoder.register(bench, conn)
        work = Path(folder)
        bodies = work / "bodies"
        bodies.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        script = sql.PGBENCH_EMBED.format(rows=len(texts), model=encoder.MODEL)
        best = best_service(bench, model, tokenizer, bodies)
        ours, theirs = [], []
        with running(model, tokenizer, best) as address:
            pgbench(bench, script, CLIENTS, WARM)
            wrk(address, bodies, WARM)
            for _ in range(bench.repeats):
                ours.append(pgbench(bench, script, CLIENTS, bench.seconds))
                theirs.append(wrk(address, bodies, bench.seconds))
    title = f"MiniLM int8, {CLIENTS} connections, single calls"
    name = f"FastAPI, {best}"
    pick = {"throughput": "calls/s", "p50": "ms", "p99": "ms"}
    targets = {"throughput": 1.5, "p50": None, "p99": 1}
    for figure, unit in pick.items():
        mine = Sample([getattr(load, figure) for load in ours])
        peer = Sample([getattr(load, figure) for load in theirs])
        report.compare(f"{title}: {figure}", unit, mine, name, peer, targets[figure], throughput=figure == "throughput")


@dataclass(frozen=True)
class Shape:
    """How the peer is run."""

    workers: int
    threads: int
    mode: str

    def __str__(self) -> str:
        return f"{self.workers} worker(s), {self.threads} thread(s), {self.mode}"


def best_service(bench: Bench, model: Path, tokenizer: Path, bodies: Path) -> Shape:
    """The peer's best configuration on this machine, by throughput."""
    n = cores()
    found = {}
    for shape in (
        Shape(n, 1, "inline"),
        Shape(1, n, "inline"),
        Shape(1, 1, "threads"),
        Shape(1, n, "batched"),
        Shape(n, 1, "batched"),
    ):
        with running(model, tokenizer, shape) as address:
            wrk(address, bodies, WARM)
            found[shape] = wrk(address, bodies, max(3, bench.seconds // 2))
    for shape, load in found.items():
        bench.report.note(
            f"FastAPI, {shape}: {load.throughput:.0f} calls/s, p50 {load.p50:.1f} ms, p99 {load.p99:.1f} ms"
        )
    return max(found, key=lambda shape: found[shape].throughput)


@contextmanager
def running(model: Path, tokenizer: Path, shape: Shape) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "BENCH_MODEL": str(model),
        "BENCH_TOKENIZER": str(tokenizer),
        "BENCH_MODE": shape.mode,
        "BENCH_THREADS": str(shape.threads),
        "TOKENIZERS_PARALLELISM": "false",
    }
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        str(shape.workers),
        "--loop",
        "uvloop",
        "--http",
        "httptools",
    ]
    command = [sys.executable, "-m", "uvicorn", "service_app:app", *options, "--no-access-log", "--log-level", "error"]
    server = subprocess.Popen(command, cwd=HERE, env=environment, stdin=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/embed"
    try:
        wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address: str, server: subprocess.Popen) -> None:
    request = urllib.request.Request(address, data=b'{"text": "hello"}', method="POST")
    end = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < end:
        try:
            answer = json.loads(urllib.request.urlopen(request, timeout=30).read())
            if len(answer["embedding"]) == 384:
                return
        except OSError:
            time.sleep(0.1)
    raise NotAvailable("the FastAPI service did not start")


def wrk(address: str, bodies: Path, seconds: int) -> Load:
    command = [
        "wrk",
        "-t",
        "1",
        "-c",
        str(CLIENTS),
        "-d",
        f"{seconds}s",
        "--timeout",
        "30s",
        "-s",
        str(HERE / "service.lua"),
    ]
    done = subprocess.run([*command, address, "--", str(bodies), "1"], capture_output=True, text=True, check=True)
    found = re.search(r"^figures (\d+) (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.M)
    if not found or found.group(5) != "0":
        raise AssertionError(f"wrk saw errors: {done.stdout}{done.stderr}")
    requests, duration, p50, p99, _ = map(int, found.groups())
    return Load(requests / (duration / 1e6), p50 / 1000, p99 / 1000)


def pgbench(bench: Bench, script: str, clients: int, seconds: int) -> Load:
    """Prepared statements; each client a connection of its own over the server's socket."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.sql"
        file.write_text(script)
        command = [bench.bindir / "pgbench", "-n", "-M", "prepared", "-c", clients, "-j", 1, "-T", seconds, "-f", file]
        command += ["-l", "--log-prefix", Path(folder) / "log", "bench"]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"pgbench failed: {done.stdout}{done.stderr}")
        lines = [line.split() for log in Path(folder).glob("log.*") for line in log.read_text().splitlines()]
    took = [int(fields[2]) / 1000 for fields in lines]
    tps = float(re.search(r"^tps = ([\d.]+)", done.stdout, re.M).group(1))
    return Load(tps, quantile(took, 0.5), quantile(took, 0.99))
