"""Writes crates/altlas-prep/tests/data/vectors.json: documents, inputs and what models/prep_reader.py makes
of them. Run from the workspace root: python scripts/reference/prep_vectors.py"""

import datetime
import json
import math
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models"))
import prep_reader  # noqa: E402

UTC = datetime.timezone.utc


def micros(*args):
    return (datetime.datetime(*args, tzinfo=UTC) - prep_reader.EPOCH) // datetime.timedelta(microseconds=1)


def encode(x):
    """JSON has no NaN and no infinity."""
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    if isinstance(x, list):
        return [encode(v) for v in x]
    if isinstance(x, dict):
        return {k: encode(v) for k, v in x.items()}
    return x


PARTS = ["hour", "minute_of_day", "day_of_week", "day_of_month", "day_of_year", "month", "year", "epoch_days"]
ZONES = ["UTC", "America/New_York", "Europe/Istanbul", "Asia/Kolkata", "Europe/Berlin"]
TABULAR = {
    "format": 1, "kind": "tabular", "output": "features",
    "columns": [
        {"name": "carrier", "type": "text"}, {"name": "dest", "type": "text"},
        {"name": "distance", "type": "number"}, {"name": "at", "type": "timestamp"},
        {"name": "wet", "type": "boolean"}, {"name": "took", "type": "interval"},
    ],
    "features": [
        {"op": "number", "column": "distance"},
        {"op": "boolean", "column": "wet"},
        {"op": "number", "column": "took"},
        {"op": "one_hot", "column": "carrier", "categories": ["AA", "B6", "İst", "", " "]},
        {"op": "target_mean", "column": "dest", "categories": ["ATL", "BOS", "é", "e\u0301"],
         "values": [12.5, -3.0, 0.1, 1e39], "unseen": 7.25},
        *({"op": "calendar", "column": "at", "time_zone": z, "parts": PARTS} for z in ZONES),
    ],
}


def moments():
    yield from [0, -1, 1, 999_999, -999_999, micros(1969, 12, 31, 23, 59, 59), micros(1900, 3, 1), micros(1850, 6, 1, 12)]
    yield from [micros(1883, 11, 18, 17, 0, 0), micros(1910, 9, 30, 22), micros(1, 1, 2), micros(9999, 12, 30)]
    # Both sides of changes of the clock: New York and Berlin twice a year, Istanbul's last in 2016.
    for change in [(2024, 3, 10, 7), (2024, 11, 3, 6), (2024, 3, 31, 1), (2024, 10, 27, 1), (2016, 3, 27, 1),
                   (2016, 9, 6, 21), (2016, 10, 30, 1), (2000, 2, 29, 0), (2023, 12, 31, 18, 30), (1945, 8, 14, 23)]:
        at = micros(*change)
        yield from [at - 3_600_000_000, at - 1, at, at + 1, at + 3_600_000_000]
    rng = random.Random(1)
    yield from (rng.randrange(micros(1972, 1, 1), micros(2037, 1, 1)) for _ in range(150))


def tabular_rows():
    nan, inf = math.nan, math.inf
    numbers = [0.0, -0.0, 1.5, 0.1, nan, inf, -inf, 1e39, -1e39, 1e-46, 16777217.0, 123456789.123, None]
    carriers = ["AA", "B6", "İst", "ist", "", " ", "UA", None, "aa"]
    dests = ["ATL", "BOS", "é", "e\u0301", "zzz", None, ""]
    for i, at in enumerate([None, *moments()]):
        yield {
            "carrier": carriers[i % len(carriers)], "dest": dests[i % len(dests)],
            "distance": numbers[i % len(numbers)], "at": at, "wet": [True, False, None][i % 3],
            "took": numbers[(i * 5 + 1) % len(numbers)],
        }
    yield {}


TEXTS = [
    "", " ", " \t\n\u00a0\u3000 ", "a", "I", "ı", "İ", "i",
    "İstanbul ISTANBUL ıstanbul istanbul", "Raporu HAZIRLA, sonra Ayşe'ye gönder!", "ÇĞÖŞÜ çğöşü IĞDIR ığdır İZMİR",
    "Kâğıt hâlâ dükkânda; şoför öğleden sonra gelecek.", "Summarise the report, then e-mail it to Bob.",
    "naïve café Ångström ﬁnancial ﬃ ½ ² ① ℌ Ⅻ №", "straße STRASSE ẞ ς Σ ΟΔΟΣ ΟΔΟΣ. Α.Σ. Σ", "ΑΣ' ΑΣ'Α Σ\u0301Α",
    "e\u0301 é e\u0301\u0323 \u0301 \u0323\u0301 a\u0335", "👍 👍🏽 👨‍👩‍👧‍👦 🇹🇷 ❤️ ok👌", "emoji😀emoji", "مرحبا بالعالم، كيف الحال؟", "שָׁלוֹם עולם",
    "हिन्दी में लिखो", "ภาษาไทย ง่าย", "日本語のテキスト。东京 ｶﾞ ガ ﾊﾟ", "한국어 텍스트 각", "Ⓐ ⓐ 🅰 ㎏ ㍿ ﷺ",
    "a\u200bb a\u200db a\u00adb a\ufeffb", "x\u001cy\u001fz\u0085w", "a_b-c.d/e\\f@g#h$1,234.56%", "...!!!???",
    "word " * 300, "aaaaaaaaaaaaaaaaaaaa", "0 00 000 0000 ٣ ३ ৩ 𝟛", "\U0001d4d0\U0001d4d1 \U0001f130", "Ǆ ǅ ǆ İ\u0307 ı\u0307 i\u0307 K Å",
    "tab\tnew\nline\r\nend", "q\u0307\u0323 ạ̇ ự Ǖ", "Đđ Łł Øø ħ ŧ æ œ þ ð",
]

