#!/usr/bin/env python3
"""Figures of models of rows that altlas.train makes of the public sets: data set, figure, value and 95 % interval, beside peers.

usage: eval_learn.py [--only WORD]... [--budget SECONDS] [--development]
The server is that of the usual variables (PGHOST, PGDATABASE, …). The sets lie in the folder that ALTLAS_DATA names (default: ../shared/data
beside the checkout); a set that is absent is skipped, and the table says so. All of them are for measuring alone.

sip_tasks, nasa_ipsc_swf: trained on the first 80 % in time order, measured on the last 20 %, once with what altlas.task_history_query
tells of earlier tasks that had ended when each task was submitted. sip_tasks: with and without the human estimate as a column, and with it as the
offset. adult: five folds (row number modulo five of a seeded shuffle). jira: story points of eight projects by the published split, beside the
best published figure. --development measures the part before the last 20 % instead (trained on the first 64 %):
for choices, which must not see the last part.

covers 90 %: the share of durations within the interval of predict_duration for that coverage; width: the mean width of these intervals;
constant width: that of a split conformal interval of residuals, the same around every prediction, by the same rows kept from training, and
what that covers.
Peers are computed in this process from the same rows; LightGBM is left out where the Python package is not installed.

Intervals: bootstrap over rows (1,000 resamples, seed 0). Needs psycopg 3.
"""

import argparse
import json
import math
import random
import re
import statistics
import sys
from dataclasses import dataclass, field
from functools import partial

import psycopg
from eval_text import Absent, table

COVERAGES = (0.5, 0.8, 0.9)
FOLDS = 5
# The share of the rows that calibrates, and again that tests, in each training.
KEPT = 0.05


@dataclass
class Figure:
    """One row of the table: `value` of numbers, one a row."""

    dataset: str
    name: str
    numbers: list = field(repr=False)
    value: object = field(default=statistics.fmean, repr=False)

    def interval(self, resamples=1000):
        rng = random.Random(0)
        runs = sorted(self.value(rng.choices(self.numbers, k=len(self.numbers))) for _ in range(resamples))
        return runs[int(0.025 * resamples)], runs[int(0.975 * resamples) - 1]


def durations(dataset, who, known, given, unit):
    errors = [abs(y - p) for y, p in zip(known, given, strict=True)]
    ratio = [int(max(y, p) <= 2 * min(y, p)) for y, p in zip(known, given, strict=True)]
    yield Figure(dataset, f"{who}: MAE, {unit}", errors)
    yield Figure(dataset, f"{who}: MdAE, {unit}", errors, statistics.median)
    yield Figure(dataset, f"{who}: within factor 2", ratio)


def constant(known, given, coverage):
    """The ends of a split conformal interval around 0, of residuals, by the order statistics of predict_duration."""
    residuals = sorted(y - p for y, p in zip(known, given, strict=True))
    n = len(residuals)
    low, high = math.floor((n + 1) * (1 - coverage) / 2 + 1e-9), math.ceil((n + 1) * (1 + coverage) / 2 - 1e-9)
    return residuals[max(low, 1) - 1], residuals[min(high, n) - 1]


def load(conn, name, rows, types):
    columns = ", ".join(f'"{c}" {t}' for c, t in types.items())
    conn.execute(f"DROP TABLE IF EXISTS {name}")
    conn.execute(f"CREATE TEMP TABLE {name} ({columns})")
    with conn.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[c] if row[c] != "" else None for c in types])


