"""Chains of the policy's rulings: who wants a version, by which others.

Noted once a version is ruled on, from what selecting has read, so that whoever tells of
it later (status, a closure from the tree alone) need not find out. Requirements that
are marked ``// indirect`` name everything at once: a way without them is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from msgspec.structs import replace

from gosync.catalog.rulings import Ruling
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.site.site import Site
from gosync.sync.choosing import Chooser
from gosync.sync.following import read_named
from gosync.sync.gomods import StoredGoMods
from gosync.sync.packages import StoredPackages
from gosync.sync.projects import ConfiguredProject
from gosync.sync.reasons import Reasons, SelectionReason

_MOST: Final = 100  # of one pass: each is found in the graph anew
_Load = Callable[[ModuleVersion], GoMod | None]


def note_chains(site: Site, projects: Sequence[ConfiguredProject]) -> None:
    """Note who wants what was ruled on, where nobody has told yet.

    Raises:
        StoreError: the catalog cannot be read or written.
    """
    unknown = (each for each in site.catalog.rulings.all() if not each.wanted_by)
    lacking = list(islice(unknown, _MOST))
    if not lacking:
        return
    catalog, options = site.catalog, site.options
    gomods = StoredGoMods(catalog, site.blobs)
    reasons = Reasons(
        Chooser(catalog, options.policy, now=site.clock.now()),
        gomods,
        StoredPackages(catalog, site.blobs),
        projects,
        options.toolchains,
        options.policy,
        read_named(options),
    )
    mains = {
        main.path: main.gomod
        for each in projects
        for main in each.project.mains.modules
    }

    def load(mv: ModuleVersion) -> GoMod | None:
        return gomods.load(mv) if mv.version else mains.get(mv.path)

    catalog.rulings.put([_told(each, reasons, load) for each in lacking])


def _told(ruling: Ruling, reasons: Reasons, load: _Load) -> Ruling:
    found = list(reasons.of(ruling.mv))
    if not found:
        return ruling
    best = min(found, key=_length)
    path = best.path or (ruling.mv,)
    path = direct_way(path[0], ruling.mv, load) or path
    return replace(ruling, wanted_by=best.who, chain=tuple(map(_name, path)))


def _name(mv: ModuleVersion) -> str:
    return str(mv) if mv.version else mv.path


def direct_way(
    start: ModuleVersion, end: ModuleVersion, load: _Load
) -> tuple[ModuleVersion, ...]:
    """Return the shortest way by requirements that are not indirect, () for none.

    Args:
        start: Where it begins.
        end: The version; a requirement of another version of its module will do.
        load: Reads a go.mod, None where it is not here.
    """
    ways: dict[str, tuple[ModuleVersion, ...]] = {start.path: (start,)}
    waiting = [start]
    for each in waiting:
        gomod = load(each)
        for one in () if gomod is None else gomod.require:
            if one.indirect or one.path in ways:
                continue
            mv = ModuleVersion(one.path, one.version)
            if one.path == end.path:
                return (*ways[each.path], end)
            ways[one.path] = (*ways[each.path], mv)
            waiting.append(mv)
    return ()


def _length(reason: SelectionReason) -> tuple[bool, int]:
    """The shortest way from what is built; a line of a go.sum alone tells less."""
    return reason.kind.startswith("a line of"), len(reason.path)
