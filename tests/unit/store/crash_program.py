"""A program for the crash tests: admits versions in batches, then checks.

Usage: python -m tests.unit.store.crash_program STORE (run|wrong-order|check)

``run`` admits BATCHES batches the way ingest does; a second ``run`` goes on where
a killed one stopped. ``wrong-order`` commits the catalog first, so that the
tests can show that they would notice. ``check`` prints what it finds as JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.catalog.versions import FoundBy, Need, Proof, VersionRow, Want
from gosync.ingest.entries import version_entry
from gosync.store.blobs import BlobStore
from gosync.store.digest import parse_digest
from gosync.store.layout import CATALOG
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localjournal import LocalJournal
from gosync.store.lock import StoreLock
from gosync.store.root import open_store

BATCHES = 2
VERSIONS = 1
MODULE = "example.com/m"


def _row(blobs: BlobStore, version: str) -> VersionRow:
    zip_bytes = f"zip of {version}".encode() * 50
    mod = f"module {MODULE} // {version}\n".encode()
    with blobs.stage() as staged:
        staged.write(zip_bytes)
        zip_digest = blobs.admit(staged)
    return VersionRow(
        MODULE,
        version,
        found_by=FoundBy.LIST,
        info_digest=blobs.put_bytes(mod + b"info"),
        info_bytes=len(mod) + 4,
        mod_digest=blobs.put_bytes(mod),
        mod_bytes=len(mod),
        mod_h1="h1:mod",
        zip_digest=zip_digest,
        zip_bytes=len(zip_bytes),
        zip_h1="h1:zip",
        proof=Proof.PINNED,
    )


def run(root: Path, *, wrong_order: bool) -> None:
    open_store(root)
    with (
        StoreLock(root, command="crash test").acquire(),
        Catalog.open(root / CATALOG, create=True) as catalog,
    ):
        blobs, journal = LocalBlobStore(root), LocalJournal(root)
        blobs.sweep_staging()
        versions = [f"v1.{n}.0" for n in range(BATCHES * VERSIONS)]
        catalog.versions.want(Want(MODULE, version, Need.ZIP) for version in versions)
        due = [row.version for row in catalog.versions.all_wanted(datetime.now(UTC))]
        for start in range(0, len(due), VERSIONS):
            rows = [_row(blobs, version) for version in due[start : start + VERSIONS]]
            if wrong_order:
                catalog.versions.admit(rows)
            blobs.sync()
            journal.append(map(version_entry, rows))
            if not wrong_order:
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
        run(store, wrong_order=verb == "wrong-order")
