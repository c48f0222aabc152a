"""Asking before something that is rarely meant."""

from __future__ import annotations

import sys

import click

from gosync.errors import UsageError
from gosync.sync.policy import Policy


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
    if sys.stdin.isatty() and sys.stderr.isatty():
        question = f"{shown} selects every module of the whole index. Go on?"
        if click.confirm(question, err=True):
            return
    raise UsageError(f"{shown} selects every module of the whole index", hint=hint)
