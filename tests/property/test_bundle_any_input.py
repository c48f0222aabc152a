"""Whatever bytes a bundle has, parsing them gives a value or a MalformedError."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from gosync.artifact import check_artifact_name
from gosync.bundle.format.artifacts import Blob, format_blobs, parse_blobs
from gosync.bundle.format.blocks import (
    Form,
    PackedVersion,
    contents_of,
    format_block,
    parse_block,
)
from gosync.bundle.format.header import Header, format_header, parse_header
from gosync.bundle.format.manifest import (
    FindingEntry,
    Manifest,
    OmittedEntry,
    Segment,
    VersionEntry,
    format_manifest,
    parse_manifest,
)
from gosync.bundle.format.recipe import (
    RecipeLine,
    format_recipe,
    h1_of,
    parse_recipe,
    recipe_of,
)
from gosync.bundle.read.zstd import unpack, write_frame
from gosync.errors import MalformedError
from gosync.gomod.dirhash import digest_files, hash_zip
from gosync.gomod.module import ModuleVersion
from gosync.gomod.zipwrite import PackedEntry, most_bytes, pack, write_zip
from gosync.store.digest import digest_of
from tests.unit.gomod.zipfiles import make_zip, reader

MV = ModuleVersion("example.com/m", "v1.0.0")
PREFIX = f"{MV}/"

names = st.text("ab/._-é", min_size=1, max_size=12)
files = st.dictionaries(names, st.binary(max_size=60), max_size=8)
small_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=200) | small_json.map(msgspec.json.encode))
def test_any_header(data: bytes):
    try:
        header = parse_header(data)
    except MalformedError:
        return
    assert isinstance(header, Header)
    assert parse_header(format_header(header)) == header


@given(
    st.binary(max_size=200)
    | st.lists(small_json, max_size=4).map(
        lambda lines: b"\n".join(map(msgspec.json.encode, lines))
    )
)
def test_any_manifest(data: bytes):
    try:
        manifest = parse_manifest(data)
    except MalformedError:
        return
    assert parse_manifest(format_manifest(manifest)) == manifest


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["version", "segment", "omitted", "finding"])},
        optional={
            key: small_json
            for kind in (VersionEntry, Segment, OmittedEntry, FindingEntry)
            for key in kind.__struct_fields__
        },
    )
)
def test_any_line_of_a_manifest(line: dict[str, object]):
    try:
        manifest = parse_manifest(msgspec.json.encode(line))
    except MalformedError:
        return
    assert isinstance(manifest, Manifest)


@given(st.binary(max_size=200))
def test_any_recipe(data: bytes):
    try:
        lines = parse_recipe(data)
    except MalformedError:
        return
    assert format_recipe(lines) == data


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=6).filter(lambda name: b"\n" not in name),
            st.sampled_from(["", "0" * 64, digest_of(b"")]),
            st.integers(0, 3),
        )
    )
)
def test_what_is_a_recipe_survives(rows: list[tuple[bytes, str, int]]):
    data = format_recipe(RecipeLine(*row) for row in rows)
    try:
        lines = parse_recipe(data)
    except MalformedError:
        return
    assert lines == tuple(RecipeLine(*row) for row in rows)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_block(data: bytes, head_bytes: int):
    source = io.BytesIO(head_bytes.to_bytes(4) + data)

    def read(size_bytes: int) -> bytes:
        found = source.read(size_bytes)
        if len(found) < size_bytes:
            raise MalformedError("test", "", "ends early")
        return found

    try:
        versions = parse_block(read)
    except MalformedError:
        return
    assert versions


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_frame(data: bytes, unpacked_bytes: int):
    try:
        contents = unpack(data, unpacked_bytes=unpacked_bytes)
    except MalformedError:
        return
    assert len(contents) == unpacked_bytes


@given(st.binary(max_size=2000), st.binary(max_size=2000))
def test_frames_give_back_what_they_were_given(data: bytes, base: bytes):
    sink = io.BytesIO()
    write_frame([data], sink, size_bytes=len(data), base=base)
    assert unpack(sink.getvalue(), unpacked_bytes=len(data), base=base) == data


def entry(line: RecipeLine, body: bytes) -> PackedEntry:
    packed = io.BytesIO()
    facts = pack([body], len(body), packed.write)
    return PackedEntry(PREFIX.encode() + line.name, facts, lambda: [packed.getvalue()])


@given(files, st.booleans())
def test_a_rebuilt_zip_has_the_same_h1(contents: dict[str, bytes], streamed: bool):
    """What the one fixed form says is what the zip said, in whatever form it was."""
    contents = {
        name: b"" if name.endswith("/") else body for name, body in contents.items()
    }
    data = make_zip(contents.items(), prefix=PREFIX, streamed=streamed)
    found = digest_files(reader(data), len(data))
    recipe = recipe_of(MV, found)
    assert recipe is not None
    assert h1_of(MV, recipe) == hash_zip(reader(data), len(data))

    by_digest = {str(digest_of(body)): body for body in contents.values()}
    rebuilt = io.BytesIO()
    write_zip((entry(line, by_digest[line.digest]) for line in recipe), rebuilt.write)
    again = rebuilt.getvalue()
    assert hash_zip(reader(again), len(again)) == h1_of(MV, recipe)
    assert len(again) <= most_bytes((f.name, f.size_bytes) for f in found)


@given(st.lists(files, min_size=1, max_size=4), st.sets(st.binary(max_size=60)))
def test_both_sides_agree_on_what_travels(
    versions: list[dict[str, bytes]], based: set[bytes]
):
    """Order and number of contents are the same, told or untold."""
    has = {str(digest_of(body)) for body in based}
    group = []
    for number, contents in enumerate(versions):
        mv = ModuleVersion(MV.path, f"v1.{number}.0")
        recipe = tuple(
            sorted(
                RecipeLine(name.encode(), digest_of(body), len(body))
                for name, body in contents.items()
                if not name.endswith("/")
            )
        )
        assume(recipe)
        version = PackedVersion(
            mv=mv, form=Form.REBUILT, info=b"{}", mod=b"module m\n", recipe=recipe
        )
        group.append(version)
    block = io.BytesIO(format_block(group, has))
    read = parse_block(block.read)

    packed, unpacked = contents_of(group, has), contents_of(read, has)
    assert [c[:2] + c[3:] for c in packed] == [c[:2] + c[3:] for c in unpacked]
    for order, version in enumerate(read):
        told = {c.name: c.digest for c in packed if c.order == order}
        assert version.told(told) == group[order]


@given(st.binary(max_size=200))
def test_any_list_of_blobs(data: bytes):
    try:
        found = parse_blobs(data)
    except MalformedError:
        return
    assert format_blobs(found).splitlines() == data.splitlines()


@given(st.dictionaries(st.binary(max_size=9), st.integers(0, 1 << 30), max_size=8))
def test_a_list_of_blobs_comes_back(sizes: dict[bytes, int]):
    blobs = sorted(Blob(digest_of(data), size) for data, size in sizes.items())
    assert parse_blobs(format_blobs(blobs)) == blobs


@given(st.text(max_size=30) | st.from_regex(r"[a-z./~+-]{1,12}", fullmatch=True))
def test_an_artifact_name_is_a_plain_path_below_its_folder(name: str):
    try:
        check_artifact_name(name)
    except MalformedError:
        return
    parts = PurePosixPath("kind", name).parts
    assert "/".join(parts[1:]) == name
    assert not any(part.startswith(".") for part in parts)
    assert name.isascii()
