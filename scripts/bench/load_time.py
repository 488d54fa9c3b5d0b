"""Time of `LOAD 'library'` in a fresh connection: the median of 20, libraries in turn.

usage: load_time.py LIBRARY...     the server is given by PGHOST, PGPORT, PGUSER
"""

import statistics
import sys
import time

import psycopg

ROUNDS = 20


def load_ms(library: str) -> float:
    with psycopg.connect(dbname="postgres", autocommit=True) as conn:
        conn.execute("SELECT 1")
        start = time.perf_counter()
        conn.execute(f"LOAD '{library}'")
        return (time.perf_counter() - start) * 1000


def main(libraries: list[str]) -> None:
    times: dict[str, list[float]] = {library: [] for library in libraries}
    # The first round fills the file cache and does not count; turns keep a busy moment from
    # falling on one library alone.
    for counted in range(ROUNDS + 1):
        for library in libraries:
            took = load_ms(library)
            if counted:
                times[library].append(took)
    print(f"{'LOAD in a fresh connection, ms':<44} {'median':>10} {'lowest':>10}")
    for library, measured in times.items():
        print(f"{library:<44} {statistics.median(measured):>10.2f} {min(measured):>10.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
