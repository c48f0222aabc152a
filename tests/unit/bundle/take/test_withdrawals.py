"""How withdrawals stand in a manifest, and what a header requires of its readers."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gosync.bundle.format.features import WITHDRAWALS
from gosync.bundle.format.header import FileEntry, Header, format_header
from gosync.bundle.format.header import parse_header as parse
from gosync.bundle.format.manifest import (
    Manifest,
    WithdrawnEntry,
    format_manifest,
    parse_manifest,
)
from gosync.catalog.bundles import BundleKind
from gosync.errors import MalformedError, RejectedError

ENTRY = WithdrawnEntry(
    path="example.com/m",
    version="v1.0.0",
    reason="worm",
    withdrawn_at="2026-11-26T10:00:00.000000Z",
    needed_by=("example.com/app",),
)
HEADER = Header(
    format=1,
    target="inside",
    sequence=1,
    kind=BundleKind.FULL,
    base=None,
    created="2026-11-26T10:00:00.000000Z",
    gosync="1",
    sumdb=None,
    manifest=FileEntry(
        name="manifest.zst", size_bytes=1, sha256="a" * 64, unpacked_bytes=1
    ),
    volumes=(),
    selected=0,
    carried=0,
    patched=0,
    omitted=0,
    tiles=0,
    zip_bytes=0,
)


def manifest(*withdrawn: WithdrawnEntry) -> bytes:
    return format_manifest(Manifest(segments=(), versions=(), withdrawn=withdrawn))


def test_withdrawals_come_back_as_they_were() -> None:
    other = replace(ENTRY, version="v1.1.0", needed_by=())
    assert parse_manifest(manifest(ENTRY, other)).withdrawn == (ENTRY, other)


@pytest.mark.parametrize(
    "entries",
    [
        (ENTRY, ENTRY),
        (replace(ENTRY, version="v1.1.0"), ENTRY),
        (replace(ENTRY, reason=""),),
        (replace(ENTRY, reason="x" * 5000),),
        (replace(ENTRY, path="../m"),),
        (replace(ENTRY, version="latest"),),
        (replace(ENTRY, version="v1"),),
        (replace(ENTRY, withdrawn_at="yesterday"),),
        (replace(ENTRY, withdrawn_at="9999-12-31T23:59:59-12:00"),),
        (replace(ENTRY, needed_by=("x",) * 2000),),
    ],
)
def test_withdrawals_that_nobody_writes_are_refused(
    entries: tuple[WithdrawnEntry, ...],
) -> None:
    with pytest.raises(RejectedError):
        parse_manifest(manifest(*entries))


def test_a_reader_must_know_what_a_bundle_requires() -> None:
    assert parse(format_header(replace(HEADER, requires=(WITHDRAWALS,)))).requires
    for requires in (("brotli",), (WITHDRAWALS, "brotli")):
        with pytest.raises(MalformedError, match=r"needs a newer gosync.*brotli"):
            parse(format_header(replace(HEADER, requires=requires)))
