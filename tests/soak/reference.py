"""What every answer of the soak is compared with: numbers of the training libraries (data/expected.json), and which version
was in production when."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
# The tiny encoder of altlas-tokens' own tests; expected values by the Python libraries (scripts/reference/text_models.py).
TEXT_DATA = Path(__file__).parents[2] / "crates/altlas-tokens/tests/data"
TEXT_TOLERANCE = 1e-4
TABULAR = ("trees", "net")
VERSIONS = 3
TOLERANCE = 1e-5


class Wrong(Exception):
    """An answer that is not right. The soak has failed."""


@cache
def expected() -> dict:
    return json.loads((DATA / "expected.json").read_text())


def rows() -> list[list[float]]:
    return expected()["rows"]


def onnx(model: str, version: int) -> bytes:
    return (DATA / f"{model}_{version}.onnx").read_bytes()


def reference(model: str, version: int, row: int) -> float:
    return expected()["expected"][model][version - 1][row]


def equal(got: float | None, want: float) -> bool:
    return got is not None and abs(got - want) <= TOLERANCE * max(1.0, abs(want))


def check(model: str, version: int, row: int, got: float | None) -> None:
    want = reference(model, version, row)
    if not equal(got, want):
        raise Wrong(f"{model}/{version}, row {row}: got {got}, expected {want}")


@cache
def texts() -> dict:
    return json.loads((TEXT_DATA / "expected.json").read_text())


def text_file(name: str) -> bytes:
    return (TEXT_DATA / name).read_bytes()


def check_embedding(number: int, got: list[float] | None) -> None:
    want = texts()["mean"][number]
    if got is None or len(got) != len(want) or max(abs(a - b) for a, b in zip(got, want)) > TEXT_TOLERANCE:
        raise Wrong(f"embedding of {texts()['texts'][number][:40]!r} differs from the reference")


def named(label: str) -> tuple[str, int]:
    """Model and version of a `model_version` column."""
    model, _, version = label.rpartition("/")
    if model not in TABULAR or not version.isdigit():
        raise Wrong(f"model_version is {label!r}")
    return model, int(version)


def answered_by(model: str, row: int, got: float | None) -> int:
    """The version that gives this answer: no two of them are near each other."""
    for version in range(1, VERSIONS + 1):
        if equal(got, reference(model, version, row)):
            return version
    raise Wrong(f"{model}, row {row}: {got} is the answer of no version")


@dataclass
class Reign:
    version: int
    begin: float
    end: float = float("inf")


@dataclass
class Production:
    """When which version was in production. A switch becomes visible at some moment between `before` and `after`, so
    for that long both count."""

    reigns: dict[str, list[Reign]] = field(default_factory=lambda: {model: [Reign(1, 0.0)] for model in TABULAR})
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def switching(self, model: str, version: int) -> None:
        """Called before the commit."""
        with self._lock:
            self.reigns[model].append(Reign(version, time.monotonic()))

    def switched(self, model: str) -> None:
        """Called after the commit."""
        with self._lock:
            self.reigns[model][-2].end = time.monotonic()

    def check(self, model: str, version: int, begun: float, ended: float) -> None:
        """Whether a statement that ran from `begun` to `ended` may have seen this version."""
        with self._lock:
            recent = self.reigns[model][-200:]
        allowed = {reign.version for reign in recent if reign.begin <= ended and reign.end >= begun}
        if version not in allowed:
            raise Wrong(
                f"{model}/{version} answered a statement during which only {sorted(allowed)} were in production"
            )

    def switches(self) -> int:
        return sum(len(reigns) - 1 for reigns in self.reigns.values())
