"""Whatever tears the journal, whole lines before it survive."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.store.digest import digest_of
from gosync.store.journal import Damage, parse_entry
from gosync.store.layout import (
    blob_path,
    database_folder,
    evidence_file_name,
    parse_blob_path,
    quarantine_id,
)
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store
from tests.tiers import examples

_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
_ENTRIES = st.dictionaries(st.text(max_size=8), _VALUES, max_size=4)


@settings(max_examples=examples(60))
@given(
    batches=st.lists(st.lists(_ENTRIES, min_size=1, max_size=4), max_size=5),
    cut=st.integers(0, 400),
    after=_ENTRIES,
)
def test_a_journal_cut_anywhere_keeps_its_whole_lines(batches, cut, after):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        open_store(root)
        for batch in batches:
            LocalJournal(root).append(batch)
        entries = [entry for batch in batches for entry in batch]
        assert list(LocalJournal(root).read()) == entries
        whole = len(entries)
        if entries:
            file = root / "journal" / "00000001.jsonl"
            data = file.read_bytes()
            data = data[: max(0, len(data) - cut)]
            file.write_bytes(data)
            whole = data.count(b"\n")
        LocalJournal(root).append([after])
        assert list(LocalJournal(root).read()) == [*entries[:whole], after]


@settings(max_examples=examples(100))
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_journal_that_can_be_read_and_appended_to(data):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        open_store(root)
        (root / "journal" / "00000001.jsonl").write_bytes(data)
        for entry in LocalJournal(root).read():
            assert isinstance(entry, dict | Damage)
        LocalJournal(root).append([{"n": 1}])
        assert list(LocalJournal(root).read())[-1] == {"n": 1}


@given(line=st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_a_line_is_an_entry_or_malformed(line):
    with suppress(MalformedError):
        assert isinstance(parse_entry(line), dict)


@given(data=st.binary(max_size=50))
def test_blob_paths_go_both_ways(data):
    digest = digest_of(data)
    assert parse_blob_path(blob_path(digest)) == digest


@given(path=st.text(max_size=100))
def test_any_text_is_a_blob_path_or_malformed(path):
    with suppress(MalformedError):
        assert blob_path(parse_blob_path(path)) == path


@given(name=st.text(max_size=60), label=st.text(max_size=40), number=st.integers(1, 99))
def test_no_name_from_outside_leaves_its_folder(name, label, number):
    try:
        folder = database_folder(name)
    except MalformedError:
        pass
    else:
        prefix, _, rest = folder.partition("/")
        assert prefix == "sumdb"
        assert rest.strip(".")
        assert "/" not in rest
        assert rest.isascii()
    file = evidence_file_name(label, number)
    assert file.isascii()
    assert "/" not in file
    assert not file.startswith(".")
    assert len(quarantine_id(name, label, {})) == 32


@given(names=st.lists(st.text(max_size=12), unique=True, max_size=8))
def test_two_databases_never_share_a_folder(names):
    folders = []
    for name in names:
        try:
            folders.append(database_folder(name))
        except MalformedError:
            continue
    assert len(folders) == len(set(folders))
