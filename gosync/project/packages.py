"""Packages of a project's main modules, read from its folder.

As for a module's zip (``gomod.packages``): no vendor folder, and no folder below with a
go.mod of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from gosync.errors import ConfigError
from gosync.gomod.goimports import read_imports
from gosync.gomod.modulepackages import ModulePackages
from gosync.gomod.packages import PackageReader

MAX_FILE_BYTES: Final = 16 << 20
_GO_MOD: Final = "go.mod"
_VENDOR: Final = "vendor"


def read_folder_packages(folder: Path) -> ModulePackages:
    """Return the packages of the module in a folder.

    Raises:
        ConfigError: A file cannot be read.
        TooLargeError: Its imports together are too large.
    """
    reader = PackageReader(b"")
    try:
        for here, folders, files in os.walk(folder):
            below = Path(here).relative_to(folder)
            if below.parts and _GO_MOD in files:
                folders.clear()
                continue
            folders[:] = [each for each in sorted(folders) if each != _VENDOR]
            for name in files:
                file = os.fsencode((below / name).as_posix())
                if reader.wants(file) and (Path(here) / name).is_file():
                    reader.take(file, read_imports(_read(Path(here) / name)))
    except OSError as exc:
        raise ConfigError(f"{folder}: cannot be read: {exc}") from exc
    return reader.packages()


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_FILE_BYTES)
