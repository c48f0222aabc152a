"""Walking the command tree and the configuration's classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import click
import msgspec


def leaf_commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    """Yield each command's words, groups left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaf_commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def key_names(section: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """Yield each key as section.key; of sections that are alike one, as NAME."""
    alike: set[type[msgspec.Struct]] = set()
    for field in msgspec.structs.fields(section):
        kind = next(iter(get_args(field.type)), field.type)
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            yield f"{prefix}{field.name}"
        elif kind not in alike:
            alike.add(kind)
            name = "NAME" if _count(section, kind) > 1 else field.name
            yield from key_names(kind, f"{prefix}{name}.")


def _count(section: type[msgspec.Struct], kind: type[msgspec.Struct]) -> int:
    return sum(field.type is kind for field in msgspec.structs.fields(section))
