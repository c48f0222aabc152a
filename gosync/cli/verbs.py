"""Command groups: verbs are imported when they are asked for, and typos guessed.

The options that every verb has may stand before the verb, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple

import click

_MARGINS: Final = 6  # click's, around the column of names
# What ``options.common_options`` gives to every verb; with a value, and without.
WITH_VALUE: Final = frozenset({"--config"})
FLAGS: Final = frozenset(
    {"--json", "--quiet", "-q", "--no-progress", "--verbose", "-v", "--log-json"}
)
_SHORT_FLAGS: Final = re.compile("-[qv]+")


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


class VerbGroup(click.Group):
    """A group that names the verb that may be meant by an unknown one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the arguments, with options of the verb's that stand before it."""
        count = _before_verb(args)
        options, verb, rest = args[:count], args[count : count + 1], args[count + 1 :]
        if not verb or verb[0].startswith("-"):  # of the group itself, as --help
            options = []
        return super().parse_args(ctx, [*verb, *options, *rest])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that the first argument names, as click does."""
        known = self.list_commands(ctx)
        if not (ctx.resilient_parsing or args[0].startswith("-") or args[0] in known):
            from difflib import get_close_matches  # noqa: PLC0415 - for a typo

            near = get_close_matches(args[0], known, n=1)
            guess = f"; did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"no command {args[0]!r}{guess}")
        return super().resolve_command(ctx, args)


def _before_verb(args: Sequence[str]) -> int:
    """Return how many of some arguments are common options before a verb."""
    count = 0
    while count < len(args):
        name = args[count].partition("=")[0]
        if name in WITH_VALUE:
            count += 1 if "=" in args[count] else 2
        elif args[count] in FLAGS or _SHORT_FLAGS.fullmatch(args[count]):
            count += 1
        else:
            break
    return min(count, len(args))


class Verbs(VerbGroup):
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
