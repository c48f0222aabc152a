"""``gosync backup``: a dated copy of catalog and journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from gosync.cli.options import CommonOptions, common_options
from gosync.cli.progress import progress
from gosync.clock import SystemClock
from gosync.config.sizes import format_size
from gosync.site.backup import Backup, BackupReport, back_up

_KEEP = 3


@click.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=_KEEP,
    show_default=True,
    metavar="N",
    help="How many backups stay in DIR, this one too.",
)
@common_options
def backup(options: CommonOptions, folder: Path, keep: int) -> None:
    """Copy catalog and journal into a dated folder below DIR.

    Others may work on the store meanwhile, even a sync. Blobs, tiles and the tree are
    not copied, nor are secret keys: docs/operations.md says how a store
    is brought back.
    """
    site_options = options.load_config().site_options()
    with progress(show=options.show_progress) as watcher:
        made = back_up(
            site_options,
            folder.absolute(),
            keep=keep,
            clock=SystemClock(),
            progress=watcher,
        )
    options.output.result("backup", BackupReport.of(made), _lines(made))


def _lines(made: Backup) -> Iterator[str]:
    yield str(made.folder)
    yield (
        f"{len(made.record.files)} files, {format_size(made.size_bytes)};"
        f" backups kept: {len(made.kept)}, removed: {len(made.removed)}"
    )
    if made.same_disk:
        yield "it lies on the catalog's own disk; copy it to another one"
