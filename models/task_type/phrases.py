"""Composes sentences from the tables: arguments, verb phrases, frames."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from grammar import english, turkish  # noqa: E402
from grammar.lexicon import TYPES, words_of  # noqa: E402

SLOT = re.compile(r"\{([a-z0-9]+)(?:\.([a-z]+))?\}")
# An English phrase with slots still asks for its object after one of these.
OPEN_END = re.compile(r"( (for|of|to|in|with|about|from|at|saved)|\{num\})$")
CASES = frozenset(turkish.CASES)
# What people ask for is not spread evenly; "any other action" is execute.
TYPE_WEIGHTS = {"search": 1.2, "create": 1.2, "analyze": 1.2, "open": 0.9, "transform": 1.4, "execute": 2.0,
                "summarize": 0.9, "schedule": 1.1}
QUESTIONS_IN_SEARCH = 0.2
LITERAL_CLASSES = {"file", "doc", "data", "code", "image"}
STEMS = ("report", "data", "sales_2024", "budget", "users", "rapor", "satis", "log", "main", "config", "test", "index",
         "customers", "musteriler", "notes", "image1", "IMG_2031", "backup", "invoice-118", "plan", "model", "app", "orders")
ENDINGS = (".pdf", ".csv", ".xlsx", ".docx", ".txt", ".json", ".py", ".log", ".jpg", ".png", ".sql", ".zip", ".md", ".rs", ".mp4")
PATHS = ("/var/log/app.log", "src/utils.py", "~/Documents", "C:\\temp", "orders_2023", "parse_date()", "https://example.com",
         "public.users", "feature/login", "v2.1.0", "*.jpg", "192.168.1.10", "#4521", "INV-2024-17")
VARIABLES = ("{customer_id}", "{dosya}", "<file>", "{url}", "{email}", "<ad>", "{project}", "{tarih}", "$PATH", "{{name}}")


@dataclass
class Part:
    """Which items a sentence may use: None for all, False for those kept for training, True for those held out."""
    held_nouns: object = None
    held_frames: object = None
    held_verbs: object = None


class Composer:
    """Sentences of one language from one part of the tables."""

    def __init__(self, language, part, rng):
        self.language, self.part, self.rng = language, part, rng
        self.turkish = language.code == "tr"
        self.nouns = {name: self.allowed(items, language.held_nouns[name], part.held_nouns)
                      for name, items in language.nouns.items()}
        frames = [f for f in language.frames
                  if f[2] or part.held_frames is None or (f[1] in language.held_frames) == part.held_frames]
        self.frames, self.frame_weights = [f[1] for f in frames], [f[0] for f in frames]
        self.verbs = {t: [v for v in language.verbs[t] if part.held_verbs is None or v.held == part.held_verbs] for t in TYPES}
        self.verb_weights = {t: [v.weight for v in self.verbs[t]] for t in TYPES}

    @staticmethod
    def allowed(items, held, want):
        return items if want is None else [i for i in items if (i in held) == want]

    def chance(self, p):
        return self.rng.random() < p

    def literal(self):
        roll = self.rng.random()
        if roll < 0.65:
            return self.rng.choice(STEMS) + self.rng.choice(ENDINGS)
        return self.rng.choice(PATHS) if roll < 0.85 else self.rng.choice(VARIABLES)

    # ------------------------------------------------------------ arguments

    def argument(self, name, case="nom", plain=False):
        if name == "time" and case == "dat":
            name = "timedat"
        if name not in self.nouns:
            raise ValueError(f"unknown class {name!r}")
        if name in LITERAL_CLASSES and self.chance(0.08):
            return self.decline_literal(self.literal(), case)
        if name == "num" and self.chance(0.3):
            return str(self.rng.randrange(1, 400))
        noun = self.rng.choice(self.nouns[name])
        if noun.startswith("="):
            if not self.turkish or case == "nom" or name == "field" or (name == "data" and case == "acc"):
                return noun[1:]
            fixed = [n for n in self.nouns[name] if not n.startswith("=")]
            noun = self.rng.choice(fixed) if fixed else noun
            if noun.startswith("="):
                return noun[1:]
        return self.turkish_noun(noun, name, case, plain) if self.turkish else self.english_noun(noun, plain)

    def decline_literal(self, text, case):
        if not self.turkish or case == "nom" or self.chance(0.3):
            return text
        if self.chance(0.4):
            return text + " " + turkish.inflect("dosyası+", case)
        return turkish.inflect(text + "'", case)

    def turkish_noun(self, noun, name, case, plain):
        if name not in ("person", "place", "fmt", "lang") and self.chance(0.3):
            noun = turkish.plural(noun)
        text = turkish.inflect(noun, case)
        if noun.endswith("'") and self.chance(0.2):
            text = text.replace("'", "")
        if plain or name in ("person", "place", "fmt", "lang", "app"):
            return text
        if self.chance(0.25):
            text = self.rng.choice(self.nouns["adj"]) + " " + text
        if self.chance(0.15):
            text = self.modifier("pre") + " " + text
        return text

    def english_noun(self, noun, plain):
        many = self.chance(0.35)
        adjective = self.rng.choice(self.nouns["adj"]) + " " if self.chance(0.25) else ""
        text = adjective + (english.plural(noun) if many else noun)
        articles = ("", "the", "the", "all", "my", "these", "our", "all the") if many else ("the", "the", "a", "my", "this", "our", "the", "")
        article = self.rng.choice(articles)
        if article == "a" and text[0] in "aeiou":
            article = "an"
        text = (article + " " + text).strip()
        return text + " " + self.modifier("post") if not plain and self.chance(0.18) else text

    def modifier(self, name):
        """A phrase that modifies a noun; a relative clause with another action now and then."""
        if self.turkish and self.chance(0.25):
            return self.action_of(self.any_type(), nested=True, plain=True)(self.rng.choice(("dik", "digin")))
        return self.fill(self.rng.choice(self.nouns[name]), plain=True)

    def fill(self, text, plain=True, o=None):
        def slot(match):
            name, form = match.group(1), match.group(2)
            if name == "o" or name in CASES and name not in self.nouns:
                return o(name)
            if name in ("vp", "ving", "ved", "vp2", "ving2"):
                return self.nested(name, form)
            return self.argument(name, form or "nom", plain)
        return SLOT.sub(slot, text)

    # ------------------------------------------------------------ actions

    def any_type(self):
        return self.rng.choices(TYPES, [TYPE_WEIGHTS[t] for t in TYPES])[0]

    def nested(self, name, form):
        action = self.action_of(self.any_type(), nested=True, plain=True)
        if self.turkish:
            return action(form or "imp")
        return action({"ving": "ing", "ving2": "ing", "ved": "ed"}.get(name, "base"))

    def pick_verb(self, kind, nested):
        while True:
            verb = self.rng.choices(self.verbs[kind], self.verb_weights[kind])[0]
            # An action within an action has none in it again.
            if not nested or not re.search(r"\{(vp|ving|q|cond)", verb.pattern):
                return verb

    def action_of(self, kind, nested=False, plain=False):
        """An action of a type: a function from a form of its verb to text."""
        verb = self.pick_verb(kind, nested)
        clear = " ".join(words_of(verb.pattern)) not in self.language.ambiguous
        bare = clear and self.chance(0.05)
        objects = {}

        def o(case):
            if case not in objects:
                objects[case] = self.argument(self.rng.choice(verb.classes), case if self.turkish else "nom", plain)
            return objects[case]

        pattern = verb.pattern
        if self.turkish:
            if verb.classes and not SLOT.search(pattern):
                pattern = pattern if bare else "{acc} " + pattern
            *head, stem = pattern.split(" ")
            text = self.fill(" ".join(head), plain, o)
            soft, stem = stem.endswith("~"), stem.rstrip("~")

            def speak(form):
                prefix = text + " " if text else ""
                if form in ("dik", "digin"):
                    suffix = "DIğIm" if form == "dik" else "DIğIn"
                    return prefix + turkish.join(stem, suffix, soft=soft)
                return prefix + turkish.conjugate(stem, form, soft)
            return speak
        if verb.classes and "{o}" not in pattern and not bare:
            if not SLOT.search(pattern) or OPEN_END.search(pattern):
                pattern += " {o}"
        text = self.fill(pattern, plain, o)
        return lambda form: english.inflect(text, form)

    def sentence(self, kind):
        """One request of a type."""
        if kind == "search" and self.chance(QUESTIONS_IN_SEARCH):
            question = self.rng.choice(self.nouns["question"])
            return self.fill(question, o=lambda c: self.argument("place", c if c in CASES else "nom"))
        frame = self.rng.choices(self.frames, self.frame_weights)[0]
        action = self.action_of(kind)

        def slot(match):
            name, form = match.group(1), match.group(2)
            if name == "vp":
                return action(form or "base")
            if name in ("ving", "ved"):
                return action({"ving": "ing", "ved": "ed"}[name])
            return self.fill(match.group(0))
        return SLOT.sub(slot, frame)
