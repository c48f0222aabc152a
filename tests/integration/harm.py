"""Ways to break a bundle, each on a copy of it on a medium: ``WAYS``.

What must be signed to be believed is signed by the packer's key again: whoever has
stolen that, or packs wrongly, is no better than others.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gosync.bundle.format.manifest import Base, Frame, Manifest
from gosync.bundle.format.names import HEADER_NAME, MANIFEST_NAME
from gosync.catalog.bundles import BundleKind
from gosync.catalog.versions import Proof
from tests.integration.breaking import (
    SIGNATURE,
    Stage,
    pack,
    read_header,
    read_manifest,
)
from tests.integration.pair import VOLUME
from tests.integration.site import SECURITY, USAGE


@dataclass(frozen=True)
class Way:
    """A way to break a bundle.

    Attributes:
        harm: What is done to the medium.
        code: How the import must end.
        says: What its message must say.
    """

    harm: Callable[[Stage, Path], None]
    code: int
    says: str


def volumes(medium: Path) -> list[Path]:
    return sorted(medium.glob("vol-*"))


def flip(file: Path, at: int = -30) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


def swap(_: Stage, medium: Path) -> None:
    first, second = volumes(medium)[:2]
    first.rename(medium / "other")
    second.rename(first)
    (medium / "other").rename(second)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


def put_older_volume(stage: Stage, medium: Path) -> None:
    shutil.copyfile(volumes(stage.one)[0], volumes(medium)[0])


def link(_: Stage, medium: Path) -> None:
    volume = volumes(medium)[0]
    volume.rename(medium.parent / "elsewhere")
    volume.symlink_to(medium.parent / "elsewhere")


def sign_by_stranger(stage: Stage, medium: Path) -> None:
    if not (stage.pair.papers / "stranger.key").exists():
        stage.pair.new_key("stranger")
    stage.sign(medium, "stranger")


def use_trust(stage: Stage, head: str = "", tail: str = "") -> None:
    text = head + stage.trust + tail
    (stage.pair.papers / "trust.toml").write_text(text)


def change_header(_: Stage, medium: Path) -> None:
    header = medium / HEADER_NAME
    header.write_bytes(header.read_bytes().replace(b'"increment"', b'"repair"'))


def fork_head(stage: Stage, medium: Path) -> None:
    """Put the head of another history into the bundle, signed by the database."""
    head = read_header(medium).sumdb
    assert head is not None
    note = stage.sim.log.forked(10).head(700).decode()
    forked = msgspec.structs.replace(head, note=note, size=700)
    stage.rewrite(medium, sumdb=forked)


def take_back_head(stage: Stage, medium: Path) -> None:
    """Put in a head that the log's key did not sign."""
    head = read_header(medium).sumdb
    assert head is not None
    note = head.note.replace(f"\n{head.size}\n", f"\n{head.size + 1}\n")
    larger = msgspec.structs.replace(head, note=note, size=head.size + 1)
    stage.rewrite(medium, sumdb=larger)


def other_h1(stage: Stage, medium: Path) -> None:
    """Say of what travels that it has another h1 than the log has."""

    def change(manifest: Manifest) -> Manifest:
        wrong = f"h1:{'A' * 43}="
        versions = tuple(
            each
            if each.segment is None or each.zip_h1 is None
            else msgspec.structs.replace(each, zip_h1=wrong)
            for each in manifest.versions
        )
        return msgspec.structs.replace(manifest, versions=versions)

    stage.rewrite_manifest(medium, change)


def without_records(stage: Stage, medium: Path) -> None:
    """Say of what travels that no database vouches for it."""

    def change(manifest: Manifest) -> Manifest:
        versions = tuple(
            msgspec.structs.replace(
                each, proof=Proof.PINNED, record=None, record_id=None
            )
            for each in manifest.versions
        )
        return msgspec.structs.replace(manifest, versions=versions)

    stage.rewrite_manifest(medium, change)


def other_base(stage: Stage, medium: Path) -> None:
    """Name another version as the one that a patch is against."""
    held = {e.mv: e for e in read_manifest(stage.one).versions}

    def change(manifest: Manifest) -> Manifest:
        segments = tuple(
            each
            if each.base is None
            else msgspec.structs.replace(each, base=_other(each.base))
            for each in manifest.segments
        )
        assert segments != manifest.segments, "there is no patch to break"
        return msgspec.structs.replace(manifest, segments=segments)

    def _other(base: Base) -> Base:
        others = (e for e in held.values() if e.path == base.path)
        wrong = next(e for e in others if e.version != base.version)
        return msgspec.structs.replace(base, version=wrong.version, h1=wrong.zip_h1)

    stage.rewrite_manifest(medium, change)


