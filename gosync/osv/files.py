"""The database's files, made of entries. Pure.

Entries stay byte for byte as they came, but for ``modified`` where it is the year 1: in
golang.org/x/vulndb nobody says when an entry changed, and ``govulncheck`` shows that
year; the time of the module's version stands there then. Index files are as gendb of
golang.org/x/vulndb makes them: a module's vulnerabilities by id, ``fixed`` and
``aliases`` left out where there are none. An entry that names a module twice has two
lines there: ``govulncheck`` fetches no entry whose ``fixed`` it is past.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from gosync.errors import MalformedError
from gosync.gomod.info import format_time
from gosync.osv.affected import fixed_in
from gosync.osv.entry import NEVER, VulnEntry, parse_entry

DB: Final = "index/db.json"
MODULES: Final = "index/modules.json"
VULNS: Final = "index/vulns.json"
ENTRIES: Final = "ID"
PACKED: Final = ".gz"
SOURCE_MODULE: Final = "module"
"""What ``vulndb.source`` says where the database is read from the module."""
DATABASE_MODULE: Final = "golang.org/x/vulndb"


class ModuleVuln(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a module in modules.json."""

    id: str
    modified: str
    fixed: str = ""


class ModuleVulns(msgspec.Struct, frozen=True):
    """A module in modules.json."""

    path: str
    vulns: list[ModuleVuln]


class VulnLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry in vulns.json."""

    id: str
    modified: str
    aliases: tuple[str, ...] = ()


class DatabaseTime(msgspec.Struct, frozen=True):
    """db.json: when the newest entry changed."""

    modified: datetime


def entry_file(identifier: str) -> str:
    """Return the name of an entry's file."""
    return f"{ENTRIES}/{identifier}.json"


def database_files(
    entries: Mapping[str, bytes], *, modified: datetime | None
) -> dict[str, bytes]:
    """Return all files of the database, by name, entries first, ``db.json`` last.

    Args:
        entries: The entries' bytes by their ids.
        modified: When an entry changed that does not say so; also the least time of
            the database. None where all entries say so.

    Raises:
        MalformedError: An entry is none, or has another's id.
    """
    files: dict[str, bytes] = {}
    parsed = []
    for identifier in sorted(entries):
        entry, data = _dated(entries[identifier], modified)
        if entry.id != identifier:
            raise MalformedError("vulnerability", entry.id, f"in {identifier}.json")
        files[entry_file(identifier)] = data
        parsed.append(entry)
    files[VULNS] = msgspec.json.encode([_line(each) for each in parsed])
    files[MODULES] = msgspec.json.encode(_modules(parsed))
    newest = max([each.modified for each in parsed] + ([modified] if modified else []))
    files[DB] = msgspec.json.encode({"modified": format_time(newest)})
    return files


def _dated(data: bytes, modified: datetime | None) -> tuple[VulnEntry, bytes]:
    entry = parse_entry(data)
    if entry.modified > NEVER or modified is None:
        return entry, data
    document = msgspec.json.decode(data)
    document["modified"] = format_time(modified)
    return msgspec.structs.replace(entry, modified=modified), msgspec.json.encode(
        document
    )


def _line(entry: VulnEntry) -> VulnLine:
    return VulnLine(entry.id, format_time(entry.modified), entry.aliases)


def _modules(entries: list[VulnEntry]) -> list[ModuleVulns]:
    found: dict[str, list[ModuleVuln]] = {}
    for entry in entries:
        for each in entry.affected:
            vuln = ModuleVuln(entry.id, format_time(entry.modified), fixed_in(each))
            found.setdefault(each.package.name, []).append(vuln)
    return [ModuleVulns(path, found[path]) for path in sorted(found)]
