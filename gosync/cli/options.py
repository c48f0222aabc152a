"""Options of every command: --config, --json, --quiet, --no-progress, -v."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from msgspec.structs import replace

from gosync import log
from gosync.cli.output import Output
from gosync.config import Config, find_config, load_config

R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


class CommonOptions(msgspec.Struct, frozen=True):
    """The common options of one invocation.

    Attributes:
        config_file: What --config named, or None.
        output: Where results go and in which form.
        show_progress: Whether long work shows a bar or lines.
    """

    config_file: Path | None
    output: Output
    show_progress: bool

    def in_own_language(self) -> CommonOptions:
        """Return them for a command that says itself what it says in each language."""
        output = replace(self.output, is_told=True)
        return replace(self, output=output)

    def load_config(self) -> Config:
        """Return the checked configuration.

        Raises:
            ConfigError: if there is none, or it is wrong.
        """
        return load_config(find_config(self.config_file), os.environ)


wait_lock_option = click.option(
    "--wait-lock",
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Wait so long for another gosync to end.",
)


new_store_option = click.option(
    "--new-store",
    is_flag=True,
    help="There is no store yet: begin one, and take in what the tree shows.",
)
sumdb_option = click.option(
    "--sumdb",
    metavar="NAME|KEY",
    help="The checksum database to believe, or off; as in GOSUMDB.",
)
private_option = click.option(
    "--private",
    multiple=True,
    metavar="PATTERN",
    help="Modules that no database knows, as in GOPRIVATE; may be repeated.",
)


yes_option = click.option(
    "--yes", "-y", is_flag=True, help="Do not ask; go on with as much as it is."
)
versions_limit_option = click.option(
    "--max-delete",
    type=click.IntRange(min=0),
    metavar="N",
    help="Ask, or do nothing, when more versions would go; instead of"
    " publish.max_delete.",
)


def max_delete_option(what: str) -> Callable[[F], F]:
    """Return the option --max-delete, which stops when more of something would go."""
    return click.option(
        "--max-delete",
        type=click.IntRange(min=0),
        default=100,
        show_default=True,
        metavar="N",
        help=f"Do nothing when more {what} than this would go.",
    )


def common_options(function: Callable[..., R]) -> Callable[..., R]:
    """Add the common options to a command and hand them over as one value."""

    @click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration; default ./gosync.toml, then /etc/gosync/gosync.toml.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
    @click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
    @click.option("--no-progress", is_flag=True, help="Show no progress.")
    @click.option("--verbose", "-v", count=True, help="Log more; twice for debug.")
    @click.option("--log-json", is_flag=True, help="Log as JSON lines.")
    @wraps(function)
    def command(
        *args: object,
        config_file: Path | None,
        as_json: bool,
        quiet: bool,
        no_progress: bool,
        verbose: int,
        log_json: bool,
        **kwargs: object,
    ) -> R:
        form = "json" if log_json else log.form_of(os.environ)
        log.configure(level=_level(verbose, quiet=quiet), form=form)
        options = CommonOptions(
            config_file,
            Output(as_json=as_json, quiet=quiet),
            show_progress=not (no_progress or quiet),
        )
        return function(options, *args, **kwargs)

    return command


def _level(verbose: int, *, quiet: bool) -> int:
    if quiet:
        return logging.ERROR
    return (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
