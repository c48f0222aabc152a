"""Source of the vulnerability database, ``vulndb.source``, and what follows from it.

Where it is the module golang.org/x/vulndb, that module's newest version is selected,
unless a ``[[select]]`` names the module: then that one says which. And the rules of the
policy let it in, as they look at no database from a URL either; only what was decided
by name (``gosync policy deny``) keeps it out.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from gosync.config.places import ConfigPaths
from gosync.osv.files import DATABASE_MODULE, SOURCE_MODULE
from gosync.site.policy import IMPLIED_BY, LATEST, Selector
from gosync.site.policyrules import PolicyException, PolicyRules
from gosync.site.rules import Exclusion


def make_source(source: str, places: ConfigPaths) -> str:
    """Return where the vulnerability database comes from; a path is absolute."""
    is_url = source.startswith(("http://", "https://"))
    if not source or source == SOURCE_MODULE or is_url:
        return source
    return str(places.path(("vulndb", "source"), source))


def source_selectors(source: str) -> Iterator[Selector]:
    """Yield what a source needs to be selected."""
    if source == SOURCE_MODULE:
        yield Selector(DATABASE_MODULE, LATEST)


def let_source_in(rules: PolicyRules, source: str) -> PolicyRules:
    """Return the rules with an exception for what a source is read from."""
    if source != SOURCE_MODULE:
        return rules
    modules = (Exclusion(DATABASE_MODULE),)
    exception = PolicyException(modules, f"{IMPLIED_BY} names it", None)
    return replace(rules, exceptions=(*rules.exceptions, exception))
