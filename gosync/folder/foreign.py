"""Foreign files in a folder of modules: left out of its inventory.

A folder that is verified may hold other people's files. What counts is what has its
place by its name, and what lies beside such a thing:

=========  ==================================================================
``@v``     any file in it, if it has a version's file, or a ``list``
Athens     a version's folder that has ``source.zip`` or ``V.info``, or no other
           name than Athens' own three; what else is in such a one; the folder of
           what is no version, with Athens' names alone, beside a version's
sumdb      lookups and tiles that a client would ask for by their names
=========  ==================================================================

All else is foreign, whatever it is called: it is counted, and that is all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gosync.errors import MalformedError
from gosync.folder.athens import AthensLayout
from gosync.folder.inventory import Foreign, Inventory
from gosync.folder.layouts import PathPlace, Role, TargetKind
from gosync.folder.walk import Entry
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.pattern import compile_on_use
from gosync.sumdb.tile import parse_tile_path

_MARKS = frozenset({FileKind.INFO, FileKind.ZIP})  # who has a go.mod may be no cache
# There may be hundreds of thousands: what they are of is parsed once, when proven.
_LOOKUP = compile_on_use(r"lookup/[a-z0-9._~!/-]+@v[0-9][a-z0-9._~!+-]*")
_OUTSIDE_DOWNLOADS = frozenset({Role.EXTRACTED})


def keep_own(inventory: Inventory, kind: TargetKind) -> None:
    """Leave what is no cache's out of an inventory, and count it there."""
    if kind is TargetKind.ATHENS:
        _keep_versions(inventory)
    modules = _modules(inventory)

    def is_of_module(entry: Entry) -> bool:
        return entry.place.mv is not None and entry.place.mv.path in modules

    def is_own(entry: Entry) -> bool:
        if entry.place.mv is None:  # left behind by this very command
            return entry.place.role is Role.LEFTOVER and not entry.place.database
        return is_of_module(entry) or entry.place.unescaped

    inventory.strays = _kept(inventory, inventory.strays, is_own)
    inventory.aliases = _kept(inventory, inventory.aliases, is_of_module)
    inventory.locks = _kept(inventory, inventory.locks, is_of_module)
    for name, files in inventory.logs.items():
        kept = _kept(inventory, files.values(), lambda each: _is_asked_for(each.place))
        inventory.logs[name] = {each.place.name: each for each in kept}
    folders = {each.path.rpartition("/")[0] for each in inventory.strays}
    for folder in inventory.more_strays.keys() - folders:
        _count(inventory, inventory.more_strays.pop(folder), folder)


def recognised(inventory: Inventory) -> int:
    """Return how many versions have something of their own, not only a folder."""
    return sum(
        any(role is not Role.HOME for role in entries)
        for entries in inventory.versions.values()
    )


def _modules(inventory: Inventory) -> set[str]:
    """Return the modules of which something is in its place."""
    with_files = (
        mv.path
        for mv, entries in inventory.versions.items()
        if not entries.keys() <= _OUTSIDE_DOWNLOADS
    )
    return {*with_files, *inventory.lists}


def _keep_versions(inventory: Inventory) -> None:
    """Leave out folders that are merely called as a version of Athens' is."""
    beside: dict[ModuleVersion | None, list[Entry]] = {}
    for entry in inventory.strays:
        beside.setdefault(entry.place.mv, []).append(entry)
    inventory.strays = beside.pop(None, [])
    for mv, strays in beside.items():
        assert mv is not None
        there = inventory.versions.get(mv)
        if there is None and all(_is_athens(each, mv) for each in strays):
            inventory.strays.append(strays[0])  # the folder; the rest goes along
        elif there is not None and not _MARKS.isdisjoint(there):
            inventory.strays += strays
        else:
            gone = inventory.versions.pop(mv, {})
            _count(inventory, len(gone) + len(strays), strays[-1].path)


def _is_athens(entry: Entry, mv: ModuleVersion) -> bool:
    """Return whether Athens would call something so in the folder of a version."""
    name = entry.path.removeprefix(f"{mv.path}/{mv.version}").removeprefix("/")
    return not name or name in AthensLayout.names(mv)


def _is_asked_for(place: PathPlace) -> bool:
    """Return whether a client of a checksum database asks for such a file."""
    if place.role is Role.LOOKUP:
        return _LOOKUP.fullmatch(place.name) is not None
    try:
        if place.role is Role.TILE:
            parse_tile_path(place.name)
    except MalformedError:
        return False
    return True


def _kept(
    inventory: Inventory, entries: Iterable[Entry], is_own: Callable[[Entry], bool]
) -> list[Entry]:
    """Return the entries that are the cache's, and count the others."""
    kept = []
    for entry in entries:
        if is_own(entry):
            kept.append(entry)
        else:
            _count(inventory, 1, entry.path)
    return kept


def _count(inventory: Inventory, count: int, example: str) -> None:
    known = inventory.foreign
    inventory.foreign = Foreign(known.count + count, known.example or example)
