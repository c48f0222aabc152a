"""The store as a source: files of versions that it has, without asking anybody.

It answers for ``.info``, ``.mod`` and ``.zip`` of versions whose row names the blob.
What versions exist it cannot know, nor whether one that it lacks does: there its
answer is "not fetched", and never a no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote

import anyio

from gosync.catalog.version_table import Versions
from gosync.clock import Clock
from gosync.errors import NotFetchedError, TooLargeError
from gosync.folder.routes import module_of_folder, version_of_name
from gosync.gomod.module import ModuleVersion
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.upstream.answer import Response, Served, Sink
from gosync.upstream.breaker import NEVER_OPEN
from gosync.upstream.circuit import Circuit
from gosync.upstream.patience import BodyPatience


class StoreSource:
    """A Source of what a store has.

    Attributes:
        name: What messages call it.
        circuit: Counts what it answers; it is never left alone.
    """

    name = "the store"

    def __init__(self, versions: Versions, blobs: BlobReader, clock: Clock) -> None:
        self._versions = versions
        self._blobs = blobs
        self._clock = clock
        self.circuit = Circuit(self.name, NEVER_OPEN, clock, witness=_answers)

    async def get(
        self,
        path: str,
        *,
        limit_bytes: int,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Response:
        """Return a file of a version that is here, as ``Source.get`` does.

        Raises:
            NotFetchedError: the store does not have it.
            TooLargeError: it exceeds the limit.
            StoreError: the catalog or the blob cannot be read.
        """
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
        """Write a file of a version to a sink; errors as ``get``."""
        del headers, retries, patience

        async def copy() -> Response:
            digest = self._digest(path)
            size_bytes = self._blobs.size(digest)
            if size_bytes > limit_bytes:
                raise TooLargeError(f"{self.name}: {path}", limit_bytes=limit_bytes)
            await anyio.to_thread.run_sync(self._copy, digest, new_sink())
            return self._answer(path, size_bytes)

        return await self.circuit.attempt(copy)

    async def head(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Response:
        """Return what a download would say, without the bytes; errors as ``get``."""
        del headers, retries

        async def look() -> Response:
            return self._answer(path, self._blobs.size(self._digest(path)))

        return await self.circuit.attempt(look)

    def _digest(self, path: str) -> Digest:
        folder, _, name = unquote(path).rpartition("/")
        module, file = module_of_folder(folder), version_of_name(name)
        if module is not None and file is not None:
            version, kind = file
            row = self._versions.get(ModuleVersion(module.path, version))
            if row is not None and (blob := row.blobs().get(kind)) is not None:
                return Digest(blob.digest)
        raise NotFetchedError(f"{self.name} does not have {path}")

    def _copy(self, digest: Digest, sink: Sink) -> None:
        for piece in self._blobs.pieces(digest):
            sink(piece)

    def _answer(self, path: str, size_bytes: int) -> Response:
        served = Served(
            url=f"store:{path}",
            status=200,
            headers={"content-length": str(size_bytes)},
            at=self._clock.now(),
            size_bytes=size_bytes,
            framed=True,
        )
        return Response(b"", served)


async def _answers(_seconds: float) -> None:
    """Stand in for a witness: what lies on our own disk needs none."""
