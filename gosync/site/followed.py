"""The index of the gosync that this one follows: kept in the store, brought up to date.

Below ``followed/`` of the store lie the files of its tree's index (``indexfiles``), all
but the gone ones. To look whether anything is new is one request, of ``state.json``;
what changed is fetched by name and held against the digest that ``files.json`` has of
it, and ``state.json`` is kept last: a run that was killed goes on where it was. A
publish of the other side in between makes digests differ; then it is begun again.

What it says is nobody's proof. It names versions, no more: each is fetched, and proven
by the checksum database, as if an index had named it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import anyio

from gosync.clock import format_time
from gosync.errors import MalformedError, NotFoundError, UnavailableError
from gosync.folder.indexfiles import (
    INDEX_FILES,
    INDEX_FOLDER,
    INDEX_STATE,
    MAX_FILE_BYTES,
    IndexFile,
    IndexKind,
    IndexLine,
    IndexState,
    digest_of,
    format_lines,
    parse_files,
    parse_index_name,
    parse_state,
)
from gosync.folder.indexreading import lines_from
from gosync.gomod.info import parse_time
from gosync.store.durable import disk_errors, make_folder, replace_file
from gosync.store.layout import FOLLOWED, STAGING
from gosync.upstream.http import Fetcher
from gosync.upstream.index import PAGE_LIMIT, IndexClient
from gosync.upstream.urls import join, strip_secrets

_MAX_STATE_BYTES: Final = 64 << 10
_TRIES: Final = 3
_MAX_FILES: Final = 100_000


class FollowedFiles:
    """What a store keeps of the index that it follows."""

    def __init__(self, store: Path) -> None:
        """Take the store's root; nothing need be there."""
        self.root = store / FOLLOWED
        self._staging = store / STAGING

    def state(self) -> IndexState | None:
        """Return what it says of itself, None where it was never had whole."""
        try:
            return parse_state(self._read(INDEX_STATE))
        except MalformedError:
            return None

    def files(self) -> dict[str, IndexFile]:
        """Return what is known of its files, by name; nothing that is not there."""
        try:
            files = parse_files(self._read(INDEX_FILES))
        except MalformedError:
            return {}
        folder = self.root / INDEX_FOLDER
        return {each.name: each for each in files if (folder / each.name).is_file()}

    def lines(self, kind: IndexKind, since: str = "") -> Iterator[IndexLine]:
        """Yield its lines of a kind from a time on.

        Raises:
            StoreError: they cannot be read.
        """
        with disk_errors(self.root):
            yield from lines_from(self.root, kind, since)

    def put(self, path: str, data: bytes) -> None:
        """Keep a file.

        Raises:
            StoreError: it cannot be written.
        """
        file = self.root / path
        with disk_errors(file):
            make_folder(file.parent)
        replace_file(file, data, staging=self._staging)

    def keep_only(self, names: set[str]) -> None:
        """Remove the files of lines that are no more.

        Raises:
            StoreError: one cannot be removed.
        """
        folder = self.root / INDEX_FOLDER
        with disk_errors(folder):
            for file in folder.rglob("*.jsonl"):
                if file.relative_to(folder).as_posix() not in names:
                    file.unlink(missing_ok=True)

    def _read(self, path: str) -> bytes:
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return b""


class FollowedIndex(IndexClient):
    """The index of another gosync: asked once, then read from what is kept of it."""

    def __init__(self, url: str, fetcher: Fetcher, files: FollowedFiles) -> None:
        """Take where it is.

        Args:
            url: The other's tree or server.
            fetcher: Does the asking.
            files: What is kept of its index.
        """
        super().__init__(join(url, INDEX_FOLDER), fetcher)
        self._files = files
        self._at = url
        self._asker = fetcher

    async def refresh(self) -> None:
        """Ask what is new, and fetch it.

        Raises:
            UnavailableError: there is no answer, or it changes all the time.
            NotFoundError: the other one publishes no index.
            MalformedError: what it says is no index.
            StoreError: it cannot be kept.
        """
        for _ in range(_TRIES):
            if await self._bring_up():
                return
        raise UnavailableError(
            f"{strip_secrets(self._at)}: its index changes while it is read",
            hint="the next pass tries again",
        )

    async def _bring_up(self) -> bool:
        """Fetch what changed; return whether all of it is of one publish."""
        data = await self._get(INDEX_STATE, _MAX_STATE_BYTES)
        state, kept = parse_state(data), self._files.state()
        if kept is not None and kept.files == state.files:
            return True
        listing = await self._get(INDEX_FILES, MAX_FILE_BYTES)
        if digest_of(listing) != state.files:
            return False
        named = [each for each in parse_files(listing) if _is_read(each.name)]
        if len(named) > _MAX_FILES:
            raise MalformedError("index/files.json", len(named), "too many files")
        there = await anyio.to_thread.run_sync(self._files.files)
        for each in named:
            known = there.get(each.name)
            if (known is None or known.sha256 != each.sha256) and not (
                await self._fetch(each)
            ):
                return False
        self._files.keep_only({each.name for each in named})
        self._files.put(INDEX_FILES, listing)
        self._files.put(INDEX_STATE, data)
        return True

    async def _fetch(self, file: IndexFile) -> bool:
        """Fetch a file of lines; return whether it is the one that was named."""
        path = f"{INDEX_FOLDER}/{file.name}"
        try:
            data = await self._get(path, MAX_FILE_BYTES)
        except NotFoundError:
            return False
        if digest_of(data) != file.sha256:
            return False
        await anyio.to_thread.run_sync(self._files.put, path, data)
        return True

    async def _get(self, path: str, limit_bytes: int) -> bytes:
        url = join(self._at, path)
        try:
            answer = await self._asker.get(url, limit_bytes=limit_bytes)
        except NotFoundError as exc:
            if path != INDEX_STATE:
                raise
            raise NotFoundError(
                f"{strip_secrets(url)}: not there, so this is no tree or server of a"
                " gosync that has an index",
                hint="publish there with this version of gosync, or correct"
                " upstream.follow",
            ) from exc
        return answer.body

    async def _page(self, since: str) -> bytes:
        """Return a page as the index would answer, from what is kept."""
        start = format_time(parse_time(since)) if since else ""
        lines = self._files.lines(IndexKind.WHOLE, start)
        return await anyio.to_thread.run_sync(
            lambda: format_lines(islice(lines, PAGE_LIMIT))
        )


def _is_read(name: str) -> bool:
    part = parse_index_name(name)
    return part is not None and part.kind is not IndexKind.GONE
