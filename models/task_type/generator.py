"""Makes the sentences that the model is trained and validated on. All randomness comes from the seed.

`python3 generator.py [N]` prints N examples.
"""

import hashlib
import random
import sys

from phrases import TYPE_WEIGHTS, Composer, Part
from grammar import lexicon  # after phrases, which names the place
from grammar.keyboard import ASCII, slip

LANGUAGES = ("en", "tr")


def typo(text, rng):
    """One slip of the keyboard in a longer word."""
    places = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i - 1].isalpha() and text[i + 1].isalpha()]
    return slip(text, places, rng)


def noise(text, rng):
    """How people type: case, marks, slips, Turkish without its letters."""
    text = " ".join(text.split())
    roll = rng.random()
    if roll < 0.35:
        text = text[:1].upper() + text[1:]
    elif roll < 0.40:
        text = text.upper()
    elif roll < 0.55:
        text = text.lower()
    roll = rng.random()
    if roll < 0.25 and text[-1:].isalnum():
        text += rng.choice((".", ".", "!", ";", ","))
    elif roll < 0.5:
        text = text.rstrip("?.!")
    if rng.random() < 0.1:
        text = text.translate(ASCII)
    for _ in range(2):
        if rng.random() < 0.06:
            text = typo(text, rng)
    if rng.random() < 0.03:
        text = text.replace("'", "’")
    return text


def dataset(rows, part, seed):
    """`rows` triples (text, type, language) from a part of the tables, without repetition of a text."""
    rng = random.Random(seed)
    composers = [Composer(lexicon.read(code), part, rng) for code in LANGUAGES]
    types, weights = list(TYPE_WEIGHTS), list(TYPE_WEIGHTS.values())
    seen, out = set(), []
    while len(out) < rows:
        composer = composers[len(out) % 2]
        kind = rng.choices(types, weights)[0]
        text = noise(composer.sentence(kind), rng)
        if text and text not in seen:
            seen.add(text)
            out.append((text, kind, composer.language.code))
    return out


def digest(rows):
    """SHA-256 of the rows, one a line, fields parted by tabs."""
    h = hashlib.sha256()
    for row in rows:
        h.update(("\t".join(row) + "\n").encode("utf-8"))
    return h.hexdigest()


if __name__ == "__main__":
    for sentence, kind, code in dataset(int(sys.argv[1]) if len(sys.argv) > 1 else 40, Part(), 1):
        print(f"{kind:10} {code} {sentence}")
