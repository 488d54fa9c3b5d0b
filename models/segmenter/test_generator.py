"""Checks of the command generator as a whole: its rows are valid, it is seeded, it is rich.

`python3 -m pytest models/segmenter`.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import check  # noqa: E402
from facts import Facts  # noqa: E402
import held_out  # noqa: E402
from generate import LANGUAGES, commands  # noqa: E402
from markup import gold, parse, segment, strip, tag, trim  # noqa: E402
from noise import lower, noisy, unpunctuated, upper  # noqa: E402
from stats import Statistics  # noqa: E402
from tables import Tables  # noqa: E402

DIGEST = "441055ed624b4f61a654f810ad5d8d0a0fd78e6a936658daff3746f01e16a97e"


@pytest.fixture(scope="module")
def rows():
    return [row for seed in (1, 2, 3, 4) for row in commands(5000, seed)]


def test_rows_are_valid(rows):
    assert len(rows) == 20_000
    for row in rows:
        assert check.faults(row) == [], row


def test_same_arguments_give_the_same_bytes(rows):
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows[:2000])
    assert lines == "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in list(commands(5000, 1))[:2000])
    # Changes with the tables and the grammar: then the trained model is made again.
    assert hashlib.sha256(lines.encode("utf-8")).hexdigest() == DIGEST


def test_seeds_and_languages_differ():
    assert list(commands(50, 1)) != list(commands(50, 2))
    for code in ("en", "tr"):
        assert {row["language"] for row in commands(50, 1, code)} == {code}


def test_spread(rows):
    statistics = Statistics()
    for row in rows:
        statistics.add(row)
    for code, summary in statistics.summary().items():
        types = {kind: share for kind, share in summary["types"].items() if kind != "None"}
        assert len(types) == 8 and all(0.06 < share < 0.25 for share in types.values()), (code, types)
        assert 0.15 < summary["dependencies"]["data"] < 0.45
        assert 0.08 < summary["dependencies"]["sequence"] < 0.3
        assert all(str(n) in summary["actions_a_command"] for n in range(13))
        assert summary["distinct"]["targets_and_queries"] > 8000
        assert set(summary["parameters"]) == set(check.PARAMETERS)


def test_connectors_of_the_guideline_occur(rows):
    seen = {s["connector"].casefold() for row in rows for s in row["segments"] if s["connector"]}
    for word in ("and", "then", "also", "and then", "after that", "finally", "otherwise", "first", "after", "once you've", "ve", "sonra", "ardından", "ayrıca",
                 "önce", "ilk olarak", "son olarak", "aksi halde", "bitince", "-ıp", "-ip", "-up", "-üp", "-ınca", "-ince"):
        assert word in seen, word


@pytest.mark.parametrize("damage, fault", [
    (lambda s: s.update(content="x"), "content is not the text"), (lambda s: s.update(type="other"), "type"),
    (lambda s: s.update(depends_on=[1], dependency_kind="data"), "depends_on"), (lambda s: s.update(dependency_kind="data"), "dependency_kind"),
    (lambda s: s.update(connector="and"), "connector"), (lambda s: s.update(parameters={"target": "y"}), "parameter"),
    (lambda s: s.update(end=99), "span"), (lambda s: s.update(start=s["start"] - 1, content=" " + s["content"]), "trimmed"),
])
def test_the_check_finds_faults(damage, fault):
    row = gold(" " + segment("find " + tag("query", "the file")) + ".", "en", [("search", [], None)])
    assert check.faults(row) == []
    damage(row["segments"][0])
    assert any(fault in f for f in check.faults(row)), check.faults(row)


def test_dependencies():
    facts = Facts()
    for refs, order, depends, why in (((), "none", [], None), ((0,), "none", [1], "data"), ((), "next", [2], "sequence"), ((0,), "next", [3], "data"),
                                      ((), "none", [], None), ((2,), "next", [3, 5], "data"), ((), "last", [4, 6], "sequence"), ((), "otherwise", [4, 6], "sequence")):
        facts.add("open", refs, order)
        assert facts.rows[-1][1:] == (depends, why)


def test_marks_and_trimming():
    text, segments = parse(segment("open " + tag("target", "a " + tag("title", "b"))))
    assert (text, segments[0]["parameters"]) == ("open a b", [("title", (7, 8)), ("target", (5, 8))])
    assert trim("  “.heic” 80 %. ", 0, 16) == (3, 12)
    with pytest.raises(ValueError):
        parse(segment("a") + tag("target", "b")[:-1])


def test_noise_keeps_marks_and_the_words_of_both_languages():
    import random
    assert lower("IŞIK İzin", "tr") == "ışık izin" and upper("ışık izin", "tr") == "IŞIK İZİN" and lower("IT", "en") == "it"
    assert unpunctuated("Find it, v2.1.0 at 10.30. Dr. Lee", random.Random(1)) == "Find it v2.1.0 at 10.30. Dr Lee"
    marked = segment("find " + tag("query", "the old invoices of the company")) + ". Thanks"
    for seed in range(300):
        row = gold(noisy(marked, "en", random.Random(seed), ["🙂"]), "en", [("search", [], None)])
        assert check.faults(row) == []
        assert list(row["segments"][0]["parameters"]) == ["query"]


def words(text):
    return set(re.findall(r"\w+", text.lower()))


def test_what_is_learned_from_is_not_what_is_measured_on():
    """No request of the tables is a segment of the held-out commands, or nearly (Jaccard index of their words)."""
    measured = [words(s["content"]) for row in held_out.rows() for s in row["segments"]]
    assert len(measured) > 100
    for code in LANGUAGES:
        tables = Tables(code)
        written = [f"{verb} {strip(rest)}" for requests in tables.requests.values() for verb, rest in requests]
        written += [s["content"] for marked, facts in tables.commands for s in gold(marked, code, facts)["segments"]]
        assert len(written) > 400
        for text in written:
            own = words(text)
            near = [other for other in measured if len(other) > 2 and len(own & other) >= 0.6 * len(own | other)]
            assert not near, (text, near)


def test_requests_that_nobody_annotated_have_no_parameters(rows):
    bare = [s for row in rows for s in row["segments"] if s["parameter_spans"] is None]
    assert len(bare) > 1000 and not any(s["parameters"] for s in bare)
    assert sum(s["type"] is None for s in bare) < len(bare) / 20
