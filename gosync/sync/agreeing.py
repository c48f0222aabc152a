"""Asking whether a sync may bring as much as it would.

Twice, where it takes zips to know what is needed: on the estimate, before any zip is
fetched, and once more on the exact sum, when those were read. Where nobody is there
to be asked a run goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gosync.errors import UsageError
from gosync.hint import advise, command
from gosync.sync.demands import Demands
from gosync.sync.forecast import Agreement, Forecast, forecast, lacking_zips
from gosync.sync.knownsizes import known_sizes
from gosync.sync.sizing import ask_sizes
from gosync.work.progress import Progress

if TYPE_CHECKING:  # the engine asks, so importing it would close a circle
    from gosync.sync.engine import Pass, PassOptions


async def agree(
    this: Pass, options: PassOptions, agreement: Agreement, progress: Progress
) -> None:
    """Ask whether to bring so much; nothing is asked of a plan or of named versions.

    Raises:
        UsageError: if nobody wants that.
        StoreError: if the store or the catalog cannot be written.
    """
    if options.plan is not None or options.selectors:
        return
    for read in (False, True):
        found = await _foresee(this, progress, read=read)
        if found.fetch.bytes > agreement.above_bytes and not agreement.ask(found):
            raise UsageError(
                f"{found.fetch.zips} zips are not fetched: nobody agreed to their size",
                hint=advise(
                    "see {}, set plan.confirm_above, or say --yes", command("plan")
                ),
            )
        if not found.is_estimated:
            return


async def _foresee(this: Pass, progress: Progress, *, read: bool) -> Forecast:
    """Return how much a pass would bring; few sizes are asked for, and none twice."""
    demands, catalog = Demands(), this.site.catalog
    lacking = await this.foresee(demands, lambda: lacking_zips(catalog), read=read)
    sizes = known_sizes(catalog)
    if lacking and not sizes.is_representative:
        await ask_sizes(
            this.upstreams.proxy,
            lacking,
            sizes,
            progress,
            workers=this.site.options.concurrency,
        )
    return forecast(lacking, sizes, is_estimated=demands.is_estimated)
