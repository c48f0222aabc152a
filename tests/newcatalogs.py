"""New catalogs for tests: copies of one that the migrations have made.

A hundred statements in twenty transactions take 15 ms, and a run of the tests makes
some thousand catalogs. Tests of the migrations themselves ask for them
(`made_by_migrations`); commands in processes of their own know nothing of copies.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from gosync.catalog import opening
from gosync.catalog.connection import Connection

_connect = opening._connect


def copy_new_catalogs() -> None:
    """Let each catalog that this process makes begin as a copy."""
    opening._connect = _copy_and_connect


def made_by_migrations(patch: pytest.MonkeyPatch) -> None:
    """Let the migrations make a new catalog, as they do for users."""
    patch.setattr(opening, "_connect", _connect)


def _copy_and_connect(path: Path) -> Connection:
    """Connect to a catalog; where there is no room for a copy, as users do."""
    if not path.exists():
        copy = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            with suppress(OSError):  # among them: another process made it meanwhile
                copy.write_bytes(_new_catalog())
                os.link(copy, path)
        finally:
            with suppress(OSError):
                copy.unlink()
    return _connect(path)


@cache
def _new_catalog() -> bytes:
    """Return the file that the migrations make."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catalog.sqlite")
        connection = _connect(path)
        try:
            opening._prepare(connection, readonly=False)
        finally:
            connection.close()
        return path.read_bytes()
