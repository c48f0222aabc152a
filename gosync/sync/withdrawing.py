"""Withdrawing a version, and bringing it back.

In this order, so that a kill in between leaves only what the next run takes up:

1. the journal, so that a rebuild knows, too
2. the catalog: from now on nothing shows, fetches or prunes the version
3. every tree that is known, at once: what names the version, then its files
4. the rest of the configured tree, by a publish as ever

The blobs stay as evidence. Bringing back runs 1, 2 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from gosync.catalog.withdrawn import ToldBy, Withdrawal, undo_line, undone
from gosync.clock import format_time
from gosync.errors import GosyncError, UsageError, WithdrawnError
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import withdrawal_entry
from gosync.publish.takeout import take_out
from gosync.publish.withdrawnfile import read_withdrawn
from gosync.sync.dependencies import ConfiguredProject
from gosync.sync.policy import Selector
from gosync.sync.site import Site


class TreeTaken(msgspec.Struct, frozen=True):
    """What became of a withdrawn version in one tree.

    Attributes:
        root: The tree.
        removed: How many files were removed.
        error: Why it may still be there, "" when it is not.
    """

    root: str
    removed: int = 0
    error: str = ""


def needed_by(
    projects: Iterable[ConfiguredProject], mv: ModuleVersion
) -> tuple[str, ...]:
    """Return the main modules of the projects that name a version, sorted.

    A project names what its go.mod requires and what its go.sum has.
    """
    return tuple(
        sorted(
            main.path
            for each in projects
            if mv in set(_named(each))
            for main in each.project.mains.modules
        )
    )


def _named(configured: ConfiguredProject) -> Iterator[ModuleVersion]:
    project = configured.project
    for line in project.sum_lines():
        yield ModuleVersion(line.path, line.version)
    for main in project.mains.modules:
        yield from (ModuleVersion(r.path, r.version) for r in main.gomod.require)


def withdraw(
    site: Site, mv: ModuleVersion, reason: str, projects: Iterable[ConfiguredProject]
) -> Withdrawal:
    """Withdraw a version, here or not; again, with another reason or other projects.

    Raises:
        StoreError: if journal or catalog cannot be written.
    """
    before = _ours(site, mv)
    withdrawal = Withdrawal(
        path=mv.path,
        version=mv.version,
        reason=reason,
        withdrawn_at=before.withdrawn_at
        if before is not None
        else format_time(site.clock.now()),
        needed_by=needed_by(projects, mv),
    )
    if withdrawal != before:
        write_withdrawals(site, [withdrawal])
    return withdrawal


def bring_back(site: Site, mv: ModuleVersion) -> Withdrawal:
    """Undo what an operator withdrew here; return it.

    Raises:
        UsageError: if nobody did.
        StoreError: if journal or catalog cannot be written.
    """
    before = _ours(site, mv)
    if before is None:
        told = site.catalog.withdrawn.get(mv.path, mv.version)
        if told is None:
            raise UsageError(f"{mv} is not withdrawn", hint="`gosync status` lists all")
        raise UsageError(
            f"{mv} was withdrawn outside, and a bundle told of it: {told.reason}",
            hint="undo it outside; the next bundle brings it back",
        )
    after = undone(before, site.clock.now())
    write_withdrawals(site, [after])
    return after


def _ours(site: Site, mv: ModuleVersion) -> Withdrawal | None:
    found = site.catalog.withdrawn.told_by(ToldBy.OPERATOR)
    return next((each for each in found if each.key == (mv.path, mv.version)), None)


def write_withdrawals(site: Site, withdrawals: Iterable[Withdrawal]) -> None:
    """Write these, in force or undone: the journal, then the catalog.

    Raises:
        StoreError: if they cannot be written.
    """
    withdrawals = list(withdrawals)
    site.journal.append(map(withdrawal_entry, withdrawals))
    site.catalog.withdrawn.put(withdrawals)


def take_from_trees(site: Site, paths: Iterable[str]) -> list[TreeTaken]:
    """Take what is withdrawn of these modules out of every tree that is known.

    A tree that cannot be written does not keep the others.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    paths = list(paths)
    roots = {str(site.options.tree_path)}
    roots |= {each.tree_id for each in site.catalog.trees.all()}
    return [_take_from(site, root, paths) for root in sorted(roots)]


def _take_from(site: Site, root: str, paths: list[str]) -> TreeTaken:
    database = site.options.database
    try:
        removed = take_out(
            Path(root),
            paths,
            catalog=site.catalog,
            blobs=site.blobs,
            database="" if database is None else database.name,
        )
    except GosyncError as error:
        return TreeTaken(root, error=str(error))
    if removed is None:
        known = site.catalog.trees.get(root) is not None
        return TreeTaken(root, error="the tree is not there" if known else "")
    return TreeTaken(root, removed)


def learn_withdrawals(site: Site) -> None:
    """Take in what the tree says is withdrawn and the catalog has never heard of.

    A store that came back from an older copy must not show it again.

    Raises:
        StoreError: if journal or catalog cannot be written.
    """
    told = read_withdrawn(site.options.tree_path)
    if not told:
        return
    known = {(each.key, each.told_by): each for each in site.catalog.withdrawn.known()}
    write_withdrawals(
        site,
        [each for each in told if _is_news(known.get((each.key, each.told_by)), each)],
    )


def _is_news(known: Withdrawal | None, told: Withdrawal) -> bool:
    """Return whether this is another withdrawal than the one that is known.

    When it was undone is another clock's time, perhaps.
    """
    if known is None:
        return True
    return known.undone_at is not None and known.withdrawn_at < told.withdrawn_at


def note_needs(site: Site, projects: Iterable[ConfiguredProject]) -> None:
    """Bring up to date which projects need what an operator withdrew.

    Raises:
        StoreError: if journal or catalog cannot be written.
    """
    projects = list(projects)
    ours = site.catalog.withdrawn.told_by(ToldBy.OPERATOR)
    now = [
        replace(each, needed_by=needed_by(projects, ModuleVersion(*each.key)))
        for each in ours
    ]
    write_withdrawals(
        site, [new for new, old in zip(now, ours, strict=True) if new != old]
    )


def check_not_withdrawn(site: Site, selectors: Iterable[Selector]) -> None:
    """Check that no version is asked for by name that was withdrawn.

    Raises:
        WithdrawnError: if one is.
    """
    for each in selectors:
        told = site.catalog.withdrawn.get(each.path, each.query)
        if told is not None:
            raise WithdrawnError(
                f"{each.path}@{each.query} is withdrawn: {told.reason}",
                hint=f"if it may come back: {undo_line(told)}",
            )
