"""The last part of a pass: the newest head, and the tree.

What an upstream fails here is a failure of its own, tried again by the next pass, and
keeps nothing of what was brought from the tree.
"""

from __future__ import annotations

from gosync.errors import GosyncError, StoreError, UsageError
from gosync.publish.report import PublishReport
from gosync.site.configured import DATABASE
from gosync.site.tree import database_item, publish_tree, refresh_head
from gosync.sync.engine import Pass, PassOptions
from gosync.sync.vulndatabase import refresh_vulndb
from gosync.work.progress import Progress


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
    this.note(database_item(site), DATABASE, error)
    return report
