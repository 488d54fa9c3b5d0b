"""Prepares what profile.sh looks at: a table, a model, and a connection that calls the row form again and again."""

from __future__ import annotations

import argparse
import subprocess
import time
from pathlib import Path

import sql
from bench import Bench
from report import Report

ROWS = 100_000
# Under callgrind everything takes fifty times as long.
FEW = 5_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--perf", type=Path, help="where perf writes what it records of the backend")
    parser.add_argument(
        "--statement", action="store_true", help="only print the statement, for a server in single-user mode"
    )
    parser.add_argument("--record", action="store_true", help="give the table's row instead of the array")
    options = parser.parse_args()
    form = sql.RECORD_FORM if options.record else sql.ROW_FORM
    if options.statement:
        print(form.format(model=options.model, rows=FEW))
        return
    bench = Bench(Report({}), options.models, Path(), Path(), ROWS, 0, 1, 0)
    bench.create()
    bench.load_rows()
    with bench.connect() as conn:
        path = bench.register(conn, options.model)
        bench.agree(conn, options.model, path, peer=False)
        ask = bench.asks(conn, form, model=options.model)
        recorder = None
        if options.perf:
            command = [
                "perf",
                "record",
                "-q",
                "-F",
                "2000",
                "-g",
                "-o",
                str(options.perf),
                "-p",
                str(conn.info.backend_pid),
            ]
            recorder = subprocess.Popen([*command, "--", "sleep", str(options.seconds)])
        took, end = [], time.monotonic() + options.seconds
        while time.monotonic() < end:
            took.append(ask())
        if recorder:
            recorder.wait()
        if took:
            print(
                f"{options.model}, row form over {ROWS} rows: {min(took):.3f} µs a row at best, {len(took)} scans\n",
                flush=True,
            )


if __name__ == "__main__":
    main()
