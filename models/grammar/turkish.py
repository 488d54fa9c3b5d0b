"""Turkish word forms by vowel harmony: as much as the generator needs, not a full morphology."""

VOWELS = "aeıioöuü"
BACK = "aıou"
ROUND = "oöuü"
VOICELESS = "fstkçşhp"
SOFTENED = {"p": "b", "ç": "c", "t": "d", "k": "ğ"}
# Aorist in -Ir although the stem has one syllable.
AORIST_I = {"al", "bil", "bul", "dur", "gel", "gör", "kal", "ol", "öl", "san", "var", "ver", "vur"}
CASES = {"nom": "", "acc": "(y)I", "dat": "(y)A", "loc": "DA", "abl": "DAn", "gen": "(n)In"}
POSSESSED_CASES = {"nom": "", "acc": "nI", "dat": "nA", "loc": "nDA", "abl": "nDAn", "gen": "nIn"}
PRONOUN_O = {"nom": "o", "acc": "onu", "dat": "ona", "loc": "onda", "abl": "ondan", "gen": "onun"}
# Singulars that cutting the possessive suffix does not find.
SINGULARS = {"adresi": "adres", "kaydı": "kayıt", "adı": "ad", "yolu": "yol"}

# Suffixes of the verb. A, I, D follow harmony; (x) stands only between vowels.
VERB_FORMS = {
    "imp": "", "pl": "(y)In", "plz": "(y)InIz", "inf": "mAk", "ma": "mA", "masi": "mAsI", "masini": "mAsInI",
    "mayi": "mAyI", "maya": "mAyA", "mada": "mAdA", "mami": "mAmI", "mam": "mAm", "mamiz": "mAmIz", "man": "mAn",
    "mani": "mAnI", "manizi": "mAnIzI", "ip": "(y)Ip", "inca": "(y)IncA", "diktan": "DIktAn", "erek": "(y)ArAk",
    "meden": "mAdAn", "elim": "(y)AlIm", "sana": "sAnA", "sen": "sAn", "seniz": "sAnIz", "se": "sAk", "sin": "sIn",
    "mali": "mAlI", "meliyiz": "mAlIyIz", "melisin": "mAlIsIn", "meliyim": "mAlIyIm", "ecegim": "(y)AcAğIm",
    "eceksin": "(y)AcAksIn", "ver": "(y)Iver", "neg": "mA", "abilim": "(y)AbilAlIm", "abil": "(y)AbilirIm",
}


def last_vowel(word):
    for c in reversed(word.lower()):
        if c in VOWELS:
            return c
    return "e"


def join(stem, suffix, front=False, soft=False):
    """Adds one suffix written with A, I, D and (buffer) letters."""
    word = stem
    i = 0
    untouched = True  # no vowel added yet, so the stem's exception holds
    while i < len(suffix):
        c = suffix[i]
        if c == "(":
            if word and word[-1].lower() in VOWELS:
                word += suffix[i + 1]
            i += 3
            continue
        vowel = last_vowel(word)
        back = vowel in BACK and not (front and untouched)
        if c == "A":
            out = "a" if back else "e"
        elif c == "I":
            round_ = vowel in ROUND
            out = ("u" if round_ else "ı") if back else ("ü" if round_ else "i")
        elif c == "D":
            out = "t" if word and word[-1].lower() in VOICELESS else "d"
        else:
            out = c
        if word == stem and soft and out in VOWELS and word[-1] in SOFTENED:
            word = word[:-1] + SOFTENED[word[-1]]
            if word.endswith("nğ"):
                word = word[:-1] + "g"
        word += out
        untouched = untouched and out not in VOWELS
        i += 1
    return word


def plural(noun):
    """The plural of a marked noun, with its marks."""
    bare = noun.rstrip("~^+'")
    if bare.endswith(("lar", "ler", "ları", "leri")) or noun.endswith("'") or bare == "o":
        return noun
    if not noun.endswith("+"):
        return join(bare, "lAr", front=noun.endswith("^"))
    head, _, word = bare.rpartition(" ")
    return (head + " " if head else "") + join(unpossessed(word), "lArI") + "+"


def unpossessed(word):
    """The last word of a compound without its possessive suffix: `raporu` → `rapor`."""
    if word in SINGULARS:
        return SINGULARS[word]
    if len(word) > 3 and word[-2] == "s" and word[-3] in VOWELS:
        return word[:-2]
    word = word[:-1]
    return word[:-1] + {"b": "p", "c": "ç", "ğ": "k"}.get(word[-1], word[-1])


def inflect(noun, case):
    """A marked noun in a case."""
    bare = noun.rstrip("~^+'")
    if bare == "o":
        return PRONOUN_O[case]
    if case == "nom":
        return bare
    if noun.endswith("+") or bare.endswith(("ları", "leri")):
        return join(bare, POSSESSED_CASES[case])
    if noun.endswith("'"):
        suffix = CASES[case]
        if suffix[0] == "(" and bare.isupper() and bare[-1] in "VGPD":
            return bare + "'" + suffix[1] + join("e", suffix[3:])[1:]
        return bare + "'" + join(bare, suffix)[len(bare):]
    return join(bare, CASES[case], front=noun.endswith("^"), soft=noun.endswith("~"))


def syllables(word):
    return sum(c in VOWELS for c in word)


def aorist(stem, soft):
    if stem[-1] in VOWELS:
        return stem + "r"
    many = syllables(stem) > 1 and not (soft and stem.endswith("et")) or stem in AORIST_I
    return join(stem, "Ir" if many else "Ar", soft=soft)


def passive(stem, soft):
    if stem[-1] in VOWELS:
        return stem + "n"
    return join(stem, "In" if stem[-1] == "l" else "Il", soft=soft)


def progressive(stem, soft):
    if stem[-1] in VOWELS:
        return join(stem[:-1], "Iyor")
    return join(stem, "Iyor", soft=soft)


def question(word, person):
    return word + " " + join(word, "mI" + person)[len(word):]


def conjugate(stem, form, soft=False):
    """A verb stem in a form named in VERB_FORMS or below."""
    if form in VERB_FORMS:
        return join(stem, VERB_FORMS[form], soft=soft)
    if form == "aorq":
        return question(aorist(stem, soft), "sIn")
    if form == "aorqz":
        return question(aorist(stem, soft), "sInIz")
    if form.startswith("abilq"):
        person = {"": "sIn", "z": "sInIz", "m": "yIm", "k": "yIz"}[form[5:]]
        return question(join(stem, "(y)Abilir", soft=soft), person)
    if form == "yor":
        return progressive(stem, soft)
    if form == "yorum":
        return progressive(stem, soft) + "um"
    if form == "ken":
        return aorist(stem, soft) + "ken"
    if form == "pas":
        return join(passive(stem, soft), "sIn")
    if form == "pasma":
        return join(passive(stem, soft), "mAsI")
    raise ValueError(f"unknown form {form!r}")