def task_durations(conn, dataset, names, history, target, unit, options, given, development, offset=None):
    """Trains on the first rows of the table `tasks` (column n orders them) and measures on the last; once more with a column as the offset."""
    count = conn.execute("SELECT count(*) FROM tasks").fetchone()[0]
    cut, end = (int(count * 0.64), int(count * 0.8)) if development else (int(count * 0.8), count)
    scale = {"h": 3600, "s": 1}[unit]
    known_sql = f'extract(epoch FROM r."{target}")::float8'
    query = "tasks"
    for columns in history:
        query = conn.execute("SELECT altlas.task_history_query(%s, %s, %s, %s, %s)", (query, *columns)).fetchone()[0]
    conn.execute("DROP TABLE IF EXISTS rows")
    conn.execute(f"CREATE TEMP TABLE rows AS {query}")
    made = [c for (c,) in conn.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'rows'::regclass AND attnum > 0"
        r" AND attname ~ '_(count|last|mean\d+|since)$'").fetchall()]
    quoted = lambda columns: ", ".join(f'"{c}"' for c in columns)
    runs = [("altlas without history", names, {}), ("altlas", [*names, *made], {})]
    if offset:
        runs.insert(1, ("altlas with an offset", [*names, *made], {"offset": offset}))

    def trained(columns, more):
        source = f'SELECT n, {quoted(columns)}, "{target}" FROM rows WHERE n < {cut} ORDER BY n'
        spec = {"validation": {"column": "n", "fraction": KEPT}, "preprocess": {"exclude": ["n"]}, **options, **more}
        conn.execute("SELECT altlas.train(%s, 'regression', %s, %s, 'auto', %s)", ("eval_" + dataset, source, target, json.dumps(spec)))
        version = conn.execute("SELECT max(version) FROM altlas.models WHERE name = %s", ("eval_" + dataset,)).fetchone()[0]
        return f"eval_{dataset}/{version}"

    for who, columns, more in runs:
        model = trained(columns, more)
        asked = conn.execute(
            f"""SELECT {known_sql}, altlas.predict(%s, r),
                       array_agg(extract(epoch FROM d.lower)::float8 ORDER BY c), array_agg(extract(epoch FROM d.upper)::float8 ORDER BY c)
                  FROM rows r, unnest(%s::real[]) c, altlas.predict_duration(to_jsonb(r), %s, c) d
                 WHERE n >= %s AND n < %s GROUP BY r.n, r."{target}", r ORDER BY n""",
            (model, list(COVERAGES), model, cut, end)).fetchall()
        known, predicted = [r[0] / scale for r in asked], [r[1] / scale for r in asked]
        yield from durations(dataset, who, known, predicted, unit)
    # Residuals of the model that did not see the rows kept from training.
    measured = trained(columns, {"validation": {"column": "n", "fraction": KEPT, "refit": False}})
    kept = conn.execute(
        f"SELECT {known_sql}, altlas.predict(%s, r) FROM rows r WHERE n >= %s AND n < %s ORDER BY n", (measured, int(cut * (1 - 2 * KEPT)), cut)
    ).fetchall()
    for at, coverage in enumerate(COVERAGES):
        bounds = [((r[2][at] or 0) / scale, (math.inf if r[3][at] is None else r[3][at]) / scale) for r in asked]
        inside = [int(low - 1e-6 <= y <= high + 1e-6) for y, (low, high) in zip(known, bounds, strict=True)]
        yield Figure(dataset, f"covers {coverage:.0%}", inside)
        yield Figure(dataset, f"width at {coverage:.0%}, {unit}", [high - low for low, high in bounds])
        low, high = constant([y / scale for y, _ in kept], [p / scale for _, p in kept], coverage)
        flat = [(max(p + low, 0), max(p + high, 0)) for p in predicted]
        yield Figure(dataset, f"constant: covers {coverage:.0%}", [int(a <= y <= b) for y, (a, b) in zip(known, flat, strict=True)])
        yield Figure(dataset, f"constant: width at {coverage:.0%}, {unit}", [b - a for a, b in flat])
    past = [y / scale for (y,) in conn.execute(f"SELECT {known_sql} FROM rows r WHERE n < %s", (cut,))]
    yield from durations(dataset, "median of history", known, [statistics.median(past)] * len(known), unit)
    peers = conn.execute(f"SELECT {given[1]} FROM rows WHERE n >= %s AND n < %s ORDER BY n", (cut, end)).fetchall()
    both = [(y, p[0]) for y, p in zip(known, peers, strict=True) if p[0] is not None]
    yield from durations(dataset, given[0], [y for y, _ in both], [p for _, p in both], unit)


