"""Memory of the engine and of backends over time, and what the server's log must not say."""

from __future__ import annotations

import re
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from conftest import Cluster
from support import programs

MIB = 1024.0
# What may be added in a minute, taken over the calm part without its first quarter; judged when that is long enough.
ENGINE_BOUND, BACKEND_BOUND = 1.0, 0.1
JUDGED_FROM = 180.0
WARM_UP = 0.25


@dataclass(frozen=True)
class Memory:
    """Sizes in MiB at a moment, in seconds since the beginning."""

    at: float
    engine_pid: int
    engine_rss: float
    engine_pss: float
    backends: int
    lasting_private: float
    sum_private: float


class Watch:
    """Samples until it is told to stop. `lasting` gives the backends that are never terminated."""

    def __init__(self, cluster: Cluster, backends, lasting, every: float):
        self.samples: list[Memory] = []
        self._cluster, self._backends, self._lasting, self._every = cluster, backends, lasting, every
        self._begun = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def elapsed(self) -> float:
        return time.monotonic() - self._begun

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            engines = programs(self._cluster, "serve")
            engine = sizes(engines[0].pid) if len(engines) == 1 else None
            lasting = [private for pid in self._lasting() if (private := private_of(pid)) is not None]
            everybody = [private for pid in self._backends() if (private := private_of(pid)) is not None]
            if engine is None or not lasting:
                continue
            mean = statistics.fmean(lasting)
            self.samples.append(Memory(self.elapsed(), engines[0].pid, *engine, len(everybody), mean, sum(everybody)))

    def slopes(self, since: float) -> tuple[float, float, float] | None:
        """MiB a minute of the last engine's PSS and of a lasting backend, and over how many seconds; after a warm-up."""
        calm = [
            sample for sample in self.samples if sample.at >= since and sample.engine_pid == self.samples[-1].engine_pid
        ]
        calm = calm[int(len(calm) * WARM_UP) :]
        if len(calm) < 8:
            return None
        minutes = [sample.at / 60 for sample in calm]
        engine = statistics.linear_regression(minutes, [sample.engine_pss for sample in calm]).slope
        backend = statistics.linear_regression(minutes, [sample.lasting_private for sample in calm]).slope
        return engine, backend, calm[-1].at - calm[0].at

    def table(self, lines: int = 24) -> str:
        step = max(1, len(self.samples) // lines)
        chosen = self.samples[::step]
        text = ["   time s  engine pid   RSS MiB   PSS MiB  backends  private of a lasting one  private of all"]
        text += [
            f"{s.at:9.0f}  {s.engine_pid:10}  {s.engine_rss:8.1f}  {s.engine_pss:8.1f}  {s.backends:8}"
            f"  {s.lasting_private:24.2f}  {s.sum_private:14.1f}"
            for s in chosen
        ]
        return "\n".join(text)


def sizes(pid: int) -> tuple[float, float] | None:
    """RSS and PSS in MiB; nothing when the process has gone."""
    found = rollup(pid, "Rss", "Pss")
    return (found[0], found[1]) if found else None


def private_of(pid: int) -> float | None:
    found = rollup(pid, "Private_Clean", "Private_Dirty")
    return sum(found) if found else None


def rollup(pid: int, *names: str) -> list[float] | None:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return [int(re.search(rf"^{name}: +(\d+) kB", text, re.M).group(1)) / MIB for name in names]
    except (OSError, AttributeError):
        return None


def crashes(log: str) -> list[str]:
    """Lines that tell of a server process that crashed. The engine is no server process: its death is the supervisor's
    line."""
    pattern = (
        r"PANIC:|was terminated by signal|reinitializing|terminating any other active server processes|crash of another"
    )
    return [line for line in log.splitlines() if re.search(pattern, line) and "altlas engine" not in line]
