"""The catalogue that comes with gosync: the file ``catalogue.toml`` of this room."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gosync.diagnose.catalogue import FailureCatalogue, parse_catalogue


@cache
def shipped_catalogue() -> FailureCatalogue:
    """Return the catalogue; it is read once."""
    data = Path(__file__).with_name("catalogue.toml").read_bytes()
    return parse_catalogue(data)
