"""Targets of verify: the protocol, and folders of modules."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from gosync.folder.athens import AthensLayout
from gosync.folder.detection import advice_in
from gosync.folder.foreign import keep_own
from gosync.folder.inventory import Inventory, take_inventory
from gosync.folder.layouts import (
    DOWNLOADS,
    Layout,
    Part,
    Role,
    TargetKind,
    VersionsLayout,
)
from gosync.folder.placing import stat_of
from gosync.folder.shared import SharedFolder
from gosync.folder.sums import TreeSums
from gosync.folder.tree import DamagedFileError, FileTree
from gosync.folder.walk import Entry, Unread, differs, walk
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.gomod.seen import SeenEntries
from gosync.hint import advise
from gosync.sumdb.names import Database
from gosync.verify.look.checks import Checked, Checker
from gosync.verify.look.listing import list_findings
from gosync.verify.look.logfiles import log_findings
from gosync.verify.look.permissions import access_finding, access_trouble
from gosync.verify.look.portions import Portion, make_portion
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.prover import ProofSource
from gosync.verify.verdicts import CacheFinding, Fix, Verdict


class Target(Protocol):
    """Something that is verified.

    Attributes:
        kind: What it is.
        name: What people call it.
        is_still: Whether ``check`` and ``rest`` need nothing that ``prepare`` or
            ``check`` brings, but only files and what was known of them when the
            target was opened.
        by_portions: Whether another process can check what ``prepare`` brought, if
            ``portion`` hands it on.
        sums: The part of the checksum database that it holds, if it holds one.
        source: What its own records prove, before anybody else is asked.
    """

    kind: TargetKind
    name: str
    is_still: bool = True
    by_portions: bool = False
    sums: TreeSums | None = None
    source: ProofSource | None = None

    def versions(self) -> Mapping[ModuleVersion, int]:
        """Return what is there, and how many bytes of each."""
        ...

    def unread(self) -> list[Unread]:
        """Return what could not be looked at."""
        ...

    def stamp(self, mv: ModuleVersion) -> str:
        """Return what changes as soon as a version's files do."""
        ...

    def has(self, mv: ModuleVersion) -> bool:
        """Return whether a version is there, once it was prepared."""
        return mv in self.versions()

    async def prepare(self, batch: Sequence[ModuleVersion]) -> None:
        """Bring here what ``check`` will look at; nothing, where it is here.

        Before anybody is asked who vouches for the versions.
        """
        del batch

    def release(self, versions: Iterable[ModuleVersion]) -> None:
        """Forget of versions what ``prepare`` brought: nothing was found of them."""
        del versions

    def check(self, mv: ModuleVersion, answer: ProofAnswer) -> Checked:
        """Check one version; many threads do so at once."""
        ...

    def portion(self, answers: Mapping[ModuleVersion, ProofAnswer]) -> Portion | None:
        """Return what a worker elsewhere needs to check some versions.

        None where only ``check`` can.
        """
        del answers
        return None

    def rest(self) -> list[CacheFinding]:
        """Return what is wrong beside the versions."""
        ...

    def changed(self, versions: Iterable[ModuleVersion]) -> set[ModuleVersion]:
        """Return those of some versions that somebody changed while they were read.

        What was found of them says nothing any more.
        """
        del versions
        return set()

    def remarks(self) -> Iterator[str]:
        """Yield what else should be known of it."""
        yield from ()


class FolderOpener(msgspec.Struct, frozen=True):
    """Makes what checks the versions of a folder.

    Attributes:
        layout: The folder's names.
    """

    layout: Layout

    def open(self, tree: FileTree, seen: SeenEntries, root: os.stat_result) -> Checker:
        """See CheckerOpener."""
        return Checker(tree, self.layout, seen, root)


