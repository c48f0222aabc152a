"""Parts of a list of modules that stay the same when other parts change. Pure.

Whether a module begins a part is told by its path alone, as a part's address is by its
first module. So a module that comes or goes changes the part that it is in, and the
list of parts at most. One of ``size`` modules begins a part, so parts are that long on
average, and few are three times as long.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256

import msgspec


class TouchedParts(msgspec.Struct, frozen=True):
    """What is to be done to parts after some modules changed.

    Attributes:
        at: The parts to write, by their place in the list of starts, ascending.
        gone: What parts began with that are no more.
    """

    at: tuple[int, ...]
    gone: tuple[str, ...]


def begins_page(path: str, size: int) -> bool:
    """Return whether a module begins a part of a list with so many in each."""
    return int.from_bytes(sha256(path.encode()).digest()[:8], "big") % size == 0


def touched_parts(
    starts: Sequence[str], changed: Collection[str], size: int
) -> TouchedParts:
    """Return which parts the changed modules are in, or were before.

    Args:
        starts: What parts begin with, ascending; none for a list without parts.
        changed: The modules that changed.
        size: How many modules a part has on average.
    """
    if not starts:
        return TouchedParts((), ())
    touched = {at for path in changed for at in _parts_of(starts, path)}
    gone = tuple(
        path
        for path in changed
        if begins_page(path, size) and starts[_last_before(starts, path)] != path
    )
    return TouchedParts(tuple(sorted(touched - {-1})), gone)


def _parts_of(starts: Sequence[str], path: str) -> Iterator[int]:
    at = _last_before(starts, path)
    yield at
    if starts[at] == path:  # it may have been in the part before
        yield at - 1


def _last_before(starts: Sequence[str], path: str) -> int:
    return bisect_right(starts, path) - 1
