"""Withdrawals of a bundle, which take effect before its selection.

Unlike a finding a withdrawal makes a bundle by itself, and decides something: so the
header requires a reader that knows of it. A bundle names all that are withdrawn
outside. When it is applied the site withdraws just these, beside what its own operator
withdrew; what an earlier bundle withdrew and this one does not is brought back.

To be taken out nothing waits: not for a gap to close, nor for somebody's word about
what else would go. As soon as a bundle's signatures and number are found good its
withdrawals are in effect. To be brought back a version waits for the selection.
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.bundle.format.manifest import WithdrawnEntry
from gosync.catalog.withdrawn import ToldBy, Withdrawal, undone
from gosync.site.site import Site
from gosync.site.withdrawals import TreeTaken, take_from_trees, write_withdrawals


def withdraw_at_once(site: Site, entries: Iterable[WithdrawnEntry]) -> list[TreeTaken]:
    """Withdraw what a bundle withdraws; bring nothing back yet.

    Trees are looked at even if nothing is news: a run that was killed may have told
    the catalog and no tree.

    Returns:
        What became of each tree; nothing where nothing is withdrawn.

    Raises:
        StoreError: journal or catalog cannot be written.
    """
    entries = list(entries)
    write_withdrawals(site, _news(site, entries))
    paths = {each.path for each in entries}
    return take_from_trees(site, paths) if paths else []


def take_withdrawals(site: Site, entries: Iterable[WithdrawnEntry]) -> None:
    """Let these be what bundles withdrew, and nothing else.

    Raises:
        StoreError: journal or catalog cannot be written.
    """
    entries = list(entries)
    told, now = {each.mv for each in entries}, site.clock.now()
    over = [
        undone(each, now)
        for each in site.catalog.withdrawn.told_by(ToldBy.BUNDLE)
        if each.mv not in told
    ]
    write_withdrawals(site, [*over, *_news(site, entries)])


def _news(site: Site, entries: Iterable[WithdrawnEntry]) -> list[Withdrawal]:
    """Return what is not known as these say it."""
    known = {each.mv: each for each in site.catalog.withdrawn.told_by(ToldBy.BUNDLE)}
    told = map(_withdrawal, entries)
    return [each for each in told if known.get(each.mv) != each]


def _withdrawal(entry: WithdrawnEntry) -> Withdrawal:
    return Withdrawal(
        path=entry.path,
        version=entry.version,
        told_by=ToldBy.BUNDLE,
        reason=entry.reason,
        withdrawn_at=entry.withdrawn_at,
        needed_by=entry.needed_by,
    )