def other_size(stage: Stage, medium: Path) -> None:
    """Say that the frames of all segments hold a byte more."""

    def longer(frame: Frame) -> Frame:
        return msgspec.structs.replace(frame, unpacked_bytes=frame.unpacked_bytes + 1)

    def change(manifest: Manifest) -> Manifest:
        segments = tuple(
            msgspec.structs.replace(each, contents=longer(each.contents))
            for each in manifest.segments
        )
        return msgspec.structs.replace(manifest, segments=segments)

    stage.rewrite_manifest(medium, change)


def bomb(stage: Stage, medium: Path) -> None:
    """A manifest that unpacks to much more than the header says."""
    stage.put_manifest(medium, pack(bytes(50 << 20)), unpacked_bytes=1000)


def garble_frames(stage: Stage, medium: Path) -> None:
    """Bytes of a volume that are bound and signed, and no frames."""
    flip(volumes(medium)[-1], at=40)
    stage.rebind_volume(medium, len(volumes(medium)))


def climb(stage: Stage, medium: Path) -> None:
    """A volume with the name of a path."""
    header = read_header(medium)
    first, *others = header.volumes
    climbing = msgspec.structs.replace(first, name="../../vol-0001.zst")
    stage.rewrite(medium, volumes=(climbing, *others))


WAYS: dict[str, Way] = {
    "no volume": Way(lambda _, m: volumes(m)[1].unlink(), VOLUME, "missing"),
    "no manifest": Way(lambda _, m: (m / MANIFEST_NAME).unlink(), VOLUME, "missing"),
    "no header": Way(lambda _, m: (m / HEADER_NAME).unlink(), VOLUME, HEADER_NAME),
    "swapped volumes": Way(swap, VOLUME, "vol-000"),
    "a flipped bit": Way(lambda _, m: flip(volumes(m)[0]), VOLUME, "vol-0001"),
    "a flipped bit in the manifest": Way(
        lambda _, m: flip(m / MANIFEST_NAME), VOLUME, MANIFEST_NAME
    ),
    "a volume cut short": Way(lambda _, m: cut(volumes(m)[1]), VOLUME, "bytes"),
    "a longer volume": Way(lambda _, m: lengthen(volumes(m)[0]), VOLUME, "bytes"),
    "an older volume": Way(put_older_volume, VOLUME, "vol-0001"),
    "another file": Way(lambda _, m: (m / "extra.zst").touch(), VOLUME, "extra.zst"),
    "a link": Way(link, VOLUME, "vol-0001"),
    "no signature": Way(lambda _, m: (m / SIGNATURE).unlink(), SECURITY, "0 of 1"),
    "another's signature": Way(sign_by_stranger, SECURITY, "not trusted"),
    "too few signatures": Way(
        lambda s, _: use_trust(s, head="threshold = 2\n", tail=s.pair.cosigner),
        SECURITY,
        "1 of 2",
    ),
    "an old key": Way(
        lambda s, _: use_trust(s, tail="valid_until = 2020-01-01\n"),
        SECURITY,
        "was valid until 2020-01-01",
    ),
    "a revoked key": Way(
        lambda s, _: use_trust(s, tail="revoked = true\n" + s.pair.cosigner),
        SECURITY,
        "revoked",
    ),
    "a changed header": Way(change_header, SECURITY, "not what packer signed"),
    "for another site": Way(
        lambda s, m: s.rewrite(m, target="elsewhere"), USAGE, "is for elsewhere"
    ),
    "an old number": Way(
        lambda s, m: s.rewrite(m, sequence=1, base=None, kind=BundleKind.FULL),
        SECURITY,
        "had before",
    ),
    "an old time": Way(
        lambda s, m: s.rewrite(m, created="2020-01-01T00:00:00.000000Z"),
        SECURITY,
        "older time",
    ),
    "a forked log": Way(fork_head, SECURITY, "forked"),
    "a head nobody signed": Way(take_back_head, SECURITY, "signature"),
    "another h1": Way(other_h1, SECURITY, "h1:AAAA"),
    "no records": Way(without_records, SECURITY, "has no record of"),
    "another base": Way(other_base, VOLUME, "checksum"),
    "another size": Way(other_size, VOLUME, "frame"),
    "a bomb": Way(bomb, VOLUME, "52428800 bytes, not 1000"),
    "garbled frames": Way(garble_frames, VOLUME, "frame"),
    "a path for a name": Way(climb, VOLUME, "volume 1"),
}
