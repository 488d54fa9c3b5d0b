"""What a connection costs: its first call, and its memory."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from pathlib import Path

import sql
from bench import Bench
from report import NotAvailable, Sample, in_turns

CONNECTIONS = 50
PEERS = 5
FIRST_CALLS = 20
MIB = 1 / 1048576


def first(bench: Bench) -> None:
    """A new connection's first call, the engine and its models warm; alone, and with the connection's own start."""
    report = bench.report
    bench.load_rows()
    whole: dict[str, list[float]] = {}
    again: dict[str, list[float]] = {}
    contestants = {}

    def call(name: str, statement: str):
        def measure() -> float:
            begun = time.perf_counter()
            with bench.connect() as conn:
                connected = time.perf_counter()
                conn.execute(statement).fetchall()
                done = time.perf_counter()
                conn.execute(statement).fetchall()
                again.setdefault(name, []).append((time.perf_counter() - done) * 1000)
            whole.setdefault(name, []).append((done - begun) * 1000)
            return (done - connected) * 1000

        return measure

    names = {
        "trees": "boosted trees",
        "net_small": "a small network, in the engine",
        "net_70mb": "a network of 70 MB, in the engine",
    }
    with bench.connect() as conn:
        for model in names:
            bench.register(conn, model)
            contestants[model] = call(model, sql.ONE_CALL.format(model=model))
        try:
            for model in ("trees", "net_70mb"):
                bench.peer(conn, model)
                contestants[f"peer_{model}"] = call(f"peer_{model}", sql.PEER_ONE_CALL.format(model=model))
        except NotAvailable as reason:
            report.skip(str(reason))
    contestants["nothing"] = call("nothing", "SELECT 1")
    got = in_turns(FIRST_CALLS, contestants)
    report.note(f"connecting and SELECT 1: {Sample(whole['nothing'][1:])} ms")
    for model, title in names.items():
        report.value(f"first call, {title}", "ms", got[model], 10)
        report.value(f"second call, {title}", "ms", Sample(again[model][1:]))
        report.value(f"connecting and first call, {title}", "ms", Sample(whole[model][1:]))
        if f"peer_{model}" in got:
            report.beside("plpython3u", f"first call, {title}", "ms", got[f"peer_{model}"])
            report.beside("plpython3u", f"connecting and first call, {title}", "ms", Sample(whole[f"peer_{model}"][1:]))


def memory(bench: Bench) -> None:
    """Connections that score one model of 70 MB: what each holds for itself, and how often the model is in memory."""
    bench.load_rows()
    for model, title in {
        "forest_70mb": "a forest of 70 MB, compiled",
        "net_70mb": "a network of 70 MB, in the engine",
    }.items():
        with bench.connect() as conn:
            path = bench.register(conn, model)
            bench.agree(conn, model, path, peer=False, rows=20)
        scoring(bench, model, title, path.stat().st_size)
    with bench.connect() as conn:
        try:
            bench.peer(conn, "net_70mb")
        except NotAvailable as reason:
            bench.report.skip(str(reason))
            return
    _, grown, _ = grow(bench, PEERS, sql.PEER_ONE_CALL.format(model="net_70mb"))
    bench.report.beside(
        f"plpython3u, {PEERS} connections", "private memory above an idle one, a network of 70 MB", "MiB", grown
    )


def scoring(bench: Bench, model: str, title: str, size: int) -> None:
    report = bench.report
    with bench.connect() as conn:
        (engine,) = conn.execute(sql.ENGINE_PID).fetchone()
    before = anonymous(engine)
    idle, grown, mapped = grow(bench, CONNECTIONS, sql.ONE_CALL.format(model=model))
    work = f"{CONNECTIONS} connections, {title}"
    report.value(f"{work}: private memory above an idle one, largest", "MiB", Sample([max(grown.values)]), 5)
    report.value(f"{work}: private memory above an idle one, all", "MiB", grown)
    # `agree` has scored with it before: the first copy is there, and what is counted is what the connections add.
    more = round((anonymous(engine) - before) / size)
    report.value(f"{work}: copies of the model in memory", "copies", Sample([float(max(1, len(mapped)) + more)]), 1)
    report.note(
        f"{title}: an idle connection has {idle} MiB of its own; the engine's PSS is {pss(engine) * MIB:.1f} MiB"
    )
    if not mapped:
        report.note(f"{title}: no backend maps a file of it, the engine alone has it")
    for file, (resident, proportional, users) in mapped.items():
        sizes = f"{resident * MIB:.1f} MiB resident, {proportional * MIB:.2f} MiB of PSS in each"
        report.note(f"{title}: {Path(file).name[:16]}… is mapped by {users} backends: {sizes}")


def grow(bench: Bench, count: int, statement: str) -> tuple[Sample, Sample, dict[str, tuple[int, int, int]]]:
    """Private memory of idle connections, what each has more after three calls, and large files that all of them map."""
    with ExitStack() as stack:
        conns = [stack.enter_context(bench.connect()) for _ in range(count)]
        pids = []
        for conn in conns:
            pids.append(conn.info.backend_pid)
            # A plain read of the same row first: the relation cache is no cost of scoring.
            conn.execute("SELECT cardinality(features) FROM rows WHERE id = 1").fetchall()
        idle = [private(pid) for pid in pids]
        for _ in range(3):
            for conn in conns:
                conn.execute(statement).fetchall()
        grown = [private(pid) - before for pid, before in zip(pids, idle)]
        return (
            Sample([value * MIB for value in idle]),
            Sample([value * MIB for value in grown]),
            model_files(pids),
        )


def rollup(pid: int, *names: str) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(re.search(rf"^{name}: +(\d+) kB", text, re.M).group(1)) * 1024 for name in names)


def private(pid: int) -> int:
    return rollup(pid, "Private_Clean", "Private_Dirty")


def pss(pid: int) -> int:
    return rollup(pid, "Pss")


def anonymous(pid: int) -> int:
    return rollup(pid, "Anonymous")


def model_files(pids: list[int]) -> dict[str, tuple[int, int, int]]:
    """Files of the data directory of more than a MiB that backends map: (resident, PSS) in the last, and by how many."""
    found: dict[str, tuple[int, int, int]] = {}
    for pid in pids:
        sizes: dict[str, list[int]] = {}
        path = None
        for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                fields = line.split(None, 5)
                path = fields[5] if len(fields) == 6 and "pgsql_tmp_altlas" in fields[5] else None
            elif path and (size := re.match(r"(Rss|Pss): +(\d+) kB", line)):
                sizes.setdefault(path, [0, 0])[size.group(1) == "Pss"] += int(size.group(2)) * 1024
        for file, (resident, proportional) in sizes.items():
            if resident > 1048576:
                found[file] = (resident, proportional, found.get(file, (0, 0, 0))[2] + 1)
    return found
