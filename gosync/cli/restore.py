"""``gosync restore``: a store in a bucket, brought to this machine."""

from __future__ import annotations

from collections.abc import Iterator

import click

from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.progress import progress
from gosync.clock import SystemClock
from gosync.site.restoring import RestoredStore, restore_store


@click.command()
@click.option(
    "--take-over",
    is_flag=True,
    help="The machine that wrote the store is gone for good: do not wait for it.",
)
@wait_lock_option
@common_options
def restore(options: CommonOptions, take_over: bool, wait_lock: float) -> None:
    """Bring a store in a bucket to this machine, into the empty folder store.local.

    The catalog comes from its newest copy in the bucket, or is made of the journal.
    From then on this machine writes the store, and the other one is refused.
    """
    site_options = options.load_config().site_options()
    with progress(show=options.show_progress) as watcher:
        report = restore_store(
            site_options,
            take_over=take_over,
            wait_lock_seconds=wait_lock,
            clock=SystemClock(),
            progress=watcher,
        )
    options.output.result("restore", report, _lines(report))


def _lines(report: RestoredStore) -> Iterator[str]:
    yield f"{report.store} is written from {report.folder} now"
    source = (
        f"the copy of {report.copied_at}" if report.copied_at else "the journal, anew"
    )
    yield f"{report.versions} versions; the catalog is {source}"
