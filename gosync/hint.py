"""Hints as data: what to do next, with the command lines to run. Pure.

A hint is text with command lines between: whoever shows it (the command line, a log,
a page) decides how. A command line names its verb and its arguments apart, so that a
test can hold every one of them against the commands that there are.
"""

from __future__ import annotations

import shlex

import msgspec


class Command(msgspec.Struct, frozen=True):
    """A command line of gosync.

    Attributes:
        verb: The verb, with a space before what stands below it ("bundle create").
        arguments: Options, their values and operands, as a program gets them; one in
            capitals ("FILE") is for the reader to put in.
    """

    verb: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the line for a shell, with what it would split or expand quoted."""
        return shlex.join(("gosync", *self.verb.split(), *self.arguments))


class Hint(msgspec.Struct, frozen=True):
    """What to do next.

    Attributes:
        parts: Text and command lines in the order of the sentence.
    """

    parts: tuple[str | Command, ...]

    def __str__(self) -> str:
        """Return the sentence, each command line in backticks."""
        return "".join(
            f"`{part}`" if isinstance(part, Command) else part for part in self.parts
        )

    @property
    def commands(self) -> tuple[Command, ...]:
        """The command lines that it names."""
        return tuple(part for part in self.parts if isinstance(part, Command))


def advise(text: str, *values: str | Command | Hint) -> Hint:
    """Return a hint.

    Args:
        text: The sentence, ``{}`` for each value; a literal, since a path in it could
            have braces of its own.
        values: What stands there: text, a command line, or another hint.

    Raises:
        ValueError: there are more or fewer values than places for them.
    """
    first, *rest = text.split("{}")
    parts: list[str | Command] = [first]
    for value, after in zip(values, rest, strict=True):
        parts += (*(value.parts if isinstance(value, Hint) else (value,)), after)
    return Hint(tuple(part for part in parts if part))


def command(verb: str, *arguments: object) -> Command:
    """Return a command line; its arguments are taken as text."""
    return Command(verb, tuple(map(str, arguments)))
