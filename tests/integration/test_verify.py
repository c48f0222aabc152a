"""verify on what gosync itself makes, through the real command."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.demo.modules import ModuleSource
from tests.integration.result import finish
from tests.integration.site import SECURITY, Site
from tests.integration.test_crash_disk import disk, remount
from tests.simulator import Simulator
from tests.simulator.standard import publish_standard, source

CORP = "corp.example/secret"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(records=600) as sim:
        publish_standard(sim)
        sim.publish_private(_private())
        yield sim


def _private() -> ModuleSource:
    go_mod = f"module {CORP}\n\ngo 1.21\n"
    return source(CORP, "v1.0.0", {"go.mod": go_mod, "x.go": "package x\n"})


@pytest.fixture(scope="module")
def site(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    site = Site(
        folder, sim, modules=["std.example/*", CORP], index=True, private=[CORP]
    )
    site.sync(expect=None)
    return site


def test_the_store_and_the_tree_that_a_sync_leaves_are_clean(site: Site):
    store = site.run("verify", "--offline", expect=0).document
    tree = site.run("verify", str(site.tree), "--offline", expect=0).document

    assert (store["kind"], tree["kind"]) == ("store", "tree")
    assert store["versions"] == tree["versions"] > 5
    assert store["findings"] == tree["findings"] == []
    assert tree["remarks"] == []
    assert site.run("verify", "--max-age", "1d", expect=0).document["checked"] == 0


def test_a_copy_of_the_tree_needs_neither_configuration_nor_network(
    site: Site, sim: Simulator, tmp_path: Path
):
    bare = Site(tmp_path / "bare", sim)
    bare.config_file.unlink()
    arguments = ["verify", str(site.tree), "--sumdb", sim.verifier_key, "--offline"]

    found = bare.run(*arguments, expect=4).document
    private = bare.run(*arguments, "--private", CORP, expect=0).document

    # Only what is private has no record there, until it is named.
    assert {each["path"] for each in found["findings"]} == {CORP}
    assert any("--private" in line for line in found["next"])
    assert {each["cause"] for each in private["findings"]} == {"private"}


def test_a_tree_on_read_only_media_is_proven_without_a_word_to_anybody(
    site: Site, sim: Simulator, tmp_path: Path
):
    """No option names a place for results; strace sees no connection and no write."""
    bare = Site(tmp_path / "bare", sim)
    bare.config_file.unlink()
    media, trace = tmp_path / "media", tmp_path / "trace"
    with disk(media, 16 << 20):
        shutil.copytree(site.tree, media / "public")
        remount(media, "ro")
        strace = ["strace", "-f", "-qq", "-o", str(trace)]
        arguments = ["--sumdb", sim.verifier_key, "--private", CORP]
        report = bare.run(
            *("verify", str(media / "public"), "--offline", *arguments),
            expect=0,
            prefix=[*strace, "-e", "trace=connect,sendto,%file"],
        ).document
        damaged = min((media / "public").rglob("*.zip"))
        remount(media, "rw")
        damaged.unlink()
        damaged.write_bytes(b"")
        remount(media, "ro")
        acted = bare.run("verify", str(media / "public"), "--quarantine", *arguments)

    kept = Path(report["kept_in"])
    assert report["findings"][0]["cause"] == "private"
    assert kept.is_relative_to(bare.folder / "home/.local/state/gosync/verify")
    assert (kept / "verified.jsonl").is_file()
    lines = trace.read_text().splitlines()
    assert [line for line in lines if "connect(" in line or "AF_INET" in line] == []
    assert [line for line in lines if "EROFS" in line] == []  # nor was it tried
    assert any('.zip"' in line for line in lines)  # strace saw what was done
    assert acted.code == 4
    assert "Read-only" in acted.document["done"][0]["failed"]


def test_a_signal_ends_a_run_that_goes_on_later(site: Site):
    process = site.start("verify", str(site.tree), "--offline", "--fresh")
    time.sleep(0.35)
    process.send_signal(signal.SIGTERM)
    result = finish(process)

    assert result.code in {0, 128 + signal.SIGTERM, -signal.SIGTERM}
    site.run("verify", str(site.tree), "--offline", expect=0)


def test_a_database_that_nobody_trusts_is_a_security_finding(
    site: Site, sim: Simulator, tmp_path: Path
):
    other = site.twin(tmp_path / "twin")
    go_sum = tmp_path / "go.sum"
    mv = next(each for each in sim.module_versions() if each.path != CORP)
    published = sim.publication(mv)
    go_sum.write_text(f"{mv.path} {mv.version} {published.zip_h1}\n")
    sim.database.unknown_key()
    try:
        result = other.run("verify", str(go_sum))
    finally:
        sim.database.mend()

    assert result.code == SECURITY
    assert result.document["misbehaved"]
