"""Reading zips: the directory, the contents, and what is wrong with either."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from gosync.errors import MalformedError, RejectedError, TooLargeError
from gosync.gomod import zipdir
from gosync.gomod.dirhash import hash1, hash_go_mod, hash_zip, scan_zip
from gosync.gomod.module import ModuleVersion
from gosync.gomod.window import WINDOW_BYTES, Window
from gosync.gomod.zipcheck import MAX_ZIP_BYTES
from gosync.gomod.zipread import CHUNK_BYTES, read_contents
from tests.unit.gomod.zipfiles import (
    PREFIX,
    make_zip,
    patch_header,
    reader,
    with_zip64_end,
    with_zip64_sizes,
)
from tests.zipdirectory import check_zip

MV = ModuleVersion("example.com/m", "v1.0.0")
GO_MOD = b"module example.com/m\n"
FILES = [("go.mod", GO_MOD), ("a.go", b"package a\n" * 50), ("d/b.go", b"")]
SIZE_FIELD, STORED_FIELD, CRC_FIELD, METHOD_FIELD = 24, 20, 16, 10


def h1_of(data: bytes) -> str:
    return hash_zip(reader(data), len(data))


def want_h1(files: list[tuple[str, bytes]]) -> str:
    return hash1(
        ((PREFIX + name).encode(), hashlib.sha256(contents).hexdigest())
        for name, contents in files
    )


@pytest.mark.parametrize(
    "data",
    [
        make_zip(FILES),
        make_zip(FILES, method=zipfile.ZIP_STORED),
        make_zip(FILES[::-1]),
        make_zip(FILES, streamed=True),
        make_zip(FILES, streamed=True, method=zipfile.ZIP_STORED),
        with_zip64_end(make_zip(FILES)),
        b"#!/bin/sh\n" + make_zip(FILES),
    ],
    ids=["deflated", "stored", "reversed", "streamed", "both", "zip64", "with prefix"],
)
def test_the_h1_is_the_same_however_the_zip_is_written(data) -> None:
    assert h1_of(data) == want_h1(FILES)


def test_sizes_and_offset_may_be_in_the_zip64_field() -> None:
    files = [("a.go", b"package a\n")]
    assert h1_of(with_zip64_sizes(make_zip(files))) == want_h1(files)


def test_the_known_hashes_of_nothing() -> None:
    empty = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert h1_of(make_zip([])) == empty
    assert hash_go_mod(b"") == "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY="


def test_one_pass_finds_the_hash_the_go_mod_and_the_sizes() -> None:
    data = make_zip([*FILES, ("empty/", b"")])
    scan = scan_zip(reader(data), len(data), MV)
    assert scan.h1 == want_h1([*FILES, ("empty/", b"")])
    assert scan.go_mod == GO_MOD
    assert scan.files == 3
    assert scan.uncompressed_bytes == sum(len(contents) for _, contents in FILES)
    assert scan.checked.ok
    assert len(scan.checked.valid) == 3


def test_a_zip_without_a_go_mod_has_none() -> None:
    data = make_zip([("a.go", b"package a\n"), ("sub/go.mod", b"module x\n")])
    scan = scan_zip(reader(data), len(data), MV)
    assert scan.go_mod is None
    assert [name for name, _ in scan.checked.invalid] == [PREFIX + "sub/go.mod"]


def test_of_equal_names_the_last_contents_count_each_time() -> None:
    data = make_zip([("a.go", b"first"), ("a.go", b"last")])
    assert h1_of(data) == want_h1([("a.go", b"last"), ("a.go", b"last")])


def test_large_entries_are_read_in_chunks() -> None:
    contents = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(80_000))
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = make_zip([("big", contents)], method=method)
        assert h1_of(data) == want_h1([("big", contents)])
        window = Window(reader(data), len(data))
        (entry,) = zipdir.read_directory(window, len(data))
        chunks = [bytes(chunk) for chunk in read_contents(window, entry)]
        assert b"".join(chunks) == contents
        assert max(map(len, chunks)) <= CHUNK_BYTES


def test_a_file_is_read_in_few_large_pieces() -> None:
    data = make_zip([(f"f{i}.go", b"package f\n" * 20) for i in range(500)])
    reads: list[int] = []

    def read_at(offset: int, size: int) -> bytes:
        reads.append(size)
        return data[offset : offset + size]

    hash_zip(read_at, len(data))
    assert len(reads) <= 4 + 2 * len(data) // WINDOW_BYTES
    assert max(reads) <= WINDOW_BYTES


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no end record"),
        (b"<html>", "no end record"),
        (make_zip(FILES)[:-1], "no end record"),
        (make_zip(FILES)[100:], ""),
        (patch_header(make_zip(FILES), 0, "<L", 0), "2 entries found, 3 declared"),
        (patch_header(make_zip(FILES), 42, "<L", 0xFFFFFFF0), "outside the file"),
        (patch_header(make_zip(FILES), 42, "<L", 5), "no local header"),
        (with_zip64_end(make_zip(FILES)).replace(b"PK\6\6", b"PK\6\5"), "zip64"),
    ],
)
def test_a_damaged_directory_is_malformed(data, reason) -> None:
    with pytest.raises(MalformedError) as caught:
        h1_of(data)
    assert reason in caught.value.reason


def test_names_may_be_longer_than_what_is_read_along() -> None:
    files = [(f"{'d' * 200}/{'e' * 200}/{'f' * 200}{i}.go", b"x" * i) for i in range(3)]
    assert h1_of(make_zip(files)) == want_h1(files)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [100, CHUNK_BYTES + 1], ids=["small", "large"])
@pytest.mark.parametrize(
    ("field", "change", "reason"),
    [
        (SIZE_FIELD, -1, "larger than declared"),
        (SIZE_FIELD, +1, "smaller than declared"),
        (CRC_FIELD, +1, "the CRC does not fit"),
    ],
)
def test_contents_must_be_as_declared(method, size, field, change, reason) -> None:
    contents = b"x" * size
    data = make_zip([("a", contents)], method=method)
    (info,) = zipfile.ZipFile(io.BytesIO(data)).infolist()
    declared = {SIZE_FIELD: info.file_size, CRC_FIELD: info.CRC}[field]
    with pytest.raises(MalformedError) as caught:
        h1_of(patch_header(data, field, "<L", declared + change))
    assert caught.value.reason == reason


@pytest.mark.parametrize("size", [100, CHUNK_BYTES + 1], ids=["small", "large"])
def test_a_method_that_go_does_not_know_is_malformed(size) -> None:
    data = patch_header(make_zip([("a", b"x" * size)]), METHOD_FIELD, "<H", 93)
    with pytest.raises(MalformedError, match="93"):
        h1_of(data)


@pytest.mark.parametrize("size", [100, CHUNK_BYTES * 2], ids=["small", "large"])
def test_deflate_data_may_be_broken_or_cut_short(size) -> None:
    contents = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(size // 32))
    data = make_zip([("a", contents)])
    start = 30 + len(PREFIX + "a")
    with pytest.raises(MalformedError, match="not deflate data"):
        h1_of(data[:start] + b"\xff" * 8 + data[start + 8 :])
    (info,) = zipfile.ZipFile(io.BytesIO(data)).infolist()
    with pytest.raises(MalformedError, match="cut short"):
        h1_of(patch_header(data, STORED_FIELD, "<L", info.compress_size - 9))


def test_a_crc_of_zero_is_not_compared_unless_a_descriptor_repeats_it() -> None:
    plain = patch_header(make_zip([("a", b"x")]), CRC_FIELD, "<L", 0)
    assert h1_of(plain) == want_h1([("a", b"x")])
    streamed = patch_header(make_zip([("a", b"x")], streamed=True), CRC_FIELD, "<L", 0)
    with pytest.raises(MalformedError, match="CRC"):
        h1_of(streamed)


def test_a_descriptor_may_lack_its_signature() -> None:
    data = make_zip([("a", b"x")], streamed=True, method=zipfile.ZIP_STORED)
    at = data.index(b"PK\x07\x08")
    crc, sizes = data[at + 4 : at + 8], data[at + 8 : at + 16]
    unsigned = data[:at] + crc + sizes + b"\0" * 4 + data[at + 16 :]
    assert h1_of(unsigned) == want_h1([("a", b"x")])


def test_a_folder_has_no_contents() -> None:
    data = make_zip([("d/", b"")])
    with pytest.raises(MalformedError, match="folder"):
        h1_of(patch_header(data, SIZE_FIELD, "<L", 1))


def test_a_bomb_ends_where_it_exceeds_its_declared_size() -> None:
    bomb = patch_header(make_zip([("a", b"\0" * (64 << 20))]), SIZE_FIELD, "<L", 1000)
    with pytest.raises(MalformedError, match="larger than declared"):
        h1_of(bomb)


def test_contents_of_more_than_the_limit_are_not_read() -> None:
    data = patch_header(make_zip(FILES), SIZE_FIELD, "<L", MAX_ZIP_BYTES)
    for read in (check_zip, scan_zip):
        with pytest.raises(TooLargeError):
            read(reader(data), len(data), MV)
    with pytest.raises(TooLargeError):
        h1_of(data)


def test_entries_that_share_their_data_are_refused() -> None:
    big = "".join(map(str, range(10_000))).encode()
    data = make_zip([("a", big), ("b", b"")], method=zipfile.ZIP_STORED)
    data = patch_header(data, STORED_FIELD, "<L", len(big))
    with pytest.raises(MalformedError, match="share data"):
        h1_of(data)


def test_a_zip_larger_than_the_limit_is_not_opened() -> None:
    def read_at(offset: int, size: int) -> bytes:
        raise AssertionError((offset, size))

    with pytest.raises(TooLargeError):
        scan_zip(read_at, MAX_ZIP_BYTES + 1, MV)


def test_too_many_entries_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(zipdir, "MAX_ENTRIES", 2)
    assert h1_of(make_zip(FILES[:2])) == want_h1(FILES[:2])
    with pytest.raises(RejectedError, match="more than 2"):
        h1_of(make_zip(FILES))


@pytest.mark.parametrize("version", ["v1", "v1.0.0+meta", "v2.0.0", "main"])
def test_the_module_version_must_be_canonical_and_fit(version) -> None:
    data = make_zip(FILES)
    with pytest.raises(MalformedError):
        check_zip(reader(data), len(data), ModuleVersion("example.com/m", version))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["../x"], "dots"),
        (["/etc/passwd"], "empty"),
        (["a//b"], "empty"),
        (["a\\b"], "not allowed"),
        (["con.go"], "device"),
        (["A.go", "a.go"], "case only"),
        (["d/a", "D/b"], "case only"),
        (["d", "d/a"], "both a file and a folder"),
        (["d/a", "d"], "both a file and a folder"),
        (["a", "a"], "more than once"),
        (["go.mod", "sub/go.mod"], "another module"),
        (["GO.MOD"], "lower case"),
    ],
)
def test_names_that_break_a_rule_are_reported_with_the_reason(names, reason) -> None:
    data = make_zip([(name, b"x") for name in names])
    with pytest.raises(RejectedError, match=reason) as caught:
        check_zip(reader(data), len(data), MV)
    assert str(MV) in str(caught.value)


def test_names_outside_the_module_are_reported_and_long_lists_are_cut() -> None:
    data = make_zip([(f"f{i}", b"") for i in range(9)], prefix="other/")
    with pytest.raises(RejectedError, match="and 6 more"):
        check_zip(reader(data), len(data), MV)


def test_the_same_folder_may_be_listed_and_implied() -> None:
    data = make_zip([("d/", b""), ("d/", b""), ("d/a", b"x"), ("", b"")])
    assert check_zip(reader(data), len(data), MV).valid == (PREFIX + "d/a",)


@pytest.mark.parametrize("name", ["go.mod", "LICENSE"])
def test_go_mod_and_license_have_a_limit_of_their_own(name) -> None:
    data = make_zip([(name, b"x")])
    data = patch_header(data, SIZE_FIELD, "<L", (16 << 20) + 1)
    with pytest.raises(RejectedError, match="larger than"):
        check_zip(reader(data), len(data), MV)


def test_a_name_with_a_newline_has_no_hash() -> None:
    with pytest.raises(MalformedError, match="newline"):
        h1_of(make_zip([("a\nb", b"")]))


def test_names_are_bytes_whatever_their_flag_says() -> None:
    data = make_zip([("ä.go", b"x"), ("z.go", b"")])
    at = data.index(b"PK\x01\x02")
    without_flag = bytearray(data)
    without_flag[at + 8 : at + 10] = b"\0\0"
    assert h1_of(bytes(without_flag)) == want_h1([("ä.go", b"x"), ("z.go", b"")])
