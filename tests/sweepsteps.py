"""Steps that workers of a sweep do in tests: they import this module."""

from __future__ import annotations

import os
import time
from pathlib import Path


def process_of(_item: int) -> int:
    """Return who does it."""
    return os.getpid()


def stand_until(gate: str) -> int:
    """Return who does it, once a file is there."""
    while not Path(gate).exists():
        time.sleep(0.02)
    return os.getpid()


def nothing(item: int) -> int:
    """Return the item."""
    return item
