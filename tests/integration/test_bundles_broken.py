"""Ways to break a bundle: nothing is published, nothing lost, and it says what to do.

Each way is tried on a copy of a site inside that has bundle 1, with a copy of
bundle 2. Afterwards the site is as it was, and takes the whole bundle 2.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from gosync.bundle.format import HEADER_NAME, MANIFEST_NAME, SUMS_NAME
from gosync.bundle.manifest import Base, Frame, Manifest
from gosync.catalog.bundles import Kind
from gosync.catalog.versions import Proof
from tests.integration.breaking import (
    SIGNATURE,
    Stage,
    pack,
    read_header,
    read_manifest,
)
from tests.integration.pair import GAP, VOLUME, Machines, Pair
from tests.integration.site import NO_SPACE, OK, SECURITY, USAGE, digests
from tests.integration.test_crash_disk import disk, remount
from tests.integration.wreck import check_ruins, difference, snapshot
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with Simulator() as sim, Machines() as machines:
        yield Stage(folder, sim, machines)
    shutil.rmtree(folder)


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
    held = {e.key: e for e in read_manifest(stage.one).versions}

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
        wrong = next(e for e in held.values() if e.version != base.version)
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
        lambda s, m: s.rewrite(m, sequence=1, base=None, kind=Kind.FULL),
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


@pytest.mark.parametrize("name", WAYS)
def test_a_broken_bundle_is_refused_and_the_whole_one_taken(stage: Stage, name: str):
    way = WAYS[name]
    site, medium = stage.site(), stage.medium()
    way.harm(stage, medium)
    before = digests(medium)

    refused = stage.take(medium, site)
    said = refused.document.get("message", refused.stderr)
    assert (refused.code, way.says in said) == (way.code, True), said
    assert digests(medium) == before, "the medium is only read"
    assert digests(site.tree) == stage.tree, "nothing is published"
    check_ruins(site)

    (stage.pair.papers / "trust.toml").write_text(stage.trust)
    assert stage.take(stage.two, site).code == OK
    found = snapshot(site)
    assert difference(_without_evidence(found), _without_evidence(stage.want)) == {}


def _without_evidence(found: dict[str, object]) -> dict[str, object]:
    return {n: v for n, v in found.items() if not n.startswith("quarantine/")}


def test_a_fork_is_kept_with_its_evidence(stage: Stage):
    site, medium = stage.site(), stage.medium()
    fork_head(stage, medium)
    assert stage.take(medium, site).code == SECURITY

    (evidence,) = site.quarantine()
    assert {"old_note", "new_note"} <= evidence.files.keys()


def test_a_whole_bundle_of_another_history_is_refused(stage: Stage, tmp_path: Path):
    """The same key signed another log, and everything in the bundle agrees with it.

    Without what proves the one tree against the other it waits; with that it is a fork.
    """
    with Simulator() as other:
        other.log.grow(900)
        other.publish(module(UPPER, "v1.0.0", say="another history"))
        other.log.grow(600)
        pair = Pair(tmp_path, other, stage.machines, modules=["std.example/*"])
        pair.sync()
        site, medium = stage.site(), stage.medium(pair.make())
        stage.rewrite(medium, sequence=2, created=read_header(stage.two).created)
        kept = stage.take(medium, site)
        assert (kept.code, kept.document["need"]["tiles"]) == (GAP, True)
        medium = stage.medium(pair.make("--need", str(stage.pair.need)))
    stage.sign(medium)

    refused = stage.take(medium, site)
    assert refused.code == SECURITY, refused.stdout + refused.stderr
    assert refused.document["error"] == "ForkError"
    assert digests(site.tree) == stage.tree
    (evidence,) = site.quarantine()
    assert {"old_note", "new_note", "proof"} <= evidence.files.keys()
    blocked = stage.take(stage.two, site)
    waiting = kept.document["bundle"]["id"][:8]
    assert f"bundle revoke {waiting}" in blocked.document["hint"]
    stage.pair.run_inside("bundle", "revoke", waiting)
    assert stage.take(stage.two, site).code == OK


def test_the_header_of_a_refused_bundle_is_kept(stage: Stage):
    site, medium = stage.site(), stage.medium()
    change_header(stage, medium)
    assert stage.take(medium, site).code == SECURITY

    (evidence,) = site.quarantine()
    assert evidence.files[HEADER_NAME] == (medium / HEADER_NAME).read_bytes()


def test_an_exchanged_key_goes_on(stage: Stage):
    site, medium = stage.site(), stage.medium()
    use_trust(stage, tail="valid_until = 2020-01-01\n" + stage.pair.cosigner)
    stage.sign(medium, "cosigner", f"{HEADER_NAME}.cosigner.sig")

    assert stage.take(medium, site).code == OK
    signed = stage.take(medium, site).document["signed_by"]
    assert [each["name"] for each in signed] == ["cosigner"]


def test_a_medium_like_a_disc_is_read(stage: Stage, tmp_path: Path):
    """Mounted read-only, names in capitals, times of two seconds, no modes to rely on.

    Discs and FAT keep no more than that of a bundle, and a bundle needs no more.
    """
    site, disc = stage.site(), tmp_path / "disc"
    names = {file.name for file in stage.two.iterdir()} - {SUMS_NAME}
    assert all(re.fullmatch("[a-z0-9._-]+", name) for name in {stage.two.name, *names})
    with disk(disc, 4 << 20):
        medium = shutil.copytree(stage.two, disc / stage.two.name.upper())
        for file in list(medium.iterdir()):
            file.chmod(0o555)
            os.utime(file, (0, 2 * (int(file.stat().st_mtime) // 2)))
            file.rename(medium / file.name.upper())
        remount(disc, "ro")
        with pytest.raises(OSError, match="Read-only"):
            (medium / "file").touch()
        trust = ("--trust", str(stage.pair.papers / "trust.toml"))
        stage.pair.run_inside("bundle", "inspect", str(medium), "--versions")
        stage.pair.run_inside("bundle", "verify", str(medium), *trust)
        assert stage.take(medium, site).code == OK
    assert difference(snapshot(site), stage.want) == {}


def test_too_little_space_is_said_before_anything_is_read(stage: Stage):
    site = stage.site()
    site.declare(store={"path": "store", "min_free": "1000TiB"})
    refused = stage.take(stage.two, site)
    site.declare(store={"path": "store", "min_free": "1MiB"})

    assert refused.code == NO_SPACE
    assert "bytes free" in refused.document["message"]
    assert digests(site.tree) == stage.tree
