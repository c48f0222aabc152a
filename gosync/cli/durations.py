"""Durations on the command line: 90m, 36h, 2d."""

from __future__ import annotations

from datetime import timedelta

import click

from gosync.config.durations import parse_duration
from gosync.errors import MalformedError


class Duration(click.ParamType[timedelta]):
    """A span of time, as in the configuration."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the span that a text means; click reports what is none."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(str(value))
        except MalformedError as exc:
            self.fail(str(exc), param, ctx)
