"""Choosing what becomes of requests: by patterns, by what is known, or by asking."""

from __future__ import annotations

from collections.abc import Sequence

import click

from gosync.access.assessing import Assessment
from gosync.access.requestfile import RequestDecision
from gosync.errors import UsageError
from gosync.gomod.patterns import PatternSet
from gosync.text import printable


class RequestChooser:
    """Decides what becomes of each request."""

    def __init__(
        self, only: Sequence[str], refuse: Sequence[str], reason: str, *, ask: bool
    ) -> None:
        if refuse and not reason:
            raise UsageError("--refuse needs --reason TEXT", hint="people are told it")
        self._only = PatternSet(only)
        self._refuse = PatternSet(refuse)
        self._reason = reason
        self._ask = ask

    def decide(self, found: Assessment, now: str) -> RequestDecision | None:
        """Return what is decided, None for nothing yet."""
        if self._refuse.match(found.module):
            return _decision(found, now, refused=self._reason)
        if found.problem:
            return (
                _decision(found, now, refused=found.problem)
                if found.is_certain
                else None
            )
        withdrawn = [each for each in found.findings if each.startswith("withdrawn: ")]
        if withdrawn:
            return _decision(found, now, refused=withdrawn[0])
        if self._only and not self._only.match(found.module):
            return None
        if self._ask and not click.confirm(f"{_name(found)}: approve?", err=True):
            return None
        return _decision(found, now)


def _decision(found: Assessment, now: str, *, refused: str = "") -> RequestDecision:
    return RequestDecision(
        module=found.module,
        query=found.query,
        state="refused" if refused else "approved",
        reason=refused[:1000],
        decided_at=now,
        version="" if refused else found.version,
    )


def _name(found: Assessment) -> str:
    return printable(f"{found.module}@{found.query}")
