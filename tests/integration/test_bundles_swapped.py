"""A medium that answers differently at every read: nothing that nobody signed comes in.

There are two bundles of one number: the packer's, and a twin that nobody signed whose
files have the same sizes. From the n-th read on, or at the n-th read alone, the medium
answers with the twin's bytes, for each n that an import comes to.
"""

from __future__ import annotations

import hashlib
import io
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.bundle import chunks, folder
from gosync.bundle.blocks import Form
from gosync.bundle.folder import BundleFolder
from gosync.bundle.format import HEADER_NAME, MANIFEST_NAME, volume_name
from gosync.bundle.header import FileEntry, format_header
from gosync.bundle.manifest import VersionEntry, format_manifest
from gosync.bundle.stream import write_frame
from gosync.catalog.versions import Need
from gosync.cli.main import run
from gosync.signing.keys import KeyKind, SecretKey, generate_key
from gosync.signing.trust import format_trusted_key
from gosync.store.staging import read_at
from tests.integration.pair import GAP, VOLUME
from tests.integration.site import OK, SECURITY
from tests.unit.bundle.outside import Outside, source

pytestmark = pytest.mark.slow

PRIVATE = "corp.example/tool"
OTHER_H1 = f"h1:{'A' * 43}="
EVIL = b"signed by nobody"
SIGNATURE = f"{HEADER_NAME}.sig"
VOLUME_NAME = volume_name(1)
_SIZE_BYTES = 5_000


@dataclass(frozen=True)
class Way:
    """A way for the private version to travel.

    Attributes:
        form: What it travels as.
        patched: Whether against a version that the site has.
        waits: Whether the site lacks what the bundle builds on.
    """

    form: Form
    patched: bool = False
    waits: bool = False


WAYS = {
    "verbatim": Way(Form.VERBATIM),
    "rebuilt": Way(Form.REBUILT),
    "patched": Way(Form.REBUILT, patched=True),
    "a .mod alone": Way(Form.MOD),
    "one that waits": Way(Form.VERBATIM, waits=True),
}


@dataclass(frozen=True)
class Media:
    """Bundles on their media.

    Attributes:
        way: How the private version travels.
        before: The bundle that the last one builds on, if there is one.
        honest: The last bundle, signed by the packer.
        twin: Another one of its number, signed by a stranger.
        trust: The trust file of a site inside.
        database: The checksum database's key.
        packer: The key that the site trusts.
    """

    way: Way
    before: Sequence[Path]
    honest: Path
    twin: Path
    trust: str
    database: str
    packer: SecretKey


@pytest.fixture(scope="module", params=WAYS)
def media(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Media]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_BYTES", 1_000)  # some for each volume
        yield make_media(WAYS[request.param], tmp_path_factory.mktemp("media"))


def make_media(way: Way, room: Path) -> Media:
    packer, stranger = (generate_key(KeyKind.ED25519) for _ in range(2))
    before, honest, key = make_bundles(way, room / "honest", packer, noise(0))
    manifest = BundleFolder.open(honest).manifest
    for seed in range(1, 60):
        evil = EVIL + noise(seed)[len(EVIL) :]
        _, twin, _ = make_bundles(way, room / f"twin{seed}", stranger, evil)
        if BundleFolder.open(twin).manifest.segments == manifest.segments:
            trust = format_trusted_key("packer", packer.public())
            return Media(way, before, honest, twin, trust, key, packer)
    raise AssertionError("no twin has the same sizes")


def noise(seed: int) -> bytes:
    """Return bytes that nothing makes smaller."""
    return random.Random(seed).randbytes(_SIZE_BYTES)


def make_bundles(
    way: Way, room: Path, key: SecretKey, contents: bytes
) -> tuple[list[Path], Path, str]:
    """Make a bundle with these contents in the private version, after another one."""
    exact = way.form is Form.VERBATIM
    need = Need.MOD if way.form is Form.MOD else Need.ZIP
    before = []
    with Outside(room) as outside:
        outside.add("example.com/m", "v1.0.0", source(1, files=2))
        if way.patched or way.waits:
            outside.add(PRIVATE, "v1.0.0", {"a.go": b"package a\n"}, private=True)
            outside.publish()
            before = [sign(outside.bundle(exact=exact).path, key)]
        go_mod = f"module {PRIVATE} // {contents[:30].hex()}\n".encode()
        outside.add(
            PRIVATE,
            "v1.1.0",
            {"data.bin": contents},
            private=True,
            need=need,
            go_mod=go_mod if need is Need.MOD else None,
        )
        outside.publish()
        bundle = sign(outside.bundle(exact=exact).path, key)
        return before, bundle, outside.log.verifier_key


def sign(bundle: Path, key: SecretKey) -> Path:
    signature = key.sign((bundle / HEADER_NAME).read_bytes())
    (bundle / SIGNATURE).write_bytes(signature)
    return bundle


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
            patch.setattr(folder, "read_at", self._read_at)
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


def make_inside(room: Path, media: Media) -> Path:
    """Make a site inside; return its configuration."""
    room.mkdir()
    (room / "trust.toml").write_text(media.trust)
    (room / "gosync.toml").write_text(
        f'[store]\nmin_free = "1MiB"\n[upstream]\nproxies = "off"\n'
        f'sumdb = "{media.database}"\nprivate = ["corp.example"]\n'
    )
    return room / "gosync.toml"


def take(config: Path, bundle: Path) -> int:
    papers = (
        "--receipt",
        config.with_name("receipt"),
        "--need",
        config.with_name("need"),
    )
    command = ("bundle", "import", bundle, "--config", config, "--quiet", *papers)
    return run(list(map(str, command)))


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


@pytest.mark.parametrize("names", [EVERYTHING, EVERYTHING - {SIGNATURE, HEADER_NAME}])
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
    for number in range(reads):
        attack(f"once{number}", number.__eq__)
        attack(f"from{number}", number.__le__)
        attack(f"until{number}", number.__gt__)
    print(f"{media.way}: 0 of {3 * reads} attacks won")


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


@pytest.mark.parametrize("name", [MANIFEST_NAME, HEADER_NAME, SIGNATURE])
def test_a_waiting_bundle_whose_copy_rotted_is_in_nobody_s_way(
    name: str, tmp_path: Path
):
    media = make_media(WAYS["one that waits"], tmp_path / "media")
    config = make_inside(tmp_path / "inside", media)
    assert take(config, media.honest) == GAP
    (copy,) = (config.parent / "var" / "bundles").glob(f"*/{name}")
    copy.chmod(0o644)
    copy.write_bytes(copy.read_bytes()[:-40] + bytes(40))

    assert take(config, media.before[0]) == OK
    assert take(config, media.honest) == OK
    assert list(config.with_name("public").rglob("v1.1.0.zip"))


@pytest.mark.parametrize(
    "created",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00.000001Z",
        "9999-12-31T23:59:59.999999999Z",
        "0001-01-02T00:00:00+23:59",
    ],
)
def test_a_signed_bundle_of_the_calendar_s_edge_is_taken_in(
    created: str, tmp_path: Path
):
    media = make_media(WAYS["rebuilt"], tmp_path / "media")
    header = BundleFolder.open(media.honest).header
    (media.honest / HEADER_NAME).write_bytes(
        format_header(replace(header, created=created))
    )
    sign(media.honest, media.packer)
    config = make_inside(tmp_path / "inside", media)

    for _ in range(2):
        assert take(config, media.honest) == OK
    for command in (["bundle", "list"], ["catalog", "rebuild"], ["status"]):
        assert run([*command, "--config", str(config)]) == OK
    assert take(config, media.honest) == OK
