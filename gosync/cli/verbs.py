"""Command group that imports only the verb that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple

import click

_MARGINS: Final = 6  # click's, around the column of names


class Verb(NamedTuple):
    """Where a verb is, and what it is for.

    Attributes:
        module: A module of this package.
        name: The command's name there.
        help: The first sentence of its help, so that none is imported to list it.
    """

    module: str
    name: str
    help: str


class Verbs(click.Group):
    """A group that knows where its verbs are."""

    def __init__(self, *args: Any, verbs: Mapping[str, Verb], **kwargs: Any) -> None:
        """Make a group.

        Args:
            args: As for click's.
            verbs: Where each verb is.
            kwargs: As for click's.
        """
        super().__init__(*args, **kwargs)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the verbs in the order of ``--help``."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Return a verb, or None for an unknown one."""
        if cmd_name not in self._verbs:
            return None
        verb = self._verbs[cmd_name]
        found = getattr(import_module(f"gosync.cli.{verb.module}"), verb.name)
        command: click.Command = found
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the verbs as click does, without importing them."""
        limit = formatter.width - _MARGINS - max(map(len, self._verbs))
        rows = [
            (name, click.Command(name, help=verb.help).get_short_help_str(limit))
            for name, verb in self._verbs.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
