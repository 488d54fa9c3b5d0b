"""Rows of a gold file from `data/held_out.txt`: `python3 models/segmenter/held_out.py > held_out.jsonl`."""

from __future__ import annotations

import json
import re
from pathlib import Path

SEGMENT = re.compile(r"\[(?P<content>.*?)\]\((?P<type>[a-z]+)(?: < (?P<earlier>[\d,]+) (?P<kind>data|sequence))?\)")


def row(line: str) -> dict:
    language, marked = line.replace("\\n", "\n").split("\t", 1)
    text, at, segments = "", 0, []
    for found in SEGMENT.finditer(marked):
        text += marked[at : found.start()]
        start, at = len(text), found.end()
        text += found["content"]
        segments.append({
            "start": start,
            "end": len(text),
            "content": found["content"],
            "type": found["type"],
            "connector": None,
            "depends_on": [int(n) for n in found["earlier"].split(",")] if found["earlier"] else [],
            "dependency_kind": found["kind"],
            "parameters": {},
        })
    return {"text": text + marked[at:], "language": language, "segments": segments}


def rows() -> list[dict]:
    lines = (Path(__file__).parent / "data" / "held_out.txt").read_text(encoding="utf-8").splitlines()
    return [row(line) for line in lines if not line.startswith("#")]


if __name__ == "__main__":
    for made in rows():
        print(json.dumps(made, ensure_ascii=False))
