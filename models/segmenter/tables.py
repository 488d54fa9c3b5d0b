"""Reads the tables of the command generator: those of grammar/data, less what is excluded, and its own under data/."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from grammar import lexicon
from markup import UNANNOTATED, notation, tag, written

DATA = Path(__file__).parent / "data"
QUESTIONS = {"what", "what's", "who", "where", "how", "when", "which", "is"}
OWN_SHARE = 0.35  # how often an action comes from the everyday tables


@dataclass
class Weighted:
    """Items with weights, chosen by a given generator of random numbers."""
    items: list = field(default_factory=list)
    weights: list = field(default_factory=list)

    def add(self, item, weight):
        self.items.append(item)
        self.weights.append(weight)

    def pick(self, rng):
        return rng.choices(self.items, self.weights)[0]


def rows(name):
    """The fields of a table's lines."""
    for line in lexicon.lines(name, DATA):
        yield [part.strip() for part in line.split(" | ")]


def listed(name):
    """`[section]` → its lines."""
    out, current = {}, None
    for line in lexicon.lines(name, DATA):
        if line.startswith("["):
            current = out.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return out


def sections(name):
    """`[section]` → {key: phrases} of a table of references."""
    out, current = {}, None
    for line in lexicon.lines(name, DATA):
        if line.startswith("["):
            current = out.setdefault(line[1:-1], {})
        else:
            key, _, phrases = line.partition(" | ")
            current[key] = [notation(p.strip()) for p in phrases.split(";")]
    return out


def split_verb(code, text):
    """(verb, the rest with a mark) of a request; the verb stands first in English, last in Turkish."""
    verb, rest = text.split(" ", 1) if code == "en" else reversed(text.rsplit(" ", 1))
    return verb, tag(UNANNOTATED, rest)


def requests(code, lines):
    """type → requests as (verb, the rest with a mark); a question has no verb."""
    out = {}
    for kind in lexicon.TYPES:
        whole = [line.endswith(".") or line.split(" ")[0] in QUESTIONS for line in lines[kind]]
        out[kind] = [("", tag(UNANNOTATED, line.rstrip("."))) if w else split_verb(code, line) for line, w in zip(lines[kind], whole)]
    return out


def utterances(lines):
    """(type or None, text with a mark) of lines of type | text."""
    pairs = (line.rstrip("\n").split(" | ", 1) for line in lines)
    return [(kind if kind != "?" else None, tag(UNANNOTATED, text)) for kind, text in pairs]


def weighted(name):
    """kind → weighted phrases of a table of kind | weight | phrase."""
    out = {}
    for kind, weight, phrase in rows(name):
        out.setdefault(kind, Weighted()).add(notation(phrase), float(weight))
    return out


class Tables:
    """Everything one language says. Nouns by class, verbs by type, connectors by (order, place), and the rest by kind."""

    def __init__(self, code):
        self.code = code
        excluded = {"nouns": set(), "verbs": []}
        for kind, text in rows(f"excluded_{code}.txt"):
            if kind == "nouns":
                excluded["nouns"] |= {item.strip() for item in text.split(";")}
            else:
                excluded["verbs"].append(re.compile(text))
        shared = lexicon.read(code)
        self.nouns = {name: [n for n in items if n not in excluded["nouns"]] for name, items in shared.nouns.items()}
        self.nouns |= {name: [notation(n) for n in items] for name, items in lexicon.read_nouns(code, DATA).items()}
        self.verbs = {}
        for kind in lexicon.TYPES:
            kept = [v for v in shared.verbs[kind] if not any(x.search(v.pattern) for x in excluded["verbs"]) and not self.bare(v)]
            self.verbs[kind] = [self.prepared(v) for v in kept]
        own = lexicon.read_verbs(code, DATA)
        self.own_verbs = {kind: [self.prepared(v) for v in own[kind]] for kind in lexicon.TYPES}
        self.sentences = {kind: [] for kind in lexicon.TYPES}
        for kind, text in rows(f"sentences_{code}.txt"):
            self.sentences[kind].append(text)
        self.sentences["search"] += [q.rstrip("?") for q in self.nouns["question"]]
        lines = listed(f"written_{code}.txt")
        self.requests = requests(code, lines)
        self.conditions, self.statements = lines["condition"], lines["statement"]
        self.around = weighted(f"around_{code}.txt")
        self.utterances = []
        self.commands = [written(line) for line in lexicon.lines(f"commands_{code}.txt", DATA)]
        self.refs = sections(f"refs_{code}.txt")
        self.edges, self.extras = weighted(f"edges_{code}.txt"), weighted(f"extras_{code}.txt")
        self.connectors = {}
        for order, places, weight, words in rows(f"connectors_{code}.txt"):
            for place in places:
                self.connectors.setdefault((order, place), Weighted()).add(words, float(weight))
        self.literals = {kind: items.split("; ") for kind, items in rows("literals.txt")}

    def bare(self, verb):
        """A Turkish verb alone, without an object of its own: it points back at something."""
        words = [w for w in verb.pattern.split() if "{" not in w]
        return self.code == "tr" and not verb.classes and len(words) < 2 and not re.search(r"\{(vp|q|person)", verb.pattern)

    def prepared(self, verb):
        """Where a phrase of grammar/data asks for a time, a bare one after a preposition; its condition with its conjunction."""
        pattern = notation(verb.pattern)
        if self.code == "en":
            pattern = re.sub(r"\b(for|to|until|before|by) \{time\}", r"\1 {when}", pattern)
            pattern = pattern.replace("at {time}", "at {clock}").replace("block {time}", "block {when}")
            pattern = re.sub(r"\b(when|if) \{cond\}", r"{\1cond}", pattern)
        else:
            pattern = pattern.replace("{time} için", "{when} için").replace("{time} olarak", "{when} olarak")
            pattern = pattern.replace("{time.dat}", "{timedat}")
        return lexicon.Verb(verb.type, verb.classes, pattern, verb.weight)
