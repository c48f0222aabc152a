"""Buckets in memory, each a service of its own, with the faults of one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gosync.errors import (
    NoSpaceError,
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
)
from gosync.store.objects.bucket import (
    Bucket,
    Folder,
    ObjectBytes,
    ObjectInfo,
    ObjectStart,
)
from gosync.store.objects.location import check_key


@dataclass
class MemoryService:
    """What a service keeps for one bucket.

    Attributes:
        objects: Bytes and ETag by whole key.
        attributes: What was said of an object besides.
        before: Called before each request with its verb and whole key; what it raises
            is the answer.
        after: Called when a request was done: what it raises is a lost answer.
        full: Whether its quota is full.
        conditional: Whether it looks at conditions; some do not.
    """

    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    before: Callable[[str, str], None] = lambda _verb, _key: None
    after: Callable[[str, str], None] = lambda _verb, _key: None
    full: bool = False
    conditional: bool = True
    lock: threading.RLock = field(default_factory=threading.RLock)
    count: int = 0


class MemoryBucket(Bucket):
    """The objects of a service in memory below one prefix."""

    def __init__(self, service: MemoryService, prefix: str = "") -> None:
        self.service = service
        self.name = f"memory://bucket/{prefix}".rstrip("/")
        self._prefix = f"{prefix}/" if prefix else ""

    def _key(self, key: str) -> str:
        check_key(key)
        return self._prefix + key

    def _found(self, key: str) -> tuple[bytes, str]:
        self.service.before("GET", self._key(key))
        with self.service.lock:
            found = self.service.objects.get(self._key(key))
        if found is None:
            raise ObjectMissingError(f"{self.name}/{key}: there is no such object")
        return found

    def get(self, key: str, *, limit_bytes: int | None = None) -> ObjectBytes:
        data, etag = self._found(key)
        if limit_bytes is not None and len(data) > limit_bytes:
            raise StoreError(f"{key}: {len(data)} bytes, limit {limit_bytes}")
        return ObjectBytes(data, etag)

    def get_start(self, key: str, size_bytes: int) -> ObjectStart:
        data, etag = self._found(key)
        return ObjectStart(data[:size_bytes], ObjectInfo(key, len(data), etag))

    def get_range(self, key: str, offset: int, size_bytes: int) -> bytes:
        return self._found(key)[0][offset : offset + size_bytes]

    def head(self, key: str) -> ObjectInfo | None:
        try:
            data, etag = self._found(key)
        except ObjectMissingError:
            return None
        return ObjectInfo(key, len(data), etag)

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        below = self._key(prefix) + "/" if prefix else self._prefix
        self.service.before("LIST", below)
        with self.service.lock:
            found = sorted(self.service.objects.items())
        for key, (data, etag) in found:
            name = key.removeprefix(self._prefix)
            if key.startswith(below) and name > after:
                yield ObjectInfo(name, len(data), etag)

    def list_folder(self, prefix: str = "") -> Folder:
        start = len(prefix) + 1 if prefix else 0
        folders, objects = set(), []
        for info in self.list(prefix):
            first, slash, _ = info.key[start:].partition("/")
            if slash:
                folders.add(first)
            else:
                objects.append(info)
        return Folder(tuple(sorted(folders)), tuple(objects))

    def put(
        self,
        key: str,
        content: bytes | Path | Iterable[bytes],
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        return self._put(key, content, attributes=attributes)

    def _put(
        self,
        key: str,
        content: bytes | Path | Iterable[bytes],
        *,
        allowed: Callable[[str | None], bool] = lambda _etag: True,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        if isinstance(content, Path):
            content = content.read_bytes()
        data = content if isinstance(content, bytes) else b"".join(content)
        whole = self._key(key)
        self.service.before("PUT", whole)
        with self.service.lock:
            there = self.service.objects.get(whole)
            etag = there[1] if there else None
            if self.service.conditional and not allowed(etag):
                raise ObjectChangedError(f"{self.name}/{key}: written meanwhile")
            if self.service.full:
                raise NoSpaceError(f"{self.name}/{key}: the quota is full")
            self.service.count += 1
            self.service.objects[whole] = data, f'"{self.service.count}"'
            self.service.attributes[whole] = dict(attributes or {})
            etag = self.service.objects[whole][1]
        self.service.after("PUT", whole)
        return etag

    def create(
        self, key: str, data: bytes, *, attributes: Mapping[str, str] | None = None
    ) -> str:
        return self._put(
            key, data, allowed=lambda etag: etag is None, attributes=attributes
        )

    def replace(
        self,
        key: str,
        data: bytes,
        *,
        etag: str,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        return self._put(
            key, data, allowed=lambda there: there == etag, attributes=attributes
        )

    def delete(self, keys: Iterable[str]) -> None:
        for key in map(self._key, keys):
            self.service.before("DELETE", key)
            with self.service.lock:
                self.service.objects.pop(key, None)
            self.service.after("DELETE", key)

    def copy_from(self, source: Bucket, key: str, target: str) -> bool:
        if not isinstance(source, MemoryBucket) or source.service is not self.service:
            return False
        self.put(target, source._found(key)[0])
        return True