NGRAMS = [
    {"format": 1, "kind": "text_ngrams", "fold": "ascii_tr", "buckets": 32768, "max_terms": 512,
     "ngrams": [{"unit": "char", "min": 2, "max": 4}, {"unit": "word", "min": 1, "max": 2}]},
    {"format": 1, "kind": "text_ngrams", "fold": "none", "buckets": 1000, "max_terms": 20,
     "ngrams": [{"unit": "word", "min": 1, "max": 3}, {"unit": "char", "min": 1, "max": 1},
                {"unit": "char", "min": 3, "max": 5}]},
    {"format": 1, "kind": "text_ngrams", "fold": "ascii_tr", "buckets": 7, "max_terms": 3,
     "ngrams": [{"unit": "char", "min": 1, "max": 2}]},
    {"format": 1, "kind": "text_ngrams", "fold": "ascii_tr", "buckets": 65536, "max_terms": 64,
     "ngrams": [{"unit": "word", "min": 2, "max": 2}]},
]

WEIGHTS = random.Random(3)
SCORED = {
    "format": 1, "kind": "tabular", "output": "features",
    "columns": [{"name": "note", "type": "text"}, {"name": "n", "type": "number"}],
    "features": [
        {"op": "number", "column": "n"},
        {"op": "text_score", "column": "note", "fold": "ascii_tr", "buckets": 64, "max_terms": 40,
         "ngrams": [{"unit": "char", "min": 2, "max": 4}, {"unit": "word", "min": 1, "max": 2}],
         "intercepts": [0.25, -3.5], "weights": [[round(WEIGHTS.gauss(0, 2), 6) for _ in range(64)] for _ in range(2)]},
    ],
}


ARRAYS = {
    "format": 1, "kind": "tabular", "output": "features",
    "columns": [{"name": f"past[{n}]", "type": "number"} for n in (1, 2, 3)] + [{"name": "odd [x][2]", "type": "number"}],
    "features": [{"op": "number", "column": c} for c in ("past[1]", "past[2]", "past[3]", "odd [x][2]")],
}


def array_rows():
    """Rows with arrays, and the same with a key an element."""
    arrays = [[1.5, -2.0, 3.0], [None, 0.1, None], [math.inf, 1e39, 16777217.0]]
    yield from ({"past": a, "odd [x][2]": n} for n, a in enumerate(arrays))
    yield from ({f"past[{n}]": x for n, x in enumerate(a, 1)} for a in arrays)
    yield from ({"past": None, "odd [x]": [1.0, 2.0]}, {"past[2]": 4.0}, {})


def elements(rows):
    """Arrays as altlas' backend gives them to a document: a cell an element."""
    for row in rows:
        cells = {}
        for name, value in row.items():
            cells |= {f"{name}[{n}]": x for n, x in enumerate(value, 1)} if isinstance(value, list) else {name: value}
        yield cells


def random_texts(rng):
    pools = ["abcdefghijklmnopqrstuvwxyzıİIiçğöşü     .,", "αβγςΣσΑΒΓ ´ \u0301\u0308", "אבגد هו\u05b8\u0651 12",
             "\u0915\u093e\u093f\u094d\u0902 \u0e01\u0e31\u0e48", "😀🏽\u200d❤\ufe0f🇹🇷 ab"]
    for i in range(60):
        yield "".join(rng.choice(pools[i % len(pools)]) for _ in range(rng.randrange(1, 80)))


def main():
    texts = [*TEXTS, *random_texts(random.Random(7))]
    # One of the random texts is long enough to be counted by bucket instead of sorted.
    rng = random.Random(9)
    texts.append(" ".join("".join(rng.choice("abcçğıİşü") for _ in range(rng.randrange(1, 9))) for _ in range(6000)))
    rows = list(tabular_rows())
    cases = [{"document": TABULAR, "input": rows, "output": prep_reader.apply(TABULAR, rows)}]
    notes = [{"note": text, "n": n} for n, text in enumerate(texts)] + [{"n": 1.5}, {"note": None}]
    cases.append({"document": SCORED, "input": notes, "output": prep_reader.apply(SCORED, notes)})
    rows = list(array_rows())
    cases.append({"document": ARRAYS, "input": list(elements(rows)), "output": prep_reader.apply(ARRAYS, rows)})
    for document in NGRAMS:
        terms = [prep_reader.text_terms(document, text) for text in texts]
        cases.append({"document": document, "input": texts if document is NGRAMS[0] else "same",
                      "output": [[list(t) for t in row] for row in terms]})
    target = ROOT / "crates/altlas-prep/tests/data/vectors.json"
    lines = ",\n".join(json.dumps(encode(case), ensure_ascii=True, allow_nan=False) for case in cases)
    target.write_text(f"[\n{lines}\n]\n", encoding="ascii")


if __name__ == "__main__":
    main()
