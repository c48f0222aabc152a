"""Artifacts have a place in the tree by their kind, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.artifact import DOCUMENT, KNOWN_KINDS, VULNDB
from gosync.errors import MalformedError
from gosync.folder.routes import (
    ARTIFACT_FOLDERS,
    PAGES_FOLDER,
    SUMDB_FOLDER,
    artifact_file,
    artifact_of,
)
from gosync.gomod import module

_NAMES = st.from_regex(
    r"[A-Za-z0-9_~][a-z0-9.+=@-]{0,9}(/[A-Z~][a-z.]{0,9}){0,3}", fullmatch=True
)


@given(st.sampled_from(sorted(KNOWN_KINDS)), _NAMES)
def test_there_and_back(kind: str, name: str):
    path = artifact_file(kind, name)
    assert path is not None
    assert artifact_of(path) == (kind, name)


def test_every_known_kind_has_a_folder_that_nothing_else_has():
    assert ARTIFACT_FOLDERS.keys() == KNOWN_KINDS
    folders = set(ARTIFACT_FOLDERS.values())
    assert len(folders) == len(ARTIFACT_FOLDERS)
    assert not folders & {SUMDB_FOLDER, PAGES_FOLDER}
    for folder in folders:
        with pytest.raises(MalformedError):
            module.check_path(f"{folder}/m")


def test_what_has_no_place_is_none():
    assert artifact_file("kind-of-2040", "a") is None
    assert artifact_of("elsewhere/a") is None
    assert artifact_of("vulndb/../a") is None
    assert artifact_of(artifact_file(VULNDB, "ID/GO-1.json") or "") == (
        VULNDB,
        "ID/GO-1.json",
    )
    with pytest.raises(MalformedError):
        artifact_file(DOCUMENT, "/etc/passwd")
