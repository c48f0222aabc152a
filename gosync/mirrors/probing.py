"""Probing: which mirrors, which index and which relay of the log answer from here.

For a first configuration. All are asked at once, a question each, and whatever did not
answer when the time is over counts as out of reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import anyio
import msgspec

from gosync.errors import GosyncError
from gosync.mirrors.known import KnownMirror
from gosync.mirrors.picking import MirrorPick
from gosync.upstream.http import Fetcher
from gosync.upstream.options import MIB
from gosync.upstream.urls import join

_ONE_EVENT: Final = "?limit=1"


class ProbeReport(msgspec.Struct, frozen=True):
    """What answered.

    Attributes:
        proxies: Mirrors, the fastest first.
        index: The module index, "" where it did not.
        relays: Of the mirrors, those that relay the checksum database.
        sumdb: Other places of the database, itself or a relay alone.
    """

    proxies: tuple[str, ...]
    index: str
    relays: tuple[str, ...]
    sumdb: tuple[str, ...]


class Probe:
    """A probe under way."""

    def __init__(self, mirrors: Sequence[KnownMirror], database: str) -> None:
        """Prepare to ask.

        Args:
            mirrors: Who.
            database: The checksum database's name, "" for none.
        """
        self._mirrors = mirrors
        self._database = database
        self._index = ""
        self._relays: list[str] = []
        self._sumdb: list[str] = []

    async def run(self, fetcher: Fetcher, index: str, *, seconds: float) -> ProbeReport:
        """Return what answered within so many seconds.

        Args:
            fetcher: Sends the requests, without retries.
            index: The module index, "" to ask for none.
            seconds: When it is over.
        """
        pick = MirrorPick(self._mirrors)
        found: list[str] = []
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                if index:
                    tasks.start_soon(self._ask_index, fetcher, index)
                if self._database:
                    for each in self._mirrors:
                        tasks.start_soon(self._ask_relay, fetcher, each)
                    tasks.start_soon(
                        self._ask_database, fetcher, f"https://{self._database}"
                    )
                found = await pick.run(fetcher, seconds=seconds)
        found = found or pick.answered
        relays = tuple(each for each in found if each in self._relays)
        return ProbeReport(tuple(found), self._index, relays, tuple(self._sumdb))

    async def _ask_index(self, fetcher: Fetcher, url: str) -> None:
        if (await _body(fetcher, url + _ONE_EVENT))[:1] == b"{":
            self._index = url

    async def _ask_relay(self, fetcher: Fetcher, mirror: KnownMirror) -> None:
        if mirror.relay:
            await self._ask_database(fetcher, mirror.url)
            return
        url = join(mirror.url, f"sumdb/{self._database}/latest")
        if _is_head(await _body(fetcher, url)):
            self._relays.append(mirror.url.rstrip("/"))

    async def _ask_database(self, fetcher: Fetcher, url: str) -> None:
        if _is_head(await _body(fetcher, join(url, "latest"))):
            self._sumdb.append(url)


async def _body(fetcher: Fetcher, url: str) -> bytes:
    """Return an answer's body, b"" for none."""
    try:
        return (await fetcher.get(url, limit_bytes=MIB)).body
    except GosyncError:
        return b""


def _is_head(body: bytes) -> bool:
    """Whether it may be a signed tree head; its proof is a sync's business."""
    return body.startswith(b"go.sum database tree\n")
