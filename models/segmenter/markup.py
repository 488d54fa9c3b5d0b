"""Marks inside a text while it is composed: code points of the private use area open and close spans, so that
word forms, frames and noise can treat a marked text as a text, and the gold offsets are read off the finished one.
"""

import re

PARAMETERS = ("query", "target", "title", "format", "source", "destination", "recipient", "date", "time", "language", "count",
              "condition", "variables")
CLOSE, SEGMENT, CONNECTOR = "\ue000", "\ue001", "\ue002"
# Marks part of a segment whose parameters nobody has annotated.
UNANNOTATED = "unannotated"
OPEN = {name: chr(0xE010 + i) for i, name in enumerate((*PARAMETERS, UNANNOTATED))}
NAMES = {mark: name for name, mark in OPEN.items()}
MARKS = re.compile("[\ue000-\ue0ff]")
# Edge characters that belong to no content; a dot before a letter or digit (`.heic`) stays.
AFTER = set(".,;:!?…-–—()[]{}<>\"'“”‘’«»„%*•")
BEFORE = AFTER - {"."}


def tag(name, text):
    """The text as the value of a parameter."""
    return OPEN[name] + text + CLOSE if text else ""


def segment(text):
    return SEGMENT + text + CLOSE


def connector(text):
    return CONNECTOR + text + CLOSE


def strip(text):
    """The text without its marks."""
    return MARKS.sub("", text)


def notation(text):
    """`[name text]` of the tables as marks; brackets that name no parameter stay."""
    return re.sub(r"\[(\w+) ([^\[\]]*)\]", lambda m: tag(m[1], m[2]) if m[1] in OPEN else m[0], text)


WRITTEN = re.compile(r"\[(?P<content>.*?)\]\((?P<type>[a-z]+|\?)(?: < (?P<earlier>[\d,]+) (?P<kind>data|sequence))?\)")


def written(line):
    """(marked text, facts) of a command whose segments are written `[content](type < 1,2 data|sequence)`; the type may be `?`."""
    facts = []
    for found in WRITTEN.finditer(line):
        earlier = [int(n) for n in found["earlier"].split(",")] if found["earlier"] else []
        facts.append((None if found["type"] == "?" else found["type"], earlier, found["kind"]))
    return WRITTEN.sub(lambda m: segment(tag(UNANNOTATED, m["content"])), line.replace("\\n", "\n")), facts


def trim(text, start, end):
    """The span without white space and marks at its edges."""
    while start < end and (text[start].isspace() or text[start] in BEFORE
                           or text[start] == "." and not text[start + 1:start + 2].isalnum()):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in AFTER):
        end -= 1
    return start, end


def clip(text, span, inside):
    """The part of a parameter's span that its segment holds, without spaces at the edges; none when nothing is left."""
    start, end = max(span[0], inside[0]), min(span[1], inside[1])
    while start < end and (text[start].isspace() or text[start] in ",;:"):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in ",;:"):
        end -= 1
    return (start, end) if start < end else None


def parse(marked):
    """(text, segments as dicts of start, end, connector, parameters): the spans of the marks, in order."""
    out, stack, segments, joints = [], [], [], {}
    open_segments = 0
    for c in marked:
        if c == CLOSE:
            mark, start, owner = stack.pop()
            span = (start, len(out))
            if mark == SEGMENT:
                segments[owner]["span"] = span
                open_segments -= 1
            elif mark == CONNECTOR:
                joints[owner] = (span, bool(open_segments))
            elif owner is not None:
                segments[owner]["parameters"].append((NAMES[mark], span))
        elif c == SEGMENT:
            stack.append((c, len(out), len(segments)))
            segments.append({"parameters": []})
            open_segments += 1
        elif c == CONNECTOR:
            stack.append((c, len(out), len(segments)))
        elif c in NAMES:
            stack.append((c, len(out), len(segments) - 1 if open_segments else None))
        else:
            out.append(c)
    if stack:
        raise ValueError("a mark was not closed")
    for i, s in enumerate(segments):
        s["joint"] = joints.get(i)
    return "".join(out), segments


def gold(marked, language, facts):
    """The row of a gold file; `facts` gives (type, depends_on, dependency_kind) of each segment."""
    text, segments = parse(marked)
    if len(segments) != len(facts):
        raise ValueError(f"{len(segments)} spans, {len(facts)} actions in {text!r}")
    rows = []
    for s, (kind, depends_on, why) in zip(segments, facts):
        start, end = trim(text, *s["span"])
        values, spans = {}, {}
        if any(name == UNANNOTATED for name, _ in s["parameters"]):
            s["parameters"], spans = [], None
        for name, span in sorted(s["parameters"], key=lambda p: (p[1][0], -p[1][1])):
            span = clip(text, span, (start, end))
            if span is None or name in values and name != "variables":
                continue
            value = text[span[0]:span[1]]
            if name == "variables":
                values.setdefault(name, []).append(value)
                spans.setdefault(name, []).append(list(span))
            else:
                values[name], spans[name] = value, list(span)
        joint, joint_span = None, None
        if s["joint"]:
            span, suffix = s["joint"]
            joint_span = list(trim(text, *span))
            joint = ("-" if suffix else "") + text[joint_span[0]:joint_span[1]]
        rows.append({"start": start, "end": end, "content": text[start:end], "type": kind, "connector": joint,
                     "depends_on": list(depends_on), "dependency_kind": why, "parameters": values,
                     "parameter_spans": spans, "connector_span": joint_span})
    return {"text": text, "language": language, "segments": rows}
