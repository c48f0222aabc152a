"""Bringing a store in a bucket to a machine that has nothing of it.

The journal is fetched, the lease taken, and the newest copy of the catalog put in its
place, if it is whole and the journal says nothing after it. Otherwise the catalog is
made of the journal and the blobs. The catalog comes last: killed before that, the same
command goes on; whatever else is run says that there is no catalog.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from gosync.catalog.db import Catalog
from gosync.clock import Clock
from gosync.errors import IdentityError, StoreError, UsageError
from gosync.hint import advise, command
from gosync.ingest.newcatalog import move_into_place, remove_catalog
from gosync.ingest.rebuild import rebuild
from gosync.site.catalogcopies import bring_copy, latest_copy
from gosync.site.opening import is_behind_journal
from gosync.site.options import SiteOptions
from gosync.site.storeparts import open_lease, store_bucket
from gosync.store.identity import read_store_id, write_store_id
from gosync.store.layout import CATALOG, JOURNAL
from gosync.store.lock import claim_store
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.identity import read_bucket_store
from gosync.store.objects.parts import catch_up, journal_end
from gosync.store.root import open_store
from gosync.work.progress import Progress


class RestoredStore(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a store that was brought; its fields are the document's keys.

    Attributes:
        store: Where in a bucket it is.
        folder: The folder that has its catalog now.
        made_of: "copy" for the newest copy of the catalog, "journal" for the journal.
        copied_at: When that copy was made, "" for none.
        fence: The fencing number that this machine writes with.
        versions: How many versions the catalog knows.
    """

    store: str
    folder: str
    made_of: str
    copied_at: str
    fence: int
    versions: int


def restore_store(
    options: SiteOptions,
    *,
    take_over: bool,
    wait_lock_seconds: float,
    clock: Clock,
    progress: Progress,
) -> RestoredStore:
    """Bring a store in a bucket into an empty folder.

    Args:
        options: Where both are.
        take_over: Whether the machine that wrote the store is gone for good.
        wait_lock_seconds: How long to wait for that machine's lease.
        clock: What time it is.
        progress: Is told how far it is.

    Raises:
        UsageError: the store is in no bucket, or the folder has a catalog.
        LockedError: another machine writes the store.
        IdentityError: the folder is of another store.
        StoreError: there is no store in the bucket; or bucket or disk refuse.
    """
    bucket, root = _checked_bucket(options), options.store_path
    store = _checked_store(bucket, root)
    open_store(root)
    with claim_store(root, command="gosync restore"):
        write_store_id(root, store)
        progress.phase("fetching the journal")
        catch_up(bucket, root / JOURNAL)
        lease = open_lease(bucket, options, clock=clock)
        if take_over:
            lease.take_from_others()
        lease.take(wait_seconds=wait_lock_seconds)
        catch_up(bucket, root / JOURNAL)  # what came before the lease was ours
        progress.phase("fetching the catalog")
        copied_at = _put_copy(bucket, root)
        if not copied_at:
            progress.phase("making the catalog of the journal")
            _make_anew(bucket, root, clock)
        with Catalog.open(root / CATALOG, create=False, readonly=True) as catalog:
            versions = sum(1 for _ in catalog.versions.all_rows())
    return RestoredStore(
        store=bucket.name,
        folder=str(root),
        made_of="copy" if copied_at else "journal",
        copied_at=copied_at,
        fence=lease.fence,
        versions=versions,
    )


def _checked_bucket(options: SiteOptions) -> Bucket:
    bucket = store_bucket(options)
    if bucket is None:
        raise UsageError(
            f"{options.store_path}: this store is in a folder, not in a bucket",
            hint="put back what is lost from a backup, as docs/operations.md says",
        )
    if (options.store_path / CATALOG).exists():
        raise UsageError(
            f"{options.store_path}: there is a catalog already",
            hint=advise(
                "name an empty folder in store.local, or make this one anew with {}",
                command("catalog rebuild"),
            ),
        )
    return bucket


def _checked_store(bucket: Bucket, root: Path) -> str:
    theirs, ours = read_bucket_store(bucket), read_store_id(root)
    if not theirs:
        raise StoreError(
            f"{bucket.name}: there is no store",
            hint=advise("check store.path, or begin one with {}", command("sync")),
        )
    if ours not in ("", theirs):
        raise IdentityError(
            f"{root}: this folder is of another store than {bucket.name}",
            hint="name an empty folder in store.local",
        )
    return theirs


def _put_copy(bucket: Bucket, root: Path) -> str:
    """Put the newest copy of the catalog in its place; return when it was made."""
    copy = latest_copy(bucket)
    if copy is None or tuple(copy.journal) != journal_end(root / JOURNAL):
        return ""
    fresh = root / f"{CATALOG}.new"
    remove_catalog(fresh)
    try:
        bring_copy(bucket, copy, fresh)
        with Catalog.open(fresh, create=False, readonly=True) as catalog:
            catalog.check()
            if is_behind_journal(root, catalog):
                return ""
    except StoreError:
        with suppress(StoreError):
            remove_catalog(fresh)
        return ""
    move_into_place(fresh, root / CATALOG)
    return copy.made_at


def _make_anew(bucket: Bucket, root: Path, clock: Clock) -> None:
    with ExitStack() as stack:
        blobs = ObjectBlobStore(bucket, root)
        stack.callback(blobs.close)
        blobs.list_once()
        rebuild(root, clock=clock, blobs=blobs)
