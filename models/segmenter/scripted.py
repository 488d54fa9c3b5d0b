"""For the tests: commands of chosen actions, words and constructions instead of drawn ones."""

from facts import Facts
from grammar.lexicon import Verb
from markup import notation
from plan import Step
from speaker import Action, Thing


class Chosen:
    """Stands for a generator of random numbers: picks what is wanted, or else the first."""

    def __init__(self, wanted=()):
        self.wanted = wanted

    def pick(self, items):
        return next((i for i in items if i in self.wanted), items[0])

    def choice(self, items):
        return self.pick(items)

    def choices(self, items, weights=None):
        return [self.pick(items)]

    def random(self):
        return 0.999

    def randrange(self, *bounds):
        return bounds[0] if len(bounds) > 1 else 0


def act(speaker, kind, pattern, thing="", refs=(), fixed=False):
    """An action of a phrase of the tables' notation on a thing given as text."""
    if fixed:
        return Action(kind, lambda form: notation(pattern), refs=frozenset(refs), fixed=True)
    verb = Verb(kind, ["doc"] if thing or "{gen}" in pattern else [], notation(pattern), 1.0)
    if speaker.tables.code == "en":
        said = speaker.spoken(verb, thing)
    else:
        said = speaker.spoken(verb, (lambda case: thing) if thing else None, "doc")
    return Action(kind, said, Thing("doc", False, thing), frozenset(refs))


def told(composer, actions, style="comma", wanted=(), happens=(), conditions=None):
    """The gold row of actions put together in a style; `happens` names the constructions that are used."""
    rng = Chosen(wanted)
    composer.rng = composer.speaker.rng = rng
    composer.chance = lambda p, what="": what in happens
    composer.speaker.chance = lambda p: False
    steps = [Step(a) for a in actions]
    for index, (order, condition) in (conditions or {}).items():
        steps[index].order, steps[index].condition = order, condition
    marked, facts = composer.running(steps, Facts(), style)
    return composer.finished(marked, facts)

