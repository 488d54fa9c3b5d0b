"""What goes wrong on purpose: engines that die, statements that are cancelled, backends that are terminated, versions that
change. Every deed is written down, so that an error without a cause is seen."""

from __future__ import annotations

import random
import signal
import threading
import time
from dataclasses import dataclass, field

import psycopg
from conftest import Cluster, Process
from reference import TABULAR, VERSIONS, Production
from support import programs

# How long after a deed its error may still arrive.
LATE = 20.0
# After an engine's death the calls of this long may fail: the supervisor's pause grows to 30 s.
RECOVERY = 45.0
# The supervisor forgives after a minute of health; a burst of deaths is followed by that rest.
BURST, REST = 5, 62.0
SET_ALIAS = "SELECT altlas.set_alias(%s, 'production', %s)"
# connection_failure, system_error: the engine, or the process of a job, went away. object_not_in_prerequisite_state: a model
# was in use when engines crashed, and is in quarantine until it is released.
ENGINE_ERRORS = ("08006", "58000", "55000")
HAS_QUARANTINE = "SELECT to_regprocedure('altlas.release_quarantine(text)') IS NOT NULL"
SIGNALS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)


@dataclass
class Deeds:
    """What was done, when, and to whom."""

    cancelled: dict[int, float] = field(default_factory=dict)
    terminated: dict[int, float] = field(default_factory=dict)
    kills: list[tuple[float, int]] = field(default_factory=list)
    cancels: int = 0
    terminations: int = 0
    rollbacks: int = 0
    releases: int = 0

    def explains(self, sqlstate: str | None, pid: int, begun: float) -> bool:
        """Whether a statement of this backend that began then may have failed so."""
        if sqlstate == "57014":
            return self.cancelled.get(pid, float("-inf")) > begun - LATE
        if sqlstate in ("57P01", None):
            return self.terminated.get(pid, float("-inf")) > begun - LATE
        return sqlstate in ENGINE_ERRORS and self.engine_died_since(begun - RECOVERY)

    def engine_died_since(self, moment: float) -> bool:
        return bool(self.kills) and self.kills[-1][0] > moment


class Chaos:
    """Threads that do it until they are told to stop; all decisions come from the seed."""

    def __init__(self, cluster: Cluster, dbname: str, production: Production, victims, seed: int, kill_every: float):
        self.cluster, self.dbname, self.production, self.victims = cluster, dbname, production, victims
        self.deeds = Deeds()
        self.faults: list[str] = []
        self._stop, self._calm = threading.Event(), threading.Event()
        self._kill_every = kill_every
        tasks = (self._kill, self._release, self._cancel, self._terminate, self._switch)
        self._threads = [
            threading.Thread(target=self._guarded, args=(task, random.Random(f"{seed}/{task.__name__}")))
            for task in tasks
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def spare_the_engine(self) -> None:
        """From now on no engine is killed, so that the memory of one can be followed."""
        self._calm.set()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, task, rng: random.Random) -> None:
        try:
            task(rng)
        except Exception as error:  # a thread that dies in silence would make the soak mild
            self.faults.append(f"{task.__name__}: {type(error).__name__}: {error}")

    def _kill(self, rng: random.Random) -> None:
        while not self._stop.wait(rng.expovariate(1 / self._kill_every)) and not self._calm.is_set():
            number = rng.choice(SIGNALS)
            for engine in programs(self.cluster, "serve"):
                # Before the deed: what it causes may be seen before this thread goes on.
                self.deeds.kills.append((time.monotonic(), number))
                end_of(engine, number)
            if len(self.deeds.kills) % BURST == BURST - 1 and self._stop.wait(REST):
                return

    def _release(self, rng: random.Random) -> None:
        """Models that were in use when an engine crashed go into quarantine; an administrator lets them out again."""
        with self.cluster.conn(self.dbname) as conn:
            if not conn.execute(HAS_QUARANTINE).fetchone()[0]:
                return
            while not self._stop.wait(0.5):
                for sha256, names in conn.execute("SELECT model_sha256, model FROM altlas.quarantine()").fetchall():
                    if not any(number != signal.SIGKILL for _, number in self.deeds.kills):
                        raise AssertionError(f"{names or sha256} is in quarantine, but no engine has crashed")
                    conn.execute("SELECT altlas.release_quarantine(%s)", (names.split(", ")[0],))
                    self.deeds.releases += 1

    def _cancel(self, rng: random.Random) -> None:
        with self.cluster.conn(self.dbname) as conn:
            while not self._stop.wait(rng.expovariate(1 / 0.3)):
                pid = rng.choice(self.victims())
                self.deeds.cancelled[pid] = time.monotonic()
                conn.execute("SELECT pg_cancel_backend(%s)", (pid,))
                self.deeds.cancels += 1

    def _terminate(self, rng: random.Random) -> None:
        with self.cluster.conn(self.dbname) as conn:
            while not self._stop.wait(rng.expovariate(1 / 2)):
                pid = rng.choice(self.victims(lasting=False))
                self.deeds.terminated[pid] = time.monotonic()
                conn.execute("SELECT pg_terminate_backend(%s)", (pid,))
                self.deeds.terminations += 1

    def _switch(self, rng: random.Random) -> None:
        with self.cluster.conn(self.dbname) as conn:
            while not self._stop.wait(rng.expovariate(1 / 0.15)):
                model, version = rng.choice(TABULAR), rng.randint(1, VERSIONS)
                if rng.random() < 0.2:
                    self._rolled_back(conn, model, version, rng)
                    continue
                self.production.switching(model, version)
                conn.execute(SET_ALIAS, (model, version))
                self.production.switched(model)

    def _rolled_back(self, conn: psycopg.Connection, model: str, version: int, rng: random.Random) -> None:
        """A change that nobody may see."""
        with conn.transaction(force_rollback=True):
            conn.execute(SET_ALIAS, (model, version))
            self._stop.wait(rng.uniform(0, 0.1))
        self.deeds.rollbacks += 1


def end_of(engine: Process, number: int) -> None:
    """Signals it until it has ended: a program's handler may let the first SIGSEGV pass."""
    for _ in range(200):
        try:
            engine.kill(number)
        except ProcessLookupError:
            return
        time.sleep(0.02)
        if not engine.alive():
            return
