"""Explaining how large one select's or project's part of a plan is.

What it names or chooses; what is needed for these; what of that only consumers of a
part need; the ``.mod`` files alone; and how much each version that it chooses brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from gosync.catalog.selected_sizes import SelectedSize
from gosync.catalog.versions import Need
from gosync.gomod.deps import Deps
from gosync.gomod.module import ModuleVersion, OfVersion
from gosync.site.policy import Policy
from gosync.sync.demands import Demands, select_name
from gosync.sync.knownsizes import size_of
from gosync.sync.plansums import Sum
from gosync.sync.zipsizes import SizeKind, ZipSizes


class Covers(StrEnum):
    """Who finds all that is needed.

    Attributes:
        ANY_ONE: Who requires any one of the versions that are chosen.
        TOGETHER: Who requires all of them at once, too.
    """

    ANY_ONE = "any one"
    TOGETHER = "together"


class ExplainedRoot(msgspec.Struct, frozen=True):
    """How much one chosen version brings.

    Attributes:
        path: The module path.
        version: Its version.
        total: It and all that it needs, zips.
        only: What nothing else that is chosen here needs.
    """

    path: str
    version: str
    total: Sum
    only: Sum


class ExplainedVersion(OfVersion, msgspec.Struct, frozen=True):
    """A version in an explanation.

    Attributes:
        path: The module path.
        version: Its version.
        why: "chosen", "dependency", "subset" or "go.mod".
        bytes: Its zip's size, an estimate included.
        size: How that is known.
        wanted_by: All who want it, as much of it.
        newest: Whether it was taken as the newest version, since nothing that is
            required has a package that is imported.
    """

    path: str
    version: str
    why: str
    bytes: int
    size: str
    wanted_by: tuple[str, ...]
    newest: bool = False


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One select's or project's part.

    Attributes:
        who: What it is called.
        chosen: What it names or chooses.
        dependencies: What is needed for these.
        subsets: What consumers of a part of what is chosen may need, besides.
        go_mods: Versions whose ``.mod`` alone is carried, to choose versions by.
        unread: Zips that are an upper bound: nobody could read yet who imports them.
        roots: What each chosen version brings, the largest first.
        versions: Every version, the largest first.
        covers: Who finds all that is needed; None where that is no question.
    """

    who: str
    chosen: Sum
    dependencies: Sum
    subsets: Sum
    go_mods: int
    unread: int
    roots: tuple[ExplainedRoot, ...]
    versions: tuple[ExplainedVersion, ...]
    covers: Covers | None = None


def explain(
    demands: Demands,
    selected: Mapping[ModuleVersion, SelectedSize],
    sizes: ZipSizes,
    policy: Policy,
) -> Explanation | None:
    """Return the part of what is explained, None where nothing is.

    Args:
        demands: Who wants what.
        selected: All that is selected.
        sizes: How large zips are.
        policy: The selects.
    """
    if not demands.explained:
        return None
    versions = list(_versions(demands, selected, sizes))
    sums = {why: Sum() for why in ("chosen", "dependency", "subset", "go.mod")}
    for each in versions:
        if each.why == "go.mod":
            sums[each.why].go_mods += 1
        else:
            sums[each.why].add_zip(each.bytes, SizeKind(each.size))
    return Explanation(
        who=demands.explained,
        chosen=sums["chosen"],
        dependencies=sums["dependency"],
        subsets=sums["subset"],
        go_mods=sums["go.mod"].go_mods,
        unread=sum(each.mv in demands.unread for each in versions),
        roots=tuple(_roots(demands, selected, sizes)),
        versions=tuple(versions),
        covers=_covers(demands.explained, policy),
    )


def _covers(who: str, policy: Policy) -> Covers | None:
    for number, select in enumerate(policy.selects, start=1):
        if who == select_name(number) and select.deps is not Deps.NONE:
            return Covers.TOGETHER if select.together else Covers.ANY_ONE
    return None


def _versions(
    demands: Demands, selected: Mapping[ModuleVersion, SelectedSize], sizes: ZipSizes
) -> Iterator[ExplainedVersion]:
    bit = demands.bit(demands.explained)
    found = []
    for mv, each in selected.items():
        whole, alone = demands.of(mv, each.need)
        if not (whole | alone) & bit:
            continue
        is_whole = bool(whole & bit)
        size, kind = size_of(each, sizes) if is_whole else (0, SizeKind.HERE)
        why = _why(demands, mv, bit, is_whole=is_whole)
        wanters = demands.wanters(whole if is_whole else whole | alone)
        found.append(
            ExplainedVersion(
                mv.path,
                mv.version,
                why,
                size,
                kind.value,
                wanters,
                mv in demands.newest,
            )
        )
    yield from sorted(found, key=lambda each: (-each.bytes, each.path, each.version))


def _why(demands: Demands, mv: ModuleVersion, bit: int, *, is_whole: bool) -> str:
    if not is_whole:
        return "go.mod"
    if demands.named.get(mv, 0) & bit:
        return "chosen"
    return "subset" if mv in demands.subsets else "dependency"


def _roots(
    demands: Demands, selected: Mapping[ModuleVersion, SelectedSize], sizes: ZipSizes
) -> Iterator[ExplainedRoot]:
    needed_by: dict[ModuleVersion, int] = {}
    for zips in demands.roots.values():
        for mv in zips:
            needed_by[mv] = needed_by.get(mv, 0) + 1
    found = []
    for root, zips in demands.roots.items():
        total = _sum(zips, selected, sizes)
        only = _sum((mv for mv in zips if needed_by[mv] == 1), selected, sizes)
        found.append(ExplainedRoot(root.path, root.version, total, only))
    yield from sorted(found, key=lambda e: (-e.total.bytes, e.path, e.version))


def _sum(
    zips: Iterable[ModuleVersion],
    selected: Mapping[ModuleVersion, SelectedSize],
    sizes: ZipSizes,
) -> Sum:
    found = Sum()
    for mv in zips:
        each = selected.get(mv)
        if each is not None and each.need is Need.ZIP:
            found.add_zip(*size_of(each, sizes))
    return found
