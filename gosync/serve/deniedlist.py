"""Versions that the policy denies, as the tree tells them: what a plain server refuses.

A server that only hands out a tree answers 403 for them, with the rule, as one that
pulls through does: at a 404 ``go`` would ask whoever comes next in GOPROXY.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gosync.folder.requests import ProxyRequest, ProxyRequestKind
from gosync.folder.routes import DENIED
from gosync.gomod.module import ModuleVersion
from gosync.publish.deniedfile import DENIED_FILE
from gosync.serve.origin import OriginAnswer
from gosync.serve.outcomes import denied
from gosync.site.treestorage import read_folder

# Its go.mod and .info are in the tree: go needs them to choose versions.
_REFUSED: Final = {ProxyRequestKind.INFO, ProxyRequestKind.ZIP}
_NONE: Final = (0, 0, 0)


class DeniedVersions:
    """A tree's list of them, read again when it changed."""

    def __init__(self, tree: Path) -> None:
        """Take the tree; its list is read when somebody asks."""
        self._tree = tree
        self._state = _NONE
        self._reasons: dict[ModuleVersion, str] = {}

    def answer(self, request: ProxyRequest | None) -> OriginAnswer | None:
        """Return what is said of a file that the tree lacks, None where it is allowed.

        Raises:
            OSError: the disk gives no answer.
        """
        if request is None or request.kind not in _REFUSED:
            return None
        self._refresh()
        mv = ModuleVersion(request.module, request.version)
        reason = self._reasons.get(mv)
        return None if reason is None else denied(mv, reason)

    def _refresh(self) -> None:
        try:
            stat = (self._tree / DENIED).stat()
            state = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except FileNotFoundError:
            state = _NONE
        if state == self._state:
            return
        rulings = DENIED_FILE.read(read_folder(self._tree)) if state != _NONE else []
        self._reasons = {e.mv: f"{e.rule}: {e.reason}" for e in rulings}
        self._state = state
