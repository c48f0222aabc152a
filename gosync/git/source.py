"""Private modules asked of their repositories, as if a proxy answered.

It is a source that ``upstream`` asks: lists, ``@latest``, branches and commits come
from git as ``revisions`` finds them, and files of a version are made anew each
time they are asked for. Nobody trusts them for that: they go through the gate, which
holds a version for ever against its first sight.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote

import anyio

from gosync.clock import Clock
from gosync.errors import (
    MalformedError,
    NotFoundError,
    TooLargeError,
    UpstreamStatusError,
)
from gosync.folder.requests import ProxyRequest, ProxyRequestKind, parse_request
from gosync.folder.routes import of_module
from gosync.git.command import GitLimits
from gosync.git.making import make_version
from gosync.git.module import parse_template
from gosync.git.repository import GitRepository
from gosync.git.revisions import ModuleRevisions
from gosync.gomod import modfile
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import format_info
from gosync.gomod.module import ModuleVersion
from gosync.gomod.versionlist import format_list
from gosync.upstream.answer import Response, Served, Sink
from gosync.upstream.breaker import BreakerPolicy
from gosync.upstream.circuit import Circuit
from gosync.upstream.patience import BodyPatience
from gosync.upstream.route import OwnSource

T = TypeVar("T")
_AT_ONCE: Final = 4
_PIECE_BYTES: Final = 1 << 20
_NOT_ALLOWED: Final = 405


class GitSource:
    """A Source of the modules of one ``[[private]]`` entry.

    Attributes:
        name: What messages call it: its repositories' URL.
        circuit: Its health, and whether it is asked now.
    """

    def __init__(
        self, own: OwnSource, folder: Path, clock: Clock, policy: BreakerPolicy
    ) -> None:
        """Prepare to ask.

        Args:
            own: Which repositories.
            folder: Keeps what was fetched of them.
            clock: What time it is.
            policy: When it is no longer asked.
        """
        self.name = own.url
        self._own = own
        self._limits = GitLimits(own.seconds, own.max_bytes)
        self._folder = folder
        self._clock = clock
        self._at_once = anyio.CapacityLimiter(_AT_ONCE)
        self.circuit = Circuit(self.name, policy, clock, witness=_answers)

    async def get(
        self,
        path: str,
        *,
        limit_bytes: int,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Response:
        """Return a file; errors as ``Source.get``."""
        pieces: list[bytes] = []
        answer = await self.download(
            path,
            lambda: pieces.append,
            limit_bytes=limit_bytes,
            headers=headers,
            retries=retries,
        )
        return Response(b"".join(pieces), answer.served)

    async def download(
        self,
        path: str,
        new_sink: Callable[[], Sink],
        *,
        limit_bytes: int,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
        patience: BodyPatience | None = None,
    ) -> Response:
        """Write a file to a sink; errors as ``Source.download``."""
        del headers, retries, patience
        asked = parse_request(unquote(path))
        if asked is None or not asked.module:
            raise NotFoundError(f"{self.name}: no such question: {path}")
        answer = partial(self._answer, asked, new_sink, limit_bytes)

        async def ask() -> Response:
            size_bytes = await anyio.to_thread.run_sync(answer, limiter=self._at_once)
            return self._response(path, size_bytes)

        return await self.circuit.attempt(ask)

    async def head(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Response:
        """Answer that it cannot say how large a file will be."""
        del headers, retries
        text = f"{self.name}: nobody knows how large {path} will be"
        raise UpstreamStatusError(text, status=_NOT_ALLOWED)

    def _answer(
        self, asked: ProxyRequest, new_sink: Callable[[], Sink], limit_bytes: int
    ) -> int:
        """Hand what is asked for to a sink, and return its size."""
        revisions = self._revisions(asked.module)
        if asked.kind is ProxyRequestKind.ZIP:
            return _make_zip(revisions, asked, new_sink(), limit_bytes)
        data = _small(revisions, asked)
        if len(data) > limit_bytes:
            raise TooLargeError(f"{self.name}: {asked.module}", limit_bytes=limit_bytes)
        new_sink()(data)
        return len(data)

    def _revisions(self, path: str) -> ModuleRevisions:
        try:
            module = parse_template(path, self._own.url, self._own.depth)
        except MalformedError as exc:
            raise NotFoundError(str(exc)) from exc
        name = hashlib.sha256(module.url.encode()).hexdigest()[:32]
        repository = GitRepository(module.url, self._folder / name, self._limits)
        return ModuleRevisions(module, repository)

    def _response(self, path: str, size_bytes: int) -> Response:
        served = Served(
            url=f"{self.name}#{path}",
            status=200,
            headers={},
            at=self._clock.now(),
            size_bytes=size_bytes,
            framed=True,
        )
        return Response(b"", served)


def _small(revisions: ModuleRevisions, asked: ProxyRequest) -> bytes:
    if asked.kind is ProxyRequestKind.LIST:
        return format_list(revisions.versions())
    if asked.kind is ProxyRequestKind.LATEST:
        return format_info(revisions.info(revisions.latest()))
    if asked.kind is ProxyRequestKind.MOD:
        found = revisions.find(asked.version).go_mod
        return modfile.synthesize(asked.module) if found is None else found
    if asked.kind in (ProxyRequestKind.INFO, ProxyRequestKind.QUERY):
        return format_info(revisions.info(revisions.find(asked.version)))
    raise NotFoundError(f"{asked.module}: no such question")


def _make_zip(
    revisions: ModuleRevisions, asked: ProxyRequest, sink: Sink, limit_bytes: int
) -> int:
    mv = ModuleVersion(asked.module, asked.version)
    with tempfile.TemporaryDirectory(prefix="gosync-git-") as folder:
        root = Path(folder)
        with revisions.source(revisions.find(asked.version)) as files:
            make_version(mv, files, root)
        path = root / of_module(mv.path).of_version(mv.version).file(FileKind.ZIP)
        size_bytes = path.stat().st_size
        if size_bytes > limit_bytes:
            raise TooLargeError(f"{mv}: its zip", limit_bytes=limit_bytes)
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                sink(piece)
    return size_bytes


async def _answers(_seconds: float) -> None:
    """Stand in for a witness: no question to a repository is always answered."""
