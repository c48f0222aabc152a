"""Output of results: a document for programs or lines for people, never both.

Everything on standard output is the command's result. ``--json`` prints one
document with ``schema`` (a number that grows when a field changes its meaning)
and ``type`` (the command). ``--quiet`` keeps people's lines away, not JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Final, TypeAlias

import click
import msgspec

from gosync.cli import plaintable
from gosync.cli.messages import told
from gosync.text import DOCUMENT_SCHEMA, indented_json

Document: TypeAlias = Mapping[str, object] | msgspec.Struct

_MOST_RICH_ROWS: Final = 500  # rich takes 0.3 ms a row, and nobody reads more


class Output(msgspec.Struct, frozen=True):
    """Writes one command's result.

    Attributes:
        as_json: Whether the reader is a program.
        quiet: Whether people's lines are left out.
        is_told: Whether the lines are in the reader's language already.
    """

    as_json: bool = False
    quiet: bool = False
    is_told: bool = False

    def result(self, kind: str, document: Document, lines: Iterable[str] = ()) -> None:
        """Write the document as JSON, or the lines for people."""
        if self.as_json:
            self._print(_whole(kind, document))
        elif not self.quiet:
            for line in lines:
                click.echo(self._told(line))

    def stream(
        self, kind: str, head: Document, name: str, items: Iterable[object]
    ) -> None:
        """Write a document whose last field is a long list, as it is read.

        Args:
            kind: The command.
            head: The fields before it.
            name: The list's.
            items: What is in it.
        """
        if self.as_json:
            self._print({**_whole(kind, head), name: iter(items)})

    def _told(self, text: str) -> str:
        return text if self.is_told else told(text)

    def _print(self, whole: Mapping[str, object]) -> None:
        for part in indented_json(whole):
            click.echo(part, nl=False)
        click.echo()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table for people; nothing when JSON is asked for."""
        if self.as_json or self.quiet:
            return
        columns = [self._told(each) for each in columns]
        remaining = iter(rows)
        first = list(islice(remaining, _MOST_RICH_ROWS + 1))
        if sys.stdout.isatty() and len(first) <= _MOST_RICH_ROWS:
            # Importing rich takes longer than most commands.
            from gosync.cli.richtable import print_table  # noqa: PLC0415

            print_table(columns, first)
        else:
            plaintable.print_table(columns, chain(first, remaining))

    def say(self, text: str) -> None:
        """Write a line for people to standard output, as it happens."""
        if not (self.as_json or self.quiet):
            click.echo(self._told(text))

    def note(self, text: str) -> None:
        """Write a remark for people to standard error."""
        if not self.quiet:
            click.echo(self._told(text), err=True)


def _whole(kind: str, document: Document) -> dict[str, object]:
    if isinstance(document, msgspec.Struct):
        keys = document.__struct_encode_fields__
        values = zip(keys, msgspec.structs.astuple(document), strict=True)
        document = {key: each for key, each in values if each is not msgspec.UNSET}
    return {"schema": DOCUMENT_SCHEMA, "type": kind, **document}
