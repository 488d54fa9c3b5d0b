"""Segments that models/segmenter/decode.py makes of numbers drawn by chance: tests/data/tags.json of altlas-text.

The numbers are drawn by SplitMix64, which the test draws again; the places are those of words, spaces and punctuation, with the space
before a word as its own, as SentencePiece has it.

    pip install -r models/segmenter/requirements.txt
    python3 scripts/reference/segmenter_tags.py        # writes crates/altlas-text/tests/data/tags.json
"""

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models" / "segmenter"))

from decode import EDGES, certainty, segments  # noqa: E402

TARGET = ROOT / "crates/altlas-text/tests/data/tags.json"
TEXTS = [
    "Find the report, then send it to Ayşe and archive it.", "Raporu bul, özetle ve müdüre gönder. Sonra yedek al!",
    "a", "", "\"Open\" (the) [door]: 50% of {them}.", "Eski kayıtları sil\nyeni tabloyu oluştur\n\n3. satırı güncelle",
    "🚀🚀 deploy  it   now", "Search for papers and analyze the results, and finally create a summary report in pdf format " * 3,
]
MASK = (1 << 64) - 1


def drawn(seed, count):
    """Multiples of 2^-16 between -8 and 8: coarser ones would tie, and a tie is decided by rounding."""
    state, out = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        out.append((((z ^ (z >> 31)) >> 40) % (1 << 20) - (1 << 19)) / (1 << 16))
    return out


def main():
    cases = []
    for seed, text in enumerate(TEXTS):
        places = [(0, 0), *(m.span() for m in re.finditer(r"\s?\w+|\s?[^\w\s]|\s", text)), (0, 0)]
        width = int(EDGES[-1])
        scores = np.array(drawn(seed, len(places) * width), np.float32).reshape(len(places), width)
        keys = ("start", "end", "type")
        found = [{key: segment[key] for key in keys} for segment in segments(text, places, scores)]
        cases.append({"text": text, "places": places, "certainty": certainty(scores), "segments": found})
    data = {"library": {"numpy": version("numpy")}, "cases": cases}
    TARGET.write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
