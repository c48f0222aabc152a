"""Selection in the making: each version once, with the widest need of all. Pure.

Selects, projects, dependencies and toolchains add to it, in any order; what they
want together does not depend on the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from gosync.catalog.versions import Need, Want
from gosync.gomod.module import ModuleVersion


class WantedSet:
    """Versions that are wanted."""

    def __init__(self, wants: Iterable[Want] = ()) -> None:
        self._wants: dict[ModuleVersion, Want] = {}
        self.update(wants)

    def __len__(self) -> int:
        return len(self._wants)

    def __iter__(self) -> Iterator[Want]:
        return iter(self._wants.values())

    def __contains__(self, mv: object) -> bool:
        return mv in self._wants

    def get(self, mv: ModuleVersion) -> Want | None:
        """Return what is wanted of a version, or None."""
        return self._wants.get(mv)

    def add(self, want: Want) -> None:
        """Add one; a version that is wanted twice gets the union of both."""
        there = self._wants.get(mv := want.mv)
        self._wants[mv] = want if there is None else _union(there, want)

    def update(self, wants: Iterable[Want]) -> None:
        """Add several."""
        for want in wants:
            self.add(want)


def _union(there: Want, more: Want) -> Want:
    """Return what both want; who named it first stays, and a limit only if both have.

    A ``.mod`` alone has no zip to limit, so the limit is that of those who want it.
    """
    if more.need is not Need.ZIP:
        limit = there.max_zip_bytes
    elif there.need is not Need.ZIP:
        limit = more.max_zip_bytes
    else:
        limit = _wider(there.max_zip_bytes, more.max_zip_bytes)
    return replace(
        there,
        need=Need.ZIP if Need.ZIP in (there.need, more.need) else Need.MOD,
        max_zip_bytes=limit,
        index_time=_later(there.index_time, more.index_time),
    )


def _wider(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _later(one: str | None, other: str | None) -> str | None:
    return max(filter(None, (one, other)), default=None)
