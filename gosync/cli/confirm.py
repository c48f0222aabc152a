"""Confirmation before something that is rarely meant."""

from __future__ import annotations

from collections.abc import Callable

import click
from msgspec.structs import replace

from gosync.cli.progress import paused
from gosync.cli.streams import is_terminal
from gosync.config.sizes import format_size
from gosync.errors import UsageError
from gosync.site.options import SiteOptions
from gosync.site.policy import Policy
from gosync.sync.forecast import Agreement, Forecast


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


def size_agreement(above_bytes: int, *, yes: bool) -> Agreement | None:
    """Return when a sync asks whether to bring so much, None where nobody is there.

    Args:
        above_bytes: Up to so many bytes it does not ask.
        yes: Whether it was said before.
    """
    if yes or not is_terminal():
        return None
    return Agreement(above_bytes, _agree_to_size)


def _agree_to_size(found: Forecast) -> bool:
    size = format_size(found.fetch.bytes)
    if found.is_estimated:
        told = f"at most {found.fetch.zips} zips, about {size} by an estimate"
    else:
        about = "about " if found.fetch.estimated_bytes else ""
        told = f"{found.fetch.zips} zips, {about}{size}"
    return _ask(f"this sync fetches {told}")


def agreeing(*, yes: bool) -> Callable[[str], bool] | None:
    """Return what asks somebody whether to go on, None where nobody is there.

    Args:
        yes: Whether it was said before.
    """
    return _agree if yes else _ask if is_terminal() else None


def _agree(what: str) -> bool:  # noqa: ARG001 - whatever it is
    return True


def _ask(what: str) -> bool:
    with paused():
        return click.confirm(f"{what}. Go on?", err=True)
