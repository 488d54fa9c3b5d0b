"""What SQL adds to a network that the engine runs: to one row's call, and to sets."""

from __future__ import annotations

import time
from pathlib import Path

import sql
import wire
from bench import Bench, cores, session
from classical import BATCH
from report import NotAvailable, Sample, in_turns
from service import pgbench

CALLS = 20_000


def calls(bench: Bench) -> None:
    report = bench.report
    bench.load_rows()
    with bench.connect() as conn:
        conn.execute(sql.NO_PARALLEL)
        path = bench.register(conn, "net_small")
        bench.agree(conn, "net_small", path, peer=False)
        rows = min(CALLS, bench.rows)
        contestants = {
            "ours": bench.asks(conn, sql.ROW_FORM, rows=rows, model="net_small"),
            "empty": bench.asks(conn, sql.EMPTY_FUNCTION, rows=rows),
            "own": own_time(bench, path, rows),
        }
        got = in_turns(bench.repeats, contestants)
        above = got["ours"].above(Sample([got["own"].median + got["empty"].median]))
        report.note(f"a small network's run of one row takes {got['own']} µs in ONNX Runtime (bound buffers, 1 thread)")
        report.value("small network, row form", "µs/call", got["ours"])
        report.value("small network, row form, above the model's own time", "µs/call", above, 80)
        statements(bench)
        sets_in_engine(bench, conn)


def own_time(bench: Bench, path: Path, rows: int):
    """One row a run, its buffers bound before: the model's own time, with little of Python around it."""
    import onnxruntime

    opened = session(path, 1)
    x = bench.features(0, 1)
    binding = opened.io_binding()
    binding.bind_ortvalue_input("features", onnxruntime.OrtValue.ortvalue_from_numpy(x))
    binding.bind_ortvalue_output("variable", onnxruntime.OrtValue.ortvalue_from_shape_and_type([1, 1], x.dtype.type))
    run = opened.run_with_iobinding

    def measure() -> float:
        begun = time.perf_counter()
        for _ in range(rows):
            run(binding)
        return (time.perf_counter() - begun) * 1e6 / rows

    return measure


def statements(bench: Bench) -> None:
    """The same as a client sees it: one prepared statement a call, beside one that asks no model."""
    rows = min(CALLS, bench.rows)
    scripts = {
        "ours": sql.PGBENCH_PREDICT.format(rows=rows, model="net_small"),
        "empty": sql.PGBENCH_EMPTY.format(rows=rows),
    }
    seconds = max(2, bench.seconds // 4)
    got = in_turns(
        bench.repeats, {name: lambda s=s: pgbench(bench, s, 1, seconds).p50 * 1000 for name, s in scripts.items()}
    )
    report = bench.report
    report.compare(
        "small network, one call a statement, median", "µs", got["ours"], "a statement with cardinality()", got["empty"]
    )


def sets_in_engine(bench: Bench, conn) -> None:
    report = bench.report
    path = bench.register(conn, "net_middle")
    rows = min(100_000, bench.rows)
    try:
        bench.need(conn, sql.SCORE)
    except NotAvailable as reason:
        report.skip(str(reason))
        return
    columns = ", ".join(wire.COLUMNS)
    ask = bench.asks(conn, sql.TABLE_FORM, rows=rows, model="net_middle", columns=columns)
    run = session(path, cores()).run
    x = [bench.features(first, min(50_000, rows - first)) for first in range(0, rows, 50_000)]
    batches = [part[start : start + BATCH] for part in x for start in range(0, len(part), BATCH)]

    def raw() -> float:
        begun = time.perf_counter()
        for batch in batches:
            run(None, {"features": batch})
        return rows / (time.perf_counter() - begun)

    got = in_turns(bench.repeats, {"ours": lambda: 1e6 / ask(), "raw": raw})
    name = f"ONNX Runtime, {cores()} threads, batches of {BATCH}"
    work = "network of 0.27 M weights, table form"
    report.compare(work, "rows/s", got["ours"], name, got["raw"], 0.95, throughput=True)
