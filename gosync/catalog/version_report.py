"""Reports of versions: what ``gosync list`` and ``gosync show`` tell of one."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.documents import read_document
from gosync.catalog.failures import Failure
from gosync.catalog.findings import Finding
from gosync.catalog.looks import Look
from gosync.catalog.pins import Pin
from gosync.catalog.rulings import Ruling
from gosync.catalog.versions import (
    FoundBy,
    Need,
    Proof,
    State,
    VersionRole,
    VersionRow,
)
from gosync.catalog.withdrawn import Withdrawal
from gosync.gomod.module import ModuleVersion


class VersionReport(msgspec.Struct, frozen=True, gc=False):
    """A version as JSON; what is not told here is as in VersionRow.

    Attributes:
        role: What it is selected for.
        record: The proven record's text.
    """

    path: str
    version: str
    state: State
    need: Need
    found_by: FoundBy
    index_time: str | None
    selected: Need | None
    unselected_at: str | None
    max_zip_bytes: int | None
    info_digest: str | None
    info_bytes: int | None
    mod_digest: str | None
    mod_bytes: int | None
    mod_h1: str | None
    zip_digest: str | None
    zip_bytes: int | None
    zip_h1: str | None
    proof: Proof | None
    record_id: int | None
    source_url: str | None
    commit_hash: str | None
    version_time: str | None
    admitted_at: str | None
    withdrawn: bool
    denied: bool
    oddity: str | None
    role: VersionRole
    record: str | None


_OF_ROW: Final = VersionReport.__struct_fields__[:-2]


def version_report(row: VersionRow) -> VersionReport:
    """Return what is told of a version."""
    text = row.record_text
    record = None if text is None else text.decode()
    of_row = (getattr(row, name) for name in _OF_ROW)
    return VersionReport(*(*of_row, row.found_by.role, record))


class LookReport(msgspec.Struct, frozen=True):
    """A question to an upstream, and its last answer.

    Attributes:
        what: What it is about.
        source: Who is asked.
        looked_at: When it was answered last, or None.
        due_at: When it is asked next.
        said: The last answer.
    """

    what: str
    source: str
    looked_at: str | None
    due_at: str
    said: dict[str, Any]

    @classmethod
    def of(cls, look: Look) -> LookReport:
        """Return what is told of a question."""
        said = read_document(look.said, dict)
        return LookReport(
            look.what.value, look.source, look.looked_at, look.due_at, said
        )


class KnownVersion(VersionReport, frozen=True, kw_only=True):
    """All that is known of one version.

    Attributes:
        failure: What failed the last time.
        pin: Its first sight, where no database vouches for it.
        withdrawal: Why nobody is given it, or None.
        ruling: What the policy says of it, or None.
        findings: What audits found of it, and of its module.
        looks: What is asked about it.
    """

    failure: Failure | None
    pin: Pin | None
    withdrawal: Withdrawal | None
    ruling: Ruling | None
    findings: list[Finding]
    looks: list[LookReport]


def read_version(
    catalog: Catalog, mv: ModuleVersion
) -> tuple[KnownVersion, list[Look]] | None:
    """Return all that is known of a version, and what is asked about it.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    row = catalog.versions.get(mv)
    if row is None:
        return None
    report, looks = version_report(row), catalog.looks.of(mv)
    of_module = catalog.findings.of_module(mv.path)
    known = KnownVersion(
        **msgspec.structs.asdict(report),
        failure=catalog.failures.get(mv),
        pin=catalog.pins.get(mv),
        withdrawal=catalog.withdrawn.get(mv),
        ruling=catalog.rulings.get(mv),
        findings=[each for each in of_module if each.version in {"", mv.version}],
        looks=list(map(LookReport.of, looks)),
    )
    return known, looks
