"""Check of a project's go.sum against what is proven.

Every version that a go.sum names has its ``.mod`` in the store before this is
asked, and with it the record that the checksum database proved, or the pin. A
line that says otherwise means that the project was built with other bytes than
the world knows: nothing of it is taken until somebody has looked. Of versions that
no database knows, go.sum itself tells the gate which h1 to expect at first sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from gosync.catalog.versions import Proof, VersionRow
from gosync.errors import ChecksumMismatchError
from gosync.gomod.gosum import SumLine
from gosync.gomod.module import ModuleVersion
from gosync.ingest.evidence import keep_evidence
from gosync.ingest.taken import Expected
from gosync.project import Project, SumFile
from gosync.site.site import Site
from gosync.sumdb.record import parse_record_lines


def check_sums(site: Site, project: Project) -> None:
    """Compare every line with what is proven; keep evidence of the first that differs.

    What is not in the store cannot be compared, and cannot be published either.

    Raises:
        ChecksumMismatchError: if a line differs.
        StoreError: if the catalog cannot be read or evidence not be written.
    """
    for file, line, row in _known_lines(site, project):
        proven = _proven_h1(row, line)
        if proven is None or proven == line.hash:
            continue
        error = _mismatch(project, file, line, proven, row)
        keep_evidence(
            site.quarantine,
            f"{line.path}@{line.version}",
            error,
            served={},
            files={"record": row.record_text or b"", "line": f"{line}\n".encode()},
            facts={"project": str(project.folder), "file": file.file},
        )
        raise error


def expected_h1(
    site: Site, projects: Iterable[Project]
) -> dict[ModuleVersion, Expected]:
    """Return what go.sum files say of versions that no database vouches for."""
    found: dict[ModuleVersion, Expected] = {}
    for project in projects:
        for file in project.sums:
            for line in file.sums.lines:
                if site.options.database is None or site.options.policy.is_private(
                    line.path
                ):
                    _expect(found, str(project.folder / file.file), line)
    return found


def _expect(found: dict[ModuleVersion, Expected], file: str, line: SumLine) -> None:
    """Add a line; of several that speak of one file the first counts."""
    if not line.hash.startswith("h1:"):
        return
    mv = line.mv
    known = found.get(mv, Expected(file))
    if line.is_mod and known.mod_h1 is None:
        known = replace(known, mod_h1=line.hash)
    elif not line.is_mod and known.zip_h1 is None:
        known = replace(known, zip_h1=line.hash)
    found[mv] = known


def _known_lines(
    site: Site, project: Project
) -> Iterator[tuple[SumFile, SumLine, VersionRow]]:
    for file in project.sums:
        for line in file.sums.lines:
            row = site.catalog.versions.get(line.mv)
            if row is not None and row.mod_digest is not None:
                yield file, line, row


def _proven_h1(row: VersionRow, line: SumLine) -> str | None:
    """Return the proven hash that a line must have; None where nothing tells."""
    if not line.hash.startswith("h1:"):
        return None
    if row.proof is Proof.SUMDB and row.record_text is not None:
        found = parse_record_lines(row.record_text, row.mv)
        return found.mod_h1 if line.is_mod else found.zip_h1
    return row.mod_h1 if line.is_mod else row.zip_h1


def _mismatch(
    project: Project, file: SumFile, line: SumLine, proven: str, row: VersionRow
) -> ChecksumMismatchError:
    subject = f"{project.folder / file.file}: {line.path}@{line.version}"
    authority = (
        "the checksum database" if row.proof is Proof.SUMDB else "the first sight of it"
    )
    return ChecksumMismatchError(
        f"{subject}{'/go.mod' if line.is_mod else ''}",
        want=proven,
        got=line.hash,
        authority=authority,
        said="the project has",
        hint="find out which bytes the project was built with before you sync it",
    )
