"""Frames: the same bytes for the same contents, and nothing read past its bounds."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest
import zstandard

from gosync.bundle.read.zstd import unpack, write_frame
from gosync.errors import MalformedError


def frame(data: bytes, *, base: bytes = b"", pieces: int = 1) -> bytes:
    step = max(1, -(-len(data) // pieces))
    cut = [data[at : at + step] for at in range(0, len(data), step)]
    sink = io.BytesIO()
    size = write_frame(cut, sink, size_bytes=len(data), base=base)
    assert size == len(sink.getvalue())
    return sink.getvalue()


def text(seed: int, size_bytes: int) -> bytes:
    dice = random.Random(seed)
    words = [dice.randbytes(6).hex().encode() for _ in range(500)]
    return b" ".join(dice.choices(words, k=size_bytes // 13 + 1))[:size_bytes]


@pytest.mark.parametrize(
    "size_bytes",
    [
        *(0, 1, 300_000, (2 << 20) + 1),
        pytest.param((32 << 20) + 1, marks=pytest.mark.long),
    ],
)
def test_pieces_do_not_matter(size_bytes: int):
    data = text(1, size_bytes)
    packed = frame(data)

    assert unpack(packed, unpacked_bytes=len(data)) == data
    for pieces in (3, 1_000):
        assert frame(data, pieces=pieces) == packed


def test_a_patch_is_small_and_needs_its_base():
    base = text(1, 200_000)
    data = base[:90_000] + b"something new" + base[90_000:]
    patch = frame(data, base=base)

    assert len(patch) < 500
    assert unpack(patch, unpacked_bytes=len(data), base=base) == data
    for wrong in (b"", base[1:], base[:-1] + b"?", text(2, 200_000)):
        with pytest.raises(MalformedError):
            unpack(patch, unpacked_bytes=len(data), base=wrong)


@pytest.mark.parametrize("claimed", [0, 99_999, 100_001, 1 << 40])
def test_a_frame_that_claims_another_size_is_refused(claimed: int):
    packed = frame(bytes(100_000))

    with pytest.raises(MalformedError):
        unpack(packed, unpacked_bytes=claimed)


def test_damage_is_found_wherever_it_is():
    data = text(3, 5_000)
    packed = frame(data)
    for at in range(len(packed)):
        broken = bytearray(packed)
        broken[at] ^= 0x41
        try:
            found = unpack(bytes(broken), unpacked_bytes=len(data))
        except MalformedError:
            continue
        assert found == data, "bits that nobody reads may change"


def without_checksum(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def with_a_large_window(data: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, window_log=28, write_checksum=True
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    sink = io.BytesIO()
    with compressor.stream_writer(sink, closefd=False) as stream:
        stream.write(data)
    return sink.getvalue()


def none_at_all(data: bytes) -> bytes:
    return data


@pytest.mark.parametrize("made", [without_checksum, with_a_large_window, none_at_all])
def test_what_the_format_does_not_have_is_refused(made: Callable[[bytes], bytes]):
    data = text(4, 100_000)

    with pytest.raises(MalformedError):
        unpack(made(data), unpacked_bytes=len(data))
