"""English word forms: gerunds, participles, plurals."""

PARTICIPLES = {
    "be": "been", "begin": "begun", "bid": "bid", "boil": "boiled", "break": "broken", "bring": "brought", "build": "built",
    "burn": "burned", "buy": "bought", "cast": "cast", "catch": "caught", "choose": "chosen", "come": "come", "cut": "cut",
    "dig": "dug", "do": "done", "don't": "not", "draw": "drawn", "dub": "dubbed", "feed": "fed", "find": "found",
    "get": "got", "give": "given", "go": "gone", "have": "had", "hide": "hidden", "hit": "hit", "hold": "held", "keep": "kept",
    "lay": "laid", "leave": "left", "let": "let", "make": "made", "pay": "paid", "put": "put", "read": "read", "rent": "rented",
    "rewrite": "rewritten", "ring": "rung", "run": "run", "rerun": "rerun", "re-run": "re-run", "say": "said", "see": "seen",
    "seek": "sought", "sell": "sold", "send": "sent", "resend": "resent", "set": "set", "shoot": "shot", "show": "shown",
    "shrink": "shrunk", "shut": "shut", "sing": "sung", "split": "split", "spin": "spun", "take": "taken", "tell": "told",
    "think": "thought", "throw": "thrown", "undo": "undone", "wake": "woken", "withdraw": "withdrawn", "write": "written",
    "undeploy": "undeployed", "weigh": "weighed", "overwrite": "overwritten", "recast": "recast", "broadcast": "broadcast",
}
DOUBLED = {
    "get", "put", "set", "cut", "run", "dig", "plan", "sum", "stop", "scan", "map", "trim", "crop", "swap", "drop", "rub",
    "tag", "flag", "log", "hit", "split", "shut", "let", "ship", "wrap", "zip", "unzip", "blur", "flip", "spot", "grab",
    "refer", "submit", "commit", "transfer", "cancel", "model", "label", "format", "reformat", "program", "stub", "chat",
    "skip", "quit", "pop", "slot", "dub", "cap", "dim", "trap", "debug", "shop", "ban", "get", "pen", "bid", "spin",
    "begin", "defer", "pin", "unsubscrib", "step", "snap", "equip", "permit", "bar", "rerun", "re-run", "prefer",
}
VOWELS = "aeiou"


def gerund(verb):
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return verb[:-1] + "ing"
    if verb in DOUBLED and verb not in {"cancel", "model", "label"}:
        return verb + verb[-1] + "ing"
    return verb + "ing"


def participle(verb):
    if verb in PARTICIPLES:
        return PARTICIPLES[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and len(verb) > 1 and verb[-2] not in VOWELS:
        return verb[:-1] + "ied"
    if verb in DOUBLED and verb not in {"cancel", "model", "label"}:
        return verb + verb[-1] + "ed"
    return verb + "ed"


def plural(noun):
    if noun.endswith(("data", "metrics", "milk", "bread", "paper", "feedback", "inventory", "payroll", "code", "groceries", "s")):
        return noun
    if noun.endswith(("ch", "sh", "x", "ss")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in VOWELS:
        return noun[:-1] + "ies"
    return noun + "s"


def inflect(phrase, form):
    """A phrase that starts with its verb, in a form: base, ing, ed."""
    verb, _, rest = phrase.partition(" ")
    if form == "ing":
        verb = gerund(verb) if verb != "don't" else "not letting"
    elif form == "ed":
        verb = participle(verb)
    return verb + (" " + rest if rest else "")
