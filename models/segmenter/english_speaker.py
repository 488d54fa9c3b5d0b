"""English actions as marked text."""

import re

from grammar import english
from markup import tag
from speaker import FLEETING, LITERAL_CLASSES, PERSONS, PLACES, SLOT, Action, Speaker, Thing
from grammar.lexicon import TYPES, Verb

# An English phrase with slots still asks for its object after one of these.
CUT = re.compile(r" (?:of|that|which|in|to|from|near|close|between|with|about|by|at|for|on) ")
OPEN_END = re.compile(r"( (for|of|to|in|with|about|from|at|by|saved|where|who|color)|\{num\}|packs of)$")
# After these a noun has no article of its own.
DETERMINED = re.compile(r"(\b(a|an|all|every|some|new|blank|sample|detailed|polished|short|current|cheapest|latest|available|only|first|good)|"
                        r"'s|s'|\{num\})$")
ARTICLE = re.compile(r"^(every single one of the|all the|all|the|an|a|my|our|this|these|another|both) ")
TO_PLACE = {"to", "into", "on", "in", "onto"}
PRONOUNS = {True: ("them", "them", "them", "these", "those"), False: ("it", "it", "it", "it", "this", "that")}
MARKED = re.compile(r"[\ue000-\ue0ff]")
# Classes that are what a sentence is about.
NAMED = {"song", "artist", "movie", "book", "genre", "flight", "hotel", "grocery"}
# The object of a phrase that has no slot for one: from its first determiner to a preposition or a verb.
FIXED = re.compile(r"\b((?:the|a|an|my|this|today's|yesterday's|some|more|directions|notes|slides|someone|people)\b"
                   r"(?:(?! (?:for|to|from|on|in|at|by|about|called|named|titled|saying|with|out|off|is|are|has|have|was|will|between|near|up) )[^{}\ue000-\ue0ff])*(?<! ))")
FILED = {"fmt": "format", "lang": "language", "title": None}


