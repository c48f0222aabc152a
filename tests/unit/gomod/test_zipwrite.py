"""Zips in one fixed form, judged by another reader and by our own."""

from __future__ import annotations

import io
import random
import zipfile
from base64 import b64encode
from hashlib import sha256

import pytest

from gosync.gomod.dirhash import hash_zip
from gosync.gomod.zipdir import DEFLATE, STORE
from gosync.gomod.zipwrite import (
    STRAIGHT_BYTES,
    PackedEntry,
    most_bytes,
    pack,
    write_zip,
)
from tests.unit.gomod.zipfiles import reader


def entry(name: str, body: bytes, *, pieces: int = 1) -> PackedEntry:
    packed = io.BytesIO()
    step = max(1, -(-len(body) // pieces))
    cut = [body[at : at + step] for at in range(0, len(body), step)]
    facts = pack(cut, len(body), packed.write)
    assert facts.packed_bytes == len(packed.getvalue())
    return PackedEntry(name.encode(), facts, lambda: [packed.getvalue()])


def written(*entries: PackedEntry) -> bytes:
    sink = io.BytesIO()
    write_zip(entries, sink.write)
    return sink.getvalue()


def noise(size_bytes: int) -> bytes:
    return random.Random(size_bytes).randbytes(size_bytes)


@pytest.mark.parametrize(
    ("body", "method"),
    [
        (b"", STORE),
        (b"a", STORE),
        (b"a" * 100, DEFLATE),
        (noise(5_000), STORE),
        (bytes(STRAIGHT_BYTES), DEFLATE),
        (noise(STRAIGHT_BYTES + 1), DEFLATE),
    ],
    ids=["empty", "tiny", "text", "noise", "straight", "large-noise"],
)
def test_each_entry_has_the_smaller_form(body: bytes, method: int):
    one = entry("m@v1/x", body)
    assert one.packed.method == method
    with zipfile.ZipFile(io.BytesIO(written(one))) as archive:
        assert archive.testzip() is None
        assert archive.read("m@v1/x") == body
    assert len(written(one)) <= most_bytes([(b"m@v1/x", len(body))])


@pytest.mark.parametrize("size_bytes", [1_000, STRAIGHT_BYTES + 70_000])
def test_pieces_do_not_matter(size_bytes: int):
    body = noise(100) * (size_bytes // 100)
    assert written(entry("x", body)) == written(entry("x", body, pieces=7))


def test_names_and_dates_are_plain():
    data = written(entry("m@v1/é/", b""), entry("m@v1/é/x", b"1"), entry("z", b"2"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == ["m@v1/é/", "m@v1/é/x", "z"]
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert [bool(info.flag_bits & 0x800) for info in infos] == [True, True, False]


@pytest.mark.long
def test_more_entries_than_the_end_record_counts():
    body = entry("x", b"")
    many = [body._replace(name=b"f%06d" % number) for number in range(70_000)]
    data = written(*many)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) == 70_000
    empty = sha256().hexdigest()
    lines = "".join(f"{empty}  f{number:06d}\n" for number in range(70_000))
    h1 = b64encode(sha256(lines.encode()).digest()).decode()
    assert hash_zip(reader(data), len(data)) == f"h1:{h1}"
