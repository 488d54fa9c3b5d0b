#!/usr/bin/env python3
"""Figures of the text functions on the public sets: one table with data set, figure, value and 95 % interval.

usage: eval_text.py [--only WORD]... [--peers]
The functions are asked through SQL, of the server of the usual variables (PGHOST, PGDATABASE, …). The sets lie in the folder that ALTLAS_DATA
names (default: ../shared/data beside the checkout); a set that is absent is skipped, and the table says so. All of them are for
measuring alone. --only keeps the data sets whose name holds WORD; --peers adds other language identifiers, where they are
installed (lingua-language-detector, langid). Where segment_text was asked, its speed on these commands is printed.

Intervals: bootstrap over texts (1,000 resamples, seed 0). Needs psycopg 3.

A further evaluation is one more entry of EVALUATIONS: a function that takes the connection and yields Figures.
"""

import argparse
import csv
import gzip
import importlib.util
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg

sys.path.append(str(Path(__file__).resolve().parent / "segmenter"))
import held_out

CLOSING = " \t\r\n\"'”’»)]"
LANGUAGES = ("tr", "en")
TURKISH_TO_ASCII = str.maketrans("çğıöşüÇĞİÖŞÜ", "cgiosuCGIOSU")


class Absent(Exception):
    """A data set that is not there."""


@dataclass
class Figure:
    """One row of the table: `value` of the summed counts of some texts."""

    dataset: str
    name: str
    counts: list = field(repr=False)
    value: Callable = field(repr=False)

    def interval(self, resamples=1000):
        rng = random.Random(0)
        tally = {}
        for row in self.counts:
            tally[row] = tally.get(row, 0) + 1
        rows, weights = list(tally), list(tally.values())
        runs = sorted(
            self.value(totals(rng.choices(rows, weights, k=len(self.counts)))) for _ in range(resamples)
        )
        return runs[int(0.025 * resamples)], runs[int(0.975 * resamples) - 1]


def totals(rows):
    return tuple(map(sum, zip(*rows)))


def f1(counts):
    hit, surplus, missing = counts
    return 2 * hit / (2 * hit + surplus + missing) if hit else 0.0


def share(counts):
    right, all_ = counts
    return right / all_


# Reading.


