"""A bucket by obstore: S3 and its like, Google Cloud Storage, Azure.

The contract is ``bucket``'s. obstore is Rust's object_store: it signs, sends, pauses
and tries again without the interpreter's lock, so threads are enough to have many
requests at once. An object of more than a part's size is sent as a multipart upload,
which shows the object with its last request; what a killed one leaves is invisible, and
a rule of the bucket removes it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.store import AzureStore, GCSStore, S3Store

from gosync.errors import (
    BucketConnectionError,
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
)
from gosync.store.durable import disk_errors
from gosync.store.objects.bucket import (
    Bucket,
    Folder,
    ObjectBytes,
    ObjectInfo,
    ObjectStart,
)
from gosync.store.objects.failures import object_errors
from gosync.store.objects.location import BucketLocation, check_key
from gosync.store.objects.options import BucketOptions
from gosync.store.objects.sharedfile import shared_credentials
from gosync.store.objects.tries import Tries

if TYPE_CHECKING:  # types that exist for checkers alone
    from obstore import Attributes, ObjectMeta, PutMode
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

PART_BYTES = 8 << 20
PARTS_AT_ONCE = 4
MOST_PARTS = 9_000  # S3 takes 10 000
_DELETED_AT_ONCE = 1_000  # as many as one request of S3 names
_LISTED_AT_ONCE = 1_000
T = TypeVar("T")
_WRITE = "gosync-write"  # the attribute that tells a conditional write from others


class RemoteBucket(Bucket):
    """The objects of one bucket below one prefix, with a service.

    Attributes:
        name: The location.
        place: Buckets of the same place can copy from each other.
    """

    def __init__(self, location: BucketLocation, options: BucketOptions) -> None:
        self.name = str(location)
        self._location = location
        self._options = options
        self._prefix = f"{location.prefix}/" if location.prefix else ""
        self.place = (location.scheme, location.bucket, options.endpoint)
        with object_errors(self.name):
            self._store = _open(location, options)

    def whole_key(self, key: str) -> str:
        """Return the key in the bucket, with the prefix.

        Raises:
            MalformedError: it is no key.
        """
        check_key(key)
        return self._prefix + key

    def subject(self, key: str) -> str:
        """Return what messages call an object."""
        return f"{self.name}/{key}"

    def _asked(self, key: str, ask: Callable[[], T], *, again: bool = True) -> T:
        """Ask, and again where a connection broke, which the library leaves to us."""
        tries = Tries(self._options.retry_seconds)
        while True:
            try:
                with object_errors(self.subject(key)):
                    return ask()
            except BucketConnectionError as error:
                if not again:
                    raise
                tries.pause(error)

    def get(self, key: str, *, limit_bytes: int | None = None) -> ObjectBytes:
        """Return an object's bytes; see Bucket."""
        whole = self.whole_key(key)

        def ask() -> ObjectBytes | int:
            found = obstore.get(self._store, whole)
            size = found.meta["size"]
            if limit_bytes is not None and size > limit_bytes:
                return size
            return ObjectBytes(bytes(found.bytes()), found.meta["e_tag"] or "")

        found = self._asked(key, ask)
        if isinstance(found, ObjectBytes):
            return found
        raise StoreError(f"{self.subject(key)}: {found} bytes, limit {limit_bytes}")

    def get_start(self, key: str, size_bytes: int) -> ObjectStart:
        """Return an object's first bytes and its size; see Bucket."""
        whole = self.whole_key(key)

        def ask() -> ObjectStart:
            found = obstore.get(self._store, whole, options={"range": (0, size_bytes)})
            return ObjectStart(bytes(found.bytes()), self._info(found.meta))

        try:
            return self._asked(key, ask)
        except StoreError:
            info = self.head(key)
            if info is not None and not info.size_bytes:
                return ObjectStart(b"", info)  # the service answers 416
            raise

    def get_range(self, key: str, offset: int, size_bytes: int) -> bytes:
        """Return some of an object's bytes; see Bucket."""
        if size_bytes <= 0:
            return b""
        ask = partial(
            obstore.get_range,
            self._store,
            self.whole_key(key),
            start=offset,
            length=size_bytes,
        )
        try:
            return bytes(self._asked(key, ask))
        except StoreError:
            info = self.head(key)
            if info is not None and info.size_bytes <= offset:
                return b""  # the service answers 416
            raise

    def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object; see Bucket."""
        ask = partial(obstore.head, self._store, self.whole_key(key))
        try:
            return self._info(self._asked(key, ask))
        except ObjectMissingError:
            return None

    def _info(self, meta: ObjectMeta) -> ObjectInfo:
        key = meta["path"].removeprefix(self._prefix)
        modified = float(int(meta["last_modified"].timestamp()))
        return ObjectInfo(key, meta["size"], meta["e_tag"] or "", modified)

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects below a prefix; see Bucket."""
        tries, done = Tries(self._options.retry_seconds), False
        while not done:
            try:
                with object_errors(self.subject(prefix)):
                    for page in self._pages(prefix, after):
                        for info in map(self._info, page):
                            after = info.key
                            yield info
                done = True
            except BucketConnectionError as error:
                tries.pause(error)  # then it goes on after the last object

    def _pages(self, prefix: str, after: str) -> Iterator[Sequence[ObjectMeta]]:
        return iter(
            obstore.list(
                self._store,
                (self._prefix + prefix) or None,
                offset=self._prefix + after if after else None,
                chunk_size=_LISTED_AT_ONCE,
            )
        )

    def list_folder(self, prefix: str = "") -> Folder:
        """Return what lies directly below a prefix; see Bucket."""
        place = (self._prefix + prefix) or None
        found = self._asked(
            prefix, lambda: obstore.list_with_delimiter(self._store, place)
        )
        folders = (each.rpartition("/")[2] for each in found["common_prefixes"])
        # Services and their consoles make an object of a folder, named by it.
        objects = [
            info for info in map(self._info, found["objects"]) if info.key != prefix
        ]
        return Folder(
            tuple(sorted(folders)), tuple(sorted(objects, key=lambda each: each.key))
        )

    def put(
        self,
        key: str,
        content: bytes | Path | Iterable[bytes],
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """Write an object, whatever was there; see Bucket."""
        return self._put(key, content, None, attributes)

    def _put(
        self,
        key: str,
        content: bytes | Path | Iterable[bytes],
        mode: PutMode | None,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        size = _size_of(content)
        ask = partial(
            obstore.put,
            self._store,
            self.whole_key(key),
            content,
            attributes=_attributes(attributes),
            mode=mode,
            use_multipart=False if mode is not None else size is None or None,
            chunk_size=max(PART_BYTES, (size or 0) // MOST_PARTS + 1),
            max_concurrency=PARTS_AT_ONCE,
        )
        # Pieces are given once: what is lost of them cannot be sent again.
        result = self._asked(key, ask, again=size is not None)
        return result["e_tag"] or ""

    def create(
        self, key: str, data: bytes, *, attributes: Mapping[str, str] | None = None
    ) -> str:
        """Write an object where none is; see Bucket."""
        return self._put_if(key, data, "create", attributes)

    def replace(
        self,
        key: str,
        data: bytes,
        *,
        etag: str,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """Write an object in the place of another; see Bucket."""
        # Without a "version": obstore refuses None there.
        return self._put_if(key, data, {"e_tag": etag}, attributes)

    def _put_if(
        self,
        key: str,
        data: bytes,
        mode: PutMode,
        attributes: Mapping[str, str] | None,
    ) -> str:
        mark = secrets.token_hex(16)
        told = {**(attributes or {}), _WRITE: mark}
        try:
            return self._put(key, data, mode, told)
        except (ObjectChangedError, ObjectMissingError):
            whole = self.whole_key(key)
            with suppress(ObjectMissingError):
                found = self._asked(
                    key,
                    lambda: obstore.get(self._store, whole, options={"head": True}),
                )
                if dict(found.attributes).get(_WRITE) == mark:
                    return found.meta["e_tag"] or ""
            raise ObjectChangedError(
                f"{self.subject(key)}: written by somebody else meanwhile"
            ) from None

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; see Bucket."""
        waiting = map(self.whole_key, keys)
        while some := list(islice(waiting, _DELETED_AT_ONCE)):
            if self._location.scheme == "s3":
                self._asked("", partial(obstore.delete, self._store, some))
            else:
                self._asked("", partial(self._delete_each, some))

    def _delete_each(self, keys: Iterable[str]) -> None:
        """Remove one after the other: where one is missing, the others would stay."""
        for key in keys:
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                continue

    def copy_from(self, source: Bucket, key: str, target: str) -> bool:
        """Copy an object within the service; see Bucket."""
        if not isinstance(source, RemoteBucket) or source.place != self.place:
            return False
        ends = (source.whole_key(key), self.whole_key(target))
        self._asked(key, partial(obstore.copy, self._store, *ends))
        return True


def _size_of(content: bytes | Path | Iterable[bytes]) -> int | None:
    if isinstance(content, bytes):
        return len(content)
    if isinstance(content, Path):
        with disk_errors(content):
            return content.stat().st_size
    return None


def _attributes(attributes: Mapping[str, str] | None) -> Attributes | None:
    return dict(attributes) if attributes else None


def _open(location: BucketLocation, options: BucketOptions) -> ObjectStore:
    client = _client(options)
    retry: RetryConfig = {
        "max_retries": options.most_retries,
        "retry_timeout": timedelta(seconds=options.retry_seconds),
        "backoff": {"max_backoff": timedelta(seconds=5)},
    }
    if location.scheme == "gs":
        return GCSStore(location.bucket, client_options=client, retry_config=retry)
    if location.scheme == "az":
        return AzureStore(location.bucket, client_options=client, retry_config=retry)
    config: dict[str, Any] = {"virtual_hosted_style_request": not options.path_style}
    if options.endpoint:
        config["endpoint"] = _endpoint(location, options)
    if options.region:
        config["region"] = options.region
    return S3Store(
        location.bucket,
        config=config,  # type: ignore[arg-type] # built of what is configured
        client_options=client,
        retry_config=retry,
        credential_provider=shared_credentials(os.environ),
    )


def _endpoint(location: BucketLocation, options: BucketOptions) -> str:
    """Return the URL that keys are asked of; the bucket is in it where hosts say it."""
    if options.path_style:
        return options.endpoint
    scheme, _, host = options.endpoint.partition("://")
    return f"{scheme}://{location.bucket}.{host}"


def _client(options: BucketOptions) -> ClientConfig:
    client: ClientConfig = {
        "allow_http": options.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=min(10.0, options.timeout_seconds)),
        "timeout": timedelta(seconds=options.timeout_seconds),
        "user_agent": "gosync",
    }
    if options.ca_path:
        path = Path(options.ca_path)
        with disk_errors(path):
            client["root_certificate"] = path.read_bytes()
    return client
