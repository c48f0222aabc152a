"""What a header names that a reader does not know, and what releases can read."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from gosync import __version__
from gosync.artifact import Artifact
from gosync.bundle.format.features import OURS, RELEASES, features_of
from gosync.bundle.format.header import Header, format_header, parse_header
from gosync.bundle.format.names import FORMAT
from gosync.bundle.format.need import NeedFile, format_need, parse_need
from gosync.bundle.format.receipt import Receipt, format_receipt, parse_receipt
from gosync.errors import MalformedError, UsageError
from tests.unit.bundle.fakes import bundle

DIGEST = "ab" * 32


def header() -> dict[str, Any]:
    made = msgspec.structs.replace(bundle(1).header, kind="full")
    fields = json.loads(format_header(made))
    file = {"name": "manifest.zst", "size_bytes": 1, "unpacked_bytes": 1}
    fields["manifest"] = {**file, "sha256": DIGEST}
    assert isinstance(fields, dict)
    return fields


def parse(fields: dict[str, Any]) -> Header:
    return parse_header(json.dumps(fields).encode())


def test_a_header_names_its_algorithms():
    named = header()["algorithms"]
    want = {"digest": "sha256", "zip_hash": "h1", "compression": "zstd"}
    assert named == {**want, "signatures": []}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"algorithms": {"digest": "blake3"}}, "digest blake3"),
        ({"algorithms": {"zip_hash": "h2"}}, "zip hash h2"),
        ({"algorithms": {"compression": "xz"}}, "compression xz"),
        ({"requires": ["time-travel"]}, "time-travel"),
        ({"format": FORMAT + 1}, f"format {FORMAT + 1}"),
    ],
)
def test_what_changes_the_meaning_of_the_rest_is_refused(
    changes: dict[str, Any], says: str
):
    with pytest.raises(MalformedError, match=re.escape(f"a newer gosync ({says})")):
        parse({**header(), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"field-of-2040": 1},
        {"algorithms": {"signatures": ["ml-dsa-65"], "pepper": "none"}},
    ],
)
def test_what_does_not_is_ignored(changes: dict[str, Any]):
    assert parse({**header(), **changes}).sequence == 1


def test_a_header_from_before_algorithms_were_named_is_read():
    fields = header()
    del fields["algorithms"]
    assert parse(fields).algorithms.digest == "sha256"


def test_this_release_is_in_the_table_as_it_is():
    assert features_of(__version__) == OURS
    assert list(RELEASES)[-1] == __version__


def test_a_release_that_is_not_known_is_refused():
    with pytest.raises(UsageError, match=r"known are 0\.1\.0"):
        features_of("9.9.9")


def test_a_receipt_tells_what_is_read_and_what_was_skipped():
    receipt = Receipt(
        target="t",
        sequence=1,
        bundle_id=DIGEST,
        applied_at="2026-11-22T00:00:00Z",
        versions=1,
        head=None,
        gosync="0.1.0",
        reads=OURS,
        artifacts=3,
        skipped={"sbom": 2},
    )
    data = format_receipt(receipt)
    assert parse_receipt(data) == receipt
    other = json.loads(data)
    with pytest.raises(MalformedError):
        parse_receipt(json.dumps({**other, "digest": "blake3"}).encode())
    for field in ("reads", "artifacts", "skipped", "digest"):
        del other[field]
    assert parse_receipt(json.dumps(other).encode()).reads is None


def test_a_need_names_artifacts_that_are_plain_files():
    lacking = Artifact(kind="vulndb", name="ID/a.json", digest=DIGEST, size_bytes=1)
    need = NeedFile(target="t", applied=None, artifacts=(lacking,))
    data = format_need(need)
    assert parse_need(data) == need
    with pytest.raises(MalformedError):
        parse_need(data.replace(b"ID/a.json", b"../a.json"))
