"""How people type, on marked texts: the marks stay where they are, so the gold offsets follow by themselves."""

import re

from grammar.keyboard import ASCII, slip
from markup import MARKS

CURLY = (("'", "’"), ('"', "”"))


def lower(text, code):
    return (text.replace("I", "ı") if code == "tr" else text).replace("İ", "i").lower()


def upper(text, code):
    return (text.replace("i", "İ").replace("ı", "I") if code == "tr" else text).upper()


def typo(text, rng):
    """One slip of the keyboard inside a longer word."""
    places = [i for i in range(1, len(text) - 2) if text[i - 1:i + 2].isalpha() and text[i + 1].isalpha() and not MARKS.search(text[i - 1:i + 3])
              and (text[i - 2:i - 1].isalpha() or text[i + 2:i + 3].isalpha())]
    return slip(text, places, rng)


def unpunctuated(text, rng):
    """Without the marks after words; those of numbers, names and list markers stay."""
    kept = r"(?<=[^\W\d])([\ue000-\ue0ff]*)[%s](?=[\ue000-\ue0ff]*(?:\s|$))"
    return re.sub(kept % (r".,!?;" if rng.random() < 0.6 else r",.;"), r"\1", text)


def noisy(text, code, rng, emoji):
    """The text as somebody might have typed it."""
    roll = rng.random()
    if roll < 0.24:
        text = lower(text, code)
        if rng.random() < 0.5:
            text = unpunctuated(text, rng)
    elif roll < 0.28:
        text = upper(text, code)
    elif roll < 0.34:
        text = unpunctuated(text, rng)
    elif roll < 0.44:
        text = text[:1] + lower(text[1:2], code) + text[2:]
    if code == "tr" and rng.random() < 0.12:
        text = text.translate(ASCII)
    if rng.random() < 0.05:
        text = re.sub(r"(?<=\w)['’](?=\w)", "", text)
    if rng.random() < 0.14:
        for _ in range(rng.choice((1, 1, 2, 3))):
            text = typo(text, rng)
    if rng.random() < 0.04:
        plain, curly = rng.choice(CURLY)
        text = text.replace(plain, curly)
    if rng.random() < 0.04:
        spaces = [m.start() for m in re.finditer(" ", text)]
        for at in sorted(rng.sample(spaces, min(len(spaces), 2)), reverse=True):
            text = text[:at] + " " + text[at:]
    if rng.random() < 0.02:
        text = re.sub(r"(?<=[a-zçğıöşü]), (?=[a-zçğıöşü])", ",", text)
    if rng.random() < 0.03:
        icon = rng.choice(emoji)
        text = rng.choice((f"{icon} {text}", f"{text} {icon}", f"{text}{icon}"))
    if rng.random() < 0.02:
        text = rng.choice((" " + text, text + "  ", text + "\n"))
    if "\n" in text and rng.random() < 0.15:
        text = text.replace("\n", "\r\n")
    return text
