"""Commands as marked texts with their facts: what both languages share. english_composer and turkish_composer put the clauses together."""

import re

from markup import MARKS, connector, gold, segment
from plan import Planner

SHARE_COMMANDS = 0.06
SIZES = ((1, 30), (2, 33), (3, 19), (4, 8), (5, 4), (6, 2), (7, 1), (8, 1))
STYLES = (("comma", 3.0), ("sentence", 2.5), ("and", 3.0), ("bare", 0.8), ("semicolon", 0.5), ("line", 0.7), ("mixed", 3.0))
MARKERS = ("{n}. ", "{n}) ", "- ", "* ", "• ", "{n}- ", "{a}) ", "- [ ] ", "({n}) ", "{n}: ")
LITERAL = re.compile(r"[\w~]*[._/@\\(<{:#-][\w/]")


class Composer:
    """Marked commands of one language."""
    fillers_of_sentences = ()  # what whole sentences of the tables begin with that belongs to no content

    def __init__(self, speaker):
        self.speaker, self.rng, self.tables = speaker, speaker.rng, speaker.tables
        self.planner = Planner(speaker)

    def chance(self, p, what=""):
        """Whether something of a probability happens; `what` names it for the tests."""
        return self.rng.random() < p

    def pick(self, pairs):
        return self.rng.choices([p[0] for p in pairs], [p[1] for p in pairs])[0]

    def row(self):
        """(marked text, facts) of a command."""
        if self.chance(SHARE_COMMANDS):
            return self.rng.choice(self.tables.commands)
        roll = self.rng.random()
        if roll < 0.05:
            return self.nothing(), []
        if roll < 0.15:
            return self.listed(self.rng.choice((2, 3, 3, 4, 4, 5, 6, 7, 8)))
        if roll < 0.16:
            return self.listed(self.rng.randrange(9, 21))
        if roll < 0.172:
            return self.shopping()
        steps, facts = self.planner.actions(self.pick(SIZES))
        return self.running(steps, facts, self.pick(STYLES))

    # ------------------------------------------------------------ words round the actions

    def capital(self, text):
        """With a capital at its start, unless a file name or an address stands there."""
        bare = MARKS.sub("", text)
        if LITERAL.match(bare.split(" ")[0]) or bare[:1] in "\"'“«":
            return text
        for i, c in enumerate(text):
            if c.isalnum():
                return text[:i] + self.upper(c) + text[i + 1:]
        return text

    def upper(self, text):
        return text.upper()

    def connective(self, order, place):
        """A connector's words, marked."""
        if (order, place) not in self.tables.connectors:
            place = "s" if place == "m" else "m"
        return connector(self.tables.connectors[order, place].pick(self.rng))

    def peeled(self, text):
        """A whole sentence without the filler it begins with: (filler, the rest as what is said)."""
        for words in self.fillers_of_sentences:
            if text.startswith(words):
                return words, lambda form: text[len(words):]
        return "", lambda form: text

    def statement(self):
        said = self.rng.choice(self.tables.statements) if self.chance(0.5) else self.speaker.edge("sentence")
        return self.capital(said)

    def nothing(self):
        """A text that asks for nothing."""
        parts = []
        if self.chance(0.4):
            parts.append(self.capital(self.speaker.edge("hello")) + self.rng.choice(("!", ",", ".", "")))
        if not parts or self.chance(0.7):
            parts += [self.statement() + self.rng.choice((".", ".", "!", "")) for _ in range(self.rng.choice((1, 1, 2)))]
        if self.chance(0.2):
            parts.append(self.speaker.edge("thanks"))
        return " ".join(parts)

    def opening(self):
        """Greetings and statements before the first action."""
        out = ""
        if self.chance(0.08):
            out += self.capital(self.speaker.edge("hello")) + self.rng.choice((", ", ", ", "! ", " ", ". "))
        if self.chance(0.05):
            out += self.statement() + self.rng.choice((". ", ". ", "! ", ", "))
        return out

    def closing(self, text, question):
        """Politeness and marks after the last action."""
        if self.chance(0.1):
            back = self.speaker.edge("back")
            text += back if back.startswith(",") else " " + back
        text += self.rng.choice(("?", "?", "")) if question else self.rng.choice((".", ".", ".", "", "", "", "", "!"))
        if self.chance(0.04):
            text += (" " if text[-1:] in ".!?" else ". ") + self.speaker.edge("thanks")
        return text

    # ------------------------------------------------------------ lists

    def listed(self, n):
        """Actions as a list with markers; now and then in one line."""
        steps, facts = self.planner.actions(n, related=0.35)
        marker, lines = self.rng.choice(MARKERS), []
        if self.chance(0.08):
            marker = self.step_word + " {n}: "
        inline = self.chance(0.12) and "{n}" in marker
        stop = self.rng.choice(("", "", ".", ";"))
        form = self.list_form()
        for i, step in enumerate(steps):
            text = self.item(step, form)
            facts.add(step.action.type, step.action.refs, step.order)
            mark = marker.format(n=i + 1, a=chr(ord("a") + i % 26))
            lines.append(mark + text + (stop if not inline else ""))
        heading = self.rng.choice(self.headings) + self.rng.choice((":", ":", "", " :")) if self.chance(0.45) else ""
        if inline:
            return (heading + " " if heading else "") + " ".join(lines), facts.rows
        between = "\n\n" if self.chance(0.06) else "\n"
        return (heading + "\n" if heading else "") + between.join(lines), facts.rows

    def item(self, step, form):
        filler = ""
        if step.action.fixed:
            filler, step.action.say = self.peeled(step.action.say(form))
        words = filler + segment(self.clause(step, form, front=True))
        text = self.capital(words) if self.chance(0.7) else words
        if step.order == "otherwise":
            return self.capital(self.connective("otherwise", "s")) + self.rng.choice((", ", " ")) + text
        return text

    def shopping(self):
        """One task whose objects are bullets."""
        items = [self.speaker.plain_noun(self.rng.choice(("grocery", "grocery", "product", "dish"))) for _ in range(self.rng.randrange(2, 7))]
        marker = self.rng.choice(("- ", "* ", "• ", "{n}. "))
        inline = self.chance(0.2)
        body = ", ".join(items) if inline else "\n".join(marker.format(n=i + 1) + item for i, item in enumerate(items))
        text = segment(self.shopping_words((" " if inline else "\n") + body))
        return (self.opening() if self.chance(0.5) else "") + text, [("execute", [], None)]

    def finished(self, marked, facts):
        return gold(marked, self.tables.code, facts)
