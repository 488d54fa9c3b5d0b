"""Independent reader of preprocessing documents (docs/formats.md), for comparison in tests.

Standard library only, but for Encoder. It shares no code with the crate altlas-prep: what both say of a document is
what the document means. Usage: python prep_reader.py DOCUMENT.json < INPUT.json, where the input is a
list of rows (objects) or of texts. Numbers may be the strings "NaN", "Infinity", "-Infinity".
"""

import datetime
import json
import math
import re
import struct
import sys
import unicodedata
import zoneinfo

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
NAN = math.nan
# Of a text in a row.
SCORED_CODE_POINTS = 16_384

# White_Space of the Unicode character database (Python's isspace() counts four control codes more).
WHITE_SPACE = {*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}

# Alphabetic code points outside the general categories L* and N*, Unicode 14 (from Perl's \p{Alphabetic}).
OTHER_ALPHABETIC = """
345 5B0-5BD 5BF 5C1-5C2 5C4-5C5 5C7 610-61A 64B-657 659-65F 670 6D6-6DC 6E1-6E4 6E7-6E8 6ED 711
730-73F 7A6-7B0 816-817 81B-823 825-827 829-82C 8D4-8DF 8E3-8E9 8F0-903 93A-93B 93E-94C 94E-94F
955-957 962-963 981-983 9BE-9C4 9C7-9C8 9CB-9CC 9D7 9E2-9E3 A01-A03 A3E-A42 A47-A48 A4B-A4C A51
A70-A71 A75 A81-A83 ABE-AC5 AC7-AC9 ACB-ACC AE2-AE3 AFA-AFC B01-B03 B3E-B44 B47-B48 B4B-B4C B56-B57
B62-B63 B82 BBE-BC2 BC6-BC8 BCA-BCC BD7 C00-C03 C3E-C44 C46-C48 C4A-C4C C55-C56 C62-C63 C81-C83
CBE-CC4 CC6-CC8 CCA-CCC CD5-CD6 CE2-CE3 D00-D03 D3E-D44 D46-D48 D4A-D4C D57 D62-D63 D81-D83 DCF-DD4
DD6 DD8-DDF DF2-DF3 E31 E34-E3A E4D EB1 EB4-EB9 EBB-EBC ECD F71-F81 F8D-F97 F99-FBC 102B-1036 1038
103B-103E 1056-1059 105E-1060 1062-1064 1067-106D 1071-1074 1082-108D 108F 109A-109D 1712-1713
1732-1733 1752-1753 1772-1773 17B6-17C8 1885-1886 18A9 1920-192B 1930-1938 1A17-1A1B 1A55-1A5E
1A61-1A74 1ABF-1AC0 1ACC-1ACE 1B00-1B04 1B35-1B43 1B80-1B82 1BA1-1BA9 1BAC-1BAD 1BE7-1BF1 1C24-1C36
1DE7-1DF4 24B6-24E9 2DE0-2DFF A674-A67B A69E-A69F A802 A80B A823-A827 A880-A881 A8B4-A8C3 A8C5 A8FF
A926-A92A A947-A952 A980-A983 A9B4-A9BF A9E5 AA29-AA36 AA43 AA4C-AA4D AA7B-AA7D AAB0 AAB2-AAB4
AAB7-AAB8 AABE AAEB-AAEF AAF5 ABE3-ABEA FB1E 10376-1037A 10A01-10A03 10A05-10A06 10A0C-10A0F
10D24-10D27 10EAB-10EAC 11000-11002 11038-11045 11073-11074 11082 110B0-110B8 110C2 11100-11102
11127-11132 11145-11146 11180-11182 111B3-111BF 111CE-111CF 1122C-11234 11237 1123E 112DF-112E8
11300-11303 1133E-11344 11347-11348 1134B-1134C 11357 11362-11363 11435-11441 11443-11445
114B0-114C1 115AF-115B5 115B8-115BE 115DC-115DD 11630-1163E 11640 116AB-116B5 1171D-1172A
1182C-11838 11930-11935 11937-11938 1193B-1193C 11940 11942 119D1-119D7 119DA-119DF 119E4
11A01-11A0A 11A35-11A39 11A3B-11A3E 11A51-11A5B 11A8A-11A97 11C2F-11C36 11C38-11C3E 11C92-11CA7
11CA9-11CB6 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D41 11D43 11D47 11D8A-11D8E 11D90-11D91
11D93-11D96 11EF3-11EF6 16F4F 16F51-16F87 16F8F-16F92 16FF0-16FF1 1BC9E 1E000-1E006 1E008-1E018
1E01B-1E021 1E023-1E024 1E026-1E02A 1E947 1F130-1F149 1F150-1F169 1F170-1F189
"""


