"""Sizes as people write them: ``10GiB``, ``4.3 GB``, ``500000``."""

from __future__ import annotations

import re

from gosync.errors import MalformedError

_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]{0,3})", re.ASCII)


def parse_size(text: str) -> int:
    """Return the number of bytes that the text names.

    Raises:
        MalformedError: if it is not a number with a unit of bytes.
    """
    match = _SIZE.fullmatch(text.strip())
    factor = _UNITS.get(match[2].upper()) if match else None
    if match is None or factor is None:
        raise MalformedError("size", text, 'write a number and a unit, like "10GiB"')
    return int(float(match[1]) * factor)


def format_size(size_bytes: int) -> str:
    """Return the size for people, with a binary unit and one decimal."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
