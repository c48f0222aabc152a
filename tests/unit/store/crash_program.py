"""A program for the crash tests: admits versions in batches, then checks.

Usage: python -m tests.unit.store.crash_program STORE (run|together|wrong-order|check)

``run`` admits BATCHES batches the way ingest does; a second ``run`` goes on where
a killed one stopped. ``together`` admits TOGETHER versions a batch, their blobs with
one sync. ``wrong-order`` commits the catalog first, so that the
tests can show that they would notice. ``check`` prints what it finds as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.catalog.versions import FoundBy, Need, Proof, VersionRow, Want
from gosync.ingest.entries import version_entry
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest, digest_of, parse_digest
from gosync.store.layout import CATALOG
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localjournal import LocalJournal
from gosync.store.lock import StoreLock
from gosync.store.root import open_store

BATCHES = 2
VERSIONS = 1
TOGETHER = 12  # enough blobs, in enough folders, for a sync of the whole filesystem
MODULE = "example.com/m"


def _row(version: str, admit: Callable[[list[bytes]], list[Digest]]) -> VersionRow:
    zip_bytes = f"zip of {version}".encode() * 50
    mod = f"module {MODULE} // {version}\n".encode()
    info_digest, mod_digest, zip_digest = admit([mod + b"info", mod, zip_bytes])
    return VersionRow(
        MODULE,
        version,
        found_by=FoundBy.LIST,
        info_digest=info_digest,
        info_bytes=len(mod) + 4,
        mod_digest=mod_digest,
        mod_bytes=len(mod),
        mod_h1="h1:mod",
        zip_digest=zip_digest,
        zip_bytes=len(zip_bytes),
        zip_h1="h1:zip",
        proof=Proof.PINNED,
    )


def _apart(blobs: BlobStore, files: list[bytes]) -> list[Digest]:
    """Admit a version's files, each by itself."""
    *small, whole = files
    with blobs.stage() as staged:
        staged.write(whole)
        zip_digest = blobs.admit(staged)
    return [*map(blobs.put_bytes, small), zip_digest]


def _rows(blobs: BlobStore, versions: list[str], *, together: bool) -> list[VersionRow]:
    if together:
        files: list[bytes] = []

        def noted(some: list[bytes]) -> list[Digest]:
            files.extend(some)
            return list(map(digest_of, some))

        rows = [_row(each, noted) for each in versions]
        blobs.admit_all(files)
        return rows
    return [_row(each, partial(_apart, blobs)) for each in versions]


def run(root: Path, verb: str) -> None:
    size = TOGETHER if verb == "together" else VERSIONS
    open_store(root)
    with (
        StoreLock(root, command="crash test").acquire(),
        Catalog.open(root / CATALOG, create=True) as catalog,
    ):
        blobs, journal = LocalBlobStore(root), LocalJournal(root)
        blobs.sweep_staging()
        versions = [f"v1.{n}.0" for n in range(BATCHES * size)]
        catalog.versions.want(Want(MODULE, version, Need.ZIP) for version in versions)
        due = [row.version for row in catalog.versions.all_wanted(datetime.now(UTC))]
        for start in range(0, len(due), size):
            rows = _rows(blobs, due[start : start + size], together=size == TOGETHER)
            if verb == "wrong-order":
                catalog.versions.admit(rows)
            blobs.sync()
            journal.append(map(version_entry, rows))
            if verb != "wrong-order":
                catalog.versions.admit(rows)


def check(root: Path) -> dict[str, object]:
    blobs = LocalBlobStore(root)
    dangling: list[str] = []
    present = 0
    if (root / CATALOG).exists():
        with Catalog.open(root / CATALOG, create=True) as catalog:
            for row in catalog.versions.all_rows():
                present += row.carried is Need.ZIP
                named = (row.info_digest, row.mod_digest, row.zip_digest)
                dangling += [each for each in named if each and not _whole(blobs, each)]
    files = sorted(
        str(path.relative_to(root))
        for path in (root / "blobs").rglob("*")
        if path.is_file()
    )
    staged = len(list((root / "staging").glob("*")))
    return {"dangling": dangling, "present": present, "blobs": files, "staged": staged}


def _whole(blobs: BlobStore, digest: str) -> bool:
    try:
        blobs.read(parse_digest(digest))
    except Exception:  # noqa: BLE001 - any reason is a finding
        return False
    return True


if __name__ == "__main__":
    store, verb = Path(sys.argv[1]), sys.argv[2]
    if verb == "check":
        print(json.dumps(check(store)))
    else:
        run(store, verb)
