"""Report of a version's licences, as JSON and tables show it."""

from __future__ import annotations

import msgspec

from gosync.catalog.rulings import Ruling
from gosync.catalog.versions import VersionRow
from gosync.licence.expression import identifiers
from gosync.licence.filekinds import LicenceFileKind
from gosync.licence.found import LicenceFile, ModuleLicences


class LicenceFileReport(msgspec.Struct, frozen=True):
    """One licence file.

    Attributes:
        name: Its path below the module's root.
        kind: What it is.
        licences: SPDX's identifiers of its licences, none if it is not recognised.
        covered: The part of the text that these cover, 0 to 1.
        sha256: Of its text, hex.
    """

    name: str
    kind: LicenceFileKind
    licences: tuple[str, ...]
    covered: float
    sha256: str


class LicenceReport(msgspec.Struct, frozen=True):
    """The licences of a version.

    Attributes:
        module: Its path.
        version: Its version.
        expression: The SPDX expression, "unknown" where nothing is recognised.
        licences: The identifiers in it.
        also: Those that only other files at the root have.
        files: The names of its licence files.
        unrecognised: Those of them whose text is not recognised.
        readme: What its README names, where it has no licence file.
        is_known: Whether all licence files are recognised, and there is one.
        ruling: What the policy says of it: "denied", "excepted", "warned" or "".
        details: Each file's.
    """

    module: str
    version: str
    expression: str
    licences: tuple[str, ...]
    also: tuple[str, ...]
    files: tuple[str, ...]
    unrecognised: tuple[str, ...]
    readme: str
    is_known: bool
    ruling: str
    details: tuple[LicenceFileReport, ...]


def report_of(
    row: VersionRow, found: ModuleLicences, ruling: Ruling | None
) -> LicenceReport:
    """Return the report of a version."""
    return LicenceReport(
        module=row.path,
        version=row.version,
        expression=found.expression,
        licences=found.licences,
        also=found.also,
        files=tuple(each.name for each in found.counting),
        unrecognised=found.unrecognised,
        readme=found.hint,
        is_known=found.is_known,
        ruling="" if ruling is None else ruling.effect.value,
        details=tuple(map(_file, found.files)),
    )


def _file(file: LicenceFile) -> LicenceFileReport:
    found = identifiers(file.found)
    return LicenceFileReport(file.name, file.kind, found, file.covered, file.digest)
