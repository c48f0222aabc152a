"""Paths that the configuration names.

Relative ones count from the configuration's own folder, ``~`` is a home folder.
"""

from __future__ import annotations

from pathlib import Path

from gosync.config.mistakes import Key, Mistakes
from gosync.errors import ConfigError
from gosync.site.options import TreePlace
from gosync.store.objects.location import is_location, parse_location


class ConfigPaths:
    """Makes absolute paths of what stands in the file."""

    def __init__(self, base: Path, mistakes: Mistakes) -> None:
        """Take the folder that paths count from, and who notes what is wrong."""
        self.base = base
        self._mistakes = mistakes

    def path(self, key: Key, text: str) -> Path:
        """Return a path; what cannot be one is noted."""
        return self._mistakes.attempt(key, lambda: self._path(text), self.base)

    def optional(self, key: Key, text: str) -> Path | None:
        """Return a path, None for none."""
        return self.path(key, text) if text else None

    def place(self, key: Key, text: str) -> TreePlace:
        """Return a bucket's location, or a path; what can be neither is noted."""
        if not is_location(text):
            return self.path(key, text)
        nowhere: TreePlace = self.base
        return self._mistakes.attempt(key, lambda: parse_location(text), nowhere)

    def _path(self, text: str) -> Path:
        if "\0" in text:
            raise ConfigError("a path holds a NUL byte")
        try:
            return self.base / Path(text).expanduser()
        except RuntimeError as exc:
            raise ConfigError(
                f"{text!r}: no such user's home", hint="write the path without ~"
            ) from exc
