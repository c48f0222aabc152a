"""What the policy denies, told by the tree as well: ``.gosync/denied.json``.

A JSON list of rulings, and no file where nothing is denied. A closure, which has the
tree alone, learns from it why a zip is not there, and who asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.catalog.rulings import Ruling
from gosync.errors import RejectedError, StoreError
from gosync.folder import routes
from gosync.gomod import module
from gosync.publish.tree import TreeReader, TreeWriter

_MAX_BYTES = 64 << 20
_MAX_TEXT = 4096


def write_denied(writer: TreeWriter, rulings: Iterable[Ruling]) -> None:
    """Bring the tree's file up to date.

    Raises:
        StoreError: if it cannot be written.
    """
    rulings = list(rulings)
    if rulings:
        data = msgspec.json.format(msgspec.json.encode(rulings), indent=1) + b"\n"
        if writer.read(routes.DENIED, limit_bytes=_MAX_BYTES) != data:
            writer.write(routes.DENIED, data)
    elif writer.size(routes.DENIED) is not None:
        writer.remove(routes.DENIED)


def read_denied(tree: TreeReader) -> list[Ruling]:
    """Return what a tree says is denied; nothing where it cannot be read."""
    try:
        data = tree.read(routes.DENIED, limit_bytes=_MAX_BYTES) or b""
        found = msgspec.json.decode(data, type=list[Ruling])
    except (StoreError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return [each for each in found if _is_sound(each)]


def _is_sound(ruling: Ruling) -> bool:
    try:
        module.check(ruling.path, ruling.version)
    except RejectedError:
        return False
    return ruling.is_denied and 0 < len(ruling.reason) <= _MAX_TEXT
