"""Command group that imports only the verb that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class Verbs(click.Group):
    """A group that knows where its verbs are."""

    def __init__(
        self, *args: Any, verbs: Mapping[str, tuple[str, str]], **kwargs: Any
    ) -> None:
        """Make a group.

        Args:
            args: As for click's.
            verbs: Where each verb is: a module of this package, and its name there.
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
        module, name = self._verbs[cmd_name]
        command: click.Command = getattr(import_module(f"gosync.cli.{module}"), name)
        return command
