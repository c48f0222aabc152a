"""A site of any size to measure commands over: rows, blobs and a tree that agree.

Every version has its row, its line in the journal, its offer, its pin and a zip of
its own, which is whole and proven by the pin, and as small as a module's can be: a
blob of 4 KiB. So what commands cost by the number of versions is real, and what they
cost by bytes is not there. ``.info`` and ``.mod`` files are blobs that many versions
share, none more often than ext4 links a file (65 000 times). There are no commits, each
of which gives a version five more names.

Blobs are written without a sync each, in the order of their making: a million of them
take some minutes.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.catalog.modules import Module
from gosync.catalog.pins import Pin
from gosync.catalog.versions import FoundBy, Need, Proof, VersionRow
from gosync.clock import SystemClock, format_time
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import version_entry
from gosync.store.digest import Digest, digest_of
from gosync.store.layout import blob_path
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store

VERSIONS_EACH = 25
_ADMITTED = 5_000  # rows of one transaction
_SHARED = 20_000  # modules whose versions of one number share an .info
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_LICENCE = b"Permission to use this file for any purpose is granted.\n"
_SOURCE = b"// Package repo is measured.\npackage repo\n"
_FACTS = '{"top":"","own":{},"retracted":[],"deprecated":""}'
_CONFIG = """\
[store]
path = "store"
min_free = "1MiB"

[publish]
tree = "tree"

[upstream]
proxies = ["http://127.0.0.1:9"]
index = "{index}"
sumdb = "off"
list_interval_seconds = 1e9

[[select]]
modules = ["slopes.example/*"]
"""


def path_of(number: int) -> str:
    """Return the path of a module: 97 organisations, and a hundred repositories."""
    return f"slopes.example/org{number % 97}/repo{number // 97}"


class SlopeSite:
    """A site in a folder, which versions are admitted to."""

    def __init__(self, folder: Path) -> None:
        """Open the site; it is made where there is none."""
        self.folder = folder
        open_store(folder / "store")
        self._modules = 0
        self._journal = LocalJournal(folder / "store")
        self._catalog = Catalog.open(folder / "store/catalog.sqlite", create=True)

    def close(self) -> None:
        """Close its catalog."""
        self._catalog.close()

    def fill(self, versions: int, *, index: str) -> None:
        """Admit so many versions, and write the configuration that selects them."""
        self._modules = modules = versions // VERSIONS_EACH
        (self.folder / "gosync.toml").write_text(_CONFIG.format(index=index))
        step = _ADMITTED // VERSIONS_EACH
        for start in range(0, modules, step):
            numbers = range(start, min(start + step, modules))
            self.admit([(n, minor) for n in numbers for minor in range(VERSIONS_EACH)])
            self._follow(numbers)

    def admit(self, versions: list[tuple[int, int]]) -> None:
        """Admit these versions: a module's number and a minor version."""
        rows = [self._row(*each) for each in versions]
        os.sync()
        self._journal.append(map(version_entry, rows))
        catalog = self._catalog
        with catalog.transaction():
            catalog.versions.admit(rows)
            for row in rows:
                assert row.mod_h1 is not None
                catalog.pins.pin(
                    ModuleVersion(row.path, row.version),
                    seen=Pin(row.mod_h1, row.zip_h1),
                    now=_NOW,
                )
            named = [(row.path, row.version, "2026-01-01T00:00:00Z") for row in rows]
            catalog.offers.named(named, _NOW)

    def _follow(self, numbers: range) -> None:
        catalog = self._catalog
        paths = [path_of(number) for number in numbers]
        with catalog.transaction():
            catalog.modules.track(map(Module, paths))
            for path in paths:
                catalog.modules.listed(
                    path, _NOW, list_digest="0" * 64, pseudo_only=False, latest=None
                )
            catalog.modules.set_facts((path, _FACTS) for path in paths)

    def _row(self, number: int, minor: int) -> VersionRow:
        path, version = path_of(number), f"v1.{minor}.0"
        at = _NOW + timedelta(days=minor, seconds=number // _SHARED)
        admitted = SystemClock().now()
        if minor < VERSIONS_EACH and number < self._modules:
            admitted = _NOW + timedelta(seconds=number)
        info = format_info(VersionInfo(version, at))
        go_mod = b"".join(_go_mod(number))
        data, zip_h1 = _zip(ModuleVersion(path, version), go_mod)
        return VersionRow(
            path,
            version,
            found_by=FoundBy.CONFIG,
            selected=Need.ZIP,
            info_digest=self._put(info),
            info_bytes=len(info),
            mod_digest=self._put(go_mod),
            mod_bytes=len(go_mod),
            mod_h1=hash_go_mod(go_mod),
            zip_digest=self._put(data),
            zip_bytes=len(data),
            zip_h1=zip_h1,
            proof=Proof.PINNED,
            source_url=f"https://proxy.example/{path}/@v/{version}.zip",
            version_time="2026-01-01T00:00:00Z",
            admitted_at=format_time(admitted),
        )

    def _put(self, data: bytes) -> Digest:
        """Write a blob that is not there."""
        digest = digest_of(data)
        path = self.folder / "store" / blob_path(digest)
        with suppress(FileExistsError):
            try:
                _write(path, data)
            except FileNotFoundError:
                path.parent.mkdir(exist_ok=True)
                _write(path, data)
        return digest


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _zip(mv: ModuleVersion, go_mod: bytes) -> tuple[bytes, str]:
    """Return a module's zip, and its ``h1:``."""
    files = {"LICENSE": _LICENCE, "go.mod": go_mod, "repo.go": _SOURCE}
    summary, data = "", io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{mv.path}@{mv.version}/{name}")
            file.writestr(entry, content)
            summary += f"{hashlib.sha256(content).hexdigest()}  {entry.filename}\n"
    digest = hashlib.sha256(summary.encode()).digest()
    return data.getvalue(), f"h1:{b64encode(digest).decode()}"


def _go_mod(number: int) -> Iterator[bytes]:
    """Yield a go.mod that requires three modules before it, so that graphs end."""
    yield f"module {path_of(number)}\n\ngo 1.21\n\n".encode()
    for before in sorted({number // 2, number // 3, number // 5} - {number}):
        yield f"require {path_of(before)} v1.3.0\n".encode()
