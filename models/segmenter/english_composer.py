"""English commands: clauses with their adverbials, and what joins them."""

from composer import STYLES, Composer
from markup import connector, segment, tag
from plan import Step


class EnglishComposer(Composer):
    headings = ("To do today", "Tasks", "Please do the following", "Checklist", "My list for tomorrow", "TODO", "Steps", "Hi, here is what I need",
                "New release", "Before the weekend", "Month end", "For the trip", "Plan", "Here are the steps", "Action items", "Launch day")
    step_word = "Step"
    fillers_of_sentences = ("I want to ", "I'd like to ", "I'd like you to ", "we need to ")

    def list_form(self):
        return "base"

    def shopping_words(self, body):
        verb = self.rng.choice(("buy", "order", "get", "purchase", "pick up"))
        intro = self.rng.choice(("the following:", "the following items:", "these:", "the things on this list:", "the following for the office:"))
        return self.capital(f"{verb} {tag('target', intro + body)}")

    # ------------------------------------------------------------ clauses

    def clause(self, step, form, front):
        """The words of an action; `front`: whether adverbials may stand before it."""
        action, speaker = step.action, self.speaker
        if action.fixed:
            return action.say(form)
        text = action.say(form)
        if step.order == "inner":
            return text + " " + self.rng.choice(("afterwards", "after that", "later"))
        if step.condition:
            return f"{tag('condition', step.condition)}{self.rng.choice((', ', ', ', ' '))}{text}"
        if step.pair == "open":
            return text
        added = self.pick((("nothing", 78), ("end", 10), ("begin", 5), ("if", 5), ("other", 2)))
        if added == "end":
            end = speaker.extra("end")
            text += end if end.startswith(",") else " " + end
        elif added == "begin" and front and form == "base":
            text = speaker.extra("begin") + self.rng.choice((", ", ", ", " ")) + text
        elif added == "if" and form == "base":
            condition = tag("condition", speaker.extra("if"))
            text = f"{condition}, {text}" if front and self.chance(0.6, "if first") else f"{text} {condition}"
        elif added == "other" and form == "base":
            person = speaker.plain_noun("person")
            text = self.rng.choice((f"{person} should {text}", f"have {person} {text}", f"{person} must {text}"))
        return text

    def running(self, steps, facts, style):
        """Actions one after another in running text."""
        n = len(steps)
        if n >= 2 and self.chance(0.04):
            self.share_object(steps)
        text, question, ended = self.opening(), False, True
        form, first = "base", n > 1 and self.chance(0.1, "first")
        i = 0
        while i < n:
            step = steps[i]
            joint = ""
            if i == 0:
                if first:
                    joint = self.connective("first", "s") + self.rng.choice((", ", " "))
            else:
                before, joint, step.order, ended = self.joint(style, step, i, n, first)
                if ended and before.strip() in (".", "!") and question:
                    before = "?" + before[1:]
                text += before
                question = question and not ended
                form = "base" if ended else form
            start = ended or i == 0
            filler = ""
            if not step.action.fixed and not step.condition and (start or form == "base") and self.chance(0.26 if start else 0.05, "filler"):
                filler, form, asks = self.filler(start)
                question |= asks
            elif step.action.fixed:
                filler, step.action.say = self.peeled(step.action.say(form))
            opener = self.pair(steps, i, start and not joint and not filler and form == "base")
            if opener:
                word, said = opener
                words = connector(word) + " " + segment(self.clause(Step(step.action, pair="open"), said, False))
                text += self.capital(words)
                facts.add(step.action.type, step.action.refs)
                i += 1
                text += self.rng.choice((", ", ", ", " "))
                step = steps[i]
                step.order, joint, filler = "next", "", ""
                start = False
            words = joint + filler + segment(self.clause(step, form, front=not filler))
            text += self.capital(words) if start and not opener else words
            facts.add(step.action.type, step.action.refs, "next" if step.order == "inner" else step.order)
            question |= step.action.type == "search" and step.action.fixed and self.chance(0.6)
            ended = False
            i += 1
        return self.closing(text, question), facts.rows

    def share_object(self, steps):
        """The first two actions say their object once."""
        pair = self.speaker.shared()
        if pair is None or any(s.condition or s.order != "none" or s.action.refs for s in steps):
            return
        a, b = pair
        b.refs = frozenset((0,))
        steps[0], steps[1] = Step(a, pair="open"), Step(b, order="shared")

    def pair(self, steps, i, allowed):
        """`After X-ing`, `Once you've X-ed`: the opening word and the form of the verb, or none."""
        ready = i + 1 < len(steps) and not any(s.action.fixed or s.condition or s.order in ("otherwise", "shared") or s.pair for s in steps[i:i + 2])
        if not allowed or not ready or not self.chance(0.14, "pair"):
            return None
        kind = self.rng.choice(("after", "after", "once"))
        return self.tables.extras[kind].pick(self.rng), {"after": "ing", "once": "ed"}[kind]

    def filler(self, start):
        """(words, form of the verb, whether it asks) before an action."""
        place = "ing" if start and self.chance(0.06, "ing") else "front"
        words = self.speaker.edge(place)
        asks = words.split()[0] in ("can", "could", "would", "do", "how") and words[0] != "I"
        if place == "front" and asks and self.chance(0.05, "also"):
            words += " " + connector("also")
        return words + " ", "ing" if place == "ing" else "base", asks

    def inner(self, step):
        """Now and then an order word inside the span instead of a connector."""
        return "inner" if self.chance(0.04, "inner") and not step.action.fixed and not step.condition else "none"

    def joint(self, style, step, i, n, first):
        """(text before, connector, order, whether a sentence ended) between two actions."""
        if step.order == "shared":
            return " ", connector("and") + " ", "none", False
        if style == "mixed":
            style = self.pick(STYLES[:-1])
        if step.order == "otherwise":
            order = "otherwise"
        elif first and i < 3 and self.chance(0.12, "second"):
            order = ("second", "third")[i - 1]
        else:
            order = "last" if i == n - 1 and n > 2 and self.chance(0.16, "last") else self.pick((("bare", 4.0), ("none", 3.2), ("next", 3.8)))
        if style in ("sentence", "line"):
            before = ("\n" if style == "line" else self.rng.choice((". ", ". ", ". ", "! ")))
            if order == "bare":
                return before, "", self.inner(step), True
            return before, self.connective(order, "s") + self.rng.choice((", ", " ")), order, True
        if order == "bare" and style == "and":
            order = "none"
        if order == "bare":
            inner = self.inner(step)
            before = {"comma": ", ", "semicolon": "; ", "bare": " "}[style]
            if style == "comma" and i == n - 1 and self.chance(0.6, "and"):
                return self.rng.choice((", ", " ")), connector("and") + " ", inner, False
            return before, "", inner, False
        before = {"semicolon": "; ", "bare": " "}.get(style) or self.rng.choice((", ", " ", " "))
        return before, self.connective(order, "m") + (", " if self.chance(0.05) else " "), order, False
