"""Bundles that lie, as somebody could whose signature is trusted: each is refused.

Everything fits together but the truth: header and manifest say what the lie needs.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gosync.bundle.format.blocks import GroupHead
from gosync.bundle.format.header import format_header
from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.read.bases import NoBases
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.reader import read_versions
from gosync.errors import ChecksumMismatchError, GosyncError, MalformedError
from gosync.store.scratch import ScratchFolder
from tests.unit.bundle.read.liar import Liar
from tests.unit.bundle.read.medium import made, medium, prove

__all__ = ["made", "medium"]


def read_all(medium: Path) -> list[bytes]:
    folder = BundleFolder.open(medium)
    found: list[bytes] = []
    for each in read_versions(
        folder,
        folder.manifest,
        wanted=lambda _: True,
        bases=NoBases(),
        scratch=ScratchFolder(medium.parent),
    ):
        assert each.write_zip is not None
        each.write_zip(found.append)
    return found


@pytest.fixture
def liar(medium: Path) -> Liar:
    return Liar(medium)


def modules_segment(liar: Liar) -> int:
    return next(
        index
        for index, segment in enumerate(liar.manifest.segments)
        if segment.holds == "modules"
    )


def refused(liar: Liar, error: type[GosyncError], match: str | None = None) -> None:
    """Neither a proof nor a reader takes it."""
    with pytest.raises(error, match=match):
        prove(liar.medium)
    with pytest.raises(error, match=match):
        read_all(liar.medium)


def test_other_contents_do_not_give_the_h1(liar: Liar):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    liar.put(index, recipes, contents.replace(b"return", b"panic!"))

    refused(liar, GosyncError)


def test_another_name_does_not_give_the_h1(liar: Liar):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    liar.put(index, recipes.replace(b"file1.go", b"file0.go"), contents)

    refused(liar, GosyncError)


@pytest.mark.parametrize("name", [b"../../x.go", b"pkg1/\x00le.go", b"/etc/p.go"])
def test_names_that_lead_elsewhere_do_not_give_the_h1(liar: Liar, name: bytes):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    old = b"pkg1/file1.go"
    padded = name + b"_" * (len(old) - len(name))
    liar.put(index, recipes.replace(old, padded), contents)

    refused(liar, GosyncError)


def test_another_h1_in_the_manifest_is_not_that_of_the_contents(liar: Liar):
    versions = list(liar.manifest.versions)
    other = versions[1].zip_h1
    versions[0] = msgspec.structs.replace(versions[0], zip_h1=other)
    liar.finish(msgspec.structs.replace(liar.manifest, versions=tuple(versions)))

    refused(liar, ChecksumMismatchError)


def test_a_record_that_says_something_else_is_found(liar: Liar):
    versions = list(liar.manifest.versions)
    record = versions[0].record
    assert record is not None
    swapped = msgspec.structs.replace(versions[0], record=versions[1].record)
    versions[0] = swapped
    liar.finish(msgspec.structs.replace(liar.manifest, versions=tuple(versions)))

    with pytest.raises(GosyncError, match="record"):
        prove(liar.medium)


@pytest.mark.parametrize("claimed", [0, 10, 10_000_000, 1 << 50])
def test_a_frame_that_claims_another_size_is_refused(liar: Liar, claimed: int):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    liar.put(index, recipes, contents, claimed=claimed)

    refused(liar, MalformedError, "bundle frame")


def test_a_bomb_is_not_unpacked(liar: Liar):
    """A gigabyte of zeros, which nobody declared."""
    index = modules_segment(liar)
    recipes, _ = liar.frames(index)
    liar.put(index, recipes, bytes(64 << 20))

    refused(liar, GosyncError)


def test_a_recipe_of_more_than_a_zip_may_have_is_refused(liar: Liar):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    length = int.from_bytes(recipes[:4])
    head = msgspec.json.decode(recipes[4 : 4 + length], type=GroupHead)
    grown = msgspec.json.encode(
        msgspec.structs.replace(
            head,
            versions=tuple(
                msgspec.structs.replace(v, recipe_bytes=v.recipe_bytes + 1)
                for v in head.versions
            ),
        )
    )
    rest = recipes[4 + length :]
    liar.put(index, len(grown).to_bytes(4) + grown + rest, contents)

    refused(liar, MalformedError)


def test_a_version_in_two_places_or_in_none_is_refused(liar: Liar):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    liar.put(index, recipes + recipes, contents + contents)

    refused(liar, MalformedError, "not in the manifest")


def test_a_version_that_is_missing_from_its_segment_is_refused(liar: Liar):
    index = modules_segment(liar)
    liar.put(index, b"", b"")

    refused(liar, MalformedError, "is not in its segment")


def test_counts_that_do_not_fit_are_refused(medium: Path):
    path = medium / HEADER_NAME
    header = BundleFolder.open(medium).header
    lie = msgspec.structs.replace(header, selected=header.selected + 1)
    path.write_bytes(format_header(lie))

    with pytest.raises(MalformedError, match="selected"):
        prove(medium)


def test_bytes_of_no_segment_are_refused(liar: Liar):
    segments = liar.manifest.segments[:-1]
    number = len(segments)
    versions = tuple(v for v in liar.manifest.versions if v.segment != number)
    lie = msgspec.structs.replace(liar.manifest, segments=segments, versions=versions)
    liar.finish(lie)

    with pytest.raises(MalformedError):
        prove(liar.medium)
