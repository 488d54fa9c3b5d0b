"""From the network's numbers to segments: what the extension does, again in Python; evaluation uses it."""

from __future__ import annotations

import numpy as np

from labels import BEGIN, INSIDE, KINDS, OUTSIDE, PARAMETERS, TYPES
from markup import trim
from network import LINK, WIDTHS

EDGES = np.cumsum([0, *WIDTHS.values()])


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


def segments(text: str, offsets: list[tuple[int, int]], scores: np.ndarray) -> list[dict]:
    """The segments of a text, from the network's output [pieces, numbers]."""
    parts = {name: scores[:, EDGES[n] : EDGES[n + 1]] for n, name in enumerate(WIDTHS)}
    found = []
    for first, end in runs(span_tags(parts["span"])):
        start, stop = trim(text, offsets[first][0], offsets[end - 1][1])
        if start < stop:
            kinds = softmax(parts["type"][first:end]).mean(0)
            found.append({"first": first, "end_piece": end, "start": start, "end": stop, "type": TYPES[int(kinds.argmax())]})
    starts = [segment["first"] for segment in found]
    at = parts["link"][starts].reshape(len(starts), len(KINDS), 2, LINK)
    links = np.einsum("ikd,jkd->kij", at[:, :, 0], at[:, :, 1]) / np.sqrt(LINK)
    for n, segment in enumerate(found):
        kinds = [[m for m in range(n) if links[k, n, m] > 0] for k in range(len(KINDS))]
        segment["depends_on"] = [m + 1 for m in sorted({m for kind in kinds for m in kind})]
        segment["dependency_kind"] = "data" if kinds[1] else "sequence" if kinds[0] else None
        segment["content"] = text[segment["start"] : segment["end"]]
        segment["parameters"] = parameters(text, offsets, parts["parameter"], segment)
    return found


def parameters(text: str, offsets, scores: np.ndarray, segment: dict) -> dict[str, str]:
    """The longest-scored run of pieces of each parameter."""
    first, end = segment["first"], segment["end_piece"]
    found = {}
    for n, name in enumerate(PARAMETERS):
        tags = np.concatenate([np.zeros((end - first, 1), np.float32), scores[first:end, 2 * n : 2 * n + 2]], 1)
        placed = runs(span_tags(tags))
        if placed:
            a, b = placed[0]
            start, stop = trim(text, offsets[first + a][0], offsets[first + b - 1][1])
            if start < stop:
                found[name] = text[start:stop]
    return found
