"""Rows of a gold file from `data/held_out.txt`: `python3 models/segmenter/held_out.py > held_out.jsonl`."""

from __future__ import annotations

import json
from pathlib import Path

from markup import gold, written


def rows() -> list[dict]:
    lines = (Path(__file__).parent / "data" / "held_out.txt").read_text(encoding="utf-8").splitlines()
    commands = [line.split("\t", 1) for line in lines if not line.startswith("#")]
    return [gold(marked, language, facts) for language, (marked, facts) in ((code, written(line)) for code, line in commands)]


if __name__ == "__main__":
    for made in rows():
        print(json.dumps(made, ensure_ascii=False))
