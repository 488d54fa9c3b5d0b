"""The n-gram features of many texts as one sparse matrix; equal to prep_reader.apply_text, which the check compares.

prep_reader hashes every key again; a corpus repeats its words, so the buckets of a word and of a pair of words are kept here.
"""

import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import prep_reader  # noqa: E402


class Vectoriser:
    """Texts to sparse rows of width buckets + 1; column 0 is the padding and stays empty."""

    def __init__(self, document):
        self.document = document
        self.word_grams = [g for g in document["ngrams"] if g["unit"] == "word"]
        self.char_grams = [g for g in document["ngrams"] if g["unit"] == "char"]
        self.chars, self.words = {}, {}

    def bucket(self, key):
        return prep_reader.fnv1a(key.encode("utf-8")) % self.document["buckets"] + 1

    def char_buckets(self, word):
        if word not in self.chars:
            self.chars[word] = [self.bucket(k) for k in prep_reader.keys([word], self.char_grams)]
        return self.chars[word]

    def word_buckets(self, words):
        for g in self.word_grams:
            for n in range(g["min"], g["max"] + 1):
                for i in range(len(words) - n + 1):
                    key = "w" + " ".join(words[i:i + n])
                    if key not in self.words:
                        self.words[key] = self.bucket(key)
                    yield self.words[key]

    def row(self, text):
        words = prep_reader.split_words(prep_reader.fold(text, self.document["fold"]))
        counts = Counter(self.word_buckets(words))
        for word in words:
            counts.update(self.char_buckets(word))
        heaviest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:self.document["max_terms"]]
        weights = {b: 1.0 + math.log(c) for b, c in heaviest}
        norm = math.sqrt(math.fsum(w * w for w in weights.values()))
        return [(b, weights[b] / norm) for b in sorted(weights)]

    def matrix(self, texts):
        columns, values, starts = [], [], [0]
        for text in texts:
            for b, w in self.row(text):
                columns.append(b)
                values.append(w)
            starts.append(len(columns))
        shape = (len(starts) - 1, self.document["buckets"] + 1)
        data = np.asarray(values, dtype=np.float32).astype(np.float64)
        return sparse.csr_matrix((data, np.asarray(columns, dtype=np.int32), np.asarray(starts, dtype=np.int32)), shape=shape)


def check(document, texts):
    """Raises where the fast path differs from the reader."""
    matrix = Vectoriser(document).matrix(texts)
    for i, text in enumerate(texts):
        row = matrix[i]
        if list(zip(row.indices.tolist(), row.data.tolist())) != prep_reader.text_terms(document, text):
            raise AssertionError(f"features differ from prep_reader for {text!r}")