class English(Speaker):
    """Forms: base, ing, ed (the past participle)."""
    plain_form = "base"

    def head(self, noun):
        return CUT.split(MARKED.sub("", noun).lstrip("="))[0].split()[-1].strip('"')

    # ------------------------------------------------------------ arguments

    def noun(self, cls, plain=False, one=False):
        """(text, thing) of a new noun phrase."""
        if cls in LITERAL_CLASSES and self.chance(0.1):
            text, head = self.literal()
            return text, Thing(cls, False, head if cls != "file" else "file")
        noun = self.item(cls)
        if noun.startswith("="):
            text = self.fill(noun[1:])
            more = self.coordinated(text, cls, plain)
            return more, Thing(cls, more != text or MARKED.sub("", text).endswith("s"), self.head(noun))
        many = not one and self.chance(0.4) and " that " not in noun and " which " not in noun
        word = english.plural(noun) if many else noun
        thing = Thing(cls, many, word)
        if not plain and self.chance(0.05) and " " not in noun:
            return f"the {self.choose(self.tables.nouns['adj'])} and {self.choose(self.tables.nouns['adj'])} {english.plural(noun)}", thing
        if self.chance(0.3):
            word = self.choose(self.tables.nouns["adj"]) + " " + word
        if many and self.chance(0.12):
            count = self.choose(self.tables.nouns["numadj"])
            text = ("the " if count.split()[0] in ("last", "first", "top", "next", "other") else "") + count + " " + word
        else:
            articles = ("", "the", "the", "all", "my", "these", "our", "all the", "every single one of the") if many else (
                "the", "the", "a", "my", "this", "our", "the", "", "another")
            article = self.choose(articles)
            if article in ("a", "another") and word[0] in "aeiouAEIOU":
                article = {"a": "an"}.get(article, article)
            text = (article + " " + word).strip()
        if not plain and self.chance(0.06):
            text += f" {self.choose(('named', 'called', 'titled'))} {self.title()}"
        elif not plain and self.chance(0.16):
            text += " " + self.fill(self.choose(self.tables.nouns["post"]))
        more = self.coordinated(text, cls, plain)
        thing.many |= more != text
        return more, thing

    def coordinated(self, text, cls, plain):
        """Now and then with another noun of the class: a coordination that is not split."""
        if plain or not self.chance(0.09) or cls in ("time", "when", "num", "every", "clock", "date"):
            return text
        other = self.noun(cls, plain=True)[0]
        roll = self.rng.random()
        if roll < 0.7:
            return f"{text} and {other}"
        if roll < 0.85:
            return f"both {text} and {other}"
        return f"{text}, {self.noun(cls, plain=True)[0]} and {other}"

    def fill(self, text, o=None, kind=None, plain=True):
        """The pattern with its slots filled; with a kind, the slots are parameters."""
        def slot(match):
            name, before = match.group(1), text[:match.start()].split()[-1:]
            before = MARKED.sub("", before[0]) if before else ""
            if name == "o":
                return o()
            if name in ("vp", "ving", "ved"):
                said = self.plain(self.action(self.any_type(), nested=True), {"vp": "base"}.get(name, name[1:]))
                return tag("target", said) if kind == "schedule" or kind == "execute" and before == "to" else said
            if name in ("ifcond", "whencond"):
                return tag("condition", name[:-4] + " " + self.noun("cond", plain=True)[0])
            if name.endswith("2"):
                return self.choose(self.tables.nouns[name[:-1]]).lstrip("=").strip()
            if name == "title":
                return self.choose(self.tables.nouns["title"])
            if name == "file" and before in ("named", "called"):
                return tag("title", self.noun(name, plain=True)[0]) if kind else self.noun(name, plain=True)[0]
            said = self.noun(name, plain=True)[0]
            return tag(self.role(name, before, kind), said) if kind and self.role(name, before, kind) else said
        return SLOT.sub(slot, text)

    def role(self, cls, before, kind):
        if cls in PERSONS:
            return "recipient" if before in ("to", "with") or kind == "execute" and before not in ("from", "of", "by", "at") else None
        if cls in FILED:
            return FILED[cls]
        if cls in NAMED:
            return "target"
        if cls in ("playlist", "q"):
            return {"playlist": "destination"}.get(cls, "query" if kind == "search" else "target")
        if cls in PLACES and before in TO_PLACE:
            return "source" if kind == "search" else "destination"
        return "source" if cls in PLACES and before == "from" else None

    # ------------------------------------------------------------ actions

    def spoken(self, verb, phrase):
        """An action of a verb whose object is the given phrase."""
        pattern = verb.pattern
        role = self.object_role(verb.type, "person" if phrase in ("him", "her") else verb.classes[0] if verb.classes else "")
        if phrase and "{o}" not in pattern:
            pattern += " {o}"
        elif not phrase and verb.type != "search":
            pattern = FIXED.sub(lambda m: tag("target", m[0]), pattern, count=1)
        elif not phrase:
            pattern = re.sub(r"^(\w+(?: (?:out|up|for|me))?) (.+)$", lambda m: m[1] + " " + tag("query", m[2]), pattern)
        text = self.fill(pattern, lambda: tag(role, phrase), verb.type)
        text = re.sub(r"^(remind|show|give|get|wake|text|tell|email|find|bring|send|book|play) me\b",
                      lambda m: f"{m[1]} {tag('recipient', 'me')}" if m[1] in ("remind", "text", "tell", "email", "send", "wake") else m[0], text)
        return lambda form: english.inflect(text, form)

    def inflected(self, verb, rest):
        return lambda form: english.inflect(f"{verb} {rest}", form)

    def takes_object(self, verb):
        return bool(verb.classes) and ("{o}" in verb.pattern or not SLOT.search(verb.pattern) or bool(OPEN_END.search(verb.pattern)))

    def action(self, kind, nested=False, verb=None, cls=None):
        """A new action of a type, on a new thing."""
        verb = verb or self.pick_verb(kind, nested)
        if not self.takes_object(verb):
            return Action(kind, self.spoken(verb, ""))
        cls = cls or self.choose(verb.classes)
        determined = DETERMINED.search(verb.pattern.split(" {o}")[0])
        phrase, thing = self.noun(cls, plain=nested, one=bool(determined) and determined[1] not in ("all", "some", "only", "good"))
        if determined:
            phrase = ARTICLE.sub("", phrase)
        if not nested:
            self.used.add(thing.head)
        role_verb = Verb(verb.type, [cls], verb.pattern, 1.0)
        return Action(kind, self.spoken(role_verb, phrase), thing)

    def simple(self, pattern):
        """A phrase whose object stands at its end."""
        return not SLOT.search(pattern) or pattern.endswith("{o}")

    def shared(self):
        """`download and install the app`: two actions on one object, said once."""
        cls = self.choose(("file", "doc", "data", "app", "msg", "code", "svc", "song", "image"))
        first = self.verb_for(cls, lambda p: "{" not in p and " " not in p)
        if first is None:
            return None
        cls = self.choose([c for c in first.classes if c not in FLEETING] or first.classes)
        second = self.verb_for(cls, lambda p: "{" not in p and p != first.pattern and p.count(" ") < 2)
        if second is None:
            return None
        a = Action(first.type, lambda form: english.inflect(first.pattern, form), Thing(cls, False, ""))
        b = self.action(second.type, verb=second, cls=cls)
        return a, b

    def again(self, thing, kind, how):
        """An action on what an earlier one, of a type, was about: how is one of pronoun, head, result, part, some, derived, each."""
        refs, many = frozenset((thing.source,)), thing.many
        tables = self.tables.refs
        new = Thing(thing.cls, many, thing.head, thing.source)
        if how in ("derived", "each"):
            verb = Verb("create", ["doc"], self.choose(tables["makes"]["any"]), 1.0)
            if how == "derived":
                phrase = self.choose(tables["derived"]["any"])
                new = Thing("doc", False, phrase.split(" ", 1)[-1].split(" with ")[0].split(" of ")[0].split(" about ")[0].split(" based ")[0])
            else:
                phrase, new = self.noun("artifact", plain=True)
                phrase += " " + self.choose(("for each", "for each of them", "for each one") if many else ("for it", "from it", "based on it"))
            return Action(verb.type, self.spoken(verb, phrase), new, refs)
        cls = thing.cls
        if how == "pronoun":
            phrase = self.choose(PRONOUNS[many])
            if cls in PERSONS:
                phrase = self.choose(("him", "her", "them"))
        elif how == "head":
            if not thing.head.islower():
                return None
            phrase = self.choose(("the", "the", "this", "that") if not many else ("the", "the", "these", "those")) + " " + thing.head
        else:
            table = tables[how]
            options = table.get(kind if how == "result" else cls) or table.get("doc" if cls in LITERAL_CLASSES else cls)
            if not options:
                return None
            phrase = self.fill(self.choose(options))
            plural = phrase.split(" of ")[0].endswith("s") or " ones" in phrase
            new = Thing("data" if how != "some" else cls, plural, self.head(phrase))
            if how == "result":
                cls = "doc" if kind in ("summarize", "create") else "data"
            elif how == "part":
                cls = "data" if cls not in ("doc", "msg") else "doc"
        verb = self.verb_for(cls, self.fits, [k for k in TYPES if k != "create"])
        if verb is None:
            return None
        role_verb = Verb(verb.type, [cls], verb.pattern, 1.0)
        return Action(verb.type, self.spoken(role_verb, phrase), new, refs)

    @staticmethod
    def fits(pattern):
        """Whether a phrase can take what is named again."""
        if re.search(r"^(list the names|get|tell|collect)| me$|\{o\} with", pattern) or DETERMINED.search(pattern.split(" {o}")[0]):
            return False
        return not SLOT.search(pattern) or "{o}" in pattern or bool(OPEN_END.search(pattern))

    def plain_noun(self, cls):
        return MARKED.sub("", self.noun(cls, plain=True)[0])
