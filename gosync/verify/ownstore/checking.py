"""Checks of the own store's versions: their blobs, and what their rows say of them.

A blob must have its digest, and as a file of its version it is held against the record
that proved it. A row must say of its blobs and its record what these say themselves.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

import msgspec

from gosync.catalog.versions import Proof, VersionRow
from gosync.errors import MalformedError, SecurityError
from gosync.folder.layouts import FILES, Part, PathPlace, Role, TargetKind
from gosync.folder.tree import DamagedFileError, FileTree, NotInTreeError
from gosync.folder.walk import Entry
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.store.digest import Digest
from gosync.store.layout import CATALOG, blob_path
from gosync.verify.look.checks import Checked, Checker
from gosync.verify.ownstore.files import digest_of_file
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.prover import answer_of_row
from gosync.verify.verdicts import CacheFinding, Cause, Fix, Verdict


class StoreLayout:
    """A store's names: blobs, and what lies beside them."""

    kind = TargetKind.STORE

    def __init__(self, rows: Mapping[ModuleVersion, VersionRow]) -> None:
        self._rows = rows

    def place(self, path: str, *, is_folder: bool) -> PathPlace:
        """Return what is there for: everything is looked into."""
        del path
        return PathPlace(role=Role.WAY if is_folder else Role.OWN, enter=True)

    def path_of(self, mv: ModuleVersion, role: Part) -> str:
        """Return a file's blob."""
        assert isinstance(role, FileKind)  # blobs are nothing else
        return blob_path(Digest(digests_of(self._rows[mv])[role]))

    def path(self, place: PathPlace) -> str:
        """See Layout."""
        assert place.mv is not None
        return self.path_of(place.mv, place.role)

    def lacks(self, mv: ModuleVersion, roles: Collection[Part]) -> list[Part]:
        """Return the files whose blobs are not there."""
        return [role for role in digests_of(self._rows[mv]) if role not in roles]


def digests_of(row: VersionRow) -> dict[FileKind, str]:
    """Return the digests of a version's blobs."""
    return {kind: blob.digest for kind, blob in row.blobs().items()}


def digests_in(row: VersionRow | None) -> list[str | None]:
    """Return the digests of a row's ``.info``, ``.mod`` and ``.zip``."""
    digests = digests_of(row) if row is not None else {}
    return [digests.get(role) for role in FILES]


def sizes_of(row: VersionRow) -> dict[FileKind, int | None]:
    """Return how large a version's blobs are by its row."""
    return {kind: blob.size_bytes for kind, blob in row.blobs().items()}


def wrong_h1s(row: VersionRow) -> Iterator[tuple[str, str, str]]:
    """Yield what a row's record says otherwise than the row: of what, and both h1."""
    if row.proof is not Proof.SUMDB:
        return
    try:
        proven = answer_of_row(row)
    except (MalformedError, SecurityError):
        return  # the record is doubted
    for what, want, got in (
        ("go.mod", proven.mod_h1, row.mod_h1),
        ("zip", proven.zip_h1, row.zip_h1),
    ):
        if got is not None and got != want:
            yield what, want, got


def _row_finding(
    mv: ModuleVersion, reason: str, expected: str = "", found: str = ""
) -> CacheFinding:
    return CacheFinding(
        verdict=Verdict.CORRUPT,
        path=CATALOG,
        mv=mv,
        reason=reason,
        expected=expected,
        found=found,
        fix=Fix.FETCH,
    )


def wrong_sizes(
    row: VersionRow, entries: Mapping[Part, Entry]
) -> Iterator[tuple[FileKind, Entry]]:
    """Yield the blobs that have another size than their row says."""
    sizes = sizes_of(row)
    for role, entry in entries.items():
        assert isinstance(role, FileKind)  # blobs are nothing else
        if entry.stat.st_size != sizes[role]:
            yield role, entry


class StoreOpener(msgspec.Struct, frozen=True):
    """Makes what checks the versions of a store.

    Attributes:
        rows: What the catalog says of them.
    """

    rows: Mapping[ModuleVersion, VersionRow]

    def open(
        self, tree: FileTree, seen: SeenEntries, root: os.stat_result
    ) -> StoreChecker:
        """See CheckerOpener."""
        return StoreChecker(tree, self.rows, seen, root)


class StoreChecker:
    """Checks versions of one store; many threads may share one."""

    def __init__(
        self,
        tree: FileTree,
        rows: Mapping[ModuleVersion, VersionRow],
        seen: SeenEntries,
        root: os.stat_result,
    ) -> None:
        """Take the store.

        Args:
            tree: Its files.
            rows: What the catalog says of its versions.
            seen: A memory of zip entries.
            root: What the system says of its root.
        """
        self._tree = tree
        self._rows = rows
        self._checker = Checker(tree, StoreLayout(rows), seen, root)

    def check(
        self, mv: ModuleVersion, entries: Mapping[Part, Entry], answer: ProofAnswer
    ) -> Checked:
        """Check the blobs of one version, and its row."""
        done = self._checker.check(mv, entries, answer)
        bad = {each.path for each in done.findings}
        for entry in entries.values():
            if entry.path not in bad:
                done.findings += self._digest_findings(mv, entry)
        bad = {each.path for each in done.findings}
        wrong = list(_row_findings(self._rows[mv], entries, answer, bad))
        known = (e for e in done.findings if e.cause is not Cause.UNPROVEN)
        done.findings = [*wrong, *known]
        return done

    def _digest_findings(
        self, mv: ModuleVersion, entry: Entry
    ) -> Iterator[CacheFinding]:
        want = entry.path.rpartition("/")[2]
        got = self._digest(entry.path)
        if got != want:
            yield CacheFinding(
                verdict=Verdict.CORRUPT,
                path=entry.path,
                mv=mv,
                reason="its bytes do not have the blob's digest",
                expected=f"sha256:{want}",
                found=f"sha256:{got}",
                fix=Fix.FETCH,
            )

    def _digest(self, path: str) -> str:
        try:
            return digest_of_file(self._tree, path)
        except (NotInTreeError, DamagedFileError) as exc:
            return f"nothing: {exc}"


def _row_findings(
    row: VersionRow,
    entries: Mapping[Part, Entry],
    answer: ProofAnswer,
    bad: Collection[str],
) -> Iterator[CacheFinding]:
    """Yield what a row says wrongly of its record, and of blobs that are good."""
    if answer.doubt:
        yield _row_finding(row.mv, answer.doubt)
        return
    for role, entry in wrong_sizes(row, entries):
        if entry.path not in bad:
            reason = f"its row is wrong about the size of its .{role}"
            size, known = entry.stat.st_size, sizes_of(row)[role]
            yield _row_finding(row.mv, reason, str(size), str(known))
    for what, want, got in wrong_h1s(row):
        reason = f"its row has another h1 of its {what} than its record"
        yield _row_finding(row.mv, reason, want, got)
