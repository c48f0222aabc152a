"""Whom a failure was met at, and whether the configuration still names that.

A failure that is of nothing configured any more is over: an index that was turned
off, a proxy or a checksum database that was replaced, a select or a project that
was removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gosync.catalog.failures import Failure
from gosync.site.options import SiteOptions
from gosync.site.policy import IMPLIED, IMPLIED_BY
from gosync.upstream.urls import strip_secrets

INDEX: Final = "index"
DATABASE: Final = "publish"
OLD_HEADS: Final = "old heads"
SELECT: Final = "select"
PROJECT: Final = "project"
LIST: Final = "list"
VERSION: Final = "version"
VULNDB: Final = "vulndb"


def upstream_of(options: SiteOptions, kind: str) -> str:
    """Return whom a question of this kind is put to, without secrets.

    Args:
        options: What is configured.
        kind: A failure's kind.
    """
    if kind in (SELECT, PROJECT):
        return ""
    if kind == INDEX:
        return strip_secrets(options.index_url)
    database = options.database.name if options.database else ""
    if kind in (DATABASE, OLD_HEADS):
        return database
    proxies = "".join(
        entry.shown_url
        + ("" if entry.is_last else "|" if entry.fall_back_on_error else ",")
        for entry in options.proxies.entries
    )
    return proxies if kind == LIST or not database else f"{proxies} {database}"


def is_configured(failure: Failure, options: SiteOptions) -> bool:
    """Return whether a failure is of something that the configuration names."""
    if failure.kind == INDEX and not options.index_url:
        return False
    if failure.kind == DATABASE:
        database = options.database
        return database is not None and failure.version == database_item(database.name)
    if failure.kind == OLD_HEADS:
        database = options.database
        return database is not None and failure.version == old_heads_item(database.name)
    if failure.kind in (SELECT, PROJECT):
        return failure.version in _items(options)
    if failure.kind == VULNDB:
        return failure.version == vulndb_item(options.vulndb)
    return failure.upstream in ("", upstream_of(options, failure.kind))


def vulndb_item(source: str) -> str:
    """Return what a source of the vulnerability database is called there, or ""."""
    return f"vulnerability database {strip_secrets(source)}" if source else ""


def _items(options: SiteOptions) -> Iterator[str]:
    """Yield what selects and projects are called in the table of failures."""
    for path, rules in options.policy.exact.items():
        for rule in rules:
            yield select_item(rule.select, path)
    for tool in options.policy.tools:
        yield tool_item(str(tool))
    for spec in options.projects:
        yield project_item(str(spec.path))


def select_item(number: int, path: str) -> str:
    """Return what a select is called that takes nothing of a module."""
    who = IMPLIED_BY if number == IMPLIED else f"select {number}"
    return f"{who}: {path}"


def tool_item(name: str) -> str:
    """Return what a tool is called that nothing is carried of."""
    return f"tool {name}"


def project_item(name: str) -> str:
    """Return what a project is called that was refused."""
    return f"project {name}"


def database_item(name: str) -> str:
    """Return what a checksum database is called that did not answer."""
    return f"sumdb {name}"


def old_heads_item(name: str) -> str:
    """Return what the clients are called that remember another head of a database."""
    return f"older tree heads of {name}"