def _ranges(text):
    for part in text.split():
        low, _, high = part.partition("-")
        yield from range(int(low, 16), int(high or low, 16) + 1)


ALPHABETIC = frozenset(_ranges(OTHER_ALPHABETIC))


def float32(x):
    """Rounds a float64 to the nearest float32."""
    try:
        return struct.unpack("<f", struct.pack("<f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


# ---------------------------------------------------------------- tabular

ELEMENT = re.compile(r"(.+)\[([1-9][0-9]*)\]", re.DOTALL)


def cell(row, column, lengths):
    """The value of a column in a row: its own, or that of an element of an array, counted from 1."""
    element = ELEMENT.fullmatch(column)
    if column in row or not element or not isinstance(row.get(element[1]), list):
        return row.get(column)
    values, place = row[element[1]], int(element[2])
    if len(values) != lengths[element[1]]:
        raise ValueError(f"{element[1]}: {len(values)} elements, not {lengths[element[1]]}")
    return values[place - 1]


def array_lengths(document):
    """The lengths of the arrays whose elements are columns: the last place that is named."""
    lengths = {}
    for element in filter(None, (ELEMENT.fullmatch(column["name"]) for column in document["columns"])):
        lengths[element[1]] = max(lengths.get(element[1], 0), int(element[2]))
    return lengths


def local_time(micros, zone):
    moment = EPOCH + datetime.timedelta(microseconds=micros)
    return moment.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)


def calendar_part(part, t):
    days = (t - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1)
    return {
        "hour": t.hour, "minute_of_day": t.hour * 60 + t.minute, "day_of_week": t.isoweekday(),
        "day_of_month": t.day, "day_of_year": t.timetuple().tm_yday, "month": t.month, "year": t.year,
        "epoch_days": days,
    }[part]


def feature_values(feature, value):
    """The features that one step makes of one value; None is NULL."""
    op = feature["op"]
    null = value is None or (isinstance(value, float) and math.isnan(value))
    if op == "number":
        return [NAN if null else float(value)]
    if op == "boolean":
        return [NAN if null else float(value)]
    if op == "one_hot":
        return [NAN if null else float(value == c) for c in feature["categories"]]
    if op == "target_mean":
        if null:
            return [NAN]
        known = dict(zip(feature["categories"], feature["values"]))
        return [known.get(value, feature["unseen"])]
    if op == "calendar":
        if null:
            return [NAN] * len(feature["parts"])
        t = local_time(value, feature["time_zone"])
        return [float(calendar_part(p, t)) for p in feature["parts"]]
    if op == "text_score":
        if null:
            return [NAN] * len(feature["intercepts"])
        terms = text_terms(feature, value[:SCORED_CODE_POINTS])
        return [
            intercept + math.fsum(weights[bucket - 1] * weight for bucket, weight in terms)
            for intercept, weights in zip(feature["intercepts"], feature["weights"])
        ]
    raise ValueError(f"unknown op {op!r}")


def apply_tabular(document, rows):
    """A list of rows (objects by column name; a missing key is NULL) to a list of lists of float32."""
    matrix = []
    lengths = array_lengths(document)
    for row in rows:
        values = []
        for feature in document["features"]:
            values += feature_values(feature, cell(row, feature["column"], lengths))
        matrix.append([float32(v) for v in values])
    return matrix


# ---------------------------------------------------------------- text n-grams

def strip_marks(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn")


def fold(text, how):
    if how == "none":
        return text
    assert how == "ascii_tr", how
    return strip_marks(strip_marks(text).lower()).replace("\u0131", "i")


def alphanumeric(c):
    return unicodedata.category(c)[0] in "LN" or ord(c) in ALPHABETIC


def split_words(text):
    words, run = [], ""
    for c in text:
        if alphanumeric(c):
            run += c
            continue
        if run:
            words.append(run)
            run = ""
        if ord(c) not in WHITE_SPACE:
            words.append(c)
    return words + [run] if run else words


def keys(words, ngrams):
    for g in ngrams:
        for n in range(g["min"], g["max"] + 1):
            if g["unit"] == "word":
                for i in range(len(words) - n + 1):
                    yield "w" + " ".join(words[i:i + n])
            else:
                for word in words:
                    padded = f" {word} "
                    for i in range(len(padded) - n + 1):
                        yield "c" + padded[i:i + n]


def fnv1a(data):
    h = 0xCBF29CE484222325
    for b in data:
        h = ((h ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def text_terms(document, text):
    """Ascending (bucket, float32 weight) of one text."""
    counts = {}
    for key in keys(split_words(fold(text, document["fold"])), document["ngrams"]):
        bucket = fnv1a(key.encode("utf-8")) % document["buckets"] + 1
        counts[bucket] = counts.get(bucket, 0) + 1
    heaviest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:document["max_terms"]]
    weights = {bucket: 1.0 + math.log(count) for bucket, count in heaviest}
    norm = math.sqrt(math.fsum(w * w for w in weights.values()))
    return [(bucket, float32(weights[bucket] / norm)) for bucket in sorted(weights)]


def apply_text(document, texts):
    """Texts to the padded tensors term and weight, as lists of rows."""
    rows = [text_terms(document, text) for text in texts]
    length = max([1] + [len(row) for row in rows])
    return {
        "term": [[b for b, _ in row] + [0] * (length - len(row)) for row in rows],
        "weight": [[w for _, w in row] + [0.0] * (length - len(row)) for row in rows],
    }


# ---------------------------------------------------------------- vectors of texts

def pooled(document, states, mask):
    """One vector a text of the states of its tokens, `[rows, tokens, width]`, and the mask of those that are no padding."""
    vectors = []
    for row, kept in zip(states.tolist(), mask.tolist()):
        tokens = [token for token, real in zip(row, kept) if real]
        vector = row[0] if document["pooling"] == "cls" else [math.fsum(column) / len(tokens) for column in zip(*tokens)]
        norm = math.sqrt(math.fsum(x * x for x in vector)) if document["normalize"] else 1.0
        vectors.append([x / norm if norm else x for x in vector])
    return vectors


class Encoder:
    """Vectors of texts as a document of kind tokenizer says, with the files of its graph and its tokenizer. Needs numpy, onnxruntime, tokenizers."""

    def __init__(self, graph, tokenizer):
        import onnxruntime
        from tokenizers import Tokenizer

        self.session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.types = {port.name: port.type for port in self.session.get_inputs()}

    def __call__(self, encoder, texts):
        import numpy

        document = encoder["document"]
        if document["pooling"] not in ("mean", "cls") or document["padding"] != "longest" or document["activation"] != "none":
            raise ValueError("only mean or cls of the longest, without an activation")
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(document["max_length"])
        vectors = []
        # One text at a time: what a batch is filled up with cannot matter then.
        for text in texts:
            encoding = self.tokenizer.encode(document["prefix"] + text)
            parts = {"ids": encoding.ids, "mask": encoding.attention_mask, "types": encoding.type_ids}
            feed = {name: numpy.array([parts[part]], dtype=self.types[name].removeprefix("tensor(").rstrip(")"))
                    for part, name in document["inputs"].items() if name is not None}
            (states,) = self.session.run([document["output"]], feed)
            vectors += pooled(document, states, numpy.array([encoding.attention_mask]))
        return vectors


def apply_text_features(document, texts, embed):
    """Texts to the tensors of the n-grams and the vectors that `embed` gives: a function of the encoder's document (with its name and the
    SHA-256 of its graph) and the texts to a list of vectors."""
    tensors = apply_text(document["ngrams"], texts) if document["ngrams"] is not None else {}
    vectors = embed(document["embedding"], texts)
    if len(vectors) != len(texts):
        raise ValueError(f"{len(vectors)} vectors of {len(texts)} texts")
    return {"embedding": [[float32(x) for x in vector] for vector in vectors], **tensors}


def apply(document, inputs, embed=None):
    """A document on its inputs. `embed` is for the kind text_features, whose vectors an encoder makes."""
    if document.get("format") != 1:
        raise ValueError("unknown format")
    if document["kind"] == "tabular":
        return apply_tabular(document, inputs)
    if document["kind"] == "text_ngrams":
        return apply_text(document, inputs)
    if document["kind"] == "text_features" and embed is not None:
        return apply_text_features(document, inputs, embed)
    raise ValueError(f"unknown kind {document['kind']!r}")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        document = json.load(f)
    rows = json.load(sys.stdin)
    numbers = {"NaN": NAN, "Infinity": math.inf, "-Infinity": -math.inf}
    if document["kind"] == "tabular":
        numeric = {c["name"] for c in document["columns"] if c["type"] in ("number", "interval")}
        numeric |= array_lengths(document).keys()
        number = lambda v: [number(x) for x in v] if isinstance(v, list) else numbers.get(v, v)  # noqa: E731
        rows = [{k: number(v) if k in numeric else v for k, v in row.items()} for row in rows]
    json.dump(apply(document, rows), sys.stdout)


if __name__ == "__main__":
    main()
