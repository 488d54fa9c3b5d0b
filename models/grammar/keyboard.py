"""How keyboards and their users change a text: neighbouring keys, Turkish without its letters."""

KEYS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk", "k": "jl",
    "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe",
    "x": "zc", "y": "tu", "z": "x"}
ASCII = str.maketrans("çğıöşüÇĞİÖŞÜâ", "cgiosuCGIOSUa")


def slip(text, places, rng):
    """The text with one slip at one of the places: a letter left out, swapped with the next, doubled, or its neighbour's."""
    if not places:
        return text
    i = rng.choice(places)
    how = rng.randrange(4)
    if how == 0:
        return text[:i] + text[i + 1:]
    if how == 1:
        return text[:i] + text[i + 1] + text[i] + text[i + 2:]
    if how == 2:
        return text[:i] + text[i] + text[i:]
    return text[:i] + rng.choice(KEYS.get(text[i].lower(), "e")) + text[i + 1:]
