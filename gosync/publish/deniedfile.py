"""What the policy denies, told by the tree as well: ``.gosync/denied.json``.

A JSON list of rulings, and no file where nothing is denied. A closure, which has the
tree alone, learns from it why a zip is not there, and who asked for it.
"""

from __future__ import annotations

from typing import Final

from gosync.catalog.rulings import Ruling
from gosync.errors import RejectedError
from gosync.folder import routes
from gosync.gomod import module
from gosync.publish.listfile import ListFile

_MAX_BYTES = 64 << 20
_MAX_TEXT = 4096


def _is_sound(ruling: Ruling) -> bool:
    try:
        module.check(ruling.path, ruling.version)
    except RejectedError:
        return False
    return ruling.is_denied and 0 < len(ruling.reason) <= _MAX_TEXT


DENIED_FILE: Final = ListFile(
    routes.DENIED, list[Ruling], _is_sound, limit_bytes=_MAX_BYTES
)
