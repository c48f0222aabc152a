"""Letters and simple case folding as Go has them.

Verdicts on file names must not depend on the interpreter: Python 3.11 knows
Unicode 14, Go 1.27 knows Unicode 17 and 13 916 letters more. ``str.casefold``
is also another thing than Go's simple folding: it turns "ß" into "ss".

Here a string folds code point by code point, each to the least of those that
differ from it in case only (``unicode.SimpleFold``), where A-Z become a-z. Two
strings are equal but for case if, and only if, they fold to the same string.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from itertools import accumulate

from gosync.gomod import unicode_tables


def is_letter(character: str) -> bool:
    """Tell whether one character is a letter (``unicode.IsLetter``)."""
    if character.isascii():
        return character.isalpha()
    return bisect_right(_letter_borders(), ord(character)) % 2 == 1


def fold(text: str) -> str:
    """Return the form that all spellings in other cases share."""
    if text.isascii():
        return text.lower()
    return text.translate(_folds())


@cache
def _letter_borders() -> list[int]:
    """First of the letters, first after them, and so on, ascending."""
    return list(accumulate(_numbers(unicode_tables.LETTERS)))


@cache
def _folds() -> dict[int, int]:
    table = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
    numbers = _numbers(unicode_tables.FOLDS)
    first = 0
    for gap, count, step, difference in zip(*[iter(numbers)] * 4, strict=True):
        first += gap
        for point in range(first, first + count * step, step):
            table[point] = point - difference
    return table


def _numbers(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]
