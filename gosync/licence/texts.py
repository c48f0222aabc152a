"""The licences that a text has, by licenseclassifier. Pure.

A text has the licences that are found in it if together they cover at least three
quarters of it, pkg.go.dev's threshold; a text that mentions a licence has none. In a
README a licence is a part among others, so none of its text need be covered; what is
found there is a hint for people.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

THRESHOLD_PERCENT: Final = 75.0
MAX_TEXT_BYTES: Final = 2 << 20
_KNOWN_TEXTS: Final = 4096


class Classified(NamedTuple):
    """What a text is.

    Attributes:
        licences: Identifiers as the classifier gives them, in order, each once.
        covered: The part of the text that they cover, 0 to 1.
    """

    licences: tuple[str, ...] = ()
    covered: float = 0.0


@lru_cache(_KNOWN_TEXTS)
def classify(text: bytes, *, whole: bool = True) -> Classified:
    """Return the licences of a text; it is remembered, since most texts recur.

    Args:
        text: The contents of a file. What is no UTF-8 in it matches nothing.
        whole: Whether licences must cover most of it; else any part counts.
    """
    if len(text) > MAX_TEXT_BYTES:
        return Classified()
    from licenseclassifier import identify_license  # noqa: PLC0415 - 20 ms, then 1 MB

    decoded = text.decode("utf-8", "replace")
    threshold = THRESHOLD_PERCENT if whole else 0.0
    found = identify_license(decoded, threshold)
    covered = sum(each.end - each.start for each in found) / max(1, len(decoded))
    return Classified(tuple(dict.fromkeys(each.id for each in found)), covered)
