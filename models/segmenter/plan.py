"""What a command asks for, before it is put into words: actions, and how each stands to those before it."""

from dataclasses import dataclass

from facts import Facts
from speaker import FLEETING, Action

SHARE_RELATED = 0.55
SHARE_SENTENCES = 0.12
SHARE_REQUESTS = 0.25
SHARE_AROUND = 0.12
SHARE_UTTERANCES = 0.25
REFERENCES = {"en": {"pronoun": 4.0, "head": 1.5, "result": 1.6, "part": 1.5, "some": 1.0, "derived": 1.2, "each": 0.4},
              "tr": {"elided": 5.0, "pronoun": 1.4, "head": 1.2, "result": 1.5, "part": 2.0, "some": 1.0, "derived": 1.0, "each": 0.4}}
# What stays clear when other things came between.
FAR = ("head",)
# What a report or a chart may be made from.
SOURCES = {"search", "analyze", "transform", "open", "summarize"}


@dataclass
class Step:
    """An action in its place: its order to what came before, a condition, or what makes a pair with the next one."""
    action: Action
    order: str = "none"
    condition: str = ""
    pair: str = ""


class Planner:
    """Draws the actions of a command from a speaker."""

    def __init__(self, speaker):
        self.speaker, self.rng = speaker, speaker.rng
        table = REFERENCES[speaker.tables.code]
        self.ways, self.way_weights = list(table), list(table.values())

    def chance(self, p):
        return self.rng.random() < p

    def related(self, actions, near_only=False):
        """An action on what an earlier one was about; none when nothing fits."""
        speaker = self.speaker
        places = [i for i, a in enumerate(actions) if a.thing is not None and a.thing.cls not in FLEETING and a.thing.head]
        if not places:
            return None
        last = len(actions) - 1
        near = places[-1] == last
        for _ in range(4):
            if near and (near_only or not self.chance(0.1)):
                place, how = last, self.rng.choices(self.ways, self.way_weights)[0]
            else:
                place, how = self.rng.choice(places), self.rng.choice(FAR)
            earlier = actions[place]
            if how == "derived" and earlier.type not in SOURCES:
                continue
            found = speaker.again(earlier.thing, earlier.type, how)
            if found is not None:
                return found
        return None

    def fresh(self):
        kind = self.speaker.any_type()
        if self.chance(SHARE_REQUESTS):
            return self.speaker.request(kind)
        if self.chance(SHARE_AROUND):
            return self.speaker.around(kind)
        if self.speaker.tables.utterances and self.chance(SHARE_UTTERANCES):
            return self.speaker.utterance()
        if self.chance(SHARE_SENTENCES) and self.speaker.tables.sentences[kind]:
            return self.speaker.sentence(kind)
        return self.speaker.action(kind)

    def actions(self, n, related=SHARE_RELATED):
        """Steps with their facts."""
        self.speaker.used = set()
        steps, facts, actions = [], Facts(), []
        while len(steps) < n:
            i = len(steps)
            if i and n - i >= 2 and self.chance(0.05):
                steps += self.branches(facts, actions)
                continue
            action = self.related(actions) if i and self.chance(related) else None
            actions.append(self.speaker.settle(action or self.fresh(), i))
            steps.append(Step(actions[-1]))
        return steps, facts

    def branches(self, facts, actions):
        """`if it fails, A, otherwise B`: both wait for the action before."""
        i = len(actions)
        condition = self.speaker.fill(self.rng.choice(self.speaker.tables.refs["if"]["any"]))
        if self.speaker.tables.code == "en":
            condition = "if " + condition
        elif self.chance(0.3):
            condition = "eğer " + condition
        yes, no = (self.speaker.action(self.speaker.any_type()) for _ in range(2))
        yes.refs = frozenset((i - 1,))
        for k, action in enumerate((yes, no)):
            actions.append(self.speaker.settle(action, i + k))
        return [Step(yes, condition=condition), Step(no, order="otherwise")]
