"""Journal entries: versions that come and go, tree heads, findings.

    {"kind": "version", "path": ..., and the columns of its catalog row}
    {"kind": "forget", "path": ..., "version": ...}  nothing of it is kept
    {"kind": "narrow", "path": ..., "version": ...}  its zip is not kept
    {"kind": "unproven", "path": ..., and the columns of a version without its proof}
    {"kind": "artifact", "what": its kind, and "name", "digest", "size_bytes"}
    {"kind": "forget-artifact", "what": its kind, "name": ...}
    {"kind": "withdraw", "path": ..., and the columns of the withdrawal; undone, too}
    {"kind": "finding", "what": its kind, and its other columns; the facts as JSON}
    {"kind": "head", "name": the database's, "note": the signed note}

A record's text and a note are UTF-8 as a rule; bytes that are not are written as
lone surrogates, so that every byte comes back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import asdict, replace

from gosync.artifact import Artifact, check_artifact
from gosync.catalog.findings import Finding
from gosync.catalog.unproven import UnprovenVersion
from gosync.catalog.versions import VersionRow
from gosync.catalog.withdrawn import Withdrawal
from gosync.errors import MalformedError
from gosync.gomod import module
from gosync.gomod.module import ModuleVersion
from gosync.store.digest import parse_digest
from gosync.store.journal import EntryValue

ROWS: Final = 100  # of versions that are journalled and committed together
# Text is added in its own form; the rest is of the present catalog alone.
_NOT_KEPT = frozenset(
    {
        "record_text",
        "changed",
        "selected",
        "unselected_at",
        "max_zip_bytes",
        "withdrawn",
        "denied",
    }
)


_FACTS = ("ours", "theirs")


def version_entry(row: VersionRow) -> dict[str, EntryValue]:
    """Return the entry of an admitted version."""
    entry: dict[str, EntryValue] = {
        name: getattr(row, name)
        for name in VersionRow.__struct_fields__
        if name not in _NOT_KEPT
    }
    entry["kind"] = "version"
    if row.record_text is not None:
        entry["record_text"] = row.record_text.decode("utf-8", "surrogateescape")
    return entry


def parse_version_entry(entry: Mapping[str, EntryValue]) -> VersionRow:
    """Return the catalog row of a "version" entry.

    Raises:
        MalformedError: a field is of a wrong type, or path, version or a digest
            is not well-formed.
    """
    text = entry.get("record_text")
    plain = {key: value for key, value in entry.items() if key != "record_text"}
    try:
        row = msgspec.convert(plain, VersionRow)
    except msgspec.ValidationError as error:
        raise MalformedError("journal version", entry, f"{error}") from error
    module.check(row.path, row.version)
    if module.canonical_version(row.version) != row.version:
        raise MalformedError("version", row.version, "not canonical")
    for blob in row.blobs().values():
        parse_digest(blob.digest)
    if isinstance(text, str):
        row = replace(row, record_text=text.encode("utf-8", "surrogateescape"))
    return row


def forget_entry(mv: ModuleVersion) -> dict[str, EntryValue]:
    """Return the entry of a version that is about to be forgotten."""
    return {"kind": "forget", "path": mv.path, "version": mv.version}


def narrow_entry(mv: ModuleVersion) -> dict[str, EntryValue]:
    """Return the entry of a version whose zip is about to be forgotten."""
    return {"kind": "narrow", "path": mv.path, "version": mv.version}


def unproven_entry(version: UnprovenVersion) -> dict[str, EntryValue]:
    """Return the entry of a version that is about to be kept without its proof."""
    return {**asdict(version), "kind": "unproven"}


def parse_unproven_entry(entry: Mapping[str, EntryValue]) -> UnprovenVersion:
    """Return the version of an "unproven" entry.

    Raises:
        MalformedError: a field is missing or of a wrong type, or path, version or a
            digest is not well-formed.
    """
    try:
        found = msgspec.convert(entry, UnprovenVersion)
    except msgspec.ValidationError as error:
        raise MalformedError("journal unproven", entry, f"{error}") from error
    module.check(found.path, found.version)
    for digest in found.blobs():
        parse_digest(digest)
    return found


def artifact_entry(artifact: Artifact) -> dict[str, EntryValue]:
    """Return the entry of an artifact that is about to be kept."""
    return {
        "kind": "artifact",
        "what": artifact.kind,
        "name": artifact.name,
        "digest": artifact.digest,
        "size_bytes": artifact.size_bytes,
    }


def forget_artifact_entry(artifact: Artifact) -> dict[str, EntryValue]:
    """Return the entry of an artifact that is about to be forgotten."""
    return {"kind": "forget-artifact", "what": artifact.kind, "name": artifact.name}


def parse_artifact_entry(entry: Mapping[str, EntryValue]) -> Artifact:
    """Return the artifact of an "artifact" entry.

    Raises:
        MalformedError: a field is missing or of a wrong type, or the name is none.
    """
    try:
        found = msgspec.convert({**entry, "kind": entry.get("what")}, Artifact)
    except msgspec.ValidationError as error:
        raise MalformedError("journal artifact", entry, f"{error}") from error
    check_artifact(found)
    return found


def withdrawal_entry(withdrawal: Withdrawal) -> dict[str, EntryValue]:
    """Return the entry of a withdrawal, as it will stand: in force, or undone."""
    needed_by = msgspec.json.encode(withdrawal.needed_by).decode()
    return {**asdict(withdrawal), "needed_by": needed_by, "kind": "withdraw"}


def parse_withdrawal_entry(entry: Mapping[str, EntryValue]) -> Withdrawal:
    """Return the withdrawal of a "withdraw" entry.

    Raises:
        MalformedError: a field is missing or of a wrong type, or path and version
            are none.
    """
    try:
        needed_by = msgspec.json.decode(str(entry.get("needed_by")))
        found = msgspec.convert({**entry, "needed_by": needed_by}, Withdrawal)
    except (msgspec.DecodeError, RecursionError) as error:  # a ValidationError, too
        raise MalformedError("journal withdrawal", entry, f"{error}") from error
    module.check(found.path, found.version)
    return found


def finding_entry(finding: Finding) -> dict[str, EntryValue]:
    """Return the entry of a finding whose state was set."""
    entry: dict[str, EntryValue] = {
        name: getattr(finding, name)
        for name in Finding.__struct_fields__
        if name not in ("kind", *_FACTS)
    }
    facts = {name: json.dumps(dict(getattr(finding, name))) for name in _FACTS}
    return {**entry, **facts, "kind": "finding", "what": finding.kind}


def parse_finding_entry(entry: Mapping[str, EntryValue]) -> Finding:
    """Return the finding of a "finding" entry.

    Raises:
        MalformedError: a field is missing or of a wrong type.
    """
    try:
        facts = {name: json.loads(str(entry.get(name))) for name in _FACTS}
        return msgspec.convert({**entry, **facts, "kind": entry.get("what")}, Finding)
    except (ValueError, RecursionError) as error:  # msgspec's and json's own, too
        raise MalformedError("journal finding", entry, f"{error}") from error


def head_entry(name: str, note: bytes) -> dict[str, EntryValue]:
    """Return the entry of a head that is about to be trusted."""
    text = note.decode("utf-8", "surrogateescape")
    return {"kind": "head", "name": name, "note": text}
