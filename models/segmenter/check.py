"""What must hold of every row of a gold file: `python3 check.py FILE.jsonl` prints the faults and exits 1 when there are any."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from grammar.lexicon import TYPES  # noqa: E402
from markup import MARKS, PARAMETERS, trim  # noqa: E402


def faults(row):
    """The faults of a row, as sentences."""
    text, out, last = row["text"], [], 0
    if row["language"] not in ("tr", "en"):
        out.append(f"language {row['language']!r}")
    if MARKS.search(text):
        out.append("a mark is left in the text")
    for n, s in enumerate(row["segments"], 1):
        here = f"segment {n}: "
        start, end = s["start"], s["end"]
        if not last <= start < end <= len(text):
            out.append(here + "span out of range or order")
            continue
        if s["content"] != text[start:end]:
            out.append(here + "content is not the text of the span")
        if trim(text, start, end) != (start, end):
            out.append(here + "content is not trimmed")
        if s["type"] not in TYPES and not (s["type"] is None and s["parameter_spans"] is None):
            out.append(here + f"type {s['type']!r}")
        out += [here + f for f in dependency_faults(s, n) + connector_faults(text, s, last) + parameter_faults(text, s)]
        last = end
    return out


def dependency_faults(s, n):
    d = s["depends_on"]
    out = []
    if d != sorted(set(d)) or any(not 1 <= k < n for k in d):
        out.append(f"depends_on {d}")
    if bool(d) != (s["dependency_kind"] is not None) or s["dependency_kind"] not in (None, "sequence", "data"):
        out.append(f"dependency_kind {s['dependency_kind']!r} with {d}")
    return out


def connector_faults(text, s, last):
    word, span = s["connector"], s.get("connector_span")
    if word is None:
        return [] if span is None else ["a span without a connector"]
    if span is None:
        return [] if "connector_span" not in s else ["a connector without its span"]
    written = text[span[0]:span[1]]
    if not written or written != word.removeprefix("-"):
        return ["the connector is not written where its span is"]
    inside = word.startswith("-") and span[1] <= last
    return [] if inside or last <= span[0] and span[1] <= s["start"] else ["the connector stands elsewhere"]


def parameter_faults(text, s):
    out = []
    for name, value in s["parameters"].items():
        spans = s.get("parameter_spans", {}).get(name)
        values = value if name == "variables" else [value]
        if name not in PARAMETERS or not values or any(not v for v in values):
            out.append(f"parameter {name!r}: {value!r}")
        if "parameter_spans" not in s:
            continue
        spans = spans if name == "variables" else [spans]
        for v, span in zip(values, spans, strict=True):
            if span is None or not s["start"] <= span[0] < span[1] <= s["end"] or text[span[0]:span[1]] != v or v != v.strip():
                out.append(f"parameter {name!r} is not the text of its span")
    named = s.get("parameter_spans", s["parameters"])
    if named is None:
        return ["parameters that nobody annotated"] if s["parameters"] else out
    if set(named) != set(s["parameters"]):
        out.append("parameters and their spans differ")
    return out


def main(paths):
    bad = 0
    for path in paths:
        with open(path, encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                for fault in faults(json.loads(line)):
                    print(f"{path}:{number}: {fault}")
                    bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
