"""Uploads: versions of private modules that a login may write.

::

    PUT /corp.example/lib/@v/v1.2.3.zip        the module zip is the body

The worker receives it into a file of the runtime folder, as large as one may be, and
asks the owner to take it in: the gate checks it as any zip, and its h1 is pinned. The
answer is 201 for a new version, 200 for one that is here and is the same, 409 for one
that is here with another h1, 403 for who may not write it, 422 for what breaks a rule.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterable, Iterable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

from gosync.config.serving import UploadRule
from gosync.folder.requests import ProxyRequestKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.serve.accesslog import Outcome
from gosync.serve.answer import Answer, text_answer
from gosync.serve.asked import Asked
from gosync.serve.origin import Fate, OriginAnswer

UPLOADS: Final = "uploads"
_STATUS: Final = {
    Fate.NO: HTTPStatus.NOT_FOUND,
    Fate.DENIED: HTTPStatus.FORBIDDEN,
    Fate.CONFLICT: HTTPStatus.CONFLICT,
    Fate.LATER: HTTPStatus.SERVICE_UNAVAILABLE,
    Fate.FAILED: HTTPStatus.UNPROCESSABLE_ENTITY,
}


class UploadOrigin(Protocol):
    """Takes in what was uploaded."""

    async def upload(self, mv: ModuleVersion, name: str) -> OriginAnswer:
        """Take in a file of the folder of uploads."""
        ...


class UploadReceiver:
    """A worker's part: who may, and the body into a file."""

    def __init__(
        self,
        rules: Iterable[UploadRule],
        folder: Path,
        origin: UploadOrigin,
        *,
        max_bytes: int,
    ) -> None:
        """Take the rules.

        Args:
            rules: Who may upload what.
            folder: The runtime folder.
            origin: Takes in what was uploaded.
            max_bytes: The largest zip.
        """
        self._rules = [(PatternSet(e.modules), frozenset(e.users)) for e in rules]
        self._folder = folder / UPLOADS
        self._origin = origin
        self._max_bytes = max_bytes

    async def answer(
        self,
        asked: Asked | None,
        user: str,
        body: AsyncIterable[bytes],
        length: str | None,
    ) -> Answer:
        """Receive an upload and return its answer.

        Args:
            asked: What its path names.
            user: Whose login it has.
            body: What it sends.
            length: Its Content-Length, None for none.

        Raises:
            OSError: The disk fails.
        """
        request = None if asked is None else asked.request
        if request is None or request.kind is not ProxyRequestKind.ZIP:
            text = "a module's zip alone is taken: PUT /MODULE/@v/VERSION.zip\n"
            return text_answer(HTTPStatus.BAD_REQUEST, text, Outcome.REFUSED)
        mv = ModuleVersion(request.module, request.version)
        if not self._may(user, mv.path):
            text = "this login may not write that module\n"
            return text_answer(HTTPStatus.FORBIDDEN, text, Outcome.DENIED)
        if length is not None and length.isdigit() and int(length) > self._max_bytes:
            return self._too_large()
        name = secrets.token_hex(16)
        file = self._folder / name
        try:
            if not await self._receive(file, body):
                return self._too_large()
            return _answer_of(mv, await self._origin.upload(mv, name))
        finally:
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def _may(self, user: str, path: str) -> bool:
        return any(user in users and each.match(path) for each, users in self._rules)

    async def _receive(self, file: Path, body: AsyncIterable[bytes]) -> bool:
        """Write the body to a file; return whether it is no larger than it may be."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        size_bytes = 0
        with file.open("xb") as sink:
            async for piece in body:
                size_bytes += len(piece)
                if size_bytes > self._max_bytes:
                    return False
                await asyncio.to_thread(sink.write, piece)
        return True

    def _too_large(self) -> Answer:
        text = f"larger than {self._max_bytes} bytes\n"
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return text_answer(status, text, Outcome.REFUSED)


def _answer_of(mv: ModuleVersion, answer: OriginAnswer) -> Answer:
    if answer.fate is Fate.HERE:
        status = HTTPStatus.CREATED if answer.text else HTTPStatus.OK
        text = f"{mv} {'is here now' if answer.text else 'was here, and is the same'}\n"
        return text_answer(status, text, Outcome.HIT)
    return text_answer(_STATUS[answer.fate], answer.text, Outcome.REFUSED)
