"""Artifacts in a store: kept, replaced, forgotten, and safe from a prune beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.artifact import DOCUMENT
from gosync.errors import MalformedError
from gosync.site.artifacts import change_artifacts, keep_artifact
from gosync.store.digest import Digest
from gosync.sync.prune import sweep
from tests.unit.bundle.outside import Outside


def test_what_replaces_an_artifact_frees_its_blob(tmp_path: Path):
    with Outside(tmp_path) as outside:
        site = outside.site
        old = keep_artifact(site, DOCUMENT, "a", [b"old"])
        new = keep_artifact(site, DOCUMENT, "a", [b"n", b"ew"])
        assert site.catalog.artifacts.all() == [new]
        assert sweep(site).blobs == 1
        assert not site.blobs.exists(Digest(old.digest))
        assert site.blobs.read(Digest(new.digest)) == b"new"

        change_artifacts(site, [], [new])
        assert site.catalog.artifacts.all() == []
        assert sweep(site).blobs == 1


def test_a_prune_beside_leaves_what_is_about_to_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Outside(tmp_path) as outside, Outside(tmp_path, log=outside.log) as other:
        site, sync = outside.site, outside.site.blobs.sync
        swept: list[int] = []

        def sync_and_prune() -> int:
            done = sync()
            swept.append(sweep(other.site).blobs)
            return done

        monkeypatch.setattr(site.blobs, "sync", sync_and_prune)
        kept = keep_artifact(site, DOCUMENT, "a", [b"a"])
        monkeypatch.undo()
        assert swept == [0]
        assert site.blobs.read(Digest(kept.digest)) == b"a"
        # What nobody announced goes: the prune beside works.
        site.blobs.put_bytes(b"left over")
        assert sweep(other.site).blobs == 1


@pytest.mark.parametrize("name", ["../a", "/a", ".a", "a//b", "", "a\n"])
def test_a_name_that_is_no_plain_path_is_refused(tmp_path: Path, name: str):
    with Outside(tmp_path) as outside:
        with pytest.raises(MalformedError):
            keep_artifact(outside.site, DOCUMENT, name, [b"a"])
        assert outside.site.catalog.artifacts.all() == []
