"""Ways to break a bundle: nothing is published, nothing lost, and it says what to do.

Each way is tried on a copy of a site inside that has bundle 1, with a copy of
bundle 2. Afterwards the site is as it was, and takes the whole bundle 2.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.bundle.format.names import HEADER_NAME, SUMS_NAME
from gosync.gomod.module import ModuleVersion
from tests.integration.breaking import (
    Stage,
    read_header,
)
from tests.integration.harm import WAYS, change_header, fork_head, use_trust
from tests.integration.pair import GAP, Machines, Pair
from tests.integration.site import NO_SPACE, OK, SECURITY, USAGE, digests
from tests.integration.test_crash_disk import disk, remount
from tests.integration.wreck import check_ruins, difference, in_memory, snapshot
from tests.simulator import Simulator
from tests.simulator.standard import PRIVATE, UPPER, module
from tests.tiers import shared_out

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with (
        in_memory(tmp_path_factory.mktemp("stage")) as folder,
        Simulator() as sim,
        Machines() as machines,
    ):
        yield Stage(folder, sim, machines)


@pytest.mark.parametrize("name", shared_out(WAYS))
def test_a_broken_bundle_is_refused_and_the_whole_one_taken(stage: Stage, name: str):
    way = WAYS[name]
    site, medium = stage.site(), stage.medium()
    way.harm(stage, medium)
    before = digests(medium)

    refused = stage.take(medium, site)
    said = refused.document.get("message", refused.stderr)
    assert (refused.code, way.says in said) == (way.code, True), said
    assert refused.document["hint"], f"what to do? {said}"
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


def test_a_private_version_that_was_rewritten_is_refused(stage: Stage, tmp_path: Path):
    """No log knows private modules; what came first is what counts."""
    moved = ModuleVersion(PRIVATE, "v1.0.0")
    stage.sim.move_tag(moved, {"moved.go": b"package moved\n"})
    pair = stage.new_pair(tmp_path)
    pair.sync()
    stage.sim.move_back(moved)
    site, medium = stage.site(), stage.medium(pair.make())
    stage.rewrite(medium, sequence=2, created=read_header(stage.two).created)

    refused = stage.take(medium, site)
    assert refused.code == SECURITY, refused.stdout + refused.stderr
    assert refused.document["error"] == "ChecksumMismatchError"
    assert f"{moved} zip" in refused.document["message"]
    assert digests(site.tree) == stage.tree
    (evidence,) = site.quarantine()
    assert str(moved) in evidence.subject
    check_ruins(site)
    assert stage.take(stage.two, site).code == OK
    found = snapshot(site)
    assert difference(_without_evidence(found), _without_evidence(stage.want)) == {}


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


@pytest.mark.skipif(shutil.which("mcopy") is None, reason="there are no mtools")
def test_a_stick_with_fat_brings_a_bundle(stage: Stage, tmp_path: Path):
    """A file system of FAT in a file; mtools write and read it, and need no mount."""
    image, site = tmp_path / "image", stage.site()
    mtools("mformat", "-C", "-i", image, "-T", "8192", "-h", "16", "-s", "32", "::")
    mtools("mcopy", "-s", "-i", image, stage.two, "::")
    mtools("mcopy", "-s", "-i", image, f"::/{stage.two.name}", tmp_path)

    medium = tmp_path / stage.two.name
    assert digests(medium) == digests(stage.two)
    assert stage.take(medium, site).code == OK
    assert difference(snapshot(site), stage.want) == {}


def mtools(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def test_too_little_space_is_said_before_anything_is_read(stage: Stage):
    site = stage.site()
    site.declare(store={"path": "store", "min_free": "1000TiB"})
    refused = stage.take(stage.two, site)
    site.declare(store={"path": "store", "min_free": "1MiB"})

    assert refused.code == NO_SPACE
    assert "bytes free" in refused.document["message"]
    assert digests(site.tree) == stage.tree


@pytest.mark.parametrize("form", [(), ("--sigstore",)], ids=["sig", "sigstore"])
def test_a_second_person_signs_with_the_command(stage: Stage, form: tuple[str, ...]):
    site, medium = stage.site(), stage.medium()
    use_trust(stage, head="threshold = 2\n", tail=stage.pair.cosigner)
    assert stage.take(medium, site).code == SECURITY

    key = stage.pair.papers / "cosigner.key"
    sign = ("bundle", "sign", str(medium), "--key", str(key), "--label", "officer")
    site.run(*sign, *form, expect=OK)
    site.run(*sign, *form, expect=USAGE)  # never over another

    signed = stage.take(medium, site).document["signed_by"]
    assert {each["name"] for each in signed} == {"packer", "cosigner"}
