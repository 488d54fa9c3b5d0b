"""What people said to assistants, each text one request, for the generator: `type | text` a line.

`python3 models/segmenter/utterances.py DATA > utterances.txt` reads the training parts of CLINC150 (CC BY 3.0) and HWU64 (CC BY 4.0)
under DATA. Left out are talk, statements, and texts that might ask for two things; politeness at the edges is cut. The type is that of the
verb in grammar/, `?` where the verb has several or none.
"""

import csv
import gzip
import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
from grammar import lexicon  # noqa: E402
from tables import DATA, QUESTIONS  # noqa: E402

SETS = ("clinc150", "hwu64")
# Intents and scenarios that ask for nothing.
TALK = set("""are_you_a_bot do_you_have_pets goodbye greeting how_old_are_you maybe meaning_of_life no thank_you what_are_your_hobbies
    what_can_i_ask_you what_is_your_name where_are_you_from who_do_you_work_for who_made_you yes oos general change_ai_name change_user_name
    user_name card_declined damaged_card account_blocked""".split())
ASKING = QUESTIONS | set("are do does did will would should can could how's where's who's whats what’s when's why am was were has have".split())
FRONT = re.compile(r"^(?:(?:hey|hi|ok|okay|please|pls|olly|alexa|google|can you|could you|would you|will you|can you please|could you please"
                   r"|i want you to|i need you to|i'd like you to|i would like you to|go ahead and|let's|just|so|now|kindly)\b[ ,]*)+")
BACK = re.compile(r"[ ,]*(?:please|pls|thanks|thank you|[.?!,])+$")
STATEMENT = re.compile(r"^(?:i|i'm|i’m|i've|i'll|i'd|my|the|it|it's|we|that|this|there|they|he|she|you|a|an|if|in|on|at|for|from)\b")
JOINED = re.compile(r"[,;:]|\b(?:then|also|after that|but|because)\b|[.?!] ")


def verbs():
    """first word → types of the phrases that begin with it."""
    found = {}
    for folder in (lexicon.DATA, DATA):
        for kind, entries in lexicon.read_verbs("en", folder).items():
            for verb in entries:
                found.setdefault(verb.pattern.split()[0], set()).add(kind)
    return found


def request(text, known):
    """(type or ?, text) of an utterance, None when it is no plain request."""
    text = BACK.sub("", FRONT.sub("", re.sub(r"\s+", " ", text.strip()))).strip()
    words = text.split()
    if not 2 <= len(words) <= 25 or STATEMENT.match(text) or JOINED.search(text):
        return None
    after = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("and", "&", "or")]
    if any(word in known or word in ASKING or STATEMENT.match(word) for word in after) or words[-1] == "and":
        return None
    if words[0] in ASKING:
        return "search", text
    if words[0] not in known:
        return None
    kinds = known[words[0]]
    return next(iter(kinds)) if len(kinds) == 1 else "?", text


def main():
    known, seen, questions = verbs(), set(), 0
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for name in SETS:
        with gzip.open(Path(sys.argv[1]) / "classification" / name / "train.csv.gz", "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if TALK & set(row.values()):
                    continue
                made = request(row["text"], known)
                if made and made not in seen:
                    seen.add(made)
                    asks = made[1].split()[0] in ASKING
                    questions += asks
                    # A third of the questions: they are half of all.
                    if not asks or questions % 3 == 0:
                        print(" | ".join(made))


if __name__ == "__main__":
    main()