class FolderTarget(Target):
    """A folder of any layout.

    Attributes:
        kind: What it is.
        name: Its path.
        tree: Its files.
        layout: Its names.
        sums: The part of the checksum database that it holds, if it may hold one.
        inventory: What is there.
    """

    def __init__(
        self,
        tree: FileTree,
        layout: Layout,
        database: Database | None,
        private: PatternSet,
    ) -> None:
        self.kind = layout.kind
        self.name = str(tree.root)
        self.tree = tree
        self.layout = layout
        self.inventory: Inventory = take_inventory(walk(tree, layout))
        keep_own(self.inventory, self.kind)
        self._database = database
        self._prefix = DOWNLOADS if self.kind is TargetKind.MODCACHE else ""
        if database is not None and database.name in self.inventory.logs:
            self.sums = TreeSums(_below(tree, self._prefix), database, private)
        self._checker = FolderOpener(layout).open(tree, SeenEntries(), tree.root.stat())
        self._by_path: dict[str, Entry] | None = None

    def versions(self) -> Mapping[ModuleVersion, int]:
        """See Target."""
        return {
            mv: sum(entry.stat.st_size for entry in entries.values() if entry.is_file)
            for mv, entries in self.inventory.versions.items()
        }

    def has(self, mv: ModuleVersion) -> bool:
        """See Target."""
        return mv in self.inventory.versions

    def unread(self) -> list[Unread]:
        """See Target."""
        return self.inventory.unread

    def stamp(self, mv: ModuleVersion) -> str:
        """See Target."""
        return stamp_of(self.inventory.versions[mv])

    def check(self, mv: ModuleVersion, answer: ProofAnswer) -> Checked:
        """See Target."""
        return self._checker.check(mv, self.inventory.versions[mv], answer)

    def portion(self, answers: Mapping[ModuleVersion, ProofAnswer]) -> Portion:
        """See Target."""
        opener = FolderOpener(self.layout)
        shared, root = SharedFolder.of(self.tree), self.tree.root.stat()
        return make_portion(shared, root, opener, self.inventory.versions, answers)

    def rest(self) -> list[CacheFinding]:
        """See Target."""
        found = list(list_findings(self.tree, self.layout, self.inventory))
        if self.sums is not None and self._database is not None:
            files = self.inventory.logs[self._database.name]
            found += log_findings(self.sums, files, self.kind, self._prefix)
            found += self._without_lookup(files)
        found += self._locks()
        found += self._access({each.path for each in found})
        found += _stray_findings(self.inventory)
        return found

    def remarks(self) -> Iterator[str]:
        """See Target: databases that nobody believed, and what is left alone."""
        believed = "" if self._database is None else self._database.name
        for name in sorted(set(self.inventory.logs) - {believed}):
            yield (
                f"it has records of {name}, which nobody believed here;"
                f" --sumdb {name}+HASH+KEY does"
            )
        if not self.inventory.versions and (advice := advice_in(self.tree.root)):
            yield str(advise("no module version was recognised in it; {}", advice))
        if (foreign := self.inventory.foreign).count:
            yield (
                f"{foreign.count} things in it are no part of a cache, and"
                f" are left alone, as {foreign.example} is"
            )

    def _without_lookup(self, files: Mapping[str, Entry]) -> Iterator[CacheFinding]:
        """Yield versions of a tree that go could not prove from it."""
        assert self.sums is not None
        if self.kind is not TargetKind.TREE:
            return
        for mv, entries in self.inventory.versions.items():
            where = self.sums.lookup_path(mv)
            name = where[where.index("lookup/") :]
            if (
                FileKind.MOD in entries
                and self.sums.covers(mv.path)
                and name not in files
            ):
                yield CacheFinding(
                    verdict=Verdict.INCOMPLETE,
                    path=where,
                    mv=mv,
                    reason="missing: go could not prove the version from this tree",
                    fix=Fix.FETCH,
                )

    def _locks(self) -> Iterator[CacheFinding]:
        """Yield what go would want to lock and cannot."""
        for entry in self.inventory.locks:
            if not entry.is_file:
                yield CacheFinding(
                    verdict=Verdict.CORRUPT,
                    path=entry.path,
                    mv=entry.place.mv,
                    reason=f"is {entry.shape}, not a file",
                    fix=Fix.DROP,
                )

    def _access(self, bad: Collection[str]) -> Iterator[CacheFinding]:
        """Yield what the wrong ones may read or write, beside versions' files."""
        root = self.tree.root.stat()
        for entry in self.inventory.beside():
            reason = access_trouble(entry, root)
            if reason and entry.path not in bad:
                yield access_finding(
                    entry, reason, root, is_public=self._is_proven(entry)
                )

    def _is_proven(self, entry: Entry) -> bool:
        """Return whether a file, not found to be bad, is of the database's log."""
        is_asked = entry.place.role in {Role.LOOKUP, Role.TILE, Role.HEAD}
        own = self._database.name if self.sums and self._database else ""
        return is_asked and entry.place.database == own

    def require_unchanged(self, path: str, seen: os.stat_result | None = None) -> None:
        """Check that something is as it was when it was looked at.

        Args:
            path: Where it is.
            seen: What it was, None if that is in the inventory.

        Raises:
            DamagedFileError: if it is not; what holds of it is not known any more.
        """
        entry, now = self.entry_at(path), stat_of(self.tree, path)
        if seen is None and entry is not None:
            seen = entry.stat
        if (seen is None) != (now is None) or (
            seen is not None and now is not None and differs(seen, now)
        ):
            raise DamagedFileError(path, "has changed since it was looked at")

    def entry_at(self, path: str) -> Entry | None:
        """Return what was at a path when it was looked at."""
        if self._by_path is None:
            self._by_path = {each.path: each for each in self.inventory.all()}
        return self._by_path.get(path)


def _stray_findings(inventory: Inventory) -> Iterator[CacheFinding]:
    """Yield a finding for each stray and leftover."""
    for entry in inventory.strays:
        place = entry.place
        reason = place.reason
        if place.role is Role.LEFTOVER:
            reason = "left behind by something that did not end well"
        if not entry.is_file:
            reason += f" ({entry.shape})"
        yield CacheFinding(
            verdict=Verdict.ORPHAN,
            path=entry.path,
            mv=place.mv,
            reason=reason,
            # An unescaped name is right in another kind of cache.
            fix=Fix.NOTHING if place.unescaped else Fix.DROP,
        )
    for folder, count in sorted(inventory.more_strays.items()):
        yield CacheFinding(
            verdict=Verdict.ORPHAN,
            path=folder,
            reason=f"{count} more strays in this folder",
        )


def stamp_of(entries: Mapping[Part, Entry]) -> str:
    """Return a digest of what the system says of some files."""
    facts = [
        (e.path, e.stat.st_size, e.stat.st_mtime_ns, e.stat.st_ctime_ns, e.stat.st_ino)
        for _, e in sorted(entries.items())
    ]
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()[
        :16
    ]


def _below(tree: FileTree, prefix: str) -> FileTree:
    return FileTree(tree.root / prefix) if prefix else tree


def open_folder(
    root: Path, kind: TargetKind, database: Database | None, private: PatternSet
) -> FolderTarget:
    """Take a folder of a kind.

    Raises:
        UsageError: if it is none.
    """
    tree = FileTree(root)
    layout: Layout = (
        AthensLayout() if kind is TargetKind.ATHENS else VersionsLayout(kind)
    )
    return FolderTarget(tree, layout, database, private)
