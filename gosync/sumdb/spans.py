"""Sets of whole numbers as spans, the first and the last of each: 3-7, 12-12. Pure.

Tiles that are wanted come as single numbers and as long runs of them; hundreds of
thousands in a run are one span.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

# In order, none empty, none touching the next one.
Spans: TypeAlias = tuple[tuple[int, int], ...]


def spans_of(numbers: Iterable[int]) -> Spans:
    """Return the spans of some numbers."""
    return unite((number, number) for number in numbers)


def unite(*sets: Iterable[tuple[int, int]]) -> Spans:
    """Return what any of the sets has; they may be in any order and overlap."""
    united: list[tuple[int, int]] = []
    for first, last in sorted(span for spans in sets for span in spans):
        if united and first <= united[-1][1] + 1:
            united[-1] = (united[-1][0], max(last, united[-1][1]))
        elif first <= last:
            united.append((first, last))
    return tuple(united)


def subtract(spans: Spans, other: Spans) -> Spans:
    """Return what ``spans`` has and ``other`` has not."""
    left: list[tuple[int, int]] = []
    others = iter(other)
    hole = next(others, None)
    for first, last in spans:
        start = first
        while hole is not None and hole[1] < start:
            hole = next(others, None)
        while hole is not None and hole[0] <= last:
            if start < hole[0]:
                left.append((start, hole[0] - 1))
            start = hole[1] + 1
            if hole[1] > last:
                break
            hole = next(others, None)
        if start <= last:
            left.append((start, last))
    return tuple(left)


def up_to(spans: Spans, last: int) -> Spans:
    """Return what is not above ``last``."""
    return tuple((a, min(b, last)) for a, b in spans if a <= last)


def numbers(spans: Spans) -> Iterator[int]:
    """Yield the numbers in order."""
    for first, last in spans:
        yield from range(first, last + 1)


def count(spans: Spans) -> int:
    """Return how many numbers there are."""
    return sum(last - first + 1 for first, last in spans)


def has(spans: Spans, number: int) -> bool:
    """Return whether a number is among them."""
    return any(first <= number <= last for first, last in spans)
