"""Files that the owner holds in the runtime folder, each whole or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from gosync.store.durable import disk_errors


def write_held(folder: Path, path: str, data: bytes) -> None:
    """Put a file into the runtime folder, whole or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    target = folder / path
    staged = folder / f".{os.getpid()}-{threading.get_ident()}.tmp"
    with disk_errors(folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(data)
        staged.replace(target)
