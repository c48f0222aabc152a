"""A database's files brought into the store, as artifacts.

What did not change is not written again, and what the database has no more is
forgotten. A database that is empty, or has lost more entries than ever leave one,
says that nothing is vulnerable, and is refused: entries are withdrawn by a date, and
stay.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from gosync.artifact import VULNDB, Artifact
from gosync.errors import RejectedError
from gosync.hint import advise, command
from gosync.osv.files import ENTRIES, database_files
from gosync.site.artifacts import change_artifacts
from gosync.site.site import Site
from gosync.vulndb.reading import Snapshot

MAX_LOSS: Final = 0.01


class VulndbChange(msgspec.Struct, frozen=True):
    """What became of the database in the store.

    Attributes:
        entries: How many it has now.
        changed: How many files were written.
        forgotten: How many are there no more.
    """

    entries: int
    changed: int
    forgotten: int


def keep_database(
    site: Site, snapshot: Snapshot, *, accept_loss: bool = False
) -> VulndbChange:
    """Bring the store's database up to a snapshot.

    Raises:
        RejectedError: It has lost too many entries.
        MalformedError: An entry is none.
        StoreError: Store or catalog cannot be written.
    """
    files = database_files(snapshot.entries, modified=snapshot.modified)
    before = {e.name: e for e in site.catalog.artifacts.all() if e.kind == VULNDB}
    had = sum(name.startswith(f"{ENTRIES}/") for name in before)
    if not accept_loss:
        _check_loss(had, len(snapshot.entries))
    changed = [
        _put(site, name, data)
        for name, data in files.items()
        if name not in before or before[name].digest != _digest(data)
    ]
    gone = [before[name] for name in before.keys() - files.keys()]
    if changed or gone:
        site.blobs.sync()
        change_artifacts(site, changed, gone)
    return VulndbChange(len(snapshot.entries), len(changed), len(gone))


def _check_loss(had: int, has: int) -> None:
    if has >= had * (1 - MAX_LOSS):
        return
    raise RejectedError(
        f"vulnerability database: {has} entries, and {had} are here; it is not taken",
        hint=advise(
            "if that is meant: {}", command("vulns", "--update", "--accept-loss")
        ),
    )


def _put(site: Site, name: str, data: bytes) -> Artifact:
    with site.blobs.stage() as staged:
        staged.write(data)
        digest = staged.digest
        site.holder.announce([digest])
        site.blobs.admit(staged)
    return Artifact(kind=VULNDB, name=name, digest=digest, size_bytes=len(data))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
