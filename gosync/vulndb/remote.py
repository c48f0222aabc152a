"""A database at a URL: what changed since the last time.

``index/db.json`` says whether anything did, ``index/vulns.json`` which entries; these
are fetched one by one, or, if they are many, all of them as ``vulndb.zip``. Asked are
the ``.json.gz`` files, as govulncheck asks.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar

import anyio
import msgspec

from gosync.errors import MalformedError
from gosync.gomod.info import parse_time
from gosync.osv.entry import MAX_ENTRY_BYTES, parse_entry
from gosync.osv.files import DB, PACKED, VULNS, DatabaseTime, VulnLine, entry_file
from gosync.upstream.http import Fetcher
from gosync.vulndb.reading import MAX_BYTES, Snapshot, read_zip
from gosync.work.pool import for_each

MANY: Final = 200
WHOLE: Final = "vulndb.zip"
_INDEX_BYTES: Final = 64 << 20
_WORKERS: Final = 8
_GZIP: Final = b"\x1f\x8b"

T = TypeVar("T")


async def fetch_database(
    fetcher: Fetcher, url: str, known: Mapping[str, bytes]
) -> Snapshot:
    """Fetch what changed, and return the whole database.

    Args:
        fetcher: The HTTP client.
        url: Where the database is, without a slash at its end.
        known: The entries that are here, by their ids.

    Raises:
        UnavailableError: It does not answer.
        NotFoundError: There is none.
        RejectedError: What it answers is none.
    """
    modified = _decode(await _get(fetcher, f"{url}/{DB}"), DatabaseTime).modified
    lines = _decode(await _get(fetcher, f"{url}/{VULNS}"), list[VulnLine])
    entries = {each.id: known[each.id] for each in lines if each.id in known}
    stale = [each.id for each in lines if _is_stale(each, known.get(each.id))]
    if len(stale) > MANY:
        answer = await fetcher.get(f"{url}/{WHOLE}", limit_bytes=MAX_BYTES)
        return await anyio.to_thread.run_sync(_whole, answer.body, url, modified)

    async def fetch(identifier: str) -> None:
        data = await _get(fetcher, f"{url}/{entry_file(identifier)}")
        if parse_entry(data).id != identifier:
            raise MalformedError("vulnerability", identifier, "another one came")
        entries[identifier] = data

    await for_each(stale, fetch, workers=_WORKERS)
    return Snapshot(entries, modified)


def _is_stale(line: VulnLine, known: bytes | None) -> bool:
    if known is None:
        return True
    return parse_entry(known).modified < parse_time(line.modified)


async def _get(fetcher: Fetcher, url: str) -> bytes:
    limit = MAX_ENTRY_BYTES if "/ID/" in url else _INDEX_BYTES
    answer = await fetcher.get(f"{url}{PACKED}", limit_bytes=limit)
    if not answer.body.startswith(_GZIP):
        return answer.body  # a server that says so had it unpacked on its way
    try:
        inflater = zlib.decompressobj(wbits=31)
        data = inflater.decompress(answer.body, limit)
    except zlib.error as exc:
        raise MalformedError("gzip", url, str(exc)) from None
    if not inflater.eof:
        raise MalformedError("gzip", url, "cut off, or too large")
    return data


def _whole(data: bytes, url: str, modified: datetime) -> Snapshot:
    try:
        found = read_zip(io.BytesIO(data), subject=url)
    except zipfile.BadZipFile as exc:
        raise MalformedError(WHOLE, url, str(exc)) from None
    return msgspec.structs.replace(found, modified=found.modified or modified)


def _decode(data: bytes, form: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=form)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise MalformedError(
            "vulnerability database", repr(data[:40]), str(exc)
        ) from None
