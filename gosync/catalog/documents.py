"""JSON columns, read back. Pure."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from gosync.errors import CatalogError
from gosync.hint import advise, command

REBUILD = advise("run {}", command("catalog rebuild"))

T = TypeVar("T")


def read_document(text: str, kind: type[T]) -> T:
    """Return what a column's JSON says.

    Raises:
        CatalogError: it is no JSON, or of another shape: the catalog is damaged.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise CatalogError(
            f"the catalog has a document that makes no sense: {error}", hint=REBUILD
        ) from error
