"""Turkish commands: moods and converbs of the verb, adverbials, and what joins the clauses."""

from composer import STYLES, Composer
from markup import CLOSE, connector, segment, tag

# Moods of a sentence: form of the verb, what follows it, weight.
MOODS = (("imp", "", 52), ("pl", "", 8), ("plz", "", 5), ("aorq", "", 8), ("aorqz", "", 5), ("abilq", "", 3), ("abilqz", "", 3),
         ("abilqk", "", 1), ("inf", " istiyorum", 4), ("inf", " istiyoruz", 1), ("inf", " isterim", 1), ("mani", " istiyorum", 2),
         ("manizi", " istiyorum", 1), ("mam", " lazım", 2), ("mam", " gerekiyor", 1), ("mamiz", " gerekiyor", 1), ("man", " gerekiyor", 1),
         ("inf", " gerek", 1), ("inf", " lazım", 1), ("elim", "", 3), ("sana", "", 2), ("meliyiz", "", 1), ("melisin", "", 1), ("ver", "", 2),
         ("sin", "", 2), ("pas", "", 3), ("abilqm", "", 1))
ASKING = ("aorq", "aorqz", "abilq", "abilqz", "abilqk", "abilqm")
IMPERATIVES = ("imp", "pl", "plz", "elim", "sana", "ver", "sin", "meliyiz", "melisin")
# Order of a joint in a sentence; `bir` is the filler "bir de".
JOINTS = (("bare", 4.0), ("none", 2.6), ("next", 3.0), ("bir", 0.5))
CONVERBS = (("ip", 7.0), ("diktan", 1.6), ("inca", 0.8))


