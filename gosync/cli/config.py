"""``gosync config check`` and ``gosync config show``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec

from gosync.cli.messages import told, told_message
from gosync.cli.options import CommonOptions, common_options
from gosync.cli.verbs import VerbGroup
from gosync.clock import SystemClock
from gosync.config import examine_config, find_config
from gosync.config.config import Config, ConfigShown
from gosync.config.mistakes import (
    ConfigReport,
    Mistake,
    MistakeReport,
    RightConfig,
)
from gosync.errors import UsageError
from gosync.text import encode_json, printable

_RUNS = 3


@click.group(cls=VerbGroup)
def config() -> None:
    """Check or show the configuration."""


@config.command()
@common_options
def check(options: CommonOptions) -> int:
    """Find every mistake in the configuration; exit 2 when there is one.

    The files and folders that it names are looked for, too.
    """
    path = find_config(options.config_file)
    loaded, found = examine_config(path, os.environ, look=True)
    if loaded is None or found:
        mistakes = list(map(MistakeReport.of, found))
        report = ConfigReport(file=str(path), ok=not found, mistakes=mistakes)
        options.output.result("config check", report)
        if not options.output.as_json:
            _show(found)
        return UsageError.exit_code
    now = SystemClock().now()
    next_runs = {
        job.name: job.schedule.next_times(now, _RUNS)
        for job in loaded.jobs
        if job.schedule is not None and job.schedule.cron
    }
    options.output.result(
        "config check",
        RightConfig(
            file=str(path),
            ok=True,
            mistakes=[],
            modules=len(loaded.policy.exact),
            patterns=len(loaded.policy.patterns),
            next_runs=next_runs,
        ),
        [_praise(path, loaded), *map(_run_line, next_runs.items())],
    )
    return 0


def _run_line(job: tuple[str, list[str]]) -> str:
    name, times = job
    return f"{name} is due {', '.join(times)}"


def _show(found: Iterable[Mistake]) -> None:
    for mistake in found:
        click.echo(f"gosync: {told_message(printable(mistake.sentence))}", err=True)
        if mistake.hint:
            hint = f"next: {printable(str(mistake.hint))}"
            click.echo(f"  {told(hint)}", err=True)


def _praise(path: Path, loaded: Config) -> str:
    from gosync.config.bundles import is_inside  # noqa: PLC0415 - slow to import

    policy = loaded.policy
    if is_inside(loaded.sections, loaded.inside):
        return f"{path}: right; bundles feed this site"
    selected = f"{len(policy.exact)} modules and {len(policy.patterns)} patterns"
    if policy.tools:
        selected = f"{selected}, {len(policy.tools)} tools"
    if loaded.site_options().mirrors_all:
        return f"{path}: right; all that the followed gosync has is selected"
    if loaded.serve.pull is not None and not policy.selects:
        return f"{path}: right; what clients ask for is pulled through"
    if not (policy.selects or loaded.projects or loaded.recorded):
        return f"{path}: right; nothing is selected yet: add a [[select]]"
    return f"{path}: right; {selected} selected"


@config.command("show")
@common_options
def show_config(options: CommonOptions) -> None:
    """Show every value in force, defaults and overrides included."""
    report = ConfigShown.of(options.load_config())
    text = msgspec.json.format(encode_json(report), indent=2).decode()
    options.output.result("config show", report, [text])