def data(path):
    root = Path(os.environ.get("ALTLAS_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    path = root / path
    if not path.exists():
        raise Absent(path.relative_to(root))
    return path


def jsonl(path):
    return [json.loads(line) for line in data(path).read_text(encoding="utf-8").splitlines() if line.strip()]


def table(path):
    path = data(path)
    opened = gzip.open(path, "rt", encoding="utf-8", newline="") if path.suffix == ".gz" else path.open(encoding="utf-8", newline="")
    with opened as file:
        return list(csv.DictReader(file))


def predict(conn, texts, granularity="task"):
    """The segments of each text."""
    found = [[] for _ in texts]
    rows = conn.execute(
        "SELECT text_ordinal, start_char, end_char, task_type, depends_on, language"
        " FROM altlas.segment_array(%s, granularity => %s) ORDER BY text_ordinal, ordinal",
        (texts, granularity),
    )
    for number, start, end, kind, depends_on, language in rows:
        segment = {"start": start, "end": end, "type": kind, "depends_on": depends_on, "language": language}
        found[number - 1].append(segment)
    return found


# Sentences and the ends of tasks.


def inner_ends(text, ends):
    """Ends inside the text, moved left over white space and closing marks; the last end is given and does not count."""
    moved = {len(text[:end].rstrip(CLOSING)) for end in ends}
    return {end for end in moved if 0 < end < len(text.rstrip(CLOSING))}


def boundaries(name, granularity, conn):
    gold = jsonl(f"segmentation/{name}/dev.jsonl")
    counts = []
    for row, got in zip(gold, predict(conn, [g["text"] for g in gold], granularity), strict=True):
        expected = inner_ends(row["text"], (end for _, end in row["spans"] or []))
        found = inner_ends(row["text"], (segment["end"] for segment in got))
        counts.append((len(expected & found), len(found - expected), len(expected - found)))
    yield Figure(name, "boundary F1", counts, f1)


# Task segments.


def pairs(segments, spans):
    """(segment, what it waits for), as spans."""
    return {
        (spans[n], spans[before - 1])
        for n, segment in enumerate(segments)
        for before in segment.get("depends_on") or []
        if 0 < before <= len(spans)
    }


def commands(name, read, conn):
    gold = read()
    spans, depends, typed = [], [], []
    for row, got in zip(gold, predict(conn, [g["text"] for g in gold]), strict=True):
        expected, found = row["segments"], got
        e, f = ([(s["start"], s["end"]) for s in segments] for segments in (expected, found))
        spans.append((len(set(e) & set(f)), len(set(f) - set(e)), len(set(e) - set(f))))
        e, f = pairs(expected, e), pairs(found, f)
        depends.append((len(e & f), len(f - e), len(e - f)))
        typed.append((int([s["type"] for s in expected] == [s["type"] for s in found]), 1))
    yield Figure(name, "segment F1", spans, f1)
    yield Figure(name, "typed sequence accuracy", typed, share)
    yield Figure(name, "dependency F1", depends, f1)


def speed(conn):
    """Prints how long segment_text takes with the commands by hand: one call at a time, and many in a set."""
    texts = [row["text"] for row in held_out.rows()]
    call = "SELECT count(*) FROM altlas.segment_text(%s)"
    seconds = []
    for round_ in range(6):
        for text in texts:
            begun = time.perf_counter()
            conn.execute(call, (text,), prepare=True)
            if round_:
                seconds.append(time.perf_counter() - begun)
    cuts = statistics.quantiles(seconds, n=100)
    many = texts * 40
    begun = time.perf_counter()
    conn.execute("SELECT count(*) FROM altlas.segment_array(%s)", (many,))
    rate = len(many) / (time.perf_counter() - begun)
    print(f"segment_text, one call at a time: p50 {cuts[49] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms; segment_array: {rate:.0f} commands/s")


# Language identification.


def texts_by_language():
    """(data set, texts, language of all of them), `und` for what is neither Turkish nor English; or an Absent."""
    def commands_of(code):
        return [r["text"] for r in jsonl("segmentation/commands/dev.jsonl") if r["language"] == code]

    def ascii_of(texts):
        return [t.translate(TURKISH_TO_ASCII) for t in texts]

    def column(path):
        return [r["text"] for r in table(path)]

    xsid = "classification/xsid_tr/"
    readers = [
        ("commands, Turkish", "tr", lambda: commands_of("tr")),
        ("commands, Turkish in ASCII", "tr", lambda: ascii_of(commands_of("tr"))),
        ("commands, English", "en", lambda: commands_of("en")),
        ("xsid, Turkish", "tr", lambda: column(xsid + "tr.valid.csv")),
        ("xsid, Turkish in ASCII", "tr", lambda: ascii_of(column(xsid + "tr.valid.csv"))),
        ("xsid, English", "en", lambda: column(xsid + "en.valid.csv")),
        ("xsid, ten other languages", "und", lambda: column(xsid + "other_languages.valid.csv.gz")),
        ("clinc150", "en", lambda: column("classification/clinc150/val.csv.gz")),
        ("banking77", "en", lambda: column("classification/banking77/train.csv.gz")),
        ("own table, Turkish", "tr", lambda: own_table("tr")),
        ("own table, English", "en", lambda: own_table("en")),
        ("own table, other languages", "und", lambda: own_table("und")),
    ]
    for name, code, read in readers:
        try:
            yield name, code, read()
        except Absent as absent:
            yield name, code, absent


def own_table(code):
    path = Path(__file__).resolve().parents[1] / "crates/altlas-text/tests/data/languages.tsv"
    rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    return [text for language, text in rows if code == (language if language in LANGUAGES else "und")]


def languages(identify, figure="language accuracy"):
    """`identify` answers with a code for each text."""
    for name, code, texts in texts_by_language():
        if isinstance(texts, Absent):
            yield texts
            continue
        yield Figure(name, figure, [(int(got == code), 1) for got in identify(texts)], share)


def ours(conn):
    def identify(texts):
        return [segments[0]["language"] if segments else "und" for segments in predict(conn, texts, "sentence")]

    return languages(identify)


def reduced(code):
    return code if code in LANGUAGES else "und"


def lingua(_conn):
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()

    def identify(texts):
        found = detector.detect_languages_in_parallel_of(texts)
        return [reduced(language.iso_code_639_1.name.lower()) if language else "und" for language in found]

    return languages(identify, "language accuracy, lingua")


def langid(_conn):
    import langid as peer

    return languages(lambda texts: [reduced(peer.classify(t)[0]) for t in texts], "language accuracy, langid")


EVALUATIONS = [
    *(partial(boundaries, name, "sentence") for name in ("ud_tr_boun", "ud_tr_pud", "sadedegel_news", "ud_en_ewt")),
    *(partial(boundaries, name, "task") for name in ("tr_multi_command", "mixsnips", "mixatis")),
    partial(commands, "commands, development", partial(jsonl, "segmentation/commands/dev.jsonl")),
    partial(commands, "commands, held out", held_out.rows),
    ours,
]
PEERS = [lingua, langid]


def figures(evaluation, conn):
    """The figures of one evaluation, and an Absent for each set that is not there."""
    try:
        yield from evaluation(conn)
    except Absent as absent:
        yield absent


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORD", action="append", default=[])
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args(argv)
    peers = [p for p in PEERS if importlib.util.find_spec(p.__name__)] if options.peers else []
    print(f"{'data set':28}{'figure':28}{'texts':>7}{'value':>8}   95 % interval")
    skipped = set()
    conn = psycopg.connect(autocommit=True)
    conn.execute("CREATE EXTENSION IF NOT EXISTS altlas")
    for evaluation in EVALUATIONS + peers:
        for figure in figures(evaluation, conn):
            if isinstance(figure, Absent):
                skipped.add(str(figure))
                continue
            if options.only and not any(word in figure.dataset for word in options.only):
                continue
            low, high = figure.interval()
            value = figure.value(totals(figure.counts))
            print(f"{figure.dataset:28}{figure.name:28}{len(figure.counts):7}{value:8.4f}   {low:.4f} to {high:.4f}", flush=True)
    if not options.only or any(word in "commands" for word in options.only):
        speed(conn)
    for name in sorted(skipped):
        print(f"skipped: {name} is absent (ALTLAS_DATA names the folder of the sets)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
