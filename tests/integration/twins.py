"""Bundles of a private version, and twins of them that nobody signed.

A twin has the same number, and files of the same sizes with other bytes. ``take`` runs
`gosync bundle import` in this process, on a site that trusts the packer alone.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from gosync.bundle.format.blocks import Form
from gosync.bundle.format.manifest import Segment
from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.read.folder import BundleFolder
from gosync.catalog.versions import Need
from gosync.cli.main import run
from gosync.signing.keys import KeyKind, SecretKey, generate_key
from gosync.signing.trust import format_trusted_key
from tests.unit.bundle.outside import Outside, source

PRIVATE = "corp.example/tool"
EVIL = b"signed by nobody"
SIGNATURE = f"{HEADER_NAME}.sig"
_SIZE_BYTES = 5_000
_Segments: TypeAlias = tuple[Segment, ...]


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


def make_media(way: Way, room: Path) -> Media:
    packer, stranger = (generate_key(KeyKind.ED25519) for _ in range(2))
    trust = format_trusted_key("packer", packer.public())
    honest: dict[_Segments, tuple[list[Path], Path, str]] = {}
    twins: dict[_Segments, Path] = {}
    for seed in range(200):  # until two have the same sizes
        at = room / f"honest{seed}"
        made = make_bundles(way, at, packer, noise(2 * seed))
        honest.setdefault(BundleFolder.open(made[1]).manifest.segments, made)
        evil = EVIL + noise(2 * seed + 1)[len(EVIL) :]
        _, twin, _ = make_bundles(way, room / f"twin{seed}", stranger, evil)
        twins.setdefault(BundleFolder.open(twin).manifest.segments, twin)
        for sizes in honest.keys() & twins.keys():
            before, bundle, key = honest[sizes]
            return Media(way, before, bundle, twins[sizes], trust, key, packer)
    raise AssertionError("no two bundles have the same sizes")


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
            before = [sign(Path(outside.bundle(exact=exact).name), key)]
        go_mod = f"module {PRIVATE} // {contents[:30].hex()}\n".encode()
        outside.add(
            PRIVATE,
            "v1.1.0",
            zip_data=undated_zip({"data.bin": contents}),
            private=True,
            need=need,
            go_mod=go_mod if need is Need.MOD else None,
        )
        outside.publish()
        bundle = sign(Path(outside.bundle(exact=exact).name), key)
        return before, bundle, outside.log.verifier_key


def undated_zip(files: Mapping[str, bytes]) -> bytes:
    """Return the private version's zip, the same whenever it is made.

    How well its digest packs decides whether a twin can have the same sizes.
    """
    buffer = io.BytesIO()
    named = {"go.mod": f"module {PRIVATE}\n".encode(), **files}
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, contents in named.items():
            entry = zipfile.ZipInfo(f"{PRIVATE}@v1.1.0/{name}")
            archive.writestr(entry, contents, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def sign(bundle: Path, key: SecretKey) -> Path:
    signature = key.sign((bundle / HEADER_NAME).read_bytes())
    (bundle / SIGNATURE).write_bytes(signature)
    return bundle


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
