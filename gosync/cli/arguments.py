"""Arguments of the command line, parsed: what is malformed is exit 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gosync.errors import MalformedError, UsageError
from gosync.gomod.module import ModuleVersion


@contextmanager
def arguments(hint: str) -> Iterator[None]:
    """Let what is malformed be the caller's fault, who is told how to write it.

    Raises:
        UsageError: for a MalformedError inside.
    """
    try:
        yield
    except MalformedError as exc:
        raise UsageError(str(exc), hint=hint) from exc


def parse_module_version(text: str) -> ModuleVersion:
    """Parse MODULE@VERSION.

    Raises:
        UsageError: if it is none.
    """
    with arguments("write it as path@v1.2.3"):
        found = ModuleVersion.parse(text)
    if not found.version:
        raise UsageError(f"{text}: name a version", hint="write it as path@v1.2.3")
    return found
