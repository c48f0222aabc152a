"""Parts of the journal in a bucket, and the local files that they make up.

journal/NNNNNNNN/OOOOOOOOOOOO.jsonl   what one append wrote to the journal file
                                      NNNNNNNN at the offset OOOOOOOOOOOO
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from gosync.errors import IdentityError, MalformedError
from gosync.pattern import compile_on_use
from gosync.store.durable import disk_errors, make_folder
from gosync.store.layout import journal_name
from gosync.store.localjournal import (
    append_durably,
    create_journal_file,
    cut_torn_line,
    journal_numbers,
)
from gosync.store.objects.bucket import Bucket, ObjectInfo

JOURNAL_PREFIX = "journal"
_FETCHED_AT_ONCE = 16
_KEY = compile_on_use(r"journal/([0-9]{8})/([0-9]{12})\.jsonl")


class JournalPart(msgspec.Struct, frozen=True, order=True):
    """Where the bytes of a part stand.

    Attributes:
        number: The number of the journal file.
        offset: Where in it they begin.
        size_bytes: How many there are.
    """

    number: int
    offset: int
    size_bytes: int

    @property
    def key(self) -> str:
        """The key; its size is not in it."""
        return f"{JOURNAL_PREFIX}/{self.number:08d}/{self.offset:012d}.jsonl"

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.offset + self.size_bytes


def parse_part(info: ObjectInfo) -> JournalPart:
    """Return what an object's key and size say.

    Raises:
        MalformedError: it is no part.
    """
    match = _KEY.fullmatch(info.key)
    if match is None:
        raise MalformedError("journal part", info.key, "no part's key")
    return JournalPart(int(match[1]), int(match[2]), info.size_bytes)


def catch_up(bucket: Bucket, folder: Path) -> None:
    """Make a folder's journal files say what a bucket's parts say.

    The caller holds the writer lock. What is there and right is not fetched again.

    Raises:
        IdentityError: the folder says what the bucket does not.
        StoreError: bucket or disk refuse.
    """
    make_folder(folder)
    newest = max(journal_numbers(folder), default=0)
    parts = list(_parts_from(bucket, newest))
    lacking = _cut(bucket, folder, newest, parts) if newest else parts
    with ThreadPoolExecutor(_FETCHED_AT_ONCE) as pool:
        waiting = iter(lacking)
        while some := list(islice(waiting, _FETCHED_AT_ONCE)):
            found = pool.map(lambda part: bucket.get(part.key).data, some)
            for part, data in zip(some, found, strict=True):
                _add(bucket, folder / journal_name(part.number), part, data)


def journal_end(folder: Path) -> tuple[int, int]:
    """Return how long a folder's journal is: its newest file's number, and size.

    Raises:
        StoreError: the disk refuses.
    """
    newest = max(journal_numbers(folder), default=0)
    path = folder / journal_name(newest or 1)
    with disk_errors(path), suppress(FileNotFoundError):
        return newest, path.stat().st_size
    return 0, 0


def is_behind(bucket: Bucket, folder: Path) -> bool:
    """Return whether a bucket's journal goes on where a folder's ends.

    Raises:
        StoreError: bucket or disk refuse.
    """
    newest, size = journal_end(folder)
    return any(
        part.number > newest or part.end > size for part in _parts_from(bucket, newest)
    )


def _parts_from(bucket: Bucket, number: int) -> Iterator[JournalPart]:
    """Yield the parts of this file and of those after it, in order."""
    for folder in bucket.list_folder(JOURNAL_PREFIX).folders:
        if folder.isdecimal() and int(folder) >= number:
            parts = []
            for info in bucket.list(f"{JOURNAL_PREFIX}/{folder}"):
                with suppress(MalformedError):
                    parts.append(parse_part(info))
            yield from sorted(parts)


def _cut(
    bucket: Bucket, folder: Path, newest: int, parts: Sequence[JournalPart]
) -> list[JournalPart]:
    """Cut the newest file off where a part ends; return the parts that it lacks."""
    path = folder / journal_name(newest)
    ends = [0, *(part.end for part in parts if part.number == newest)]
    with disk_errors(path):
        cut_torn_line(path)
        size = path.stat().st_size
        if size > ends[-1]:
            raise IdentityError(
                f"{path}: it goes on where the journal of {bucket.name} ends",
                hint="another store's folder, or the bucket lost something: give the"
                " bucket a folder of its own in store.local",
            )
        kept = max(end for end in ends if end <= size)
        if kept < size:
            os.truncate(path, kept)
    return [each for each in parts if each.number > newest or each.offset >= kept]


def _add(bucket: Bucket, path: Path, part: JournalPart, data: bytes) -> None:
    with disk_errors(path):
        if not path.exists():
            create_journal_file(path)
        if path.stat().st_size != part.offset or len(data) != part.size_bytes:
            raise IdentityError(
                f"{bucket.name}/{part.key}: a part of the journal before it is missing"
            )
        append_durably(path, data)
