"""What a bundle selects is journalled some entries at a time, its import at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from gosync.bundle.format.header import FileEntry, Header
from gosync.bundle.format.manifest import Manifest, VersionEntry
from gosync.bundle.take import applying
from gosync.catalog.bundles import BundleKind
from gosync.catalog.versions import FoundBy, Need, Proof, VersionRow
from gosync.config import load_config
from gosync.site.site import open_site
from gosync.store.journal import Damage, EntryValue

if TYPE_CHECKING:
    from gosync.bundle.read.folder import BundleFolder

_VERSIONS = tuple(f"v1.{number}.0" for number in range(5))
_HEADER = Header(
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
    selected=5,
    carried=5,
    patched=0,
    omitted=0,
    tiles=0,
    zip_bytes=0,
)


def _row(version: str) -> VersionRow:
    return VersionRow(
        "example.com/m",
        version,
        found_by=FoundBy.DEPENDENCY,
        info_digest="a" * 64,
        info_bytes=1,
        mod_digest="b" * 64,
        mod_bytes=1,
        mod_h1="h1:m",
        zip_digest="c" * 64,
        zip_bytes=1,
        zip_h1="h1:z",
        proof=Proof.PINNED,
    )


def _entry(version: str) -> VersionEntry:
    return VersionEntry(
        path="example.com/m",
        version=version,
        need=Need.ZIP,
        mod_h1="h1:m",
        zip_h1="h1:z",
        proof=Proof.PINNED,
        record_id=None,
        found_by=FoundBy.CONFIG,
    )


def test_a_selection_is_journalled_some_entries_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "_JOURNALLED_AT_ONCE", 2)
    config = tmp_path / "gosync.toml"
    config.write_text("")
    manifest = Manifest(segments=(), versions=tuple(map(_entry, _VERSIONS)))
    with open_site(load_config(config, {}).site_options(), command="a test") as site:
        with site.catalog.transaction():
            site.catalog.versions.admit(map(_row, _VERSIONS))
        sizes: list[int] = []
        append = site.journal.append

        def counted(entries: Iterable[Mapping[str, EntryValue]]) -> int:
            some = list(entries)
            sizes.append(sum("found_by" in entry for entry in some))
            return append(some)

        monkeypatch.setattr(site.journal, "append", counted)
        bundle = cast(
            "BundleFolder",
            SimpleNamespace(id="d" * 64, header=_HEADER, manifest=manifest),
        )
        applying.apply_selection(site, bundle, ())
        journal = [each for each in site.journal.read() if not isinstance(each, Damage)]
        told = [entry for entry in journal if "found_by" in entry]
    assert [(entry["version"], entry["found_by"]) for entry in told] == [
        (version, "config") for version in _VERSIONS
    ]
    assert [size for size in sizes if size] == [2, 2, 1]
