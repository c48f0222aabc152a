"""Sums of a plan: how much each select and project wants, alone and with others. Pure.

What is counted of a version is its zip where somebody wants it whole, and its go.mod
where everybody wants that alone. It is *alone* one select's or project's where nobody
else wants as much of it: it would not be carried without that one. What several want
is *shared*, and stands in each of their sums, so that these add up to more than the
whole; the sums alone and what is shared, once, add up to it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from gosync.sync.zipsizes import SizeKind


class Sum(msgspec.Struct, kw_only=True):
    """How much some versions are.

    Attributes:
        zips: Versions that are carried whole.
        go_mods: Versions of which the ``.mod`` alone is carried.
        bytes: Sizes of the zips, estimates included.
        estimated_bytes: What of that is estimates.
        sizes_unknown: Zips of which not even an estimate is known; they count as 0.
    """

    zips: int = 0
    go_mods: int = 0
    bytes: int = 0
    estimated_bytes: int = 0
    sizes_unknown: int = 0

    @property
    def versions(self) -> int:
        """All of them."""
        return self.zips + self.go_mods

    def add_zip(self, size_bytes: int, kind: SizeKind) -> None:
        """Count a zip."""
        self.zips += 1
        self.bytes += size_bytes
        if not kind.is_exact:
            self.estimated_bytes += size_bytes
            self.sizes_unknown += kind is SizeKind.UNKNOWN

    def add(self, other: Sum) -> None:
        """Add another sum."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def less(self, other: Sum) -> Sum:
        """Return what is left without a part."""
        names = self.__struct_fields__
        return Sum(**{n: getattr(self, n) - getattr(other, n) for n in names})


class CountedVersion(msgspec.Struct, frozen=True, gc=False):
    """A selected version, as sums see it.

    Attributes:
        whole: Who wants its zip: a bit for each; 0 where its ``.mod`` alone is wanted.
        alone: Who wants its ``.mod`` alone, likewise.
        bytes: The zip's size, 0 where none is wanted.
        kind: How that is known.
        is_here: Whether what is wanted is in the store.
        is_new: Whether the published tree does not show it yet.
        is_named: Who names or chooses it, rather than needing it for another.
    """

    whole: int
    alone: int
    bytes: int
    kind: SizeKind
    is_here: bool
    is_new: bool
    is_named: int = 0


class WanterSum(msgspec.Struct, frozen=True, kw_only=True):
    """How much one select or project wants.

    Attributes:
        who: What it is called: "select 2", "project ./app".
        what: What it names, for people.
        named: Versions that it names or chooses; the others are needed for these.
        total: All that it wants.
        alone: What nobody else wants as much of.
        shared: What others want as well.
        fetch: What of the total is not in the store.
        new: What of the total the published tree does not show yet.
    """

    who: str
    what: str
    named: int
    total: Sum
    alone: Sum
    shared: Sum
    fetch: Sum
    new: Sum


class PlanSums(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of a plan: each ``alone`` and ``shared`` together are ``selected``.

    Attributes:
        selected: All that is selected.
        fetch: What of it is not in the store.
        new: What of it the published tree does not show yet.
        shared: What several want.
        by: Each select and project.
    """

    selected: Sum
    fetch: Sum
    new: Sum
    shared: Sum
    by: tuple[WanterSum, ...]


class _Group(msgspec.Struct):
    """Versions that the same ones want."""

    total: Sum = msgspec.field(default_factory=Sum)
    fetch: Sum = msgspec.field(default_factory=Sum)
    new: Sum = msgspec.field(default_factory=Sum)
    named: dict[int, int] = msgspec.field(default_factory=dict)


Groups: TypeAlias = dict[tuple[int, int], _Group]


def group(versions: Iterable[CountedVersion]) -> Groups:
    """Count versions by who wants them whole, and who their ``.mod`` alone.

    Args:
        versions: Each selected version, once.
    """
    groups: Groups = {}
    for each in versions:
        found = groups.get((each.whole, each.alone))
        if found is None:
            found = groups[each.whole, each.alone] = _Group()
        _count(found, each)
    return groups


def sum_up(groups: Groups, names: Mapping[int, tuple[str, str]]) -> PlanSums:
    """Add up what is selected.

    Args:
        groups: What is selected, grouped.
        names: What each wanter is called, and what it names, by its bit.
    """
    everyone = (~0, ~0)
    return PlanSums(
        selected=_total(groups, "total", *everyone),
        fetch=_total(groups, "fetch", *everyone),
        new=_total(groups, "new", *everyone),
        shared=_shared(groups),
        by=tuple(_wanter(groups, bit, *told) for bit, told in names.items()),
    )


def _count(group: _Group, each: CountedVersion) -> None:
    sums = [group.total]
    sums += [] if each.is_here else [group.fetch]
    sums += [group.new] if each.is_new else []
    for one in sums:
        if each.whole:
            one.add_zip(each.bytes, each.kind)
        else:
            one.go_mods += 1
    if each.is_named:
        group.named[each.is_named] = group.named.get(each.is_named, 0) + 1


def _total(groups: Groups, name: str, whole: int, alone: int) -> Sum:
    """Return the sum of what these want, as much as they want of it."""
    found = Sum()
    for (wholes, alones), group in groups.items():
        part: Sum = getattr(group, name)
        if wholes & whole:
            found.add(part)
        elif alones & alone:
            found.go_mods += part.versions
    return found


def _shared(groups: Groups) -> Sum:
    found = Sum()
    for (whole, alone), group in groups.items():
        if not _is_one(whole or alone):
            found.add(group.total)
    return found


def _is_one(bits: int) -> bool:
    return bits & (bits - 1) == 0


def _wanter(groups: Groups, bit: int, who: str, what: str) -> WanterSum:
    total, alone = _total(groups, "total", bit, bit), Sum()
    for (whole, only), group in groups.items():
        if (whole or only) == bit:
            alone.add(group.total)
    return WanterSum(
        who=who,
        what=what,
        named=sum(
            count
            for group in groups.values()
            for named, count in group.named.items()
            if named & bit
        ),
        total=total,
        alone=alone,
        shared=total.less(alone),
        fetch=_total(groups, "fetch", bit, bit),
        new=_total(groups, "new", bit, bit),
    )
