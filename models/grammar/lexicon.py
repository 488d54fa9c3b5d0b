"""Reads the tables of words under data/ and decides what is held out for validation.

A held-out item (verb, noun or frame) is one of those with the lowest SHA-256 within its group, so that
adding an item moves few others.
"""

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).parent / "data"
TYPES = ("search", "create", "analyze", "open", "transform", "execute", "summarize", "schedule")
HELD_VERBS = 0.15
HELD_NOUNS = 0.2
HELD_FRAMES = 0.25
# Verbs that mean nothing without their object: the whole phrase is the verb that is held out.
LIGHT = {
    "en": {"make", "do", "give", "take", "get", "set", "put", "run", "write", "create", "find", "check", "prepare", "send",
           "build", "draft", "show", "list", "open", "add", "move", "change", "book", "schedule", "plan", "remind",
           "generate", "summarize", "analyze", "search", "convert", "delete", "save", "have", "go", "pull", "tell", "ask"},
    "tr": {"et", "yap", "al", "ver", "çıkar", "oluştur", "hazırla", "yaz", "bul", "ara", "getir", "at", "gönder", "ekle",
           "planla", "özetle", "göster", "aç", "kur", "değiştir", "güncelle", "kontrol", "belirle", "ayarla", "koy", "git",
           "çek", "topla", "incele", "listele", "kaydet", "sil", "çevir", "hatırlat", "bak", "ol", "gel", "söyle"},
}


@dataclass
class Verb:
    """A verb phrase with slots, the classes of its object and its weight among those of its type."""
    type: str
    classes: list
    pattern: str
    weight: float
    held: bool = False


@dataclass
class Language:
    """The tables of one language."""
    code: str
    verbs: dict
    nouns: dict
    frames: list
    held_nouns: dict
    held_frames: set = field(default_factory=set)
    ambiguous: set = field(default_factory=set)


def lines(name, folder=DATA):
    for line in (folder / name).read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            yield line


def held_out(items, share):
    """The items of lowest hash, about `share` of them, at least one."""
    unique = sorted(set(items), key=lambda item: hashlib.sha256(item.encode("utf-8")).hexdigest())
    return set(unique[:max(1, math.floor(len(unique) * share))])


def words_of(pattern):
    return [w for w in pattern.split() if "{" not in w]


def verb_key(code, pattern):
    words = words_of(pattern)
    word = words[0] if code == "en" else words[-1].rstrip("~")
    return " ".join(words) if word in LIGHT[code] else word


def read_verbs(code, folder=DATA):
    verbs, kind = {t: [] for t in TYPES}, None
    for line in lines(f"verbs_{code}.txt", folder):
        if line.startswith("["):
            kind = line[1:-1]
            continue
        classes, _, phrases = line.partition("|")
        classes = [] if classes.strip() == "-" else classes.split()
        times = float(classes.pop(0)[1:]) if classes and classes[0][0] == "x" else 1.0
        for rank, phrase in enumerate(p.strip() for p in phrases.split(";")):
            # The tables put the commonest phrases first.
            verbs[kind].append(Verb(kind, classes, phrase, times / math.sqrt(4.0 + rank)))
    for entries in filter(None, verbs.values()):
        held = held_out([verb_key(code, v.pattern) for v in entries], HELD_VERBS)
        for v in entries:
            v.held = verb_key(code, v.pattern) in held
    return verbs


def ambiguous_patterns(verbs):
    """Phrases whose type shows in the object alone, as `{acc} ara`: they keep their object."""
    types = {}
    for kind, entries in verbs.items():
        for v in entries:
            types.setdefault(" ".join(words_of(v.pattern)), set()).add(kind)
    return {pattern for pattern, kinds in types.items() if len(kinds) > 1}


def read_nouns(code, folder=DATA):
    nouns = {}
    for line in lines(f"nouns_{code}.txt", folder):
        name, _, items = line.partition("|")
        nouns[name.strip()] = [item.strip() for item in items.split(";")]
    return nouns


def read(code):
    """The tables of `en` or `tr`."""
    nouns = read_nouns(code)
    frames = []
    for line in lines(f"frames_{code}.txt"):
        weight, _, frame = line.partition("|")
        frames.append((float(weight.strip().lstrip("!")), frame.strip(), weight.startswith("!")))
    verbs = read_verbs(code)
    return Language(
        code, verbs, nouns, frames,
        held_nouns={name: held_out(items, HELD_NOUNS) for name, items in nouns.items()},
        held_frames=held_out([frame for _, frame, both in frames if not both], HELD_FRAMES),
        ambiguous=ambiguous_patterns(verbs),
    )
