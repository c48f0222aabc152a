"""The last part of a pass: the vulnerability database, the newest head, the tree.

What an upstream fails here is a failure of its own, tried again by the next pass, and
keeps nothing of what was brought from the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.errors import GosyncError, StoreError, UsageError
from gosync.gomod.module import ModuleVersion
from gosync.publish.report import PublishReport
from gosync.site.configured import DATABASE, VULNDB, vulndb_item
from gosync.site.tree import database_item, publish_tree, refresh_head
from gosync.vulndb.refreshing import refresh_database
from gosync.work.progress import Progress

if TYPE_CHECKING:
    from gosync.sync.engine import Pass, PassOptions


async def publish_pass(
    this: Pass, options: PassOptions, progress: Progress
) -> PublishReport | None:
    """Bring the tree up; what the database fails to prove waits for a later pass.

    Raises:
        StoreError: Store or tree cannot be written.
        UsageError: The tree may not be written so.
    """
    if not options.publish:
        return None
    await refresh_vulndb(this)
    site, sums = this.site, this.upstreams.sums
    report: PublishReport | None = None
    try:
        error = await refresh_head(site, sums)
        report = await publish_tree(site, sums, progress, retry=options.retry)
    except (StoreError, UsageError):
        raise
    except GosyncError as exc:
        error = exc
    _note(this, database_item(site), DATABASE, error)
    return report


async def refresh_vulndb(this: Pass) -> None:
    """Bring the vulnerability database up to its source; what fails is noted.

    Raises:
        StoreError: store or catalog cannot be read or written.
    """
    if not this.site.options.vulndb:
        return
    error: GosyncError | None = None
    try:
        await refresh_database(this.site, this.upstreams.fetcher)
    except StoreError:
        raise
    except GosyncError as exc:
        error = exc
    item = ModuleVersion("", vulndb_item(this.site.options.vulndb))
    _note(this, item, VULNDB, error)


def _note(
    this: Pass, item: ModuleVersion, kind: str, error: GosyncError | None
) -> None:
    failures = this.site.catalog.failures
    if error is None:
        failures.clear([item])
        return
    now = this.site.clock.now()
    this.tally.fail(failures.record(item, kind=kind, error=error, now=now))
