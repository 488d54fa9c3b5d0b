"""Trains altlas.task_type and writes model.onnx, manifest.json and vectors.json beside this file.

`python3 models/task_type/train.py` writes; `--check` trains again and exits 1 where the files differ.
Two fits: one without the held-out verbs, nouns and frames, which gives the measures and the temperature;
and the model itself, on everything, with that temperature.
"""

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one order of additions

import json  # noqa: E402
from importlib.metadata import version  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

import features  # noqa: E402
import fit  # noqa: E402
import generator  # noqa: E402
import graph  # noqa: E402
from phrases import Part  # noqa: E402
from grammar.lexicon import TYPES  # noqa: E402

HERE = Path(__file__).resolve().parent
SEED = 20240611
ROWS = 60_000
VALID_KNOWN, VALID_NEW = 5_100, 900  # new verbs are 15 % of the calibration and validation rows
PENALTY = 2e-6
ITERATIONS = 100
# Weights are multiples of this: it hides the last bits of the solver and makes the file compress well.
STEP = 2.0 ** -7

VECTORS = [
    "search for recent AI papers", "en ucuz uçak biletini bul", "What is the weather in Paris?", "Mehmet'i ara",
    "kayıp siparişi ara", "create a new folder", "yeni bir destek talebi aç", "bir özet oluştur", "raporu özetleyip",
    "summarize the meeting notes in three sentences", "bakım modunu aç", "satış panelini aç", "list all open invoices",
    "compare the sales of both years", "stokları say", "check whether the backup is complete", "translate it into German",
    "dosyaları PDF'e dönüştür", "sort the customers by country", "fiyatı yüzde 10 düşür", "send it to Ayşe",
    "run the tests", "sonuçları kaydet", "verilerin yedeğini al", "prepare a meeting for Monday",
    "yarın 10:00'da toplantı planla", "remind me to pay the rent", "toplantıyı cumaya ertele",
    "İSTANBUL'DAKİ OTELLERİ LİSTELER MİSİN?", "", "12345", "{customer_id}",
]


def labels(rows):
    return np.array([TYPES.index(row[1]) for row in rows])


def validate(vectoriser):
    """The measures on held-out items, and the temperature."""
    train = generator.dataset(ROWS, Part(False, False, False), SEED + 1)
    w, b = fit.logistic(vectoriser.matrix([r[0] for r in train]), labels(train), len(TYPES), PENALTY, ITERATIONS)
    sets = {}
    for name, seed in (("calibration", SEED + 2), ("validation", SEED + 4)):
        known = generator.dataset(VALID_KNOWN, Part(True, True, False), seed)
        new = generator.dataset(VALID_NEW, Part(True, True, True), seed + 1)
        rows = known + new
        sets[name] = (rows, vectoriser.matrix([r[0] for r in rows]) @ w + b, labels(rows))
    _, logits, y = sets["calibration"]
    t = fit.temperature(logits, y)
    rows, logits, y = sets["validation"]
    p = fit.softmax(logits / t)
    metrics = {"validation": fit.measures(p, y), "validation_known_verbs": fit.measures(p[:VALID_KNOWN], y[:VALID_KNOWN]),
               "validation_new_verbs": fit.measures(p[VALID_KNOWN:], y[VALID_KNOWN:])}
    for code in generator.LANGUAGES:
        mask = np.array([r[2] == code for r in rows])
        metrics[f"validation_{code}"] = fit.measures(p[mask], y[mask])
    metrics["ece_before_calibration"] = round(fit.calibration_error(fit.softmax(logits), y), 4)
    metrics["temperature"] = round(t, 4)
    majority = np.bincount(labels(train)).argmax()
    return t, metrics, {"majority_class": {"accuracy": round(float((y == majority).mean()), 4)}}


def test_vectors(document, weights, bias):
    """Expected outputs by float64 arithmetic on the features of prep_reader."""
    out = []
    for text in VECTORS:
        terms = features.prep_reader.text_terms(document, text)
        z = bias.astype(np.float64) + sum((w * weights[t].astype(np.float64) for t, w in terms), np.zeros(len(TYPES)))
        p = fit.softmax(z[None, :])[0]
        out.append({"input": text, "label": TYPES[int(p.argmax())], "probabilities": [round(float(v), 7) for v in p]})
    return {"format": 1, "labels": list(TYPES), "tolerance": 1e-5, "vectors": out}


def as_json(value):
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def train():
    document = json.loads((HERE / "preprocess.json").read_text(encoding="utf-8"))
    vectoriser = features.Vectoriser(document)
    t, metrics, baselines = validate(vectoriser)
    rows = generator.dataset(ROWS, Part(), SEED)
    features.check(document, [r[0] for r in rows[:200]] + VECTORS)
    w, b = fit.logistic(vectoriser.matrix([r[0] for r in rows]), labels(rows), len(TYPES), PENALTY, ITERATIONS)
    w, b = (np.round(np.asarray(v) / t / STEP) * STEP + 0.0 for v in (w, b))
    w[0] = 0.0
    weights, bias = w.astype(np.float32), b.astype(np.float32)
    manifest = {
        "format": 1, "task": "text_classification", "columns": ["text"],
        "output": {"value": None, "label": "label", "proba": "probabilities"}, "labels": list(TYPES),
        "target": None, "conformal": None, "seed": SEED, "rows": len(rows), "data_sha256": generator.digest(rows),
        "algorithm": "logistic_ngrams",
        "library": {"altlas": "0.1.0", "numpy": version("numpy"), "scipy": version("scipy"), "onnx": version("onnx")},
        "metrics": metrics, "baselines": baselines,
    }
    return {"model.onnx": graph.build(weights, bias), "manifest.json": as_json(manifest),
            "vectors.json": as_json(test_vectors(document, weights, bias))}


def main():
    files = train()
    if "--check" in sys.argv[1:]:
        changed = [n for n, content in files.items() if not (HERE / n).exists() or (HERE / n).read_bytes() != content]
        print("differs: " + ", ".join(changed) if changed else "reproduced byte for byte")
        return 1 if changed else 0
    for name, content in files.items():
        (HERE / name).write_bytes(content)
    print(json.dumps(json.loads(files["manifest.json"])["metrics"], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
