"""``gosync self bundle``: gosync's own wheels, to install where no index is."""

from __future__ import annotations

from pathlib import Path

import click

from gosync.cli.options import CommonOptions, common_options
from gosync.cli.verbs import VerbGroup
from gosync.config.sizes import format_size
from gosync.wheels.carrying import carry_wheels
from gosync.wheels.platforms import KNOWN


@click.group("self", cls=VerbGroup)
def self_() -> None:
    """Carry gosync itself."""


@self_.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--extra",
    "extras",
    multiple=True,
    metavar="NAME",
    help="With what an extra needs, like serve; several times for several.",
)
@click.option(
    "--platform",
    type=click.Choice(KNOWN),
    help="What it is to run on, instead of a machine like this one.",
)
@click.option(
    "--python", metavar="VERSION", help="The Python there, like 3.12; default: as here."
)
@common_options
def bundle(
    options: CommonOptions,
    folder: Path,
    extras: tuple[str, ...],
    platform: str | None,
    python: str | None,
) -> None:
    """Write the wheels of gosync and of what it needs into DIR, with their hashes.

    Inside, `sh DIR/install.sh /opt/gosync` makes a virtual environment of them: it
    takes python3 and asks no network.
    """
    made = carry_wheels(
        folder.absolute(), extras=extras, platform=platform or "", python=python or ""
    )
    size = format_size(made.size_bytes)
    lines = [
        made.folder,
        f"gosync {made.version}: {len(made.wheels)} wheels, {size}",
        f"next: carry the folder; inside, sh {folder.name}/install.sh /opt/gosync",
    ]
    options.output.result("self bundle", made, lines)