def sip(conn, options, estimate):
    rows, seen = [], set()
    for row in sorted(table("duration/sip_tasks/tasks_past.csv.gz"), key=lambda r: int(r["TaskNumber"])):
        if row["TaskNumber"] not in seen:
            seen.add(row["TaskNumber"])
            words = re.findall(r"[a-z]+", row["Summary"].lower())
            titles = {f"title{n}": " ".join(words[:n]) for n in (1, 2, 3)}
            hours, guess = float(row["HoursActual"]), float(row["HoursEstimate"])
            rows.append({**row, **titles, "n": str(len(rows)), "took": f"{hours * 3600} seconds", "ratio": str(hours / guess),
                         "whose": row["AssignedToID"], "which": row["SubCategory"]})
    kinds = ["Category", "SubCategory", "RaisedByID", "AssignedToID", "AuthorisedByID", "ProjectCode", "ProjectBreakdownCode"]
    types = {"n": "int", "Priority": "float8", **dict.fromkeys(kinds, "text"), "EstimateOn": "date", "CompletedOn": "date",
             "HoursEstimate": "float8", "took": "interval", "ratio": "float8", "whose": "text", "which": "text", "title1": "text", "title2": "text", "title3": "text", "Summary": "text"}
    load(conn, "tasks", rows, types)
    keys = ["SubCategory", "AssignedToID", "RaisedByID", "ProjectBreakdownCode", "SubCategory+AssignedToID", "SubCategory+ProjectBreakdownCode", "title1", "title2", "title3", "title1+SubCategory"]
    names = ["Priority", *kinds, "HoursEstimate" if estimate else "Summary"]
    dates = ("EstimateOn", "CompletedOn")
    # What the estimates of a developer, and of a kind of task, were worth.
    ratios = [(*dates, "ratio", ["whose", "which"])] if estimate else []
    yield from task_durations(
        conn, "sip_estimate" if estimate else "sip", names, [(*dates, "took", keys), *ratios], "took", "h",
        {"budget_s": options.budget}, ("human estimate", '"HoursEstimate"'), options.development,
        "HoursEstimate" if estimate else None)


def nasa(conn, options):
    rows = [{**row, "n": str(n), "ended": str(int(row["submit_s"]) + int(row["run_s"])), "took": f"{row['run_s']} seconds",
             "hour": str(int(row["submit_s"]) // 3600 % 24), "day": str(int(row["submit_s"]) // 86400 % 7)}
            for n, row in enumerate(table("duration/nasa_ipsc_swf/jobs_past.csv.gz"))]
    types = {"n": "int", "submit_s": "float8", "ended": "float8", "took": "interval", "procs": "float8", "user_id": "text",
             "group_id": "text", "app_id": "text", "hour": "float8", "day": "float8"}
    load(conn, "tasks", rows, types)
    keys = ["user_id", "user_id+app_id", "app_id", "user_id+procs", "user_id+app_id+procs", "procs"]
    names = ["procs", "user_id", "group_id", "app_id", "hour", "day"]
    yield from task_durations(
        conn, "nasa", names, [("submit_s", "ended", "took", keys)], "took", "s", {"budget_s": options.budget},
        ("mean of the user's last two", "exp(user_id_mean2) - 1"), options.development)


def adult(conn, _):
    rows = table("fairness/adult/train.csv.gz")
    random.Random(0).shuffle(rows)
    numbers = {"age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"}
    types = {"n": "int", **{c: "float8" if c in numbers else "text" for c in rows[0]}}
    load(conn, "people", [{**{c: "" if v == "?" else v for c, v in row.items()}, "n": str(n)} for n, row in enumerate(rows)], types)
    features = ", ".join(f'"{c}"' for c in types if c not in ("n", "income"))
    right, peer = [], []
    for fold in range(FOLDS):
        source = f"SELECT {features}, income FROM people WHERE n % {FOLDS} <> {fold} ORDER BY n"
        version = conn.execute(
            "SELECT version FROM altlas.train('eval_adult', 'classification', %s, 'income', 'lightgbm', %s)",
            (source, json.dumps({"validation": {"fraction": 0.05}}))).fetchone()[0]
        right += [int(r) for (r,) in conn.execute(
            f"SELECT altlas.predict_label(%s, p) = income FROM people p WHERE n %% {FOLDS} = %s ORDER BY n",
            (f"eval_adult/{version}", fold))]
        peer += lightgbm_accuracy(rows, numbers, fold)
    yield Figure("adult", "accuracy, five folds", right)
    if peer:
        yield Figure("adult", "LightGBM in Python: accuracy", peer)
        yield Figure("adult", "difference, points", [100 * (a - b) for a, b in zip(right, peer, strict=True)])


def lightgbm_accuracy(rows, numbers, fold):
    """Right answers of LightGBM with its defaults and categories as it takes them, in the order of the rows of a fold."""
    try:
        import lightgbm
        import numpy as np
    except ImportError:
        return []
    columns = [c for c in rows[0] if c != "income"]
    codes = {c: {v: i for i, v in enumerate(sorted({r[c] for r in rows}))} for c in columns if c not in numbers}
    x = np.array([[float(r[c]) if c in numbers else (np.nan if r[c] == "?" else codes[c][r[c]]) for c in columns] for r in rows])
    y = np.array([int(r["income"] == ">50K") for r in rows])
    inside = np.arange(len(rows)) % FOLDS != fold
    categories = [i for i, c in enumerate(columns) if c not in numbers]
    model = lightgbm.LGBMClassifier(verbose=-1, n_jobs=1, random_state=0)
    model.fit(x[inside], y[inside], categorical_feature=categories)
    return (model.predict(x[~inside]) == y[~inside]).astype(int).tolist()


def jira(conn, options):
    """Story points of issues by their texts, a model a project, by the published split; with --development the validation part is measured."""
    published = {row["Project"]: row for row in table("duration/jira_storypoints/published_mae.csv")}
    issues = [{**row, "n": str(n)} for n, row in enumerate(table("duration/jira_storypoints/issues.csv.gz"))]
    types = {"n": "int", "project": "text", "title": "text", "description": "text", "storypoint": "float8", "split_mark": "text"}
    load(conn, "issues", issues, types)
    past, judged = (["train"], "val") if options.development else (["train", "val"], "test")
    won = []
    for project, peers in sorted(published.items()):
        source = (
            "SELECT n, title, description, title || ' ' || coalesce(description, '') AS text, length(title)::float8 AS title_length,"
            " length(description)::float8 AS description_length, storypoint"
            f" FROM issues WHERE project = '{project}' AND split_mark = ANY ('{{{','.join(past)}}}') ORDER BY n")
        spec = {"validation": {"column": "n"}, "log_target": True, "budget_s": options.budget}
        version = conn.execute(
            "SELECT version FROM altlas.train(%s, 'regression', %s, 'storypoint', 'auto', %s)", ("eval_jira_" + project, source, json.dumps(spec))
        ).fetchone()[0]
        asked = conn.execute(
            """SELECT storypoint, altlas.predict(%s, to_jsonb(i) || jsonb_build_object('text', title || ' ' || coalesce(description, ''),
                      'title_length', length(title), 'description_length', length(description)))
                 FROM issues i WHERE project = %s AND split_mark = %s ORDER BY n""",
            (f"eval_jira_{project}/{version}", project, judged)).fetchall()
        median = conn.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY storypoint) FROM issues WHERE project = %s AND split_mark = ANY (%s)", (project, past)
        ).fetchone()[0]
        errors = [abs(y - p) for y, p in asked]
        yield Figure("jira", f"{project}: MAE", errors)
        yield Figure("jira", f"{project}: MAE of the median", [abs(y - median) for y, _ in asked])
        best = min(float(peers[peer]) for peer in PUBLISHED)
        yield Figure("jira", f"{project}: MAE published, best", [best])
        won.append(int(statistics.fmean(errors) <= 1.02 * best))
    yield Figure("jira", "projects within 2 % of the best", won)


