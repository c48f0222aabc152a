"""The three files of a module version: ``.info``, ``.mod`` and ``.zip``. Pure.

The GOPROXY protocol names them by these suffixes, and so do the tree, the caches of
``go`` and of other proxies, evidence, and an audit's questions.
"""

from __future__ import annotations

from enum import StrEnum


class FileKind(StrEnum):
    """Which of a version's files; its value is the name's suffix without the dot."""

    INFO = "info"
    MOD = "mod"
    ZIP = "zip"

    @property
    def suffix(self) -> str:
        """The end of its name: ".info", ".mod" or ".zip"."""
        return f".{self.value}"
