"""PATTERN of the command line: which modules a command is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import click

from gosync.cli.arguments import arguments
from gosync.cli.completing import complete_module
from gosync.gomod.patterns import PatternSet, is_literal, literal_prefix
from gosync.site.rules import check_pattern

PathFilter: TypeAlias = Callable[[str], bool]

pattern_argument = click.argument(
    "pattern", required=False, shell_complete=complete_module
)
project_option = click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Only what this project's build has.",
)


def path_filter(pattern: str | None) -> PathFilter:
    """Return which module paths a pattern is about: a path, or a glob as in GOPRIVATE.

    Args:
        pattern: The pattern; None for every module.

    Raises:
        UsageError: it is neither.
    """
    if pattern is None:
        return _every
    if not is_literal(pattern):
        with arguments("write a path, or a glob as in GOPRIVATE"):
            check_pattern("pattern", pattern, pattern)
    return PatternSet([pattern]).match


def path_prefix(pattern: str | None) -> str:
    """Return what the paths that a pattern is about begin with, "" for anything."""
    return "" if pattern is None else literal_prefix(pattern)


def _every(_path: str) -> bool:
    return True
