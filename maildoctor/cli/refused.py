"""Wrong usage: one line that says what is wrong, and what was perhaps meant."""

from __future__ import annotations

from collections.abc import Iterable


class Refused(ValueError):
    """The program was not told what it can work with. Exit code 2."""


def near(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" for the known word that is most like a mistyped one; failing that, all of them if few."""
    known = sorted(known)
    spelt = {each.lower(): each for each in known}
    import difflib

    found = difflib.get_close_matches(word.lower(), spelt, n=3)
    if found:
        best, *others = (difflib.SequenceMatcher(None, each, word.lower()).ratio() for each in found)
        return f"; did you mean {' or '.join(spelt[each] for each in found[: 1 + others.count(best)])}?"
    return f"; it is one of: {', '.join(known)}" if len(known) <= 12 else ""
