"""Owner, asked by a worker: one connection, many questions under way.

A question is held for as long as a client may be: 25 s, ten minutes for a zip. The
owner goes on with it after that, so whoever asks again finds it done. Where an owner is
killed meanwhile the next one is asked the same; while there is none, it is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Final

from gosync.config.serving import PullSpec
from gosync.errors import MalformedError
from gosync.folder.requests import ProxyRequest, ProxyRequestKind
from gosync.gomod.module import ModuleVersion
from gosync.serve.asked import Asked
from gosync.serve.origin import Fate, OriginAnswer
from gosync.serve.runtime import connect_owner
from gosync.serve.wire import (
    MAX_BYTES,
    OwnerReply,
    format_question,
    format_upload,
    format_used,
    parse_reply,
)

_MERGED: Final = {
    ProxyRequestKind.LIST,
    ProxyRequestKind.LATEST,
    ProxyRequestKind.QUERY,
}
_BROUGHT: Final = _MERGED | {
    ProxyRequestKind.INFO,
    ProxyRequestKind.MOD,
    ProxyRequestKind.ZIP,
    ProxyRequestKind.LOOKUP,
    ProxyRequestKind.TILE,
    ProxyRequestKind.HEAD,
    ProxyRequestKind.SUPPORTED,
}
_STATE_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 0.1
_REMEMBERED: Final = 100_000  # versions that an owner who is away is told of later
_NO_OWNER: Final = OriginAnswer(
    Fate.LATER, "the mirror cannot ask its upstream just now; try again\n", 2
)
_STILL_ON_ITS_WAY: Final = OriginAnswer(
    Fate.LATER, "still being fetched and proven; ask again\n", 2
)
_NOT_THERE: Final = OriginAnswer(Fate.NO)


class OwnerOrigin:
    """The owner as a worker's origin."""

    def __init__(self, folder: Path, spec: PullSpec) -> None:
        """Take where the owner listens, and how long questions are held."""
        self._folder = folder
        self._spec = spec
        self._number = count(1)
        self._waiting: dict[int, asyncio.Future[OwnerReply]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._connecting: asyncio.Lock | None = None
        self._reading: asyncio.Task[None] | None = None
        self._used: dict[ModuleVersion, None] = {}
        self._telling: asyncio.Task[None] | None = None

    def merges(self, asked: Asked) -> bool:
        """Return whether it is merged with upstream's: lists, ``@latest``, queries."""
        return asked.request is not None and asked.request.kind in _MERGED

    async def bring(self, asked: Asked) -> OriginAnswer:
        """Ask the owner to bring something."""
        request = asked.request
        if request is None or request.kind not in _BROUGHT:
            return _NOT_THERE
        is_zip = request.kind is ProxyRequestKind.ZIP
        hold = self._spec.zip_hold_seconds if is_zip else self._spec.hold_seconds
        try:
            async with asyncio.timeout(hold):
                reply = await self._ask_whoever_is_there(request)
        except TimeoutError:
            return _NO_OWNER if self._writer is None else _STILL_ON_ITS_WAY
        except MalformedError:
            return _NO_OWNER
        return reply.answer or _NO_OWNER

    async def upload(self, mv: ModuleVersion, name: str) -> OriginAnswer:
        """Ask the owner to take in a file of the folder of uploads."""
        try:
            async with asyncio.timeout(self._spec.zip_hold_seconds):
                line = partial(format_upload, mv=mv, file=name)
                reply = await self._send_to_whoever_is_there(line)
        except (TimeoutError, MalformedError):
            return _NO_OWNER
        return reply.answer or _NO_OWNER

    async def _ask_whoever_is_there(self, request: ProxyRequest) -> OwnerReply:
        line = partial(format_question, request=request)
        return await self._send_to_whoever_is_there(line)

    async def _send_to_whoever_is_there(
        self, line: Callable[[int], bytes]
    ) -> OwnerReply:
        while True:
            try:
                return await self._send(line)
            except OSError:
                self._writer = None
                await asyncio.sleep(_RETRY_SECONDS)

    async def reasons(self) -> list[str]:
        """Return what keeps the owner from its work."""
        try:
            async with asyncio.timeout(_STATE_SECONDS):
                line = partial(format_question, request=None)
                return list((await self._send(line)).reasons)
        except (OSError, MalformedError):  # a time-out is an OSError
            return ["nobody is there to fetch what the tree lacks"]

    def tell_used(self, versions: Iterable[ModuleVersion]) -> None:
        """Tell the owner which versions were asked for; one that is away, later.

        A worker that has all it is asked for asks the owner nothing, and connects to
        it for this alone.
        """
        self._used.update(dict.fromkeys(versions))
        too_many = max(0, len(self._used) - _REMEMBERED)
        for mv in list(islice(self._used, too_many)):
            del self._used[mv]
        if self._used and (self._telling is None or self._telling.done()):
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        try:
            writer = await self._connected()
        except OSError:
            return
        used, self._used = self._used, {}
        writer.writelines(format_used(used))

    def close(self) -> None:
        """Ask no more."""
        if self._writer is not None:
            self._writer.close()

    async def _send(self, line: Callable[[int], bytes]) -> OwnerReply:
        writer = await self._connected()
        number = next(self._number)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[OwnerReply] = loop.create_future()
        self._waiting[number] = answer
        try:
            writer.write(line(number))
            await writer.drain()
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def _connected(self) -> asyncio.StreamWriter:
        if self._connecting is None:
            self._connecting = asyncio.Lock()
        async with self._connecting:
            if self._writer is None or self._writer.is_closing():
                reader, self._writer = await connect_owner(self._folder, MAX_BYTES)
                self._reading = asyncio.create_task(self._read(reader, self._writer))
            return self._writer

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Hand replies out; when the owner goes, whoever waits is told."""
        try:
            while line := await reader.readline():
                reply = parse_reply(line)
                waiting = self._waiting.get(reply.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
        except (OSError, ValueError, MalformedError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            for waiting in list(self._waiting.values()):
                if not waiting.done():
                    waiting.set_exception(ConnectionResetError("the owner is gone"))
