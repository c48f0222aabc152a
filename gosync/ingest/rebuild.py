"""Rebuild of a catalog from the journal and the blobs.

``entries`` says what the journal's lines are; a kind or a field that is not
known here is counted and told, not read, so that an older gosync reads a newer one's
journal; nothing is ever taken out of it.

What comes back: every version whose blobs are there, with its proof; versions
whose blobs are missing or damaged, as wanted; the pins; findings, as their state was
set last; what was given up and what was withdrawn; artifacts of any kind; of each
checksum database the signed head with the largest tree, so that trust never moves
back; bundles that were made or taken in, so that their numbers do not either.
What does not is ``NOT_KEPT``: the next sync reads the index and the lists again and
adds what was only wanted; the next publish writes the tree whole, and its marker keeps
its heads.

The new catalog is written beside the old one and moved over it in one rename.
The old one stays as ``catalog.sqlite.bak-N``, its write-ahead log with it; that
log must be out of the way before the rename, or SQLite would apply it to the
new file. Killed in between, the rebuild is simply run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from gosync.artifact import Artifact
from gosync.catalog.db import Catalog
from gosync.catalog.findings import Finding
from gosync.catalog.identity import CatalogStore
from gosync.catalog.pins import Pin
from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow, Want
from gosync.catalog.withdrawn import Withdrawal
from gosync.clock import Clock
from gosync.errors import (
    CatalogError,
    IdentityError,
    MalformedError,
    NoSpaceError,
    StoreAwayError,
    StoreError,
)
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.ingest.blobrows import (
    count_unreferenced,
    whole_artifacts,
    whole_rows,
)
from gosync.ingest.bundlememory import BundleMemory
from gosync.ingest.entries import (
    parse_artifact_entry,
    parse_finding_entry,
    parse_version_entry,
    parse_withdrawal_entry,
)
from gosync.ingest.newcatalog import move_into_place, remove_catalog
from gosync.ingest.unproven import UnprovenMemory, restore_unproven
from gosync.store.blobs import BlobStore
from gosync.store.durable import disk_errors
from gosync.store.identity import KIND as MARK
from gosync.store.identity import read_marks, read_store_id
from gosync.store.journal import Damage, EntryValue, Journal
from gosync.store.layout import CATALOG, JOURNAL
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localjournal import LocalJournal
from gosync.sumdb.tlog import parse_tree

BATCH_ROWS = 1_000
# What no journal has, and who makes it anew.
NOT_KEPT = (
    "selection, followed modules and index cursors: the next sync makes them",
    "failures and their next tries, past runs: begun anew",
    "what an audit was answered, what verify proved: asked and proven again",
    "what other sites hold: the next bundle for each carries everything",
    "bundles that came in and wait for others: import them again",
    "requests for what is not carried: read the access logs again",
)
_SHOWN = 40


class RebuildReport(msgspec.Struct):
    """What a rebuild found; its fields are the JSON document's.

    Attributes:
        versions: How many versions the new catalog carries.
        missing: The versions whose blobs are missing or damaged; wanted now.
        heads: The size of the trusted tree by checksum database.
        damaged: Journal lines that say nothing, "file:line"; torn ones too.
        unreferenced: How many blobs no version names.
        backup: Where the old catalog is kept, None when there was none.
        pins: How many pins came back.
        findings: How many findings.
        artifacts: How many artifacts.
        lost_artifacts: Those whose blob is missing or damaged; they are forgotten.
        bundles: How many bundles, made here or taken in.
        unproven: How many versions from caches wait for their proof.
        unknown: How many journal lines are of a kind that only a newer gosync knows,
            by kind; they stay in the journal.
        not_kept: What never comes back, and what makes it anew.
    """

    versions: int = 0
    missing: list[str] = msgspec.field(default_factory=list)
    heads: dict[str, int] = msgspec.field(default_factory=dict)
    damaged: list[str] = msgspec.field(default_factory=list)
    unreferenced: int = 0
    backup: str | None = None
    pins: int = 0
    findings: int = 0
    artifacts: int = 0
    lost_artifacts: list[str] = msgspec.field(default_factory=list)
    bundles: int = 0
    unproven: int = 0
    unknown: dict[str, int] = msgspec.field(default_factory=dict)
    not_kept: tuple[str, ...] = NOT_KEPT


class _Memory(msgspec.Struct):
    """What the journal says: the newest of each version, the first pins."""

    rows: dict[ModuleVersion, VersionRow] = msgspec.field(default_factory=dict)
    pins: dict[ModuleVersion, Pin] = msgspec.field(default_factory=dict)
    heads: dict[str, tuple[int, bytes]] = msgspec.field(default_factory=dict)
    bundles: BundleMemory = msgspec.field(default_factory=BundleMemory)
    unproven: UnprovenMemory = msgspec.field(default_factory=UnprovenMemory)
    findings: dict[int, Finding] = msgspec.field(default_factory=dict)
    artifacts: dict[tuple[str, str], Artifact] = msgspec.field(default_factory=dict)
    buried: dict[ModuleVersion, str] = msgspec.field(default_factory=dict)
    withdrawn: dict[tuple[ModuleVersion, str], Withdrawal] = msgspec.field(
        default_factory=dict
    )
    named: bool = False  # whether it names any version, forgotten ones too
    unknown: Counter[str] = msgspec.field(default_factory=Counter)


def rebuild(
    root: Path,
    *,
    clock: Clock,
    rehash: bool = False,
    blobs: BlobStore | None = None,
) -> RebuildReport:
    """Make the catalog of a store anew; the caller holds the store's lock.

    Args:
        root: The store's folder, with its journal.
        clock: The time that new pins get.
        rehash: Whether to read every blob and compare its digest, too.
        blobs: Its blobs, None for those in the folder.

    Raises:
        StoreAwayError: the journal names blobs, and none is there.
        IdentityError: the journal is another store's.
        StoreError: there are blobs but no journal, or the disk refuses; the old
            catalog stays.
        NoSpaceError: the disk is full; the old catalog stays.
    """
    report = RebuildReport()
    identity = _identity(root)
    memory = recall(LocalJournal(root), report)
    blobs = blobs or LocalBlobStore(root)
    present, missing = whole_rows(blobs, memory.rows.values(), rehash=rehash)
    report.missing += [f"{row.path}@{row.version}" for row in missing]
    memory.artifacts = _take_artifacts(blobs, memory, report, rehash=rehash)
    kept = memory.artifacts.values()
    unproven = memory.unproven.whole(blobs)
    waiting = {digest for each in unproven for digest in each.blobs()}
    report.unreferenced = count_unreferenced(blobs, present, kept, waiting)
    _check_agreement(root, memory, report, has_rows=bool(present))
    report.unknown = dict(memory.unknown)
    fresh = root / f"{CATALOG}.new"
    with disk_errors(fresh):
        remove_catalog(fresh)
        with Catalog.open(fresh, create=True) as catalog:
            _write(catalog, memory, present, report, clock=clock)
            report.unproven = restore_unproven(catalog, unproven, clock)
            if identity is not None:
                catalog.identity.put(identity)
        backup = move_into_place(fresh, root / CATALOG)
        report.backup = None if backup is None else str(backup)
    return report


def _check_agreement(
    root: Path, memory: _Memory, report: RebuildReport, *, has_rows: bool
) -> None:
    """Refuse blobs that no journal names, and a journal of which no blob is there."""
    if not memory.named and report.unreferenced > 0:
        raise StoreError(
            f"{root}: the journal names none of the {report.unreferenced} blobs",
            hint=advise(
                "put the journal back from a backup; if there is none, move the"
                " catalog away and run {}: blobs that are fetched again are kept",
                command("sync", "--new-store"),
            ),
        )
    if memory.rows and not (has_rows or report.unreferenced):
        raise StoreAwayError(
            f"{root}: no blob is there, of {len(memory.rows)} versions",
            hint=advise(
                "is its disk mounted? a store that is lost is begun anew with {}",
                command("sync", "--new-store"),
            ),
        )


def _take_artifacts(
    blobs: BlobStore, memory: _Memory, report: RebuildReport, *, rehash: bool
) -> dict[tuple[str, str], Artifact]:
    """Return the artifacts whose blob is there; note the others as lost."""
    told = memory.artifacts.values()
    present, missing = whole_artifacts(blobs, told, rehash=rehash)
    report.artifacts = len(present)
    report.lost_artifacts += map(str, missing)
    return {each.key: each for each in present}


def _identity(root: Path) -> CatalogStore | None:
    """Return which store the new catalog is of; it has all that the journal says.

    Raises:
        IdentityError: the journal is another store's than the folder.
    """
    store, mark = read_store_id(root), next(read_marks(root), None)
    if mark is None:
        return CatalogStore(store, 0) if store else None
    if store and store != mark.store:
        raise IdentityError(
            f"{root / JOURNAL}: the journal is another store's",
            hint="put back the one that goes with these blobs",
        )
    return CatalogStore(mark.store, mark.generation)


def recall(journal: Journal, report: RebuildReport) -> _Memory:
    """Return what a journal says; note in the report what says nothing."""
    memory = _Memory()
    for entry in journal.read():
        if isinstance(entry, Damage):
            report.damaged.append(f"{entry.file}:{entry.line}")
            continue
        try:
            _take(memory, entry)
        except MalformedError as error:
            report.damaged.append(f"{error.what} {error.value}")
    return memory


def _take(memory: _Memory, entry: Mapping[str, EntryValue]) -> None:
    if entry.get("kind") == "version":
        row = parse_version_entry(entry)
        memory.named = True
        memory.rows[row.mv] = row
        if row.zip_digest is not None:
            memory.buried.pop(row.mv, None)
        _take_pin(memory, row)
    elif entry.get("kind") in ("forget", "narrow"):
        _forget(memory, entry)
    elif entry.get("kind") in ("artifact", "forget-artifact"):
        _take_artifact(memory, entry)
    elif entry.get("kind") == "withdraw":
        told = parse_withdrawal_entry(entry)
        memory.withdrawn[told.mv, told.told_by] = told
    elif entry.get("kind") == "finding":
        finding = parse_finding_entry(entry)
        memory.findings[finding.id] = finding
    elif entry.get("kind") == "head":
        _take_head(memory, entry)
    elif entry.get("kind") != MARK:
        _take_other(memory, entry)


def _take_other(memory: _Memory, entry: Mapping[str, EntryValue]) -> None:
    """Take what is neither a version nor what proves one; count what is unknown."""
    kind = entry.get("kind")
    if kind in BundleMemory.KINDS:
        memory.bundles.take(entry)
    elif kind in UnprovenMemory.KINDS:
        memory.unproven.take(entry)
    else:
        memory.unknown[str(kind)[:_SHOWN]] += 1


def _take_artifact(memory: _Memory, entry: Mapping[str, EntryValue]) -> None:
    """Keep an artifact, whatever its kind, or let go of it."""
    if entry["kind"] == "artifact":
        artifact = parse_artifact_entry(entry)
        memory.artifacts[artifact.key] = artifact
        return
    memory.artifacts.pop((str(entry.get("what")), str(entry.get("name"))), None)


def _take_head(memory: _Memory, entry: Mapping[str, EntryValue]) -> None:
    """Keep the head of the largest tree."""
    name, note = entry.get("name"), entry.get("note")
    if not isinstance(name, str) or not isinstance(note, str):
        raise MalformedError("journal head", entry, "want name and note")
    data = note.encode("utf-8", "surrogateescape")
    size = parse_tree(data[: data.rfind(b"\n\n") + 1]).n
    if size >= memory.heads.get(name, (0, b""))[0]:
        memory.heads[name] = (size, data)


def _forget(memory: _Memory, entry: Mapping[str, EntryValue]) -> None:
    """Give up what a prune gave up; pins stay, for a version may come again."""
    path, version = entry.get("path"), entry.get("version")
    if not isinstance(path, str) or not isinstance(version, str):
        raise MalformedError("journal line", entry, "want path and version")
    mv = ModuleVersion(path, version)
    row = memory.rows.get(mv)
    memory.buried[mv] = "" if entry["kind"] == "forget" else "mod"
    if row is None or entry["kind"] == "forget":
        memory.rows.pop(mv, None)
        return
    memory.rows[mv] = replace(row, need=Need.MOD, zip_digest=None, zip_bytes=None)


def _take_pin(memory: _Memory, row: VersionRow) -> None:
    """Keep the first h1; a zip's may join a go.mod's later."""
    if row.proof is not Proof.PINNED or row.mod_h1 is None:
        return
    pin = memory.pins.setdefault(row.mv, Pin(row.mod_h1, row.zip_h1))
    if pin.zip_h1 is None and pin.mod_h1 == row.mod_h1:
        memory.pins[row.mv] = Pin(pin.mod_h1, row.zip_h1)


def _write(
    catalog: Catalog,
    memory: _Memory,
    present: list[VersionRow],
    report: RebuildReport,
    *,
    clock: Clock,
) -> None:
    """Fill the new catalog; what was withdrawn is so before it is admitted."""
    catalog.withdrawn.put(memory.withdrawn.values())
    for start in range(0, len(present), BATCH_ROWS):
        rows = map(_as_admitted, present[start : start + BATCH_ROWS])
        _admit(catalog, list(rows), report)
    report.bundles = memory.bundles.write(catalog)
    report.pins, report.findings = len(memory.pins), len(memory.findings)
    missing = set(report.missing)
    wants = [
        Want(row.path, row.version, row.need, row.found_by, row.index_time)
        for row in memory.rows.values()
        if str(row.mv) in missing
    ]
    catalog.versions.want(wants)
    asked = [want for want in wants if want.found_by is FoundBy.COMMAND]
    catalog.selected.select(asked, complete=False, now=clock.now())
    with catalog.transaction():
        for mv, pin in memory.pins.items():
            catalog.pins.pin(mv, seen=pin, now=clock.now())
        catalog.findings.restore(memory.findings.values())
        catalog.artifacts.put(memory.artifacts.values())
        catalog.tombstones.restore(
            (mv.path, mv.version, keeps) for mv, keeps in memory.buried.items()
        )
    for name, (tree_size, note) in memory.heads.items():
        catalog.heads.swap(name, b"", note)
        report.heads[name] = tree_size


def _as_admitted(row: VersionRow) -> VersionRow:
    """Return a row as it stands alone; what a command asked for is selected.

    The next sync finds out what else is, and which zips are still too large.
    """
    need = row.carried or row.need
    asked = need if row.found_by is FoundBy.COMMAND else None
    return replace(row, state=State.PRESENT, need=need, selected=asked)


def _admit(catalog: Catalog, rows: list[VersionRow], report: RebuildReport) -> None:
    """Admit rows; one that the schema refuses costs itself alone."""
    try:
        catalog.versions.admit(rows)
        report.versions += len(rows)
    except NoSpaceError:
        raise
    except CatalogError:
        if len(rows) == 1:
            report.missing.append(f"{rows[0].path}@{rows[0].version}")
            return
        for row in rows:
            _admit(catalog, [row], report)
