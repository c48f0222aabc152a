"""``gosync withdraw``: give nobody a version any more, and bring it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import click
import msgspec
from msgspec.structs import asdict

from gosync.catalog.withdrawn import Withdrawal
from gosync.cli.completing import complete_module
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.progress import progress
from gosync.cli.tables import tree_lines
from gosync.errors import (
    ConfigError,
    GosyncError,
    MalformedError,
    NoSpaceError,
    UsageError,
)
from gosync.gomod import module
from gosync.gomod.module import ModuleVersion
from gosync.publish.report import PublishReport, TreeReport
from gosync.site.options import SiteOptions
from gosync.site.site import Site, open_site
from gosync.site.withdrawals import TreeTaken, take_from_trees
from gosync.sync.projects import ConfiguredProject, read_projects
from gosync.sync.withdrawing import WithdrawReport, bring_back
from gosync.sync.withdrawing import withdraw as withdraw_version
from gosync.work.progress import Progress

_EXIT_LEFT = 3
_MAX_REASON = 1000


class _Done(msgspec.Struct, kw_only=True):
    """What became of it."""

    withdrawal: Withdrawal
    is_here: bool
    trees: list[TreeTaken] = []
    published: PublishReport | None = None
    remarks: list[str] = []


@click.command()
@click.argument(
    "module_version", metavar="MODULE@VERSION", shell_complete=complete_module
)
@click.option("--reason", metavar="TEXT", help="Why; everybody is told.")
@click.option("--undo", is_flag=True, help="Bring it back.")
@wait_lock_option
@common_options
def withdraw(
    options: CommonOptions,
    module_version: str,
    reason: str | None,
    undo: bool,
    wait_lock: float,
) -> int:
    """Take a version out of list, @latest, info, mod and zip at once, for good.

    Neither sync nor import nor repair brings it back; --undo does. Its bytes stay in
    the store as evidence. Sites inside learn of it by the next bundle.

    Exit code 3: a tree that is not there, or cannot be written, may still have it.
    """
    mv = _parse(module_version)
    if undo == (reason is not None):
        raise UsageError(
            "say --reason TEXT, or --undo",
            hint=f'gosync withdraw {mv} --reason "..."',
        )
    why = "" if undo else _check_reason(reason or "")
    config = options.load_config()
    site_options = config.site_options()
    with (
        open_site(
            site_options, command="gosync withdraw", wait_lock_seconds=wait_lock
        ) as site,
        progress(show=options.show_progress) as watcher,
    ):
        done = _undo(site, mv, watcher) if undo else _take(site, mv, why, watcher)
    lines = list(_lines(mv, done))
    if config.targets:
        lines.append("sites inside learn of it by the next `gosync bundle create`")
    options.output.result("withdraw", _report(done), lines)
    return _EXIT_LEFT if any(each.error for each in done.trees) else 0


def _parse(text: str) -> ModuleVersion:
    hint = "write it as path@v1.2.3"
    try:
        mv = ModuleVersion.parse(text)
        module.check(mv.path, mv.version)
    except MalformedError as exc:
        raise UsageError(str(exc), hint=hint) from exc
    if module.canonical_version(mv.version) != mv.version:
        raise UsageError(f"{mv}: the version is not canonical", hint=hint)
    return mv


def _check_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise UsageError("--reason is empty", hint="status, pages and bundles show it")
    if len(reason) > _MAX_REASON or not reason.isprintable():
        raise UsageError(f"--reason: one line of at most {_MAX_REASON} characters")
    return reason


def _take(site: Site, mv: ModuleVersion, reason: str, watcher: Progress) -> _Done:
    remarks: list[str] = []
    projects = _read_projects(site.options, remarks)
    withdrawal = withdraw_version(site, mv, reason, projects)
    row = site.catalog.versions.get(mv)
    done = _Done(
        withdrawal=withdrawal,
        is_here=row is not None and row.carried is not None,
        trees=take_from_trees(site, [mv.path]),
        remarks=remarks,
    )
    try:
        done.published = _publish(site, watcher)
    except NoSpaceError:
        raise
    except GosyncError as exc:  # the version is gone; the rest may wait
        remarks.append(f"the rest of the tree waits for `gosync publish`: {exc}")
    return done


def _publish(site: Site, watcher: Progress) -> PublishReport:
    # Importing it takes longer than to take a version out of a tree, which comes first.
    from gosync.site.tree import publish_again  # noqa: PLC0415

    return anyio.run(publish_again, site, watcher)


def _read_projects(
    options: SiteOptions, remarks: list[str]
) -> tuple[ConfiguredProject, ...]:
    """Read the projects; one that is not there holds up no withdrawal."""
    try:
        return read_projects(options.projects)
    except ConfigError as exc:
        remarks.append(f"who needs it is not known: {exc}")
        return ()


def _undo(site: Site, mv: ModuleVersion, watcher: Progress) -> _Done:
    withdrawal = bring_back(site, mv)
    row = site.catalog.versions.get(mv)
    done = _Done(
        withdrawal=withdrawal, is_here=row is not None and row.carried is not None
    )
    done.published = _publish(site, watcher)
    told = site.catalog.withdrawn.get(mv)
    if told is not None:
        done.remarks.append(f"a bundle still withdraws it: {told.reason}")
    elif not done.is_here:
        done.remarks.append("it is not in the store; next: gosync sync")
    return done


def _report(done: _Done) -> WithdrawReport:
    published = TreeReport.of(done.published) if done.published else None
    return WithdrawReport(
        **asdict(done.withdrawal),
        in_store=done.is_here,
        trees=done.trees,
        published=published,
        remarks=done.remarks,
    )


def _lines(mv: ModuleVersion, done: _Done) -> Iterator[str]:
    withdrawal = done.withdrawal
    if withdrawal.undone_at is not None:
        yield f"{mv} is no longer withdrawn"
    else:
        yield f"{mv} is withdrawn: {withdrawal.reason}"
        yield (
            "its files stay in the store as evidence"
            if done.is_here
            else "it is not in the store, and no sync will bring it"
        )
    for path in withdrawal.needed_by:
        yield f"needed by {path}"
    yield from map(_tree_line, done.trees)
    if done.published is not None:
        yield from tree_lines(done.published)
    yield from done.remarks


def _tree_line(tree: TreeTaken) -> str:
    if tree.error:
        again = f"gosync publish {Path(tree.root)}"
        return f"{tree.root}: it may still be there: {tree.error}; next: {again}"
    return f"{tree.root}: {tree.removed} files removed"