# GPT2SP is left out: SOURCE.txt says that others could not find its figures again.
PUBLISHED = ("DeepSE", "LSTM+RF", "LSTM+SVM", "Doc2Vec+RF", "BOW+RF", "LSTM+ATLM", "LSTM+LR", "Median", "Mean")
EVALUATIONS = {"sip": partial(sip, estimate=False), "sip_estimate": partial(sip, estimate=True), "nasa": nasa, "adult": adult, "jira": jira}


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORD", action="append", default=[])
    parser.add_argument("--budget", type=float, default=60, metavar="SECONDS", help="of each training")
    parser.add_argument("--development", action="store_true")
    options = parser.parse_args(argv)
    skipped = []
    with psycopg.connect("", autocommit=True) as conn:
        conn.execute("SET client_min_messages = warning")
        conn.execute("CREATE EXTENSION IF NOT EXISTS altlas")
        print(f"{'data set':15}{'figure':36}{'rows':>7}{'value':>10}   95 % interval")
        for name, evaluation in EVALUATIONS.items():
            if options.only and not any(word == name for word in options.only):
                continue
            try:
                for figure in evaluation(conn, options):
                    low, high = figure.interval()
                    value = figure.value(figure.numbers)
                    print(f"{figure.dataset:15}{figure.name:36}{len(figure.numbers):7}{value:10.3f}   {low:.3f} to {high:.3f}", flush=True)
            except Absent as absent:
                skipped.append(str(absent))
    for name in skipped:
        print(f"skipped: {name} is absent (ALTLAS_DATA names the folder of the sets)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
