"""``gosync init``: a commented configuration to start from."""

from __future__ import annotations

from pathlib import Path

import click

from gosync.cli.options import CommonOptions, common_options
from gosync.demo.samples import read_sample
from gosync.errors import UsageError
from gosync.site.places import begin_record


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@common_options
def init(options: CommonOptions, folder: Path) -> None:
    """Write a commented gosync.toml into DIR (default: here)."""
    path = folder / "gosync.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(read_sample("gosync.toml"))
        begin_record(folder.resolve())
    except FileExistsError as exc:
        if not folder.is_dir():
            raise UsageError(f"{folder}: not a folder") from exc
        raise UsageError(
            f"{path} exists already", hint="edit it, or name another DIR"
        ) from exc
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc
    options.output.result(
        "init",
        {"file": str(path)},
        [f"wrote {path}", f"next: edit it, then gosync plan --config {path}"],
    )
