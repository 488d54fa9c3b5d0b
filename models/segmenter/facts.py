"""The gold facts of a command's segments: types and dependencies, by the rules of the guideline."""


class Facts:
    """Segments in order; each is (type, depends_on as ordinals from 1, dependency_kind)."""

    def __init__(self):
        self.rows = []
        self.followed = set()

    def __len__(self):
        return len(self.rows)

    def ancestors(self, index):
        """The segments that must end before a segment, near or far."""
        found, todo = set(), [index]
        while todo:
            for d in self.rows[todo.pop()][1]:
                if d - 1 not in found:
                    found.add(d - 1)
                    todo.append(d - 1)
        return found

    def add(self, kind, refs=(), order="none"):
        """A segment that uses the results of `refs` (indexes) and stands in an order to those before it."""
        n = len(self.rows)
        if order == "otherwise" and n:
            depends, why = self.rows[n - 1][1:]
        else:
            causes = set(refs)
            if order == "last":
                causes |= set(range(n)) - self.followed
            elif order in ("next", "second", "third") and n:
                causes.add(n - 1)
            # One dependency per cause: what an earlier cause already waits for is not said again.
            far = set().union(*(self.ancestors(c) for c in causes)) if causes else set()
            depends = sorted(c + 1 for c in causes - far)
            why = "data" if refs else "sequence" if depends else None
        self.followed |= {d - 1 for d in depends}
        self.rows.append((kind, list(depends), why))
        return n
