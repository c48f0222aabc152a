"""Volumes are read in chunks that are proven once they are in memory."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from itertools import accumulate

import msgspec
import pytest

from gosync.bundle.format.extents import is_long, volumes_of
from gosync.bundle.format.header import FileEntry
from gosync.bundle.format.manifest import Frame, Segment, VolumeEntry
from gosync.bundle.format.names import CHUNK_BYTES
from gosync.bundle.read.chunks import (
    ChunkDigests,
    ProvenChunks,
    ProvenRow,
    ProvenVolume,
    check_volumes,
)
from gosync.errors import MalformedError, VolumeError

DATA = random.Random(1).randbytes(2 * CHUNK_BYTES + 77)


class ChangingFile:
    """A file that changes its bytes from its n-th read on."""

    name = "vol-0001.zst"

    def __init__(self, data: bytes, *, lies_at: int = 1 << 30) -> None:
        self._data = data
        self.size_bytes = len(data)
        self._lies_at = lies_at
        self.reads: list[tuple[int, int]] = []

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        found = bytearray(self._data[offset : offset + size_bytes])
        if len(self.reads) >= self._lies_at and found:
            found[len(found) // 2] ^= 1
        self.reads.append((offset, size_bytes))
        return bytes(found)


def digests(data: bytes, step: int = 1_000_000) -> tuple[str, ...]:
    found = ChunkDigests()
    for at in range(0, len(data), step):
        found.update(data[at : at + step])
    return found.finish()


def volume(medium: ChangingFile) -> ProvenVolume:
    return ProvenVolume(1, medium, len(DATA), digests(DATA), ProvenChunks())


@pytest.mark.parametrize("step", [1_000, CHUNK_BYTES, 10 * CHUNK_BYTES])
def test_digests_are_those_of_the_chunks_however_they_come(step: int):
    parts = [DATA[at : at + CHUNK_BYTES] for at in range(0, len(DATA), CHUNK_BYTES)]
    assert digests(DATA, step) == tuple(hashlib.sha256(p).hexdigest() for p in parts)
    assert digests(b"") == ()


def test_reads_give_what_is_there_and_read_each_chunk_once():
    medium = ChangingFile(DATA)
    opened = volume(medium)
    chance = random.Random(2)
    for _ in range(200):
        offset, size = chance.randrange(len(DATA) + 9), chance.randrange(300_000)
        assert opened.read_at(offset, size) == DATA[offset : offset + size]
    assert sorted(medium.reads) == [
        (0, CHUNK_BYTES),
        (CHUNK_BYTES, CHUNK_BYTES),
        (2 * CHUNK_BYTES, 77),
    ]


@pytest.mark.parametrize("lies_at", range(3))
def test_other_bytes_are_never_handed_out(lies_at: int):
    opened = volume(ChangingFile(DATA, lies_at=lies_at))
    got = bytearray()

    def read_all() -> None:
        while len(got) < len(DATA):
            got.extend(opened.read_at(len(got), 100_000))

    with pytest.raises(VolumeError, match=r"vol-0001\.zst.*manifest binds") as caught:
        read_all()
    assert bytes(got) == DATA[: len(got)]
    assert len(got) >= lies_at * CHUNK_BYTES - 100_000
    assert caught.value.hint


def test_a_volume_that_became_shorter_is_refused():
    with pytest.raises(VolumeError):
        volume(ChangingFile(DATA[:-1])).read_at(len(DATA) - 5, 5)


FILE = FileEntry(
    name="vol-0001.zst", size_bytes=len(DATA), sha256="0" * 64, unpacked_bytes=1
)
ENTRY = VolumeEntry(chunks=digests(DATA))


def segment(number: int, size_bytes: int) -> Segment:
    return Segment(
        volume=number,
        offset=0,
        holds="modules",
        recipes=Frame(size_bytes=0, unpacked_bytes=0),
        contents=Frame(size_bytes=size_bytes, unpacked_bytes=1),
    )


@pytest.mark.parametrize(
    ("entries", "segments", "says"),
    [
        ([], [segment(1, len(DATA))], "older gosync"),
        ([ENTRY, ENTRY], [segment(1, len(DATA))], "of 2 volumes"),
        ([VolumeEntry(chunks=ENTRY.chunks[:2])], [segment(1, len(DATA))], "2 chunks"),
        ([ENTRY], [segment(2, len(DATA))], "in volume 2 of 1"),
        ([ENTRY], [segment(1, len(DATA) - 1)], "bytes of no segment"),
        ([ENTRY], [segment(1, len(DATA) + 1)], "lacks some"),
        ([ENTRY], [], "bytes of no segment"),
    ],
)
def test_what_does_not_cover_the_volumes_is_refused(
    entries: Sequence[VolumeEntry], segments: Sequence[Segment], says: str
):
    with pytest.raises(MalformedError, match=says):
        check_volumes([FILE], entries, segments)


TWO = msgspec.structs.replace(FILE, name="vol-0002.zst")


@pytest.mark.parametrize("sizes", [(77,), (CHUNK_BYTES, 5, CHUNK_BYTES + 7, 64)])
def test_a_row_of_volumes_reads_as_one(sizes: tuple[int, ...]):
    ends = list(accumulate(sizes))
    parts = [DATA[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    kept = ProvenChunks()
    row = ProvenRow(
        [
            ProvenVolume(number, ChangingFile(part), len(part), digests(part), kept)
            for number, part in enumerate(parts, start=1)
        ]
    )
    dice = random.Random(2)
    for _ in range(200):
        offset, size = dice.randrange(ends[-1] + 9), dice.randrange(ends[-1])
        assert row.read_at(offset, size) == DATA[: ends[-1]][offset : offset + size]


def test_a_segment_may_go_over_volumes_and_the_next_begins_where_it_ends():
    size = len(DATA)
    long = segment(1, size + 5)
    rest = msgspec.structs.replace(segment(2, size - 5), offset=5)
    check_volumes([FILE, TWO], [ENTRY, ENTRY], [long, rest])
    assert [is_long(each, [FILE, TWO]) for each in (long, rest)] == [True, False]
    assert volumes_of(long, [FILE, TWO]) == range(1, 3)
    assert volumes_of(rest, [FILE, TWO]) == range(2, 3)
    assert volumes_of(segment(1, 2 * size), [FILE, TWO]) == range(1, 3)


@pytest.mark.parametrize(
    ("segments", "says"),
    [
        ([segment(1, len(DATA) + 5), segment(2, len(DATA))], "no segment"),
        ([segment(1, len(DATA) + 5)], r"vol-0002\.zst has bytes of no segment"),
        ([segment(1, 2 * len(DATA) + 5)], r"vol-0002\.zst lacks some"),
        ([segment(1, 5), segment(2, len(DATA))], r"vol-0001\.zst has bytes"),
        (
            [
                segment(1, len(DATA)),
                msgspec.structs.replace(segment(1, len(DATA)), offset=len(DATA)),
            ],
            "beginning",
        ),
    ],
)
def test_a_segment_over_volumes_that_leaves_or_lacks_bytes_is_refused(
    segments: Sequence[Segment], says: str
):
    with pytest.raises(MalformedError, match=says):
        check_volumes([FILE, TWO], [ENTRY, ENTRY], segments)


def test_what_covers_the_volumes_is_taken():
    segments = [segment(1, len(DATA)), segment(2, len(DATA))]
    check_volumes([FILE, TWO], [ENTRY, ENTRY], segments)
    check_volumes([], [], [])
