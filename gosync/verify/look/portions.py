"""Portion of a target: what a worker elsewhere needs to check some of its versions.

It names the folder and its files, as they were when the target was opened, and has
with each version who vouches for it. The folder must be mounted at the same path: a
worker that sees another one there is an error, since all would be missing for it. A
file that is not the one that was seen here is left to be looked at here.

A worker's word that nothing is wrong counts; what it finds is looked at here once
more, and only that is reported. So a report is the same with workers and without, and
nothing is ever moved or deleted since a disk was badly mounted elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from gosync.folder.layouts import Part
from gosync.folder.tree import DamagedFileError, FileTree
from gosync.folder.walk import Entry, differs
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries, seen_here
from gosync.verify.look.checks import Checked
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.verdicts import Cause


class VersionChecker(Protocol):
    """Checks versions of a target by their files."""

    def check(
        self, mv: ModuleVersion, entries: Mapping[Part, Entry], answer: ProofAnswer
    ) -> Checked:
        """Check one version."""
        ...


class CheckerOpener(Protocol):
    """Makes what checks the versions of a portion; it is pickled."""

    def open(
        self, tree: FileTree, seen: SeenEntries, root: os.stat_result
    ) -> VersionChecker:
        """Take the target's files, and what the system says of their root."""
        ...


class SharedTree(Protocol):
    """The files of a target, as a worker opens them; it is pickled."""

    def open(self) -> FileTree:
        """Open them.

        Raises:
            UnsharedError: they are not there.
        """
        ...


class PortionVersion(msgspec.Struct, frozen=True):
    """One version of a portion.

    Attributes:
        mv: The version.
        entries: Its files as they were seen.
        answer: Who vouches for it.
    """

    mv: ModuleVersion
    entries: Mapping[Part, Entry]
    answer: ProofAnswer


class Portion(msgspec.Struct, frozen=True):
    """Some versions of a target, for a worker.

    Attributes:
        shared: The target's files.
        root: What the system said of its root.
        opener: Makes what checks them.
        versions: The versions.
    """

    shared: SharedTree
    root: os.stat_result
    opener: CheckerOpener
    versions: tuple[PortionVersion, ...]


def make_portion(
    shared: SharedTree,
    root: os.stat_result,
    opener: CheckerOpener,
    entries: Mapping[ModuleVersion, Mapping[Part, Entry]],
    answers: Mapping[ModuleVersion, ProofAnswer],
) -> Portion:
    """Return the portion of some versions of a target, those that are answered."""
    versions = (PortionVersion(mv, entries[mv], each) for mv, each in answers.items())
    return Portion(shared, root, opener, tuple(versions))


def check_portion(portion: Portion) -> list[Checked | None]:
    """Check a portion; None for each version that is to be looked at where it is from.

    Raises:
        UnsharedError: its folder is not here, or another one is in its place.
    """
    tree = portion.shared.open()
    checker = portion.opener.open(tree, seen_here(), portion.root)
    return [_check(tree, checker, each) for each in portion.versions]


def check_forked(portion: Portion) -> list[Checked]:
    """Check a portion in a process that this one has forked: what it finds counts."""
    tree = portion.shared.open()
    checker = portion.opener.open(tree, seen_here(), portion.root)
    return [checker.check(e.mv, e.entries, e.answer) for e in portion.versions]


def _check(
    tree: FileTree, checker: VersionChecker, version: PortionVersion
) -> Checked | None:
    if not _are_seen(tree, version.entries.values()):
        return None
    done = checker.check(version.mv, version.entries, version.answer)
    of_files = (f.cause in {None, Cause.UNREADABLE} for f in done.findings)
    return None if any(of_files) else done


def _are_seen(tree: FileTree, entries: Iterable[Entry]) -> bool:
    """Return whether files are those that were seen where the portion is from."""
    try:
        return not any(differs(each.stat, tree.lstat(each.path)) for each in entries)
    except (OSError, DamagedFileError):
        return False
