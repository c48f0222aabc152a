"""The catalogue that comes with gosync: the file ``catalogue.toml`` of this room."""

from __future__ import annotations

from functools import cache

from gosync.diagnose.catalogue import FailureCatalogue, parse_catalogue
from gosync.diagnose.cataloguefile import CATALOGUE_FILE


@cache
def shipped_catalogue() -> FailureCatalogue:
    """Return the catalogue; it is read once."""
    return parse_catalogue(CATALOGUE_FILE.read_bytes())
