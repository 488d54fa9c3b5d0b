"""Commands as what the network reads and learns: pieces, and for each piece the edges of segments, the type, the parameters; for
each pair of segments the dependency."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import markup  # noqa: E402
from grammar.lexicon import TYPES  # noqa: E402

# The names of variables are by rule: braces and angles tell them.
PARAMETERS = [name for name in markup.PARAMETERS if name != "variables"]
KINDS = ["sequence", "data"]
OUTSIDE, BEGIN, INSIDE = 0, 1, 2
PAD = 1
LONGEST = 256
MOST_SEGMENTS = 24
NOTHING = -1


@dataclass
class Example:
    """A command, encoded."""

    ids: np.ndarray
    spans: np.ndarray  # a tag a piece
    types: np.ndarray  # a type a piece, NOTHING outside of segments and where it is not known
    parameters: np.ndarray  # a tag a piece and parameter, NOTHING where nobody has annotated them
    starts: np.ndarray  # the first piece of each segment
    links: np.ndarray = field(repr=False)  # [kind, segment, earlier segment]: 0 or 1


class Encoder:
    """Cuts commands into pieces with their places in the text."""

    def __init__(self, tokenizer: Path):
        self.tokenizer = Tokenizer.from_file(str(tokenizer))

    def pieces(self, texts: list[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        encoded = self.tokenizer.encode_batch(texts)
        return [(e.ids, [trimmed(text, *place) for place in e.offsets]) for text, e in zip(texts, encoded)]

    def examples(self, commands: list[dict]) -> list[Example]:
        cut = self.pieces([command["text"] for command in commands])
        found = (example(command, *pieces) for command, pieces in zip(commands, cut))
        return [e for e in found if e is not None]


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A piece's place without the space that belongs to it."""
    while start < end and text[start].isspace() and text[start] != "\n":
        start += 1
    return start, end


def example(command: dict, ids: list[int], offsets: list[tuple[int, int]]) -> Example | None:
    """The labels; None for a command that is too long."""
    if len(ids) > LONGEST or len(command["segments"]) > MOST_SEGMENTS:
        return None
    count = len(ids)
    spans, types = np.zeros(count, np.int8), np.full(count, NOTHING, np.int8)
    parameters = np.zeros((count, len(PARAMETERS)), np.int8)
    segments = command["segments"]
    starts = np.zeros(len(segments), np.int16)
    links = np.zeros((len(KINDS), len(segments), len(segments)), np.int8)
    for n, segment in enumerate(segments):
        inside = covered(offsets, segment["start"], segment["end"])
        if not inside:
            return None
        spans[inside] = INSIDE
        spans[inside[0]] = BEGIN
        types[inside] = TYPES.index(segment["type"]) if segment["type"] else NOTHING
        starts[n] = inside[0]
        for earlier in segment["depends_on"]:
            links[KINDS.index(segment["dependency_kind"]), n, earlier - 1] = 1
        if segment["parameter_spans"] is None:
            parameters[inside] = NOTHING
            continue
        for name, place in segment["parameter_spans"].items():
            if name in PARAMETERS and (tagged := covered(offsets, *place)):
                parameters[tagged, PARAMETERS.index(name)] = INSIDE
                parameters[tagged[0], PARAMETERS.index(name)] = BEGIN
    return Example(np.array(ids, np.int32), spans, types, parameters, starts, links)


def covered(offsets: list[tuple[int, int]], start: int, end: int) -> list[int]:
    return [n for n, (a, b) in enumerate(offsets) if a < b and a < end and b > start]
