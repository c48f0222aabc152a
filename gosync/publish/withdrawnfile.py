"""What is withdrawn, kept in the tree as well: ``.gosync/withdrawn.json``.

A JSON list of withdrawals, and no file where nothing is withdrawn. A store that comes
back from an older copy without its newest journal learns from it what it must not show
again; the tree itself, which lacks these versions, could not tell that.
"""

from __future__ import annotations

from typing import Final

from gosync.catalog.withdrawn import Withdrawal
from gosync.clock import parse_time
from gosync.errors import RejectedError
from gosync.folder import routes
from gosync.gomod import module
from gosync.publish.listfile import ListFile

_MAX_BYTES = 16 << 20
_MAX_TEXT = 4096


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


WITHDRAWN_FILE: Final = ListFile(
    routes.WITHDRAWN, list[Withdrawal], _is_sound, limit_bytes=_MAX_BYTES
)
