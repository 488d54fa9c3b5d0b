"""What both languages share in saying an action: choosing verbs, objects and their parameters, and naming earlier things again."""

import re
from dataclasses import dataclass

from grammar.lexicon import TYPES
from markup import strip, tag
from tables import OWN_SHARE, split_verb

SLOT = re.compile(r"\{([a-z0-9]+)(?:\.([a-z]+))?\}")
TYPE_WEIGHTS = {"search": 1.2, "create": 1.1, "analyze": 1.2, "open": 1.1, "transform": 1.3, "execute": 1.6, "summarize": 0.8, "schedule": 1.0}
LITERAL_CLASSES = {"file", "doc", "data", "code", "image"}
PERSONS = {"person", "contact"}
PLACES = {"app", "place", "file", "doc", "msg", "ticket", "playlist", "data", "svc", "code", "event"}
# What a later action does not name again.
FLEETING = PERSONS | {"place", "city", "party", "genre", "service", "cinema", "alarm", "chat", "mode", "device", "grocery", "dish"}
# Types that use a thing without changing it or making another.
KEEPING = {"execute", "schedule", "open"}
# Phrases with a format, a language, a source or a recipient are preferred now and then: they are few.
RICH = re.compile(r"\{(fmt|lang)|\{(app|svc|place|person)\.(abl|dat)|(to|from|with) \{(person|app|svc|place|file)")
RICH_SHARE = 0.1


@dataclass
class Thing:
    """What an action is about: its class of nouns, the word that names it again, and the segment that made it what it is."""
    cls: str
    many: bool
    head: str
    source: int = -1


@dataclass
class Action:
    """One action: its type, how it is said in a form of its verb, what it leaves behind, which segments it uses."""
    type: str
    say: object
    thing: Thing = None
    refs: frozenset = frozenset()
    fixed: bool = False  # a whole sentence: it has one form


class Speaker:
    """Actions of one language. `used` holds the head words of the command at hand, so that new things are new."""

    def __init__(self, tables, rng):
        self.tables, self.rng = tables, rng
        self.used = set()
        self.by_class, self.weights = {}, {}
        for kind in TYPES:
            for source in (tables.verbs, tables.own_verbs):
                for verb in source[kind]:
                    for cls in verb.classes:
                        self.by_class.setdefault(cls, {}).setdefault(kind, []).append(verb)
        both = {t: tables.verbs[t] + tables.own_verbs[t] for t in TYPES}
        self.rich = {t: [v for v in both[t] if RICH.search(v.pattern)] for t in TYPES}
        self.own_weights = {t: [v.weight for v in tables.own_verbs[t]] for t in TYPES}
        self.shared_weights = {t: [v.weight for v in tables.verbs[t]] for t in TYPES}

    def chance(self, p):
        return self.rng.random() < p

    def choose(self, items):
        return self.rng.choice(items)

    def any_type(self, among=TYPES):
        return self.rng.choices(among, [TYPE_WEIGHTS[t] for t in among])[0]

    # ------------------------------------------------------------ verbs

    def pick_verb(self, kind, nested=False):
        if self.rich[kind] and self.chance(RICH_SHARE):
            return self.choose(self.rich[kind])
        while True:
            own = self.chance(OWN_SHARE)
            source, weights = (self.tables.own_verbs, self.own_weights) if own else (self.tables.verbs, self.shared_weights)
            verb = self.rng.choices(source[kind], weights[kind])[0]
            if not nested or not re.search(r"\{(vp|ving|q|\w*cond)", verb.pattern):
                return verb

    def verb_for(self, cls, fits, kinds=TYPES):
        """A verb whose object is of a class, whose pattern fits; none when the tables have no such."""
        kinds = [k for k in kinds if self.by_class.get(cls, {}).get(k)]
        for _ in range(12):
            if not kinds:
                return None
            verbs = self.by_class[cls][self.any_type(kinds)]
            if self.chance(2 * RICH_SHARE):
                verbs = [v for v in verbs if RICH.search(v.pattern)] or verbs
            verb = self.rng.choices(verbs, [v.weight for v in verbs])[0]
            if fits(verb.pattern):
                return verb
        return None

    # ------------------------------------------------------------ nouns

    def literal(self):
        """(text, head) of a file name, an address, a code name or a variable."""
        words, roll = self.tables.literals, self.rng.random()
        if roll < 0.55:
            text = self.choose(words["stem"]) + self.choose(words["ending"])
        elif roll < 0.82:
            text = self.choose(words["path"])
        else:
            text = self.choose(words["variable"])
            name = text.strip("{}<>")
            return text.replace(name, tag("variables", name)), name
        return text, text

    def item(self, cls):
        """A noun of a class whose head is new to the command."""
        for _ in range(10):
            noun = self.choose(self.tables.nouns[cls])
            if self.head(noun) not in self.used:
                break
        return noun

    def title(self):
        quote = self.rng.choice(('""', '""', "''", "“”", "«»"))
        text = self.choose(self.tables.nouns["title"])
        return quote[0] + tag("title", text) + quote[1]

    def plain(self, action, form):
        """An action that is not asked for by itself: its words without parameters."""
        return strip(action.say(form))

    def object_role(self, kind, cls):
        if kind == "search":
            return "query"
        return "recipient" if cls in PERSONS and kind in ("execute", "schedule") else "target"

    def settle(self, action, index):
        """Says that the action is the segment of an index: what it made or changed comes from there."""
        thing = action.thing
        if thing is not None and (thing.source < 0 or action.type not in KEEPING):
            thing.source = index
        return action

    def sentence(self, kind):
        """A whole sentence that asks by itself, among them direct questions."""
        text = self.fill(self.choose(self.tables.sentences[kind]), kind=kind)
        if kind == "search":
            text = tag("query", strip(text))
        return Action(kind, lambda form: text, fixed=True)

    def request(self, kind):
        """A request that somebody wrote."""
        verb, rest = self.choose(self.tables.requests[kind])
        return Action(kind, self.inflected(verb, rest) if verb else lambda form: rest, fixed=not verb)

    def some_request(self):
        """(type, verb, the rest) of a written request with a verb."""
        while True:
            kind = self.any_type()
            verb, rest = self.choose(self.tables.requests[kind])
            if verb:
                return kind, verb, rest

    def around(self, kind):
        """A written request with its condition or purpose, or an action that holds requests which are not asked for."""
        kind = self.choose([k for k in (kind, "own") if k in self.tables.around])
        pattern = self.tables.around[kind].pick(self.rng)

        def held(slot):
            if slot[1] == "condition":
                return self.choose(self.tables.conditions)
            _, verb, rest = self.some_request()
            return strip(self.inflected(verb, rest)(slot[2] or self.plain_form))

        pattern = strip(self.fill(re.sub(r"\{(r|condition)(?:\.(\w+))?\}", held, pattern)))
        if kind == "own":
            kind, verb, rest = self.some_request()
            before, after = pattern.split("{R}")
            said = self.inflected(verb, rest)
            return Action(kind, lambda form: before + said(form) + after)
        return Action(kind, self.inflected(*split_verb(self.tables.code, pattern)))

    def utterance(self):
        """What somebody said to an assistant, all of it one request; its type may be unknown."""
        kind, text = self.choose(self.tables.utterances)
        return Action(kind, lambda form: text, fixed=True)

    def extra(self, kind):
        return self.fill(self.tables.extras[kind].pick(self.rng))

    def edge(self, place):
        return strip(self.fill(self.tables.edges[place].pick(self.rng)))
