"""From the network's numbers to segments: what the extension does, again in Python; evaluation uses it."""

from __future__ import annotations

import numpy as np

from labels import BEGIN, INSIDE, OUTSIDE, TYPES
from markup import trim
from network import OUTPUTS, WIDTHS

EDGES = np.cumsum([0, *(WIDTHS[name] for name in OUTPUTS)])


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def span_tags(scores: np.ndarray) -> np.ndarray:
    """The likeliest tags in which no segment goes on that has not begun (Viterbi)."""
    logs = np.log(softmax(scores))
    total = logs[0].copy()
    total[INSIDE] = -np.inf
    back = []
    for row in logs[1:]:
        step = np.repeat(total[:, None], 3, 1)
        step[OUTSIDE, INSIDE] = -np.inf
        back.append(step.argmax(0))
        total = step.max(0) + row
    tags = [int(total.argmax())]
    for best in reversed(back):
        tags.append(int(best[tags[-1]]))
    return np.array(tags[::-1])


def runs(tags: np.ndarray) -> list[tuple[int, int]]:
    """[first, end) of each segment, in pieces."""
    begun = [n for n, tag in enumerate(tags) if tag == BEGIN]
    found = []
    for n, first in enumerate(begun):
        end = first + 1
        while end < len(tags) and tags[end] == INSIDE:
            end += 1
        found.append((first, end))
    return found


def certainty(scores: np.ndarray) -> float:
    """The probability of the least likely of the edges that are chosen."""
    edges = scores[:, : EDGES[1]]
    return float(softmax(edges)[np.arange(len(edges)), span_tags(edges)].min()) if len(edges) else 1.0


def segments(text: str, offsets: list[tuple[int, int]], scores: np.ndarray) -> list[dict]:
    """The segments of a text, from the network's output [pieces, numbers]."""
    parts = {name: scores[:, EDGES[n] : EDGES[n + 1]] for n, name in enumerate(OUTPUTS)}
    found = []
    for first, end in runs(span_tags(parts["span"])):
        start, stop = trim(text, offsets[first][0], offsets[end - 1][1])
        if start < stop:
            kinds = softmax(parts["type"][first:end]).mean(0)
            found.append({"start": start, "end": stop, "content": text[start:stop], "type": TYPES[int(kinds.argmax())]})
    return found
