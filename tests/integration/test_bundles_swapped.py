"""A medium that answers differently at every read: nothing that nobody signed comes in.

There are two bundles of one number: the packer's, and a twin that nobody signed whose
files have the same sizes. From the n-th read on, or at the n-th read alone, the medium
answers with the twin's bytes, for each n that an import comes to.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.bundle.format.blocks import Form
from gosync.bundle.format.header import FileEntry, format_header
from gosync.bundle.format.manifest import VersionEntry, format_manifest
from gosync.bundle.format.names import HEADER_NAME, MANIFEST_NAME, volume_name
from gosync.bundle.read import chunks
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.zstd import write_frame
from gosync.signing.keys import SecretKey
from gosync.store.staging import read_at
from tests.integration.pair import GAP, VOLUME
from tests.integration.site import OK, SECURITY
from tests.integration.twins import (
    EVIL,
    PRIVATE,
    SIGNATURE,
    WAYS,
    Media,
    make_inside,
    make_media,
    sign,
    take,
)
from tests.tiers import spread

pytestmark = pytest.mark.slow

QUICK = ("patched", "one that waits")  # ways of the first tier
READS = 3  # of all reads of a medium, so many are tried
OTHER_H1 = f"h1:{'A' * 43}="
VOLUME_NAME = volume_name(1)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(way, marks=[] if way in QUICK else pytest.mark.long)
        for way in WAYS
    ],
)
def media(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Media]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_BYTES", 1_000)  # some for each volume
        yield make_media(WAYS[request.param], tmp_path_factory.mktemp("media"))


class Medium:
    """The last bundle's medium, which answers with the twin's bytes now and then.

    Attributes:
        reads: How many reads it has answered since it was put in.
    """

    def __init__(self, media: Media, names: frozenset[str]) -> None:
        self._media = media
        self._names = names
        self._lies: Callable[[int], bool] = lambda _: False
        self.reads = 0

    @contextmanager
    def answering(self, lies: Callable[[int], bool]) -> Iterator[None]:
        """Lie at the reads of which ``lies`` says so, counted from 0."""
        self._lies, self.reads = lies, 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gosync.bundle.read.medium.read_at", self._read_at)
            patch.setattr(chunks, "CHUNK_BYTES", 1_000)
            yield

    def _read_at(self, descriptor: int, offset: int, size_bytes: int) -> bytes:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.parent != self._media.honest or path.name not in self._names:
            return read_at(descriptor, offset, size_bytes)
        number, self.reads = self.reads, self.reads + 1
        if not self._lies(number):
            return read_at(descriptor, offset, size_bytes)
        return (self._media.twin / path.name).read_bytes()[offset : offset + size_bytes]


def came(config: Path) -> set[Path]:
    """Return the files of a site, evidence apart."""
    files = (path for path in config.parent.rglob("*") if path.is_file())
    return {path for path in files if "quarantine" not in path.parts}


def check_honest(config: Path, media: Media, code: int) -> None:
    """Nothing of the twin is here; what was taken in is the packer's."""
    assert code in {OK, GAP, VOLUME, SECURITY}
    marks = (EVIL, EVIL.hex().encode())
    bad = [p for p in came(config) if any(mark in p.read_bytes() for mark in marks)]
    assert not bad
    for bundle in (*media.before, media.honest):
        assert take(config, bundle) in {OK, GAP}
    assert take(config, media.honest) == OK, "the honest medium is taken in the end"


EVERYTHING = frozenset({HEADER_NAME, SIGNATURE, MANIFEST_NAME, VOLUME_NAME})


@pytest.mark.sampled
@pytest.mark.parametrize(
    "names", spread([EVERYTHING, EVERYTHING - {SIGNATURE, HEADER_NAME}], 1)
)
def test_a_medium_that_changes_its_bytes_wins_nothing(
    media: Media, names: frozenset[str], tmp_path: Path
):
    medium = Medium(media, names)

    def attack(name: str, lies: Callable[[int], bool]) -> int:
        config = make_inside(tmp_path / name, media)
        with medium.answering(lambda _: False):
            if not media.way.waits:
                assert [take(config, bundle) for bundle in media.before] in ([OK], [])
        with medium.answering(lies):
            code = take(config, media.honest)
            count = medium.reads
        check_honest(config, media, code)
        return count

    reads = attack("honest", lambda _: False)
    assert reads >= 3, "header, manifest, a volume at least"
    tried = spread(range(reads), READS)
    for number in tried:
        attack(f"once{number}", number.__eq__)
        attack(f"from{number}", number.__le__)
        attack(f"until{number}", number.__gt__)
    print(f"{media.way}: 0 of {3 * len(tried)} attacks won")


LIES: dict[str, Callable[[VersionEntry], dict[str, object]]] = {
    "mod_h1": lambda _: {"mod_h1": OTHER_H1},
    "zip_h1": lambda entry: {"zip_h1": entry.zip_h1 and OTHER_H1},
    "info_digest": lambda entry: {"info_digest": entry.info_digest and "0" * 64},
    "mod_digest": lambda _: {"mod_digest": "0" * 64},
    "zip_bytes": lambda entry: {"zip_bytes": entry.zip_bytes and 77},
}


def test_what_the_manifest_says_of_a_private_version_is_what_is_taken(
    media: Media, tmp_path: Path
):
    """The packer signs a manifest whose values are not those of what is packed."""
    tried = set()
    for name, change in LIES.items():
        room = tmp_path / name
        bundle = Path(shutil.copytree(media.honest, room / "lying"))
        if lie(bundle, change, media.packer):
            tried.add(name)
            check_refused(make_inside(room / "inside", media), bundle, media, name)
    assert {"mod_h1", "mod_digest"} <= tried
    assert media.way.form is Form.MOD or tried == LIES.keys()


def check_refused(config: Path, bundle: Path, media: Media, name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_BYTES", 1_000)
        order = [*media.before, bundle]
        if media.way.waits:
            order.reverse()
        codes = [take(config, each) for each in order]
    if name == "zip_bytes" and media.way.form is Form.REBUILT:
        assert codes[-1] == OK, "a rebuilt zip has another size than the upstream's"
        return
    assert codes[-1] in {VOLUME, SECURITY}
    tree = config.with_name("public")
    assert not [*tree.rglob("v1.1.0.zip"), *tree.rglob("v1.1.0.mod")]


def lie(
    bundle: Path, change: Callable[[VersionEntry], dict[str, object]], key: SecretKey
) -> bool:
    """Change what a bundle's manifest says of what travels, and sign that."""
    opened = BundleFolder.open(bundle)
    manifest = opened.manifest
    versions = tuple(
        replace(entry, **change(entry))
        if entry.path == PRIVATE and entry.segment is not None
        else entry
        for entry in manifest.versions
    )
    lines = format_manifest(replace(manifest, versions=versions))
    packed = io.BytesIO()
    write_frame([lines], packed, size_bytes=len(lines))
    data = packed.getvalue()
    (bundle / MANIFEST_NAME).write_bytes(data)
    file = FileEntry(
        name=MANIFEST_NAME,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        unpacked_bytes=len(lines),
    )
    (bundle / HEADER_NAME).write_bytes(
        format_header(replace(opened.header, manifest=file))
    )
    sign(bundle, key)
    return versions != manifest.versions