class TurkishComposer(Composer):
    headings = ("Bugün yapılacaklar", "Görevler", "Lütfen şunları yap", "Kontrol listesi", "Yarınki işler", "Yapılacaklar listesi", "Adımlar",
                "Yeni sürüm", "Hafta sonundan önce", "Ay sonu", "Gezi için", "Plan", "İş listesi", "Sırayla", "Açılış günü", "Senden istediklerim")
    step_word = "Adım"

    def upper(self, text):
        return text.replace("i", "İ").upper()

    def list_form(self):
        return self.rng.choice(("imp", "imp", "imp", "pl", "plz", "sin", "pas", "inf"))

    def shopping_words(self, body):
        verb = self.rng.choice(("satın al", "al", "sipariş et", "sipariş ver", "satın alın"))
        if self.chance(0.5):
            return self.capital(f"{self.rng.choice(('aşağıdakileri', 'şunları', 'aşağıdaki ürünleri', 'listedekileri'))} {verb}:{body}")
        return self.capital(f"şunları {verb} lütfen:{body}")

    # ------------------------------------------------------------ clauses

    def said(self, action, form):
        """The action in a form; a passive needs its object in the nominative, a third person its subject."""
        if form == "pas":
            form = "imp"
        if form == "sin":
            return self.speaker.plain_noun("person") + " " + action.say("sin")
        return action.say(form)

    def clause(self, step, form, front=True, after=""):
        """The words of an action in a mood."""
        action, speaker = step.action, self.speaker
        if action.fixed:
            return action.say(form)
        text = speaker.joined(action, form) if form in ("ip", "inca") else self.said(action, form) + after
        if step.condition:
            return tag("condition", step.condition) + self.rng.choice((" ", " ", ", ")) + text
        if step.order == "inner":
            # An order word inside the span: after what the action is about.
            if CLOSE + " " in text:
                return text.replace(CLOSE + " ", CLOSE + self.rng.choice((" sonra ", " ardından ", " daha sonra ")), 1)
            step.order = "none"
        added = self.pick((("nothing", 80), ("begin", 13), ("if", 5), ("no", 2)))
        if added == "begin":
            text = speaker.extra("begin") + " " + text
        elif added == "if":
            text = tag("condition", speaker.extra("if")) + self.rng.choice((" ", " ", ", ")) + text
        elif added == "no" and form == "imp":
            text += " " + speaker.extra("no")
        return text

    def running(self, steps, facts, style):
        """Actions one after another in running text."""
        n = len(steps)
        text, ended, question = self.opening(), True, False
        first = n > 1 and self.chance(0.12, "first")
        mood, after = self.mood()
        carried = None  # the converb that the action before ended in
        for i, step in enumerate(steps):
            joint = ""
            if i == 0:
                if first:
                    joint = self.connective("first", "s") + self.rng.choice((" ", " ", ", "))
            elif carried:
                text, joint, step.order, ended = self.after_converb(text, carried, step)
            else:
                before, joint, step.order, ended = self.joint(style, step, i, n, first)
                if ended and question and before[0] in ".!":
                    before = "?" + before[1:]
                text += before
                question &= not ended
                if ended and self.chance(0.3):
                    mood, after = self.mood()
            start = ended or i == 0
            filler = ""
            if not step.action.fixed and not step.condition and carried is None and self.chance(0.14 if start else 0.03, "filler"):
                filler = self.speaker.edge("front") + " "
            carried = self.converb(steps, i, style)
            form, tail = (carried, "") if carried else (mood, after)
            if form == "pas" and not carried:
                form, tail = "imp", ""
                if not any(s.action.refs for s in steps[i:]) and not step.action.fixed:
                    passive = self.speaker.passive(step.action.type)
                    if passive:
                        step.action.say = lambda form, passive=passive: passive.say("pas")
            words = joint + filler + segment(self.clause(step, form, after=tail))
            text += self.capital(words) if start else words
            facts.add(step.action.type, step.action.refs, "next" if step.order == "inner" else step.order)
            question |= not carried and (form in ASKING or step.action.fixed and step.action.type == "search" and self.chance(0.6))
            ended = False
        return self.closing(text, question), facts.rows

    def mood(self):
        return self.rng.choices([m[:2] for m in MOODS], [m[2] for m in MOODS])[0]

    def converb(self, steps, i, style):
        """The converb that ties an action to the next, or none."""
        pair = steps[i:i + 2]
        if len(pair) < 2 or any(s.action.fixed for s in pair) or pair[1].order == "otherwise" or pair[0].order == "otherwise":
            return None
        share = {"sentence": 0.2, "line": 0.1, "bare": 0.3, "semicolon": 0.15}.get(style, 0.38)
        return self.pick(CONVERBS) if self.chance(share, "converb") else None

    def after_converb(self, text, carried, step):
        """(text, connector, order, whether a sentence ended) after an action that ended in a converb."""
        if carried == "diktan":
            return text + " ", connector("sonra") + self.rng.choice((" ", " ", ", ")), "next", False
        return text + self.rng.choice((" ", " ", " ", ", ")), "", "next", False

    def joint(self, style, step, i, n, first):
        """(text before, connector, order, whether a sentence ended) between two actions."""
        if style == "mixed":
            style = self.pick(STYLES[:-1])
        if step.order == "otherwise":
            order = "otherwise"
        elif first and i < 3 and self.chance(0.12, "second"):
            order = ("second", "third")[i - 1]
        else:
            order = "last" if i == n - 1 and n > 2 and self.chance(0.16, "last") else self.pick(JOINTS)
        if order == "bir":
            return self.rng.choice((", ", ". ", " ")), self.speaker.edge("bir") + " ", "none", False
        inner = "inner" if self.chance(0.04, "inner") and not step.action.fixed and not step.condition and not step.action.refs else "none"
        if style in ("sentence", "line"):
            before = "\n" if style == "line" else self.rng.choice((". ", ". ", ". ", "! "))
            if order == "bare":
                return before, "", inner, True
            return before, self.connective(order, "s") + self.rng.choice((" ", " ", ", ")), order, True
        if order == "bare" and style == "and":
            order = "none"
        if order == "bare":
            return {"comma": ", ", "semicolon": "; ", "bare": " "}[style], "", inner, False
        before = {"semicolon": "; ", "bare": " "}.get(style) or self.rng.choice((", ", " ", " "))
        return before, self.connective(order, "m") + (", " if self.chance(0.03) else " "), order, False
