"""What a bundle or its papers say is bounded before it costs anything."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gosync.bundle.format.blocks import Form, GroupHead, VersionHead, parse_block
from gosync.bundle.format.header import format_header, parse_header
from gosync.bundle.format.manifest import FindingEntry, parse_manifest, read_manifest
from gosync.bundle.format.names import (
    HEADER_NAME,
    MAX_FILES,
    MAX_GROUP_VERSIONS,
    MAX_LINE_BYTES,
    MAX_MANIFEST_FILE_BYTES,
)
from gosync.bundle.format.need import NeedFile, format_need, parse_need
from gosync.bundle.format.receipt import Receipt, format_receipt, parse_receipt
from gosync.bundle.format.recipe import parse_recipe
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.zstd import FrameReader
from gosync.catalog.findings import FindingKind
from gosync.errors import ConfigError, MalformedError, VolumeError
from gosync.gomod.zipdir import MAX_ENTRIES
from gosync.signing.trust import MAX_SIGNATURES, parse_trust
from tests.unit.bundle.fakes import bundle

DEEP = b"[" * 100_000 + b"]" * 100_000
H1 = f"h1:{'A' * 43}="
RECEIPT = Receipt(
    target="t",
    sequence=1,
    bundle_id="0" * 64,
    applied_at="2026-01-01T00:00:00Z",
    versions=1,
    head=None,
    gosync="0",
)
VERSION: dict[str, Any] = {
    "type": "version",
    "path": "example.com/m",
    "version": "v1.0.0",
    "need": "mod",
    "mod_h1": H1,
    "zip_h1": None,
    "proof": "pinned",
}


def header() -> bytes:
    file = msgspec.structs.replace(bundle(1).header.manifest, name="manifest.zst")
    made = msgspec.structs.replace(bundle(1).header, manifest=file, base="0" * 64)
    return format_header(made)


def with_field(data: bytes, name: str, value: bytes) -> bytes:
    """Return a JSON object with a field more, or another one."""
    fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({**fields, name: msgspec.Raw(value)})


PARSERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "header": (parse_header, header()),
    "manifest": (parse_manifest, msgspec.json.encode(VERSION)),
    "receipt": (parse_receipt, format_receipt(RECEIPT)),
    "need": (parse_need, format_need(NeedFile(target="t", applied=None))),
}


@pytest.mark.parametrize("name", PARSERS)
def test_json_that_is_nested_too_deeply_is_malformed(name: str):
    parse, data = PARSERS[name]
    parse(data)
    with pytest.raises(MalformedError, match="depth"):
        parse(with_field(data, "other", DEEP))


def test_a_trust_file_of_any_text_is_said_to_be_wrong():
    for text in ("a=" + "[" * 100_000, "threshold=" + "9" * 5_000, "a={" * 5_000):
        with pytest.raises(ConfigError, match="trust"):
            parse_trust(text, subject="trust.toml")


# Times.

NO_TIMES = [
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2024-01-01",
    "2024-W01-1",
    "20240101T000000Z",
    "2024-01-01T00:00:00",
    "2024-01-01 00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:00:00+25:00",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "2024-01-01T00:00:60Z",
    "now",
    "",
]
FINDING = FindingEntry(
    kind=next(iter(FindingKind)),
    path="example.com/m",
    version="v1.0.0",
    source="",
    summary="s",
    ours={},
    theirs={},
    first_seen="2026-01-01T00:00:00Z",
)
TIMED: dict[str, tuple[Callable[[bytes], object], bytes, str]] = {
    "header": (*PARSERS["header"], "created"),
    "receipt": (*PARSERS["receipt"], "applied_at"),
    "version": (*PARSERS["manifest"], "index_time"),
    "finding": (parse_manifest, msgspec.json.encode(FINDING), "first_seen"),
}


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_of_the_calendar_is_malformed(name: str, text: str):
    parse, data, field = TIMED[name]
    with pytest.raises(MalformedError, match=r"bundle|receipt"):
        parse(with_field(data, field, msgspec.json.encode(text)))


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-02T00:00:00+23:59",
        "9999-12-31T23:59:59.999999999Z",
        "9999-12-30T23:59:59-23:59",
    ],
)
def test_times_at_the_edge_of_the_calendar_are_times(name: str, text: str):
    parse, data, field = TIMED[name]
    parse(with_field(data, field, msgspec.json.encode(text)))


# Manifests.


def endless(line: bytes, taken: list[int]) -> Iterator[bytes]:
    for number in itertools.count():
        taken.append(number)
        yield line


@pytest.mark.parametrize(
    "line",
    [
        bytes(1 << 20),
        b"[" * (1 << 20),
        b" " * (1 << 20),
        msgspec.json.encode(VERSION) + b"\n",
        b'{"type":"volume","chunks":[]}' + b" " * (1 << 20),
        b'{"type":"volume","chunks":[]}\n' * 1_000,
    ],
)
def test_a_manifest_that_never_ends_is_left_where_it_goes_wrong(line: bytes):
    taken: list[int] = []
    with pytest.raises(MalformedError):
        read_manifest(endless(line, taken))
    assert len(taken) * len(line) <= MAX_LINE_BYTES + 2 * (1 << 20)


def test_lines_come_in_any_pieces():
    lines = [{**VERSION, "version": f"v1.0.{n}"} for n in range(9)]
    data = b"\n".join(map(msgspec.json.encode, lines))
    whole = parse_manifest(data)
    for step in (1, 7, 100, len(data)):
        parts = [data[at : at + step] for at in range(0, len(data), step)]
        assert read_manifest(parts) == whole
    assert len(whole.versions) == 9


def test_a_manifest_whose_file_is_too_large_is_not_read():
    large = msgspec.json.encode(
        {
            "name": "manifest.zst",
            "size_bytes": MAX_MANIFEST_FILE_BYTES + 1,
            "sha256": "0" * 64,
            "unpacked_bytes": 1,
        }
    )
    with pytest.raises(MalformedError, match="the manifest is over"):
        parse_header(with_field(header(), "manifest", large))


# Frames.


def frame(unpacked_bytes: int) -> bytes:
    """Return a frame that claims a size and holds nothing."""
    head = b"\x28\xb5\x2f\xfd\xc4\x88" + unpacked_bytes.to_bytes(8, "little")
    return head + b"\x01\x00\x00" + bytes(4)


@pytest.mark.parametrize("claimed", [1 << 22, 1 << 40, (1 << 53) - 1])
def test_a_claim_costs_nothing(claimed: int):
    data = frame(claimed)
    tracemalloc.start()
    reader = FrameReader(
        lambda offset, size: data[offset : offset + size],
        offset=0,
        size_bytes=len(data),
        unpacked_bytes=claimed,
    )
    with reader, pytest.raises(MalformedError):
        reader.read(10)
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


# Blocks.


def head(**sizes: int) -> VersionHead:
    zero = {"info_bytes": 0, "mod_bytes": 0, "recipe_bytes": 0}
    return VersionHead(version="v1.0.0", form=Form.MOD, **{**zero, **sizes})


def reads_of(group: GroupHead, **how: Any) -> list[int]:
    """Return what is read of a group's block before it is refused."""
    data = msgspec.json.encode(group)
    sizes: list[int] = []

    def read(size_bytes: int) -> bytes:
        sizes.append(size_bytes)
        return (len(data).to_bytes(4), data)[len(sizes) - 1]

    with pytest.raises(MalformedError):
        parse_block(read, **how)
    return sizes[2:]


