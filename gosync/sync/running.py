"""One pass from its begin to its end, and what is written down of it.

Selecting is one run's at a time; what is selected, several may fetch together.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Final

from gosync.catalog.leases import SELECT
from gosync.errors import LockedError
from gosync.site.policyreport import read_policy
from gosync.site.site import Site
from gosync.site.upstreams import connect
from gosync.sync.adopt import bring_up, claim_if_whole, expected_of
from gosync.sync.agreeing import agree
from gosync.sync.engine import Pass, PassOptions
from gosync.sync.freshness import freshness_of
from gosync.sync.publishing import publish_pass
from gosync.sync.report import PassReport, sync_report
from gosync.sync.settling import settle_stale
from gosync.text import encode_json
from gosync.work.progress import Progress
from gosync.work.stop import Stop

_MOST_ROUNDS: Final = 8


async def run_pass(site: Site, options: PassOptions, progress: Progress) -> PassReport:
    """Run one pass and write it down.

    Raises:
        LockedError: if another run selects, or forgets what is unselected.
        StoreError: if the store, the catalog or the tree cannot be written.
        GosyncError: as ``options.stop`` wants it.
    """
    async with AsyncExitStack() as selecting:
        with options.stop.at_once():
            await selecting.enter_async_context(site.holding(SELECT))
        return await _write_down(site, options, progress, selecting)


async def _write_down(
    site: Site, options: PassOptions, progress: Progress, selecting: AsyncExitStack
) -> PassReport:
    clock, runs = site.clock, site.catalog.runs
    with runs.during("sync", clock) as run_id:
        report = await _run_pass(site, options, progress, selecting)
        runs.finish(
            run_id,
            clock.now(),
            exit_code=report.exit_code,
            requests=report.requests,
            received_bytes=report.received_bytes,
            summary=encode_json(sync_report(report)).decode(),
        )
    return report


async def _run_pass(
    site: Site, options: PassOptions, progress: Progress, selecting: AsyncExitStack
) -> PassReport:
    started = site.clock.monotonic()
    with options.stop.at_once():
        left = await bring_up(site, progress, trust_tree=options.trust_tree)
    async with connect(site) as upstreams:
        this = Pass(site, upstreams, options, progress)
        upstreams.gate.expected = {**upstreams.gate.expected, **expected_of(left)}
        with options.stop.at_once():
            await this.discover()
            if options.agreement is not None:
                await agree(this, options, options.agreement, progress)
            await this.select()
        await selecting.aclose()
        await this.fetch()
        this.rule()
        await _replace_denied(this, options.stop)
        settle_stale(site)
        options.stop.check()
        await claim_if_whole(site, left)
        published = await publish_pass(this, options, progress)
    completeness = this.completeness()
    return PassReport(
        tally=this.tally,
        published=published,
        missing=this.missing(),
        withdrawn=tuple(site.catalog.withdrawn.selected()),
        policy=read_policy(site.catalog, site.clock.now()),
        empty_modules=this.empty_modules(),
        completeness=completeness,
        is_named=bool(options.selectors),
        freshness=freshness_of(site.options, site.catalog, site.clock.now()),
        exit_code=this.exit_code(completeness.exit_code),
        requests=upstreams.fetcher.traffic.requests,
        received_bytes=upstreams.fetcher.traffic.received_bytes,
        seconds=site.clock.monotonic() - started,
    )


async def _replace_denied(this: Pass, stop: Stop) -> None:
    """Select and fetch what stands in the place of what the policy has denied.

    What is denied once its bytes are here was selected before; in its place another
    version may be chosen, which may be denied in its turn.
    """
    for _ in range(_MOST_ROUNDS):
        if stop.requested or not this.is_outdated:
            return
        try:
            with stop.at_once():
                async with this.site.holding(SELECT):
                    await this.select()
        except LockedError:
            return  # whoever selects now takes it up
        await this.fetch()
        this.rule()
