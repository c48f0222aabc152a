"""The store's database brought up to its configured source.

A source is the URL of a database, a folder or zip, or ``module``: the newest version of
golang.org/x/vulndb that the store carries, which the checksum database proves. That one
says nothing of when an entry changed; its version's time stands for it.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import anyio

from gosync.catalog.versions import Need
from gosync.errors import ConfigError, NotFoundError
from gosync.gomod.info import parse_time
from gosync.gomod.semver import version_key
from gosync.hint import advise, command
from gosync.ingest.storedvulns import stored_entries
from gosync.osv.files import DATABASE_MODULE, SOURCE_MODULE
from gosync.site.site import Site
from gosync.store.digest import Digest
from gosync.upstream.http import Fetcher
from gosync.vulndb.keeping import VulndbChange, keep_database
from gosync.vulndb.reading import Snapshot, read_database, read_zip

_URLS: Final = ("http://", "https://")


async def refresh_database(
    site: Site, fetcher: Fetcher, *, accept_loss: bool = False
) -> VulndbChange | None:
    """Bring the store's database up to its source; None where none is configured.

    Raises:
        UnavailableError: The source does not answer.
        NotFoundError: There is no database, or the module is not here.
        RejectedError: It is none, or has lost too many entries.
        ConfigError: It cannot be read, or the policy denies the module.
        StoreError: Store or catalog cannot be read or written.
    """
    source = site.options.vulndb
    if not source:
        return None
    if source == SOURCE_MODULE:
        found = await anyio.to_thread.run_sync(_of_module, site)
    elif source.startswith(_URLS):
        known = await anyio.to_thread.run_sync(stored_entries, site.catalog, site.blobs)
        from gosync.vulndb.remote import fetch_database  # noqa: PLC0415 - HTTP is dear

        found = await fetch_database(fetcher, source.rstrip("/"), known)
    else:
        found = await anyio.to_thread.run_sync(read_database, Path(source))
    return await anyio.to_thread.run_sync(
        lambda: keep_database(site, found, accept_loss=accept_loss)
    )


def _of_module(site: Site) -> Snapshot:
    of_module = site.catalog.versions.of(DATABASE_MODULE)
    rows = [row for row in of_module if row.carried is Need.ZIP]
    newest = max(rows, key=lambda row: version_key(row.version), default=None)
    if newest is None:
        raise NotFoundError(
            f"{DATABASE_MODULE} is not here, so there is no vulnerability database",
            hint=advise("{} brings it", command("sync")),
        )
    if newest.denied:
        raise ConfigError(
            f"{newest.mv}: the policy denies what the vulnerability database is read"
            " from",
            hint=advise("see {}", command("policy list")),
        )
    assert newest.zip_digest is not None
    if newest.version_time is None:
        raise ConfigError(f"{newest.mv}: its .info has no time")
    data = site.blobs.read(Digest(newest.zip_digest), limit_bytes=newest.zip_bytes)
    time = parse_time(newest.version_time)
    return read_zip(io.BytesIO(data), subject=str(newest.mv), modified=time)
