"""The soak: mixed calls from twenty connections while engines are killed, statements cancelled, backends terminated and
versions switched. Every answer is checked against the reference of the version that gave it.

    soak.py [--minutes 20] [--seed N]      called by scripts/soak.sh, which says which server to use

In the first half engines are killed; in the second one engine lives, so that its memory can be followed. Ends with a
summary, and with status 1 when there was a wrong answer, an error without a cause, a restart of the server, a statement
that did not end, or memory that grows.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "client"), str(Path(__file__).parent)]

import calls  # noqa: E402
import psycopg  # noqa: E402
from chaos import Chaos  # noqa: E402
from conftest import Cluster  # noqa: E402
from reference import Wrong  # noqa: E402
from support import programs, status  # noqa: E402
from watch import BACKEND_BOUND, ENGINE_BOUND, JUDGED_FROM, Watch, crashes  # noqa: E402

WORKERS, LASTING = 20, 4
# No statement takes this long; one that does hangs.
HANGS = 60
# A small budget, so that sessions of trained models do not pass for a leak.
SETTINGS = {
    "altlas.model_memory": "64MB",
    "max_connections": WORKERS + 20,
    "statement_timeout": f"{HANGS}s",
    "lc_messages": "C",
}
STATEMENT_TIMEOUT = "statement timeout"


@dataclass
class Result:
    """What happened."""

    right: Counter = field(default_factory=Counter)
    errors: Counter = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def violated(self, text: str) -> None:
        with self.lock:
            self.violations.append(text)


class Worker:
    """A connection that asks one thing after the other, and makes itself a new one when its backend was terminated."""

    def __init__(self, number: int, soak: Soak):
        self.number, self.soak = number, soak
        self.rng = random.Random(f"{soak.seed}/{number}")
        self.pid = 0
        self.thread = threading.Thread(target=self._work)

    @property
    def lasting(self) -> bool:
        return self.number < LASTING

    def _work(self) -> None:
        result = self.soak.result
        try:
            while not self.soak.stop.is_set():
                with self.soak.cluster.conn(self.soak.dbname) as conn:
                    self.pid = conn.info.backend_pid
                    while not self.soak.stop.is_set() and not conn.closed:
                        self._one(conn)
        except Exception as error:  # a worker that dies in silence would make the soak mild
            result.violated(f"worker {self.number}: {type(error).__name__}: {error}")

    def _one(self, conn: psycopg.Connection) -> None:
        result = self.soak.result
        name, call = self.soak.choose(self.rng)
        begun = time.monotonic()
        try:
            call(conn, self.soak.truth, self.rng)
        except Wrong as wrong:
            result.violated(f"wrong answer: {name}: {wrong}")
        except psycopg.Error as error:
            self._failed(name, error, begun)
        else:
            with result.lock:
                result.right[name] += 1

    def _failed(self, name: str, error: psycopg.Error, begun: float) -> None:
        result, text = self.soak.result, str(error).strip().splitlines()[0]
        with result.lock:
            result.errors[error.sqlstate or "connection lost"] += 1
        if STATEMENT_TIMEOUT in text:
            result.violated(f"{name}: did not end within {HANGS} s")
        elif not self.soak.explained(name, error, self.pid, begun):
            result.violated(f"{name}: error without a cause: {error.sqlstate} {text}")


class Soak:
    def __init__(self, cluster: Cluster, minutes: float, seed: int):
        self.cluster, self.seconds, self.seed = cluster, minutes * 60, seed
        self.result, self.stop = Result(), threading.Event()
        self.dbname = cluster.database()
        with cluster.conn(self.dbname) as conn:
            self.truth = calls.prepare(conn)
        offered = [entry for entry in calls.CALLS if entry[2] in self.truth.functions]
        self.missing = sorted({entry[2] for entry in calls.CALLS} - {entry[2] for entry in offered})
        self._calls = [(name, call) for name, _, _, call in offered]
        self._weights = [weight for _, weight, _, _ in offered]
        self.workers = [Worker(number, self) for number in range(WORKERS)]
        every = min(12.0, self.seconds / 12)
        self.chaos = Chaos(cluster, self.dbname, self.truth.production, self.victims, seed, every)

    def choose(self, rng: random.Random):
        return rng.choices(self._calls, self._weights)[0]

    def victims(self, lasting: bool = True) -> list[int]:
        return [worker.pid for worker in self.workers if worker.pid and (lasting or not worker.lasting)] or [0]

    def explained(self, name: str, error: psycopg.Error, pid: int, begun: float) -> bool:
        # altlas.max_jobs trainings run at once; one more is told so.
        if error.sqlstate == "53000" and name == "train":
            return True
        return self.chaos.deeds.explains(error.sqlstate, pid, begun)

    def run(self) -> Result:
        started_at = self.cluster.started_at
        lasting = lambda: [worker.pid for worker in self.workers if worker.lasting and worker.pid]  # noqa: E731
        watch = Watch(self.cluster, self.victims, lasting, every=max(1.0, min(5.0, self.seconds / 60)))
        for worker in self.workers:
            worker.thread.start()
        self.chaos.start()
        time.sleep(self.seconds / 2)
        self.chaos.spare_the_engine()
        calm = watch.elapsed()
        time.sleep(self.seconds / 2)
        self.stop.set()
        self.chaos.stop()
        watch.stop()
        for worker in self.workers:
            worker.thread.join(HANGS + 30)
            if worker.thread.is_alive():
                self.result.violated(f"worker {worker.number} did not end")
        self._afterwards(started_at)
        self._memory(watch, calm)
        self._print(watch)
        return self.result

    def _afterwards(self, started_at) -> None:
        """In quiet again: the same server, one engine, right answers."""
        violated = self.result.violated
        for fault in self.chaos.faults:
            violated(f"chaos ended: {fault}")
        if self.cluster.started_at != started_at:
            violated("the server was restarted")
        for line in crashes(self.cluster.log_text()):
            violated(f"server log: {line}")
        with self.cluster.conn(self.dbname) as conn:
            for name, call in self._calls:
                try:
                    call(conn, self.truth, random.Random(0))
                except (Wrong, psycopg.Error) as error:
                    violated(f"afterwards: {name}: {error}")
            self.restarts = status(conn)["restarts"]
        if len(programs(self.cluster, "serve")) != 1:
            violated(f"{len(programs(self.cluster, 'serve'))} engines run afterwards")
        if programs(self.cluster, "job"):
            violated("jobs run afterwards")

    def _memory(self, watch: Watch, calm: float) -> None:
        self.slopes = watch.slopes(calm)
        if self.slopes is None or self.slopes[2] < JUDGED_FROM:
            return
        for name, slope, bound in zip(("engine", "lasting backend"), self.slopes[:2], (ENGINE_BOUND, BACKEND_BOUND)):
            if slope > bound:
                self.result.violated(f"memory of the {name} grows by {slope:.2f} MiB a minute, more than {bound}")

    def _print(self, watch: Watch) -> None:
        result, deeds = self.result, self.chaos.deeds
        print(
            f"seed {self.seed}, {self.seconds / 60:g} minutes, {WORKERS} connections, PostgreSQL {self.cluster.major}\n"
        )
        print("right answers")
        for name, count in sorted(result.right.items()):
            print(f"  {name:<28}{count:>10}")
        print(f"  {'all':<28}{sum(result.right.values()):>10}")
        if self.missing:
            print(f"  not in this build: {', '.join(self.missing)}")
        print("errors, by SQLSTATE")
        for sqlstate, count in sorted(result.errors.items()):
            print(f"  {sqlstate:<28}{count:>10}")
        print("deeds")
        for name, count in {
            "engines killed": len(deeds.kills),
            "engines started again": self.restarts,
            "models let out of quarantine": deeds.releases,
            "cancellations": deeds.cancels,
            "terminations": deeds.terminations,
            "versions switched": self.truth.production.switches(),
            "switches rolled back": deeds.rollbacks,
        }.items():
            print(f"  {name:<28}{count:>10}")
        print(f"memory (engines were killed in the first half only)\n{watch.table()}")
        if self.slopes:
            engine, backend, seconds = self.slopes
            judged = "" if seconds >= JUDGED_FROM else f"; not judged below {JUDGED_FROM:.0f} s"
            bounds = f"bounds {ENGINE_BOUND:g} and {BACKEND_BOUND:g}"
            print(
                f"slope over {seconds:.0f} s: engine {engine:+.3f}, backend {backend:+.3f} MiB a minute; {bounds}{judged}"
            )
        print(f"\n{len(result.violations)} violations")
        for violation, count in Counter(result.violations).most_common(40):
            print(f"  {count} × {violation}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}", flush=True)
    cluster = Cluster(SETTINGS)
    try:
        cluster.start()
        result = Soak(cluster, options.minutes, seed).run()
        if result.violations:
            print(f"\nthe server's log ends with:\n{cluster.log_text()[-4000:]}")
        cluster.stop()
    finally:
        cluster.remove()
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
