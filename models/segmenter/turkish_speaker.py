"""Turkish actions as marked text."""

import re

from grammar import turkish
from grammar.lexicon import TYPES, Verb
from markup import connector, tag
from speaker import LITERAL_CLASSES, PERSONS, PLACES, SLOT, Action, Speaker, Thing

CASES = frozenset(turkish.CASES)
MARKED = re.compile(r"[\ue000-\ue0ff]")
PRONOUNS = {"bu": {"acc": "bunu", "dat": "buna", "loc": "bunda", "abl": "bundan", "gen": "bunun", "nom": "bu"},
            "bunlar": {"acc": "bunları", "dat": "bunlara", "loc": "bunlarda", "abl": "bunlardan", "gen": "bunların", "nom": "bunlar"},
            "onlar": {"acc": "onları", "dat": "onlara", "loc": "onlarda", "abl": "onlardan", "gen": "onların", "nom": "onlar"},
            "o": turkish.PRONOUN_O}
# A noun in the possessive that a genitive stands before: `durumunu`, `özetine`.
POSSESSED = re.compile(r"[\w-]+(n[ıiuü]|n[ae]|nd[ae]n?)$")
# After a bare noun: the head of a compound, not a postposition.
COMPOUND = re.compile(r"(?!hakkında|için|ile|ilgili|konusunda|üzerine|olarak|konulu|adına)\w+[ıiuü]$")
# Classes that are what a sentence is about.
NAMED = {"song", "artist", "movie", "book", "genre", "flight", "hotel", "grocery"}
# Classes whose nouns take adjectives, plurals and other words before them.
MODIFIED = {"file", "doc", "data", "msg", "app", "svc", "ticket", "event", "product", "money", "artifact", "image", "code"}
# After these a noun has no words of its own before it.
DETERMINED = re.compile(r"\b(bir|yeni|tüm|bütün|mevcut|güncel|kayıp|sıfırdan|adet|sayfalık|eklenen|bugünkü|örnek|otomatik|(en|ilk|son) \S+|"
                        r"geçen ayın) \{(nom|acc|gen)")


