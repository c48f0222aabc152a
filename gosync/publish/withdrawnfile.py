"""What is withdrawn, kept in the tree as well: ``.gosync/withdrawn.json``.

A JSON list of withdrawals, and no file where nothing is withdrawn. A store that comes
back from an older copy without its newest journal learns from it what it must not show
again; the tree itself, which lacks these versions, could not tell that.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.catalog.withdrawn import Withdrawal
from gosync.clock import parse_time
from gosync.errors import RejectedError, StoreError
from gosync.folder import routes
from gosync.gomod import module
from gosync.publish.tree import TreeReader, TreeWriter

_MAX_BYTES = 16 << 20
_MAX_TEXT = 4096


def write_withdrawn(writer: TreeWriter, withdrawals: Iterable[Withdrawal]) -> None:
    """Bring the tree's file up to date.

    Raises:
        StoreError: if it cannot be written.
    """
    withdrawals = list(withdrawals)
    if withdrawals:
        data = msgspec.json.format(msgspec.json.encode(withdrawals), indent=1)
        writer.write(routes.WITHDRAWN, data + b"\n")
    elif writer.size(routes.WITHDRAWN) is not None:
        writer.remove(routes.WITHDRAWN)


def read_withdrawn(tree: TreeReader) -> list[Withdrawal]:
    """Return what a tree says is withdrawn; nothing where it cannot be read."""
    try:
        data = tree.read(routes.WITHDRAWN, limit_bytes=_MAX_BYTES) or b""
        found = msgspec.json.decode(data, type=list[Withdrawal])
    except (StoreError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return [each for each in found if _is_sound(each)]


def _is_sound(withdrawal: Withdrawal) -> bool:
    version, needed_by = withdrawal.version, withdrawal.needed_by
    try:
        module.check(withdrawal.path, version)
        parse_time(withdrawal.withdrawn_at)
    except (RejectedError, ValueError, OverflowError):
        return False
    return (
        module.canonical_version(version) == version
        and 0 < len(withdrawal.reason) <= _MAX_TEXT
        and len(needed_by) <= _MAX_TEXT
        and all(len(path) <= _MAX_TEXT for path in needed_by)
        and withdrawal.undone_at is None
    )
