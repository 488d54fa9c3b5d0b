"""Segments of texts by the exported network and ONNX Runtime, as JSONL for `score_segments.py`.

`python3 models/segmenter/predict.py WORK [--ends | --scores] < GOLD.jsonl > PREDICTED.jsonl`

The network alone. With `--scores` its numbers, which `crates/altlas-text/examples/segment_jsonl.rs` joins with the rules as the extension does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

from decode import segments
from labels import LONGEST, PAD, Encoder

BATCH = 32


def scored(work: Path, texts: list[str]) -> list[tuple[list[tuple[int, int]], np.ndarray]]:
    """The places of each text's pieces, and the network's numbers for them."""
    encoder = Encoder(work / "tokenizer.json")
    session = onnxruntime.InferenceSession(str(work / "model.onnx"), providers=["CPUExecutionProvider"])
    cut = encoder.pieces(texts)
    found = [([], np.zeros((0, 0), np.float32)) for _ in texts]
    order = sorted(range(len(texts)), key=lambda n: len(cut[n][0]))
    for at in range(0, len(order), BATCH):
        members = order[at : at + BATCH]
        length = min(LONGEST, max(len(cut[n][0]) for n in members))
        ids = np.full((len(members), length), PAD, np.int64)
        for row, n in enumerate(members):
            ids[row, : len(cut[n][0])] = cut[n][0][:length]
        [out] = session.run(["tags"], {"input_ids": ids, "attention_mask": (ids != PAD).astype(np.int64)})
        for row, n in enumerate(members):
            count = min(length, len(cut[n][0]))
            found[n] = cut[n][1][:count], out[row, :count]
    return found


def main() -> None:
    texts = [json.loads(line)["text"] for line in sys.stdin]
    for text, (places, scores) in zip(texts, scored(Path(sys.argv[1]), texts)):
        if "--scores" in sys.argv:
            print(json.dumps({"text": text, "places": places, "scores": [round(float(s), 5) for s in scores.ravel()]}))
            continue
        made = segments(text, places, scores)
        if "--ends" in sys.argv:
            print(json.dumps({"ends": [segment["end"] for segment in made]}))
        else:
            keys = ("start", "end", "type", "content")
            print(json.dumps({"segments": [{key: s[key] for key in keys} | {"depends_on": [], "parameters": {}} for s in made]}, ensure_ascii=False))


if __name__ == "__main__":
    main()
