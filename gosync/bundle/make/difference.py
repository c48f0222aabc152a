"""The difference of a selection and what the receiver has: versions and bases.

A version travels if the receiver has less of it than the selection does. Versions
of a module that travel as zips stand together by their base: the highest version
below the lowest of them that the receiver holds whole and the selection keeps, or
failing that the lowest above it. Without one they travel on their own.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from gosync.bundle.format.manifest import Base
from gosync.bundle.make.selection import SelectedVersion
from gosync.catalog.versions import Need
from gosync.gomod.module import ModuleVersion
from gosync.gomod.semver import version_key


class Bundled(NamedTuple):
    """Versions of one module that travel together.

    Attributes:
        chosen: The versions, in ascending order.
        base: What they are patches against, or None.
        base_digest: The base's blob, "" without one.
    """

    chosen: tuple[SelectedVersion, ...]
    base: Base | None = None
    base_digest: str = ""

    @property
    def zip_bytes(self) -> int:
        """The sizes of their zips together."""
        return sum(chosen.row.zip_bytes or 0 for chosen in self.chosen)

    @property
    def repeats(self) -> bool:
        """Whether what travels is much like something that lies far from it."""
        return len(self.chosen) > 1 or self.base is not None


def travelling(
    selection: Iterable[SelectedVersion],
    held: Mapping[ModuleVersion, Need],
    bases: Container[ModuleVersion],
) -> Iterator[Bundled]:
    """Yield what travels, module by module.

    Args:
        selection: The selection, by path.
        held: How much of which versions the receiver has.
        bases: Which of them may be a base.
    """
    for _, versions in groupby(selection, key=lambda chosen: chosen.row.path):
        module = sorted(versions, key=lambda chosen: version_key(chosen.row.version))
        new = [chosen for chosen in module if not _has(held.get(chosen.mv), chosen)]
        if not new:
            continue
        known = [
            chosen
            for chosen in module
            if chosen.mv in bases
            and chosen.need is Need.ZIP
            and held.get(chosen.mv) is Need.ZIP
        ]
        if known:
            yield from _by_base(new, known)
        else:
            yield Bundled(tuple(new))


def _has(held: Need | None, chosen: SelectedVersion) -> bool:
    return held is Need.ZIP or held is chosen.need


def _by_base(
    new: Sequence[SelectedVersion], bases: Sequence[SelectedVersion]
) -> Iterator[Bundled]:
    """Yield the versions with their bases; what travels as ``.mod`` needs none."""
    mods = tuple(chosen for chosen in new if chosen.need is Need.MOD)
    if mods:
        yield Bundled(mods)
    keys = [version_key(chosen.row.version) for chosen in bases]
    placed = [
        (max(0, bisect(keys, version_key(chosen.row.version)) - 1), chosen)
        for chosen in new
        if chosen.need is Need.ZIP
    ]
    for place, group in groupby(placed, key=lambda pair: pair[0]):
        row = bases[place].row
        assert row.zip_h1 is not None
        assert row.zip_digest is not None
        base = Base(path=row.path, version=row.version, h1=row.zip_h1)
        chosen = tuple(each for _, each in group)
        yield Bundled(chosen, base, row.zip_digest)
