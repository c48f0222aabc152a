"""Files of a project, read once, whole, and up to a limit.

Links are followed, as go does, but what they lead to must be a regular file: a
pipe or a device that stands where go.mod should be is neither waited for nor read.
All that was read, and what was looked for and not there, goes into one digest.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from gosync.errors import ConfigError


class ProjectFiles:
    """Reads files and remembers what it has seen."""

    def __init__(self) -> None:
        self._seen: dict[str, bytes | None] = {}

    def read(self, path: Path, *, limit_bytes: int) -> bytes | None:
        """Return a file's bytes, or None if it is not there.

        Raises:
            ConfigError: It cannot be read, is no file, or is too large.
        """
        data: bytes | None
        try:
            data = _read(path, limit_bytes)
        except (FileNotFoundError, NotADirectoryError):
            data = None
        except OSError as error:
            raise ConfigError(
                f"{path}: {error.strerror}",
                hint="let the user that runs gosync read the project's files",
            ) from error
        self._seen[str(path)] = None if data is None else hashlib.sha256(data).digest()
        return data

    def digest(self) -> str:
        """Return a digest that changes when any of the files does."""
        whole = hashlib.sha256()
        for name, digest in sorted(self._seen.items()):
            whole.update(os.fsencode(name) + b"\0" + (digest or b"none") + b"\n")
        return whole.hexdigest()


def _read(path: Path, limit_bytes: int) -> bytes:
    # A pipe would make open wait for somebody to write to it.
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ConfigError(
                f"{path}: is no regular file", hint="put the project's own file there"
            )
        data = stream.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise ConfigError(
            f"{path}: larger than {limit_bytes} bytes",
            hint="check that this is the file that go made",
        )
    return data
