"""Counts of generated commands: how rich they are and how evenly spread."""

from collections import Counter


class Statistics:
    """Adds rows up by language."""

    def __init__(self):
        self.by_language = {}

    def add(self, row):
        counts = self.by_language.setdefault(row["language"], {name: Counter() for name in (
            "sizes", "types", "connectors", "dependencies", "verbs", "values", "contents", "parameters", "ends", "words")})
        counts["sizes"][len(row["segments"])] += 1
        counts["words"].update(row["text"].casefold().split())
        last = 0
        for s in row["segments"]:
            words = s["content"].casefold().split()
            counts["verbs"][words[0] if row["language"] == "en" else words[-1]] += 1
            counts["types"][s["type"]] += 1
            counts["connectors"][(s["connector"] or "none").casefold()] += 1
            counts["dependencies"][s["dependency_kind"] or "none"] += 1
            counts["contents"][s["content"].casefold()] += 1
            counts["values"].update(v.casefold() for n, v in s["parameters"].items() if n in ("target", "query"))
            counts["parameters"].update(s["parameters"].keys())
            between = row["text"][last:s["start"]].casefold().split()
            counts["ends"][" ".join(between)] += 1
            last = s["end"]

    def summary(self):
        out = {}
        for code, counts in sorted(self.by_language.items()):
            def shares(name, counts=counts):
                total = counts[name].total() or 1
                return {str(k): round(n / total, 4) for k, n in counts[name].most_common()}
            out[code] = {
                "commands": counts["sizes"].total(), "segments": counts["types"].total(),
                "actions_a_command": {str(k): n for k, n in sorted(counts["sizes"].items())},
                "types": shares("types"), "dependencies": shares("dependencies"), "parameters": dict(counts["parameters"].most_common()),
                "distinct": {"words": len(counts["words"]), "verb_forms": len(counts["verbs"]), "targets_and_queries": len(counts["values"]),
                             "contents": len(counts["contents"]), "connectors": len(counts["connectors"]), "joints": len(counts["ends"])},
                "connectors": dict(counts["connectors"].most_common(40)),
            }
        return out
