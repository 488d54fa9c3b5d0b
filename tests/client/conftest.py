"""Private PostgreSQL clusters for the client tests.

`scripts/test/client.sh` says by environment which server to use: `ALTLAS_TEST_BINDIR` (programs of a
server that has the extension installed), `ALTLAS_TEST_RUN` (where data directories may be made) and
`ALTLAS_TEST_USER` (who runs the server when the tests run as root).
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

BINDIR = Path(os.environ["ALTLAS_TEST_BINDIR"])
RUN = Path(os.environ["ALTLAS_TEST_RUN"])
USER = os.environ.get("ALTLAS_TEST_USER", "postgres")
PORT = 5432


def as_server(*command: object, check: bool = True) -> subprocess.CompletedProcess:
    """Runs a command as the user that owns the clusters."""
    argv = [str(part) for part in command]
    if os.geteuid() == 0:
        argv = ["runuser", "-u", USER, "--", *argv]
    done = subprocess.run(argv, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def own(directory: Path) -> Path:
    """Hands a folder to the server's user."""
    if os.geteuid() == 0:
        shutil.chown(directory, USER)
    directory.chmod(0o700)
    return directory


def wait_until(condition, seconds: float = 10.0, what: str = "the condition"):
    """Polls until the condition is true and returns its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Process:
    """A process as /proc shows it."""

    pid: int
    parent: int
    name: str

    @property
    def arguments(self) -> list[str]:
        return Path(f"/proc/{self.pid}/cmdline").read_text().rstrip("\0").split("\0")

    @property
    def private_memory(self) -> int:
        """Bytes nobody else shares."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return sum(int(kb) * 1024 for kb in re.findall(r"^Private_(?:Clean|Dirty): +(\d+) kB", rollup, re.M))

    def alive(self) -> bool:
        return any(other == self for other in processes())

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)


def processes() -> list[Process]:
    """All processes but zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The name stands in parentheses and may hold any character.
        head, _, tail = stat.rpartition(")")
        state, parent = tail.split()[:2]
        if state != "Z":
            found.append(Process(int(entry.name), int(parent), head.partition("(")[2]))
    return found


class Cluster:
    """One server with its data directory; sockets only."""

    def __init__(self, settings: dict[str, object] | None = None):
        self.bindir = BINDIR
        self.data = own(Path(tempfile.mkdtemp(prefix="client.", dir=RUN)))
        # A socket's path may have 107 bytes, so it cannot lie in the data directory.
        self.sockets = own(Path(tempfile.mkdtemp(prefix="altlas.", dir="/tmp")))
        self.log = self.data / "server.log"
        self._names = itertools.count(1)
        locale = ["--locale=C.UTF-8"]
        if self.major >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        as_server(BINDIR / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", *locale, "-A", "trust", "--no-sync")
        self.configure({"fsync": "off", "listen_addresses": "", "unix_socket_directories": self.sockets, **(settings or {})})

    @property
    def major(self) -> int:
        version = subprocess.run([BINDIR / "pg_config", "--version"], capture_output=True, text=True, check=True)
        return int(re.search(r"\d+", version.stdout).group())

    def configure(self, settings: dict[str, object]) -> None:
        """Appends settings; they hold from the next start or reload."""
        with (self.data / "postgresql.conf").open("a") as file:
            for name, value in settings.items():
                file.write("{} = '{}'\n".format(name, str(value).replace("'", "''")))

    def start(self) -> None:
        self._control("start", "-l", self.log)

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "-m", mode)

    def restart(self, mode: str = "fast") -> None:
        self._control("restart", "-m", mode, "-l", self.log)

    def reload(self) -> None:
        self._control("reload")

    def running(self) -> bool:
        return as_server(BINDIR / "pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    def remove(self) -> None:
        if self.running():
            self.stop("immediate")
        shutil.rmtree(self.data)
        shutil.rmtree(self.sockets)

    def dsn(self, dbname: str = "postgres") -> str:
        return f"host={self.sockets} port={PORT} user=postgres dbname={dbname}"

    def conn(self, dbname: str = "postgres", **options) -> psycopg.Connection:
        """A connection; autocommit unless told otherwise. The caller closes it (`with`)."""
        return psycopg.connect(self.dsn(dbname), **{"autocommit": True, **options})

    def database(self, extension: bool = True) -> str:
        """Makes a new database, with the extension unless told otherwise, and returns its name."""
        name = f"test_{next(self._names)}"
        with self.conn() as conn:
            conn.execute(f"CREATE DATABASE {name}")
        if extension:
            with self.conn(name) as conn:
                conn.execute("CREATE EXTENSION altlas")
        return name

    def psql(self, dbname: str, sql: str) -> str:
        """Runs SQL with the server's own psql, for what a driver cannot send; returns plain output."""
        command = [BINDIR / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.dsn(dbname)]
        done = subprocess.run(command, input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    @property
    def started_at(self):
        """The postmaster's start time: unchanged unless the whole server was restarted."""
        with self.conn() as conn:
            return conn.execute("SELECT pg_postmaster_start_time()").fetchone()[0]

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def descendants(self) -> list[Process]:
        """Processes below the postmaster, and theirs."""
        everybody, found, parents = processes(), [], {self.pid}
        while parents:
            generation = [process for process in everybody if process.parent in parents]
            found += generation
            parents = {process.pid for process in generation}
        return found

    def engines(self) -> list[Process]:
        """Engine processes of this cluster: below the postmaster, or orphaned in its data directory."""
        family = self.descendants() if self.running() else []
        found = [process for process in family if process.name == "altlas-engine"]
        for process in processes():
            if process.name == "altlas-engine" and process not in family and self._works_here(process):
                found.append(process)
        return found

    def _works_here(self, process: Process) -> bool:
        try:
            return Path(os.readlink(f"/proc/{process.pid}/cwd")).is_relative_to(self.data)
        except OSError:
            return False

    def _control(self, action: str, *options: object) -> None:
        try:
            as_server(BINDIR / "pg_ctl", "-D", self.data, "-w", "-t", "60", "-s", *options, action)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{self.log_text() if self.log.exists() else ''}") from None


@pytest.fixture(scope="session")
def new_cluster():
    """Makes clusters for tests that stop, crash or configure one; removes them at the end."""
    made: list[Cluster] = []

    def make(settings: dict[str, object] | None = None, start: bool = True) -> Cluster:
        cluster = Cluster(settings)
        made.append(cluster)
        if start:
            cluster.start()
        return cluster

    yield make
    for cluster in made:
        cluster.remove()


@pytest.fixture(scope="session")
def cluster(new_cluster):
    """One running cluster for all tests; leave it as it was found."""
    return new_cluster()


@pytest.fixture
def database(cluster):
    """Name of a fresh database with the extension, dropped afterwards."""
    name = cluster.database()
    yield name
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def conn(cluster, database):
    """A connection to that database."""
    with cluster.conn(database) as connection:
        yield connection
