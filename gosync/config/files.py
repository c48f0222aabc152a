"""Files of the configuration, read under a limit."""

from __future__ import annotations

import os
from pathlib import Path

from gosync.errors import ConfigError

_MAX_BYTES = 16 * 1024 * 1024


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        ConfigError: if it cannot be read, is too large or not UTF-8.
    """
    try:
        # Opening a named pipe would wait for its writer, perhaps for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            os.set_blocking(descriptor, True)
            data = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        raise ConfigError(f"{path}: {exc.strerror}") from exc
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path}: larger than {_MAX_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: not UTF-8", hint="save it as UTF-8") from exc
