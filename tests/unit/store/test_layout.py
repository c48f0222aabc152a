"""Names in the store, and nothing but ours."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.store import layout
from gosync.store.digest import Digest, digest_of, parse_digest

DIGEST = digest_of(b"a")


def test_a_digest_is_sha256_in_lower_case_hex():
    want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_of(b"abc") == want
    assert parse_digest(want) == want


@pytest.mark.parametrize(
    "text", ["", "ab", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "../" + "0" * 61]
)
def test_what_is_no_digest_is_refused(text):
    with pytest.raises(MalformedError):
        parse_digest(text)
    with pytest.raises(MalformedError):
        layout.blob_path(Digest(text))


def test_a_blob_lies_under_its_first_two_digits():
    path = layout.blob_path(DIGEST)
    assert path == f"blobs/sha256/{DIGEST[:2]}/{DIGEST}"
    assert layout.parse_blob_path(path) == DIGEST


@pytest.mark.parametrize(
    "path",
    [
        "",
        DIGEST,
        f"blobs/sha256/00/{DIGEST}",
        f"blobs/sha256/{DIGEST[:2]}/{DIGEST}/",
        f"/blobs/sha256/{DIGEST[:2]}/{DIGEST}",
    ],
)
def test_another_path_is_no_blob(path):
    with pytest.raises(MalformedError):
        layout.parse_blob_path(path)


def test_journal_names_go_both_ways():
    for number in (1, 42, layout.MAX_JOURNAL_NUMBER):
        assert layout.parse_journal_name(layout.journal_name(number)) == number
    for number in (0, -1, layout.MAX_JOURNAL_NUMBER + 1):
        with pytest.raises(MalformedError):
            layout.journal_name(number)


@pytest.mark.parametrize("name", ["1.jsonl", "00000000.jsonl", "x", ".00000001.jsonl"])
def test_another_name_is_no_journal(name):
    with pytest.raises(MalformedError):
        layout.parse_journal_name(name)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("sum.golang.org", "sumdb/sum.golang.org"),
        ("localhost/sumdb", "sumdb/localhost%2Fsumdb"),
        ("../../etc", "sumdb/..%2F..%2Fetc"),
        ("a b%", "sumdb/a%20b%25"),
        ("Ω", "sumdb/%CE%A9"),
    ],
)
def test_a_database_has_one_folder_and_cannot_leave_it(name, want):
    assert layout.database_folder(name) == want


@pytest.mark.parametrize("name", ["", ".", "..", "...", "x" * 201, "\udcff"])
def test_a_database_name_that_cannot_be_a_folder_is_refused(name):
    with pytest.raises(MalformedError):
        layout.database_folder(name)


@pytest.mark.parametrize(
    ("label", "want"),
    [
        ("zip", "zip"),
        ("old_note", "old_note"),
        ("tile-8-0-001", "tile-8-0-001"),
        ("module.zip", "module.zip"),
        ("evidence.json", "file-3"),
        ("file-1", "file-3"),
        ("../x", "file-3"),
        ("A", "file-3"),
        ("", "file-3"),
        ("x" * 100, "file-3"),
        ("a\n", "file-3"),
    ],
)
def test_a_label_that_is_not_plain_becomes_a_number(label, want):
    assert layout.evidence_file_name(label, 3) == want


def test_the_same_evidence_has_the_same_id():
    one = layout.quarantine_id("m@v1", "bad", {"zip": DIGEST, "mod": DIGEST})
    assert one == layout.quarantine_id("m@v1", "bad", {"mod": DIGEST, "zip": DIGEST})
    assert one != layout.quarantine_id("m@v1", "worse", {"zip": DIGEST, "mod": DIGEST})
    assert one != layout.quarantine_id("m@v1", "bad", {"zip": DIGEST})
    assert len(layout.quarantine_id("\udcff", "", {})) == 32
