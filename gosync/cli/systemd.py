"""``gosync systemd install``: the units of contrib/systemd for this configuration."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gosync.cli.options import CommonOptions, common_options
from gosync.cli.verbs import VerbGroup
from gosync.config import Config, find_config
from gosync.daemon.units import Paths, UnitsReport, make_units
from gosync.errors import UsageError
from gosync.store.durable import disk_errors

_NEXT = (
    "next: systemd-sysusers && systemd-tmpfiles --create"
    " && systemctl daemon-reload && systemctl enable --now gosync.service"
)


@click.group(cls=VerbGroup)
def systemd() -> None:
    """Write systemd units."""


@systemd.command()
@click.option("--print", "only_print", is_flag=True, help="Print them, write nothing.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default="/",
    metavar="DIR",
    help="Write them below DIR instead of /.",
)
@click.option("--user", default="gosync", show_default=True, help="Who runs gosync.")
@common_options
def install(options: CommonOptions, only_print: bool, root: Path, user: str) -> None:
    """Write hardened units for the configuration's own paths.

    Daemon, timers, import from media, the user and the folder; README.md in
    contrib/systemd says why each line is there. Nothing is enabled or started.
    """
    config = options.load_config()
    paths = Paths(
        command=_command(),
        config=find_config(options.config_file).resolve(),
        store=config.store_path,
        tree=config.tree_path if isinstance(config.tree_path, Path) else None,
        metrics=config.metrics_path,
        user=user,
        inbox=config.inside.inbox,
        outboxes=tuple(_exchanged(config)),
    )
    units = dict(make_units(paths))
    for path in paths.hidden:
        options.output.note(
            f"note: {path} is where the sandbox hides files; move it, or loosen"
            " ProtectHome or PrivateTmp in a drop-in"
        )
    if not only_print:
        _write(root, units)
    lines = [f"# /{name}\n{text}" for name, text in units.items()]
    if not only_print:
        lines = [*(f"wrote {root / name}" for name in units), _NEXT]
    files = {f"/{name}": text for name, text in units.items()}
    options.output.result("systemd install", UnitsReport(files), lines)


def _exchanged(config: Config) -> Iterator[Path]:
    """Yield the folders that a gateway takes from and delivers into, but the inbox."""
    for each in config.targets.values():
        yield from filter(None, (each.outbox, each.inbox))
    yield from filter(None, (config.inside.outbox,))


def _command() -> Path:
    """Return the gosync command that runs this."""
    beside = Path(sys.executable).with_name("gosync")
    found = str(beside) if beside.is_file() else shutil.which("gosync")
    if found is None:
        raise UsageError("the gosync command is not on PATH", hint="install gosync")
    return Path(found).absolute()


def _write(root: Path, units: dict[str, str]) -> None:
    for name, text in units.items():
        file = root / name
        with disk_errors(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            file.chmod(0o644)
