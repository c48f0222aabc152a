"""Confirmation before something that is rarely meant."""

from __future__ import annotations

from collections.abc import Callable

import click
from msgspec.structs import replace

from gosync.cli.progress import paused
from gosync.cli.streams import is_terminal
from gosync.errors import UsageError
from gosync.site.options import SiteOptions
from gosync.site.policy import Policy


def confirm_whole_index(policy: Policy, *, yes: bool) -> None:
    """Ask whether a pattern that matches every module is really meant.

    Raises:
        UsageError: if it is not, or nobody is there to be asked.
    """
    patterns = policy.matches_everything
    if not patterns or yes:
        return
    shown = ", ".join(repr(pattern) for pattern in patterns)
    hint = "name hosts or paths in [[select]], or say --yes"
    if is_terminal():
        question = f"{shown} selects every module of the whole index. Go on?"
        if click.confirm(question, err=True):
            return
    raise UsageError(f"{shown} selects every module of the whole index", hint=hint)


def with_delete_limit(
    options: SiteOptions, *, max_delete: int | None, yes: bool
) -> SiteOptions:
    """Return the options with a command's own say on how many versions may go.

    Args:
        options: What the configuration says.
        max_delete: Another limit, None for the configuration's.
        yes: Whether as many may go as there are.
    """
    limit = options.deletes
    if max_delete is not None:
        limit = replace(limit, at_most=max_delete)
    return replace(options, deletes=replace(limit, ask=agreeing(yes=yes)))


def agreeing(*, yes: bool) -> Callable[[str], bool] | None:
    """Return what asks somebody whether to go on, None where nobody is there.

    Args:
        yes: Whether it was said before.
    """
    return _agree if yes else ask if is_terminal() else None


def _agree(what: str) -> bool:  # noqa: ARG001 - whatever it is
    return True


def ask(what: str) -> bool:
    """Ask whether to go on."""
    with paused():
        return click.confirm(f"{what}. Go on?", err=True)
