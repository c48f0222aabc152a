"""Checks of a target's checksum database files: lookups, tiles, ``supported``.

Each lookup must lead to a head that the database's key signed, and each tile that
lies in the newest of these trees must lead to its root. Where lookups carry
different heads, a client that knows any of them must be able to use the others;
else what works depends on what it asked first. What cannot be had here (a tile)
makes a lookup incomplete.

A module cache has the same files; there, ``go`` fetches what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gosync.errors import MalformedError
from gosync.folder.findings import TreeFault, TreeFinding
from gosync.folder.layouts import Role, TargetKind
from gosync.folder.sums import TreeSums
from gosync.folder.walk import Entry
from gosync.gomod import module
from gosync.gomod.module import ModuleVersion
from gosync.publish.promised import PromisedTiles
from gosync.sumdb.tile import parse_tile_path
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

_VERDICTS: Final = {
    TreeFault.MISSING: Verdict.INCOMPLETE,
    TreeFault.UNPROVEN: Verdict.INCOMPLETE,
    TreeFault.WRONG: Verdict.CORRUPT,
}


def log_findings(
    sums: TreeSums, files: Mapping[str, Entry], kind: TargetKind, prefix: str = ""
) -> list[CacheFinding]:
    """Return what is wrong with the files of one database, each named once.

    Args:
        sums: Proves from these files.
        files: By their path in the database.
        kind: What the target is.
        prefix: Where in the target the files' tree is.
    """
    found: dict[str, CacheFinding] = {}
    for each in _findings(sums, files, kind):
        finding = each if isinstance(each, CacheFinding) else _finding(each, prefix)
        found.setdefault(finding.path, finding)
    return list(found.values())


def _findings(
    sums: TreeSums, files: Mapping[str, Entry], kind: TargetKind
) -> Iterator[CacheFinding | TreeFinding]:
    for name, entry in sorted(files.items()):
        if entry.place.role is Role.LOOKUP:
            yield from _check_lookup(sums, name, kind)
    if "latest" in files and (latest := sums.prove_latest()) is not None:
        yield latest
    for name, entry in sorted(files.items()):
        if entry.place.role is Role.TILE:
            yield from _check_tile(sums, name, entry)
    if kind is TargetKind.TREE:
        if (support := sums.support()) is not None:
            yield support
        yield from PromisedTiles(sums).missing()


def _check_lookup(
    sums: TreeSums, name: str, kind: TargetKind
) -> Iterator[CacheFinding | TreeFinding]:
    try:
        mv = parse_lookup_name(name)
    except MalformedError:
        return  # of no module version: nobody asks for it
    found = sums.prove(mv)
    if isinstance(found, TreeFinding):
        if found.kind is not TreeFault.UNPROVEN or kind is TargetKind.TREE:
            yield found
    elif kind is TargetKind.TREE and (order := sums.order_finding(mv)) is not None:
        yield order


def parse_lookup_name(name: str) -> ModuleVersion:
    """Return the version whose lookup has this path in its database.

    Raises:
        MalformedError: if it is no lookup's.
    """
    folder, at, version = name.removeprefix("lookup/").rpartition("@")
    if not at:
        raise MalformedError("lookup", name, "not path@version")
    mv = ModuleVersion(module.unescape_path(folder), module.unescape_version(version))
    module.check(mv.path, mv.version)
    return mv


def _check_tile(
    sums: TreeSums, name: str, entry: Entry
) -> Iterator[CacheFinding | TreeFinding]:
    tile = parse_tile_path(name)
    if not entry.is_file:
        yield _corrupt(entry, f"is {entry.shape}, not a file")
    elif entry.stat.st_size != tile.size_bytes:
        reason = f"{entry.stat.st_size} bytes are no tile of {tile.w} hashes"
        yield _corrupt(entry, reason)
    elif (found := sums.prove_tile(tile)) is not None:
        yield found


def _finding(found: TreeFinding, prefix: str) -> CacheFinding:
    return CacheFinding(
        verdict=_VERDICTS[found.kind],
        path=prefix + found.path,
        mv=found.mv if found.mv.path else None,
        reason=found.reason,
        fix=Fix.FETCH,
    )


def _corrupt(entry: Entry, reason: str) -> CacheFinding:
    return CacheFinding(
        verdict=Verdict.CORRUPT, path=entry.path, reason=reason, fix=Fix.FETCH
    )
