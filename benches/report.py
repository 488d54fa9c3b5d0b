"""Measuring in turns, and what a run says: lines while it goes on, a table and results.json at its end."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path


class NotAvailable(Exception):
    """Something that a section needs is not on this machine, or not in this build."""


@dataclass(frozen=True)
class Sample:
    """Repeated measurements of one thing, in one unit."""

    values: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def scaled(self, factor: float) -> Sample:
        return Sample([value * factor for value in self.values])

    def above(self, floor: Sample) -> Sample:
        """What is left when the median of another sample is taken off."""
        return Sample([value - floor.median for value in self.values])

    def __str__(self) -> str:
        if len(self.values) == 1:
            return number(self.values[0])
        return f"{number(self.median)} ({number(min(self.values))}–{number(max(self.values))})"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    return f"{value:.{digits}f}"


def in_turns(repeats: int, contestants: dict[str, Callable[[], float]], warm: bool = True) -> dict[str, Sample]:
    """Calls everybody once a round, so that a busy moment does not fall on one alone. Each returns what it measured;
    the warm-up round does not count."""
    values: dict[str, list[float]] = {name: [] for name in contestants}
    if warm:
        for measure in contestants.values():
            measure()
    for _ in range(repeats):
        for name, measure in contestants.items():
            values[name].append(measure())
    return {name: Sample(measured) for name, measured in values.items()}


@dataclass
class Figure:
    """One line of the table."""

    section: str
    work: str
    unit: str
    ours: str
    peer_name: str = ""
    peer: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        return {None: "", True: "met", False: "NOT MET"}[self.met]


@dataclass
class Report:
    """What the sections found."""

    machine: dict[str, str]
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    section: str = ""

    def begin(self, section: str, title: str) -> None:
        self.section = section
        print(f"\n== {section}: {title}", flush=True)

    def compare(
        self,
        work: str,
        unit: str,
        ours: Sample,
        peer_name: str,
        peer: Sample,
        at_least: float | None = None,
        throughput: bool = False,
    ) -> float:
        """Ours beside a peer's. The ratio says how many times better ours is."""
        ratio = ours.median / peer.median if throughput else peer.median / ours.median
        met = None if at_least is None else ratio >= at_least
        target = "" if at_least is None else f"≥ {at_least:g} ×"
        self._add(Figure(self.section, work, unit, str(ours), peer_name, str(peer), round(ratio, 4), target, met))
        return ratio

    def value(self, work: str, unit: str, ours: Sample, at_most: float | None = None) -> None:
        """A figure that has a bound of its own."""
        met = None if at_most is None else ours.median <= at_most
        self._add(
            Figure(self.section, work, unit, str(ours), target="" if at_most is None else f"≤ {at_most:g}", met=met)
        )

    def beside(self, peer_name: str, work: str, unit: str, peer: Sample) -> None:
        """A peer's figure, printed for comparison only."""
        self._add(Figure(self.section, work, unit, "", peer_name, str(peer)))

    def note(self, text: str) -> None:
        self.notes.append(f"{self.section}: {text}")
        print(f"   {text}", flush=True)

    def skip(self, text: str) -> None:
        self.skipped.append(f"{self.section}: {text}")
        print(f"   not available: {text}", flush=True)

    def fail(self, text: str) -> None:
        self.failed.append(f"{self.section}: {text}")
        print(f"   FAILED: {text}", flush=True)

    def _add(self, figure: Figure) -> None:
        self.figures.append(figure)
        line = f"   {figure.work}: {figure.ours or figure.peer} {figure.unit}"
        if figure.ours and figure.peer:
            line += f"; {figure.peer_name} {figure.peer}"
        elif figure.peer:
            line += f" ({figure.peer_name})"
        if figure.ratio is not None:
            line += f"; {number(figure.ratio)} ×"
        if figure.target:
            line += f"; target {figure.target}: {figure.verdict}"
        print(line, flush=True)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")

    @staticmethod
    def read(path: Path) -> Report:
        document = json.loads(path.read_text())
        document["figures"] = [Figure(**figure) for figure in document["figures"]]
        return Report(**document)


def machine() -> dict[str, str]:
    """What the figures depend on, besides the software."""
    models = [line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": models[0] if models else platform.processor(),
        "processors": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory / 1048576:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "load average at the start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def header(facts: dict[str, str]) -> str:
    return "\n".join(f"{name + ':':<28}{value}" for name, value in facts.items())


def table(report: Report) -> str:
    """All figures as a table that is Markdown as well."""
    head = ("section", "work", "unit", "altlas", "peer", "peer's", "ratio", "target", "")
    rows = [
        (
            f.section,
            f.work,
            f.unit,
            f.ours,
            f.peer_name,
            f.peer,
            "" if f.ratio is None else number(f.ratio),
            f.target,
            f.verdict,
        )
        for f in report.figures
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)
