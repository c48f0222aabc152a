"""A site of any size to measure commands over: rows, blobs and a tree that agree.

Every version has its row, its offer and its pin; its files are blobs that many
versions share, so that the tree is of links alone: what a tree of so many versions
costs in names and folders is real, the bytes of zips are not there. Nor are commits,
each of which gives a version five more names. No blob is shared
more often than ext4 links a file (65 000 times). The zips are no zips: what reads
them (verify, imports, bundles with contents) is measured over other sites.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from gosync.store.localblobs import LocalBlobStore
from gosync.store.root import open_store

VERSIONS_EACH = 25
_ADMITTED = 5_000  # rows of one transaction
_SHARED = 20_000  # modules whose versions of one number share an .info
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
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
        self._blobs = LocalBlobStore(folder / "store")
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
        self._blobs.sync()
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
        data = b"zip of " + path.encode()
        return VersionRow(
            path,
            version,
            found_by=FoundBy.CONFIG,
            selected=Need.ZIP,
            info_digest=self._blobs.put_bytes(info),
            info_bytes=len(info),
            mod_digest=self._blobs.put_bytes(go_mod),
            mod_bytes=len(go_mod),
            mod_h1=hash_go_mod(go_mod),
            zip_digest=self._blobs.put_bytes(data),
            zip_bytes=len(data),
            zip_h1=hash_go_mod(data),
            proof=Proof.PINNED,
            source_url=f"https://proxy.example/{path}/@v/{version}.zip",
            version_time="2026-01-01T00:00:00Z",
            admitted_at=format_time(admitted),
        )


def _go_mod(number: int) -> Iterator[bytes]:
    """Yield a go.mod that requires three modules before it, so that graphs end."""
    yield f"module {path_of(number)}\n\ngo 1.21\n\n".encode()
    for before in {number // 2, number // 3, number // 5} - {number}:
        yield f"require {path_of(before)} v1.3.0\n".encode()
