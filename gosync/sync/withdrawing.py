"""Withdrawal of a version, and its way back.

In this order, so that a kill in between leaves only what the next run takes up:

1. the journal, so that a rebuild knows, too
2. the catalog: from now on nothing shows, fetches or prunes the version
3. every tree that is known, at once: what names the version, then its files
4. the rest of the configured tree, by a publish as ever

The blobs stay as evidence. Bringing back runs 1, 2 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from gosync.catalog.withdrawn import ToldBy, Withdrawal, how_to_undo, undone
from gosync.clock import format_time
from gosync.errors import UsageError, WithdrawnError
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.publish.report import TreeReport
from gosync.site.policy import Selector
from gosync.site.site import Site
from gosync.site.withdrawals import TreeTaken, write_withdrawals
from gosync.sync.projects import ConfiguredProject


class WithdrawReport(Withdrawal, frozen=True, kw_only=True):
    """What is told of a withdrawal, or of its end.

    Attributes:
        in_store: Whether the version is here.
        trees: What became of it in each tree.
        published: What became of the rest of the tree; None where it waits.
        remarks: What else is to be said.
    """

    in_store: bool
    trees: list[TreeTaken]
    published: TreeReport | None
    remarks: list[str]


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
        yield line.mv
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
        told = site.catalog.withdrawn.get(mv)
        if told is None:
            raise UsageError(
                f"{mv} is not withdrawn", hint=advise("{} lists all", command("status"))
            )
        raise UsageError(
            f"{mv} was withdrawn outside, and a bundle told of it: {told.reason}",
            hint="undo it outside; the next bundle brings it back",
        )
    after = undone(before, site.clock.now())
    write_withdrawals(site, [after])
    return after


def _ours(site: Site, mv: ModuleVersion) -> Withdrawal | None:
    found = site.catalog.withdrawn.told_by(ToldBy.OPERATOR)
    return next((each for each in found if each.mv == mv), None)


def note_needs(site: Site, projects: Iterable[ConfiguredProject]) -> None:
    """Bring up to date which projects need what an operator withdrew.

    Raises:
        StoreError: if journal or catalog cannot be written.
    """
    projects = list(projects)
    ours = site.catalog.withdrawn.told_by(ToldBy.OPERATOR)
    now = [replace(each, needed_by=needed_by(projects, each.mv)) for each in ours]
    write_withdrawals(
        site, [new for new, old in zip(now, ours, strict=True) if new != old]
    )


def check_not_withdrawn(site: Site, selectors: Iterable[Selector]) -> None:
    """Check that no version is asked for by name that was withdrawn.

    Raises:
        WithdrawnError: if one is.
    """
    for each in selectors:
        told = site.catalog.withdrawn.get(ModuleVersion(each.path, each.query))
        if told is not None:
            raise WithdrawnError(
                f"{each.path}@{each.query} is withdrawn: {told.reason}",
                hint=advise("if it may come back: {}", how_to_undo(told)),
            )
