"""Which of many cases a run of the tests takes: a sample, or every one.

The README's test line is the first tier: it takes a sample, the same in each run, and
leaves out the tests with the marker `long`. GOSYNC_TEST_LONG=1 runs those too, and
`.ci/run` runs them alone, after the first tier.
The second tier, GOSYNC_TEST_EVERY_STEP=1, takes every case, or where one loop makes
hundreds of a kind those of `ends_of_each_kind`; `.ci/run all` runs it as well. A test
whose cases differ has the marker `sampled`, and `EVERY_STEP` says which tier this is.
Of cases that differ little `shared_out` leaves every second to the long tests.
GOSYNC_TEST_PLACES=34:120 takes of one loop's places those from the 34th to before the
120th, 34::12 of those from the 34th one in twelve, so that an hour of kills is done in
parts.
"""

from __future__ import annotations

import os
import random
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
R = TypeVar("R", bound=tuple[Hashable, ...])

EVERY_STEP = os.environ.get("GOSYNC_TEST_EVERY_STEP") == "1"
LONG = EVERY_STEP or os.environ.get("GOSYNC_TEST_LONG") == "1"
PLACES = os.environ.get("GOSYNC_TEST_PLACES", "")


def examples(count: int) -> int:
    """Return how many examples Hypothesis tries of so many: half, or five times them.

    Those of the first tier are the same in each run.
    """
    return 5 * count if EVERY_STEP else count // 2


def spread(cases: Sequence[T], most: int) -> list[T]:
    """Return cases at even distances, the first and the last among them; or all."""
    return list(cases) if EVERY_STEP else _evenly(cases, most)


def shared_out(cases: Iterable[Any], *, columns: int = 1, each: int = 2) -> list[Any]:
    """Return cases as pytest's parameters, all but one in so many for the long tests.

    For cases that differ little. Which stay is drawn, the same in each run, so that
    the order of a product decides nothing.

    Args:
        cases: What ``pytest.mark.parametrize`` takes.
        columns: How many parameters a case has.
        each: One in how many stays in the first tier.
    """
    every = list(cases)
    kept = random.Random(len(every)).sample(range(len(every)), -(-len(every) // each))
    return [
        case if place in kept else _as_long(case, columns)
        for place, case in enumerate(every)
    ]


def _as_long(case: Any, columns: int) -> Any:
    if isinstance(case, pytest.ParameterSet):
        marks = [*case.marks, pytest.mark.long]
        return pytest.param(*case.values, marks=marks, id=case.id)
    values = case if columns > 1 else (case,)
    return pytest.param(*values, marks=pytest.mark.long)


def one_of_a_kind(kinds: Sequence[Hashable], most: int) -> list[int]:
    """Return the places of a sample that has as many kinds as possible; or all places.

    Args:
        kinds: The kind of each case, in the order of the cases.
        most: How many cases, first one of each kind, then any others.
    """
    if EVERY_STEP or len(kinds) <= most:
        return _part(list(range(len(kinds))))
    places = random.Random(most).sample(range(len(kinds)), len(kinds))
    first = {kinds[place]: place for place in reversed(places)}
    firsts = [place for place in places if first[kinds[place]] == place]
    others = [place for place in places if first[kinds[place]] != place]
    return _part(sorted([*firsts, *others][:most]))


def _part(places: list[int]) -> list[int]:
    """Return the part of the places that PLACES names, as a slice; all without it.

    Raises:
        ValueError: it is no slice, or has none of them: nothing would be tried.
    """
    if not PLACES:
        return places
    part = slice(*(int(each) if each else None for each in PLACES.split(":")))
    if ":" not in PLACES or not (found := places[part]):
        raise ValueError(f"GOSYNC_TEST_PLACES={PLACES}: none of {len(places)}")
    return found


def ends_of_each_kind(kinds: Sequence[Hashable], each: int) -> list[int]:
    """Return the places of each kind's first and last case, and of some between.

    Unlike a sample's size, its size follows the cases: what one loop does many times
    is tried at its begin, at its end and in its midst, whatever there is of it.

    Args:
        kinds: The kind of each case, in the order of the cases.
        each: How many cases of a kind, at most.
    """
    places: dict[Hashable, list[int]] = {}
    for place, kind in enumerate(kinds):
        places.setdefault(kind, []).append(place)
    return sorted(one for same in places.values() for one in _evenly(same, each))


def _evenly(cases: Sequence[T], most: int) -> list[T]:
    """Return cases at even distances, the first and the last among them."""
    if len(cases) <= most:
        return list(cases)
    distance = (len(cases) - 1) / max(1, most - 1)
    return [cases[round(distance * number)] for number in range(most)]


def pairwise(rows: Sequence[R]) -> list[R]:
    """Return rows in which any two values meet that meet in some row; or all rows.

    Most faults need one value, or two that meet. A value is known by its column: of
    a product the rows are about as many as its two largest columns' product.
    """
    if EVERY_STEP:
        return list(rows)
    bits: dict[Hashable, int] = {}  # each pair's own bit
    pairs = [
        sum(
            bits.setdefault(pair, 1 << len(bits))
            for pair in combinations(enumerate(row), 2)
        )
        for row in rows
    ]
    missing = (1 << len(bits)) - 1
    chosen = []
    while missing:
        found = [(missing & each).bit_count() for each in pairs]
        best = found.index(max(found))
        chosen.append(best)
        missing &= ~pairs[best]
    return [rows[place] for place in sorted(chosen)]