def test_a_group_of_too_many_versions_is_not_read():
    heads = (head(),) * (MAX_GROUP_VERSIONS + 1)
    assert not reads_of(GroupHead(path="example.com/m", versions=heads))


def test_a_group_whose_sizes_are_too_large_together_is_not_read():
    heads = (head(info_bytes=16 << 20, recipe_bytes=256 << 20),) * 2
    assert not reads_of(GroupHead(path="example.com/m", versions=heads))


def test_a_version_that_the_manifest_does_not_know_is_not_read():
    def check(*_: object) -> None:
        raise MalformedError("test", "", "unknown")

    group = GroupHead(path="example.com/m", versions=(head(info_bytes=9),))
    assert not reads_of(group, check=check)


def test_a_block_that_is_nested_too_deeply_is_malformed():
    data = with_field(msgspec.json.encode(GroupHead(path="p", versions=())), "x", DEEP)
    parts = iter((len(data).to_bytes(4), data))
    with pytest.raises(MalformedError, match="bundle block"):
        parse_block(lambda _: next(parts))


def test_a_recipe_of_too_many_lines_is_left_there(monkeypatch: pytest.MonkeyPatch):
    assert MAX_ENTRIES > 2
    monkeypatch.setattr("gosync.bundle.format.recipe.MAX_ENTRIES", 2)
    lines = [b"%064x 1 %d\n" % (n, n) for n in range(3)]
    assert len(parse_recipe(b"".join(lines[:2]))) == 2
    with pytest.raises(MalformedError, match="more than 2 lines"):
        parse_recipe(b"".join(lines) + b"no line, and not looked at")


# Folders.


def test_too_many_files_are_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert MAX_FILES > 100
    monkeypatch.setattr("gosync.bundle.read.folder.MAX_FILES", 5)
    for number in range(9):
        (tmp_path / f"{number}").touch()
    with pytest.raises(VolumeError, match="more than 5 files"):
        BundleFolder.open(tmp_path)


def test_too_many_signatures_are_not_read(tmp_path: Path):
    (tmp_path / HEADER_NAME).write_bytes(header())
    for number in range(MAX_SIGNATURES + 1):
        (tmp_path / f"{HEADER_NAME}.{number}.sig").touch()
    with pytest.raises(VolumeError, match="more than 100 signatures"):
        _ = BundleFolder.open(tmp_path).signatures
