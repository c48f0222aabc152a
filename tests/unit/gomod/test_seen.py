"""Entries that were seen before: the same verdicts, and no second inflating."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from gosync.errors import MalformedError
from gosync.gomod.dirhash import (
    TAPPED_BYTES,
    digest_files,
    hash1,
    hash_zip,
    scan_zip,
)
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.gomod.window import WINDOW_BYTES, Window
from gosync.gomod.zipdir import DEFLATE, ZipEntry, read_directory
from gosync.gomod.zipread import CHUNK_BYTES, read_data
from tests.unit.gomod.zipfiles import (
    PREFIX,
    make_zip,
    patch_header,
    reader,
    with_zip64_end,
)

MV = ModuleVersion("example.com/m", "v1.0.0")
NOISE = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(20_000))
SMALL, LARGE = b"package a\n" * 50, b"package a\n" * 50_000
FILES = [("go.mod", b"module example.com/m\n"), ("a.go", SMALL), ("d/", b"")]
FORGED = "f" * 64
START = 30 + len(PREFIX + "a")  # of the data of a zip's first entry "a"

both_sizes = pytest.mark.parametrize(
    "contents", [SMALL, LARGE, NOISE], ids=["small", "large", "large even when packed"]
)


def test_the_sizes_are_what_the_cases_need() -> None:
    assert len(SMALL) < CHUNK_BYTES < len(LARGE)
    assert len(make_zip([("a", NOISE)])) > 2 * WINDOW_BYTES


def h1_of(data: bytes, seen: SeenEntries | None = None) -> str:
    return hash_zip(reader(data), len(data), seen=seen)


def reason(data: bytes, seen: SeenEntries | None) -> str:
    with pytest.raises(MalformedError) as caught:
        h1_of(data, seen)
    return caught.value.reason


def h1_of_digest(digest: str) -> str:
    return hash1([((PREFIX + "a").encode(), digest)])


def entry_of(data: bytes) -> tuple[ZipEntry, bytes]:
    window = Window(reader(data), len(data))
    (entry,) = read_directory(window, len(data))
    packed = hashlib.sha256(b"".join(read_data(window, entry))).digest()
    return entry, packed


def told(*zips: bytes) -> SeenEntries:
    seen = SeenEntries()
    for data in zips:
        h1_of(data, seen)
    return seen


def made_up(number: int, *, compressed_bytes: int = 9) -> ZipEntry:
    return ZipEntry(b"a", DEFLATE, 0, number, compressed_bytes, 99, 0)


@both_sizes
def test_what_is_known_is_not_inflated_again(contents) -> None:
    data = make_zip([("a", contents)])
    seen = SeenEntries()
    seen.put(*entry_of(data), FORGED)
    assert h1_of(data, seen) == h1_of_digest(FORGED)


@both_sizes
def test_what_was_read_is_known(contents) -> None:
    data = make_zip([("a", contents)])
    entry, packed = entry_of(data)
    known = told(data).get(entry)
    assert known is not None
    assert (known.packed, known.digest) == (
        packed,
        hashlib.sha256(contents).hexdigest(),
    )


@both_sizes
def test_other_bytes_of_the_same_crc_and_sizes_are_not_taken_for_known(
    contents,
) -> None:
    data = make_zip([("a", contents)])
    entry, _ = entry_of(data)
    seen = SeenEntries()
    seen.put(entry, hashlib.sha256(b"other bytes").digest(), FORGED)
    assert h1_of(data, seen) == h1_of(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("streamed", [False, True])
def test_the_h1_and_the_scan_are_the_same_with_a_memory(method, streamed) -> None:
    files = [*FILES, ("b.go", SMALL), ("large.go", LARGE), ("empty.go", b"")]
    data = make_zip(files, method=method, streamed=streamed)
    seen = told(make_zip(files), data)
    for each in (data, make_zip(files[::-1]), with_zip64_end(data), b"#" + data):
        assert h1_of(each, seen) == h1_of(each)
        want = scan_zip(reader(each), len(each), MV)
        assert scan_zip(reader(each), len(each), MV, seen=seen) == want
        assert want.go_mod == FILES[0][1]


@both_sizes
def test_damaged_bytes_are_found_though_the_rest_is_known(contents) -> None:
    data = make_zip([("a", contents)])
    damaged = data[:START] + b"\xff" * 8 + data[START + 8 :]
    assert reason(damaged, told(data)) == reason(damaged, None) == "not deflate data"


@both_sizes
@pytest.mark.parametrize(
    ("field", "value"), [(16, 0), (16, 1), (20, 9), (24, 1), (24, 1 << 20), (42, 5)]
)
def test_a_wrong_directory_is_found_though_the_contents_are_known(
    contents, field, value
) -> None:
    data = make_zip([("a", contents)], streamed=True)
    wrong = patch_header(data, field, "<L", value)
    assert reason(wrong, told(data)) == reason(wrong, None)


@both_sizes
def test_a_wrong_header_or_descriptor_is_found_though_the_contents_are_known(
    contents,
) -> None:
    data = make_zip([("a", contents)], streamed=True)
    seen = told(data)
    no_header = b"PK\x03\x05" + data[4:]
    assert reason(no_header, seen) == reason(no_header, None)
    at = data.rindex(b"PK\x07\x08") + 4
    descriptor = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert reason(descriptor, seen) == reason(descriptor, None)
    assert reason(descriptor, seen) == "the CRC does not fit"


@both_sizes
def test_a_crc_that_was_not_compared_is_not_remembered(contents) -> None:
    data = patch_header(make_zip([("a", contents)]), 16, "<L", 0)
    seen = told(data)
    assert len(seen) == 0
    assert h1_of(data, seen) == h1_of_digest(hashlib.sha256(contents).hexdigest())


def test_stored_entries_folders_and_damaged_ones_are_not_remembered() -> None:
    stored = make_zip([("a", SMALL), ("d/", b"")], method=zipfile.ZIP_STORED)
    assert len(told(stored)) == 0
    seen = SeenEntries()
    reason(patch_header(make_zip([("a", SMALL)]), 16, "<L", 1), seen)
    assert len(seen) == 0


def test_a_folder_whose_data_nobody_reads_teaches_nothing() -> None:
    folder, empty = make_zip([("d/", b"")]), make_zip([("a", b"")])
    for field, layout, value in ((10, "<H", DEFLATE), (16, "<L", 5), (20, "<L", 0)):
        folder = patch_header(folder, field, layout, value)
        empty = patch_header(empty, field, layout, value)
    seen = told(folder, folder)
    assert (
        reason(empty, seen) == reason(empty, None) == "its deflate stream is cut short"
    )


def test_bytes_behind_the_deflate_stream_take_no_room() -> None:
    compressor = zlib.compressobj(wbits=-15)
    stream = compressor.compress(SMALL) + compressor.flush()
    seen = SeenEntries()
    for number in range(9):
        data = make_zip([("a", stream + b"%d" % number)], method=zipfile.ZIP_STORED)
        for field, layout, value in (
            (10, "<H", DEFLATE),
            (16, "<L", zlib.crc32(SMALL)),
            (24, "<L", len(SMALL)),
        ):
            data = patch_header(data, field, layout, value)
        assert h1_of(data, seen) == h1_of_digest(hashlib.sha256(SMALL).hexdigest())
    assert len(seen) == 1


def test_the_memory_has_a_limit_and_keeps_what_is_found_again() -> None:
    seen = SeenEntries(limit=100)
    used = made_up(0)
    seen.put(used, b"", FORGED)
    for number in range(1, 1000):
        seen.put(made_up(number), b"", FORGED)
        assert seen.get(used) is not None
        assert len(seen) <= 100
    assert seen.get(made_up(999)) is not None
    assert seen.get(made_up(1)) is None


def test_hashing_what_never_repeats_ends_and_resumes_at_a_repeat() -> None:
    seen = SeenEntries()
    entries = [made_up(i, compressed_bytes=1 << 20) for i in range(1000)]
    hashed = [seen.may_hash(entry) for entry in entries]
    assert hashed[0]
    assert sum(hashed) < 20
    seen.put(entries[-1], None, FORGED)
    assert not seen.may_hash(entries[0])
    assert seen.get(entries[-1]) is not None
    assert seen.may_hash(entries[0])


@both_sizes
def test_without_credit_an_entry_is_known_at_its_third_sight(contents) -> None:
    data = make_zip([("a", contents)])
    entry, packed = entry_of(data)
    seen = SeenEntries()
    while seen.may_hash(made_up(0, compressed_bytes=1 << 20)):
        pass
    for want in (None, packed):
        assert h1_of(data, seen) == h1_of(data)
        known = seen.get(entry)
        assert known is not None
        assert known.packed == want


def test_threads_may_share_a_small_memory() -> None:
    zips = [
        make_zip([(f"f{i}.go", b"package f%d\n" % (i * j)) for i in range(40)])
        for j in range(1, 40)
    ]
    want = list(map(h1_of, zips)) * 5
    seen = SeenEntries(limit=60)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda data: h1_of(data, seen), zips * 5)) == want
    assert len(seen) <= 60 + 8


@pytest.mark.parametrize("streamed", [False, True])
def test_what_was_read_is_handed_on_unless_it_is_large(streamed: bool) -> None:
    huge = bytes(TAPPED_BYTES + 1)
    files = [*FILES, ("b.go", LARGE), ("huge", huge), ("again.go", SMALL)]
    data = make_zip(files, streamed=streamed)

    def tapped(seen: SeenEntries | None) -> set[bytes]:
        handed: dict[str, bytes] = {}
        found = digest_files(reader(data), len(data), seen=seen, tap=handed.__setitem__)
        assert [each.size_bytes for each in found] == [len(each) for _, each in files]
        for digest, contents in handed.items():
            assert hashlib.sha256(contents).hexdigest() == digest
        return set(handed.values()) - {b""}

    go_mod = FILES[0][1]
    assert tapped(None) == {go_mod, SMALL, LARGE}
    assert tapped(SeenEntries()) == {go_mod, SMALL}
