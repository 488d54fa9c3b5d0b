#!/usr/bin/env python3
"""Figures of text classifiers that altlas.train makes of the public sets: data set, figure, value and 95 % interval.

usage: eval_classify.py [--only WORD]... [--algorithm NAME] [--folds N]
The server is that of the usual variables (PGHOST, PGDATABASE, …). The sets lie in the folder that ALTLAS_DATA names (default: ../shared/data
beside the checkout); a set that is absent is skipped, and the table says so. All of them are for measuring alone: options are the defaults.

clinc150: trained on its training part, measured on its validation part. in-scope accuracy: rows in scope whose label is right and not
withheld; out-of-scope recall: rows out of scope without a label. banking77, hwu64, xsid_tr: five folds (row number modulo five of a seeded
shuffle) of their training parts; accuracy: whatever the confidence; withheld: right answers that rejection withheld.
--folds N measures the first N of the five. Test parts are not read.

Intervals: bootstrap over texts (1,000 resamples, seed 0). Needs psycopg 3.
"""

import argparse
import json
import random
import sys

import psycopg
from eval_text import Absent, Figure, share, table, totals

FOLDS = 5
OUT_OF_SCOPE = "oos"


def train(conn, rows, algorithm, **options):
    """Trains on (text, label) and returns the version's name and its labels."""
    conn.execute("DROP TABLE IF EXISTS examples")
    conn.execute("CREATE TEMP TABLE examples (n int, text text, label text)")
    with conn.cursor().copy("COPY examples FROM STDIN") as copy:
        for number, (text, label) in enumerate(rows):
            copy.write_row((number, text, label))
    source = "SELECT text, label FROM examples ORDER BY n"
    version, run = conn.execute(
        "SELECT version, run_id FROM altlas.train('eval', 'text_classification', %s, 'label', %s, %s)",
        (source, algorithm, json.dumps(options)),
    ).fetchone()
    report = conn.execute("SELECT report FROM altlas.training_runs WHERE run_id = %s", (run,)).fetchone()[0]
    return f"eval/{version}", report["labels"]


def answers(conn, model, texts):
    """(label or None, likeliest label) of each text."""
    name, labels = model
    rows = conn.execute(
        "SELECT r.label, r.proba FROM unnest(%s::text[]) WITH ORDINALITY AS t (text, n), altlas.predict_row(%s, t.text) r ORDER BY n",
        (texts, name),
    ).fetchall()
    return [(label, labels[max(range(len(proba)), key=proba.__getitem__)]) for label, proba in rows]


def clinc(conn, algorithm, _):
    def read(part):
        return [(r["text"], r["intent"]) for r in table(f"classification/clinc150/{part}.csv.gz")]

    model = train(conn, read("train"), algorithm, out_of_scope=OUT_OF_SCOPE)
    gold = read("val")
    rows = list(zip(gold, answers(conn, model, [text for text, _ in gold]), strict=True))
    inside = [(int(got == label), 1) for (_, label), (got, _) in rows if label != OUT_OF_SCOPE]
    unrejected = [(int(best == label), 1) for (_, label), (_, best) in rows if label != OUT_OF_SCOPE]
    outside = [(int(got is None), 1) for (_, label), (got, _) in rows if label == OUT_OF_SCOPE]
    yield Figure("clinc150", "in-scope accuracy", inside, share)
    yield Figure("clinc150", "without rejection", unrejected, share)
    yield Figure("clinc150", "out-of-scope recall", outside, share)


def folded(name, path, column):
    def run(conn, algorithm, folds):
        rows = [(r["text"], r[column]) for r in table(path)]
        random.Random(0).shuffle(rows)
        # A label with fewer rows could be missing from what is trained on.
        counts = {}
        for _, label in rows:
            counts[label] = counts.get(label, 0) + 1
        rows = [row for row in rows if counts[row[1]] >= FOLDS]
        right, withheld = [], []
        for fold in range(folds):
            model = train(conn, [row for n, row in enumerate(rows) if n % FOLDS != fold], algorithm)
            held = rows[fold::FOLDS]
            for (_, label), (got, best) in zip(held, answers(conn, model, [t for t, _ in held]), strict=True):
                right.append((int(best == label), 1))
                if best == label:
                    withheld.append((int(got is None), 1))
        yield Figure(name, f"accuracy, {folds} of {FOLDS} folds", right, share)
        yield Figure(name, "withheld of the right", withheld, share)

    return run


EVALUATIONS = {
    "clinc150": clinc,
    "banking77": folded("banking77", "classification/banking77/train.csv.gz", "category"),
    "hwu64": folded("hwu64", "classification/hwu64/train.csv.gz", "intent"),
    "xsid_tr": folded("xsid_tr", "classification/xsid_tr/tr.valid.csv", "intent"),
}


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORD", action="append", default=[])
    parser.add_argument("--algorithm", default="auto")
    parser.add_argument("--folds", type=int, choices=range(1, FOLDS + 1), default=FOLDS, metavar="N")
    options = parser.parse_args(argv)
    skipped = []
    with psycopg.connect("", autocommit=True) as conn:
        conn.execute("SET client_min_messages = warning")
        conn.execute("CREATE EXTENSION IF NOT EXISTS altlas")
        print(f"{'data set':14}{'figure':24}{'texts':>7}{'value':>8}   95 % interval")
        for name, evaluation in EVALUATIONS.items():
            if options.only and not any(word in name for word in options.only):
                continue
            try:
                for figure in evaluation(conn, options.algorithm, options.folds):
                    low, high = figure.interval()
                    value = figure.value(totals(figure.counts))
                    print(f"{figure.dataset:14}{figure.name:24}{len(figure.counts):7}{value:8.4f}   {low:.4f} to {high:.4f}", flush=True)
            except Absent as absent:
                skipped.append(str(absent))
    for name in skipped:
        print(f"skipped: {name} is absent (ALTLAS_DATA names the folder of the sets)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