class Turkish(Speaker):
    """Forms: those of grammar.turkish; ip and inca carry the mark of the connector they are."""
    plain_form = "imp"

    def head(self, noun):
        bare = MARKED.sub("", noun).rstrip("~^+'").lstrip("=")
        return bare.split()[-1].strip('"') if bare else bare

    # ------------------------------------------------------------ arguments

    def noun(self, cls, plain=False, one=False):
        """(case → text, thing) of a new noun phrase."""
        if cls in LITERAL_CLASSES and self.chance(0.1):
            return self.file_name(cls)
        noun = self.item(cls)
        head = self.head(noun)
        if noun.startswith("="):
            text = self.fill(noun[1:])
            return (lambda case: text), Thing(cls, False, head)
        noun = self.fill(noun)
        many = noun.rstrip("+").endswith(("lar", "ler", "ları", "leri"))
        if cls in MODIFIED and not many and not one and self.chance(0.3):
            noun, many = turkish.plural(noun), True
        thing = Thing(cls, many, self.named_again(noun, many))
        before = ""
        if not plain and cls in MODIFIED:
            before = self.modifiers(many)
        apostrophe = not (noun.endswith("'") and self.chance(0.15))

        def said(case):
            text = before + turkish.inflect(noun, case)
            return text if apostrophe else text.replace("'", "")
        if not plain and cls not in ("time", "when", "num") and self.chance(0.08):
            thing.many = True
            return self.coordinated(said, cls), thing
        return said, thing

    @staticmethod
    def named_again(noun, many):
        """The word that names a marked noun again: `satış raporları+` → `raporlar`."""
        if noun.endswith("'"):
            return noun
        word = noun.split()[-1]
        if not many:
            return turkish.unpossessed(word.rstrip("+")) if word.endswith("+") else word
        return turkish.join(re.sub("l[ae]r[ıi]?$", "", word.rstrip("~^+")), "lAr")

    def modifiers(self, many):
        words = []
        if self.chance(0.06):
            return f"{self.title()} {self.choose(('adlı', 'başlıklı', 'isimli'))} "
        if self.chance(0.16):
            words.append(self.fill(self.choose(self.tables.nouns["pre"])))
        elif self.chance(0.1):
            words.append(self.choose(self.tables.nouns["det"]) if many else self.choose(("bu", "şu", "bizim")))
        if not many and self.chance(0.05):
            words.append(self.fill("{num}"))
        if self.chance(0.28):
            words.append(self.choose(self.tables.nouns["adj"]))
            if self.chance(0.12):
                words += ["ve", self.choose(self.tables.nouns["adj"])]
        return "".join(w + " " for w in words)

    def coordinated(self, said, cls):
        """With another noun of the class: only the last bears the case."""
        other = self.noun(cls, plain=True)[0]
        joint = self.choose((" ve ", " ve ", " ile "))
        if self.chance(0.15):
            third = self.noun(cls, plain=True)[0]
            return lambda case: said("nom") + ", " + other("nom") + " ve " + third(case)
        if self.chance(0.1):
            return lambda case: "hem " + said(case) + " hem " + other(case)
        if self.chance(0.3):
            return lambda case: said(case) + " ve " + other(case)
        return lambda case: said("nom") + joint + other(case)

    def file_name(self, cls):
        text, head = self.literal()
        if self.chance(0.5) or "{" in text or "<" in text:
            kind = self.choose(("dosyası+", "dosyası+", "belgesi+"))
            return (lambda case: text + " " + turkish.inflect(kind, case)), Thing(cls, False, "dosya")
        return (lambda case: text if case == "nom" else turkish.inflect(text + "'", case)), Thing(cls, False, head)

    def fill(self, text, o=None, kind=None, plain=True):
        """The pattern with its slots filled; with a kind, the slots are parameters."""
        def slot(match):
            name, form = match.group(1), match.group(2)
            if name in CASES:
                return o(name) if o else self.noun("place", plain=True)[0](name)
            if name == "vp":
                said = self.plain(self.action(self.any_type(), nested=True), form or "imp")
                return tag("target", said) if kind == "schedule" or kind == "execute" and form in ("masini", "masi") else said
            if name == "title":
                return self.choose(self.tables.nouns["title"])
            if name == "time" and form == "dat":
                name, form = "timedat", None
            said = self.noun(name, plain=True)[0](form or "nom")
            role = self.role(name, form, text[match.end():], kind) if kind else None
            return tag(role, said) if role else said
        return SLOT.sub(slot, text)

    def role(self, cls, case, after, kind):
        if cls in PERSONS:
            return "recipient" if case == "dat" or case is None and after.startswith(" ile ") and "paylaş" in after else None
        if cls in ("fmt", "lang"):
            return {"fmt": "format", "lang": "language"}[cls] if case != "abl" else None
        if cls in ("cond", "q"):
            return {"cond": "condition", "q": "query" if kind == "search" else "target"}[cls]
        if cls == "playlist":
            return "destination"
        if cls in NAMED:
            return "target"
        if cls in PLACES and case in ("dat", "loc"):
            return "source" if kind == "search" else "destination"
        return "source" if cls in PLACES and case == "abl" else None

    # ------------------------------------------------------------ actions

    def spoken(self, verb, phrase, cls):
        """An action of a verb whose object is a function of its case; without one the object is elided."""
        pattern = verb.pattern
        if phrase and verb.classes and not SLOT.search(pattern):
            pattern = "{acc} " + pattern
        *head, stem = pattern.split(" ")
        soft, stem = stem.endswith("~"), stem.rstrip("~")
        role = self.object_role(verb.type, cls)
        if not verb.classes or verb.type == "schedule" and "{loc}" in head:
            head = self.with_object(head, stem, role)

        def marked(case):
            return phrase(case) if verb.type == "schedule" and case == "loc" else tag(role, phrase(case))
        words = " ".join(head)
        owned = re.search(r"\{(gen|nom)\}((?: [^\s{}]+)+)", words)
        heads = owned and [w for w in owned[2].split() if (POSSESSED if owned[1] == "gen" else COMPOUND).match(w)]
        place = verb.type == "search" and re.search(r"\{(loc|dat)\}((?: [^\s{}]+)+)$", words)
        if verb.type != "summarize" and heads and (phrase or owned[1] == "gen"):
            # The possessed noun is what the action is about, with its owner where one is said.
            start, end = owned.start(), owned.start(2) + owned[2].rindex(" " + heads[-1]) + 1 + len(heads[-1])
            owner = phrase(owned[1]) + " " if phrase else ""
            core = tag(role, owner + words[owned.start(2) + 1:end])
            text = self.fill(words[:start], marked, verb.type) + core + self.fill(words[end:], marked, verb.type)
        elif phrase and place and "ile" not in place[2]:
            # `İzmir'de otel ara`: the place is part of what is searched.
            text = self.fill(words[:place.start()], marked, verb.type) + tag(role, phrase(place[1]) + place[2])
        elif phrase:
            text = self.fill(words, marked, verb.type)
        else:
            text = self.fill(" ".join(w for w in head if not (w[1:-1] in CASES and w[0] == "{")), marked, verb.type)
        text = re.sub(r"\bbana\b", lambda m: tag("recipient", m[0]), text)
        return lambda form: (text + " " if text else "") + self.conjugated(stem, form, soft)

    @staticmethod
    def with_object(head, stem, role):
        """The words before the verb of a phrase that has no slot for an object, with that object marked."""
        end = len(head) - (stem == "et" and bool(head))
        start = end
        while start and re.fullmatch(r"[^{}\ue000-\ue0ff]+", head[start - 1]) and head[start - 1] not in ("için", "bana", "beni", "adında"):
            start -= 1
        if start == end:
            return head
        return [*head[:start], tag(role, " ".join(head[start:end])), *head[end:]]

    def conjugated(self, stem, form, soft):
        word = turkish.conjugate(stem, form, soft)
        if form in ("dik", "digin"):
            return turkish.join(stem, {"dik": "DIğIm", "digin": "DIğIn"}[form], soft=soft)
        return word

    def joined(self, action, form):
        """The action in the form ip or inca, its ending marked as the connector of what follows."""
        word = action.say(form)
        cut = {"ip": 2, "inca": 4}[form]
        return word[:-cut] + connector(word[-cut:])

    def inflected(self, verb, rest):
        return lambda form: f"{rest} {turkish.conjugate(verb.rstrip('~'), form, soft=verb.endswith('~'))}"

    def takes_object(self, verb):
        return bool(verb.classes) and (not SLOT.search(verb.pattern) or any(m[1] in CASES for m in SLOT.finditer(verb.pattern)))

    def action(self, kind, nested=False, verb=None, cls=None):
        """A new action of a type, on a new thing."""
        verb = verb or self.pick_verb(kind, nested)
        if not self.takes_object(verb):
            return Action(kind, self.spoken(verb, None, ""))
        cls = cls or self.choose(verb.classes)
        determined = bool(DETERMINED.search(verb.pattern))
        phrase, thing = self.noun(cls, plain=nested or determined, one=determined)
        if not nested:
            self.used.add(thing.head)
        return Action(kind, self.spoken(verb, phrase, cls), thing)

    def passive(self, kind):
        """`raporlar hazırlansın`: the object in the nominative; none when the phrase at hand has another shape."""
        verb = self.pick_verb(kind)
        if not verb.classes or "{" in verb.pattern.replace("{acc}", ""):
            return None
        words = verb.pattern.replace("{acc} ", "").split()
        if any(POSSESSED.match(w) for w in words[:-1]):
            return None
        cls = self.choose(verb.classes)
        phrase, thing = self.noun(cls)
        self.used.add(thing.head)
        shaped = Verb(verb.type, [cls], "{nom} " + " ".join(words), 1.0)
        return Action(kind, self.spoken(shaped, phrase, cls), thing)

    def again(self, thing, kind, how):
        """An action on what an earlier one, of a type, was about: how is one of elided, pronoun, head, result, part, some, derived, each."""
        refs = frozenset((thing.source,))
        tables = self.tables.refs
        new = Thing(thing.cls, thing.many, thing.head, thing.source)
        cls, phrase = thing.cls, None
        if how in ("derived", "each"):
            if how == "derived":
                noun = self.choose(tables["derived"]["any"])
                new = Thing("doc", False, self.head(noun) if not noun.endswith("+") else turkish.unpossessed(self.head(noun)))
                before = ""
            else:
                noun = self.choose(self.tables.nouns["artifact"])
                new = Thing("artifact", False, self.head(noun))
                before = self.choose(("her biri için ", "bunlar için ", "her birine ") if thing.many else ("bunun için ", "onun için ", "buna "))
            bare = Verb("create", ["doc"], "{nom} " + self.choose(tables["makes"]["any"]), 1.0)
            said = self.spoken(bare, lambda case: turkish.inflect(noun, "nom"), "doc")
            return Action("create", lambda form: before + said(form), new, refs)
        if how == "pronoun":
            table = PRONOUNS[self.choose(("bunlar", "onlar") if thing.many else ("o", "bu"))]
            phrase = table.__getitem__
        elif how == "head":
            word, front = thing.head, self.choose(("", "", "bu ", "o "))
            phrase = lambda case: front + turkish.inflect(word, case)  # noqa: E731
        elif how != "elided":
            options = tables[how].get(kind if how == "result" else cls) or tables[how].get("doc" if cls in LITERAL_CLASSES else cls)
            if not options:
                return None
            noun = self.fill(self.choose(options))
            phrase = lambda case: turkish.inflect(noun, case)  # noqa: E731
            new = Thing("data" if how != "some" else cls, noun.endswith(("lar", "ler", "ları+", "leri+")), self.head(noun))
            cls = {"part": "data", "result": "doc" if kind in ("summarize", "create") else "data"}.get(how, cls)
        kinds = [k for k in TYPES if k != "create"]
        verb = self.verb_for(cls, lambda p: self.fits(p, how), kinds)
        if verb is None:
            return None
        return Action(verb.type, self.spoken(verb, phrase, cls), new, refs)

    @staticmethod
    def fits(pattern, how):
        """Whether a phrase can take what is named again, or leave it out."""
        slots = [m[1] for m in SLOT.finditer(pattern) if m[1] in CASES]
        if "nom" in slots or DETERMINED.search(pattern) or re.search(r"hakkında|için", pattern):
            return False
        if not slots:
            return not SLOT.search(pattern)
        return len(slots) == 1 and (how != "elided" or slots[0] in ("acc", "gen") or slots == ["dat"] and "ekle" in pattern)

    def plain_noun(self, cls):
        return MARKED.sub("", self.noun(cls, plain=True)[0]("nom"))
