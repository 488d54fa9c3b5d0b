"""Annotated commands of Turkish and English, made from our own tables (CC0); one JSON object a line on standard output.

`python3 models/segmenter/generate.py --count N --seed S [--language tr|en] [--stats]`: the same arguments write the same bytes.
"""

import argparse
import json
import random
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
from english_composer import EnglishComposer  # noqa: E402
from english_speaker import English  # noqa: E402
from noise import noisy  # noqa: E402
from stats import Statistics  # noqa: E402
from tables import Tables, utterances  # noqa: E402
from turkish_composer import TurkishComposer  # noqa: E402
from turkish_speaker import Turkish  # noqa: E402

LANGUAGES = ("en", "tr")


def composer(code, rng, said=()):
    tables = Tables(code)
    if code == "en":
        tables.utterances = utterances(said)
        return EnglishComposer(English(tables, rng))
    return TurkishComposer(Turkish(tables, rng))


def commands(count, seed, language=None, said=()):
    """Rows in the format of the gold files, with the spans of connectors and parameters; no text twice. `said` are lines of
    type | text, English, of which some become actions."""
    rng = random.Random(seed)
    composers = [composer(code, rng, said) for code in ([language] if language else LANGUAGES)]
    seen = set()
    while len(seen) < count:
        c = composers[len(seen) % len(composers)]
        marked, facts = c.row()
        code, emoji = c.tables.code, c.tables.literals["emoji"]
        row = c.finished(noisy(marked, code, rng, emoji), facts)
        if row["text"] not in seen:
            seen.add(row["text"])
            yield row


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--language", choices=LANGUAGES)
    parser.add_argument("--stats", action="store_true", help="print what was made instead of the commands")
    parser.add_argument("--utterances", type=Path, help="English requests by others, from utterances.py")
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    statistics = Statistics()
    said = options.utterances.read_text(encoding="utf-8").splitlines() if options.utterances else ()
    for row in commands(options.count, options.seed, options.language, said):
        if options.stats:
            statistics.add(row)
        else:
            print(json.dumps(row, ensure_ascii=False))
    if options.stats:
        print(json.dumps(statistics.summary(), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
