"""Runs sections of the benches on a server that is there, and joins what the servers' runs found.

    run.py part --major 15 [--only trees,sets] [--rows N] …     sections of that PostgreSQL version; PGHOST etc. name it
    run.py summary --out build/bench                            the table of all parts, and results.json
    run.py sections                                             their names

Called by scripts/bench.sh. A section that lacks something says so and is left out; one that fails fails the run.
Nothing fails for its time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

import report as reporting
from bench import Bench
from classical import logistic, sets, trees
from connections import first, memory
from encoder import cancel, encoder
from engine_calls import calls
from report import NotAvailable, Report
from service import service
from training import training

# Section: PostgreSQL version, function, title. What is compared with plpython3u runs on 15, both sides on one server.
SECTIONS = {
    "trees": (15, trees, "boosted trees (300 trees, 31 leaves, 20 features), row by row"),
    "logistic": (15, logistic, "logistic regression, 20 features, row by row"),
    "sets": (15, sets, "the same boosted trees in sets, and written back"),
    "first": (15, first, "the first call of a new connection"),
    "memory": (15, memory, "50 connections and one model of 70 MB"),
    "encoder": (18, encoder, "MiniLM int8 over a set of texts"),
    "service": (18, service, "20 connections with single calls of MiniLM"),
    "training": (18, training, "training, and a session's memory meanwhile"),
    "cancel": (18, cancel, "cancelling in a batch of 100,000 texts"),
    "calls": (18, calls, "what SQL adds to a network in the engine"),
}


def part(options: argparse.Namespace) -> int:
    chosen = [name for name, (major, _, _) in SECTIONS.items() if major == options.major and name in options.only]
    report = Report({})
    bench = Bench(
        report,
        options.models,
        options.encoder,
        options.bindir,
        options.rows,
        options.texts,
        options.repeats,
        options.seconds,
    )
    bench.create()
    report.machine = reporting.machine() | software() | bench.versions()
    print(reporting.header(report.machine))
    for name in chosen:
        _, section, title = SECTIONS[name]
        report.begin(name, title)
        try:
            section(bench)
        except NotAvailable as reason:
            report.skip(str(reason))
        except Exception as error:
            traceback.print_exc()
            report.fail(f"{type(error).__name__}: {error}")
    report.write(options.out / f"part-{options.major}.json")
    return 0


def software() -> dict[str, str]:
    names = ("onnxruntime", "numpy", "lightgbm", "scikit-learn", "psycopg", "fastapi", "uvicorn", "tokenizers")
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    return {
        "commit": commit.stdout.strip() or "unknown",
        "peers": f"Python {sys.version.split()[0]}, " + ", ".join(f"{name} {version(name)}" for name in names),
    }


def summary(options: argparse.Namespace) -> int:
    parts = [Report.read(path) for path in sorted(options.out.glob("part-*.json"))]
    whole = Report({name: fact for found in parts for name, fact in found.machine.items()})
    for found in parts:
        whole.figures += found.figures
        whole.notes += found.notes
        whole.skipped += found.skipped
        whole.failed += found.failed
    whole.write(options.out / "results.json")
    print("\n" + reporting.header(whole.machine) + "\n\n" + reporting.table(whole) + "\n")
    for title, lines in {"notes": whole.notes, "not available": whole.skipped, "FAILED": whole.failed}.items():
        if lines:
            print(f"{title}:\n" + "\n".join(f"  {line}" for line in lines))
    judged = [figure for figure in whole.figures if figure.met is not None]
    print(
        f"\n{sum(figure.met for figure in judged)} of {len(judged)} targets met; medians, (lowest–highest) of the repetitions"
    )
    return 1 if whole.failed else 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["part", "summary", "sections"])
    parser.add_argument("--major", type=int)
    parser.add_argument("--only", type=lambda names: set(names.split(",")), default=set(SECTIONS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--encoder", type=Path)
    parser.add_argument("--bindir", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    if unknown := options.only - set(SECTIONS):
        parser.error(f"no section is called {', '.join(sorted(unknown))}; there are: {', '.join(SECTIONS)}")
    if options.action == "sections":
        print("\n".join(f"{name} {major}" for name, (major, _, _) in SECTIONS.items()))
        return 0
    return part(options) if options.action == "part" else summary(options)


if __name__ == "__main__":
    sys.exit(main())
