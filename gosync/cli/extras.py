"""Extras of the package: what a verb needs that not every installation has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gosync.errors import UsageError

_OWN = "gosync"


@contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Say which extra to install where a library is missing.

    Raises:
        UsageError: A library that is not gosync's is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] == _OWN:
            raise
        raise UsageError(
            f"{exc.name} is not installed", hint=f'pip install "gosync[{name}]"'
        ) from exc
