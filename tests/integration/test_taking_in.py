"""A store that knows less than its tree takes in what that shows, then changes it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.gomod.module import ModuleVersion
from tests.integration.kin import PRIVATE, Kin, kept, lost
from tests.integration.site import OK, SECURITY, STORE, Site, digests
from tests.simulator import Simulator
from tests.simulator.standard import UPPER

pytestmark = pytest.mark.slow
LEFT = 3


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(records=700) as sim:
        yield sim


@pytest.fixture(scope="module")
def public(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Kin:
    return Kin(tmp_path_factory.mktemp("public"), sim, private=False)


@pytest.fixture(scope="module")
def mixed_sim() -> Iterator[Simulator]:
    with Simulator(records=700) as sim:
        yield sim


@pytest.fixture(scope="module")
def mixed(mixed_sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Kin:
    return Kin(tmp_path_factory.mktemp("mixed"), mixed_sim)


def _restored(kin: Kin) -> Site:
    """Return a site whose store came back from an older backup."""
    site = kin.site()
    kin.afflict(site, "store", "older")
    return site


def _tree(site: Site) -> dict[str, str]:
    return {name: each for name, each in kept(site).items() if name[:6] != "blobs/"}


@pytest.mark.parametrize(
    "command", [("sync",), ("publish",), ("run", "--once", "sync"), ("adopt",)]
)
def test_a_restored_store_takes_in_its_tree_though_upstream_is_away(
    public: Kin, sim: Simulator, command: tuple[str, ...]
):
    site = _restored(public)
    before = _tree(site)
    with sim.fail("*", status=500):
        site.run(*command)
        assert lost(before, _tree(site)) == set()
        assert len(site.listed()) == 2
        site.run("publish", expect=OK)
    site.sync()
    assert lost(before, _tree(site)) == set()
    assert site.run("verify", "--offline", expect=OK).document["versions"] == 2
    site.check_proven(sim)
    site.check_store()


def test_while_a_store_is_older_nothing_else_is_done_with_it(public: Kin):
    site = _restored(public)
    before = kept(site)
    for command in ("prune", "plan", "status"):
        refused = site.run(command, expect=STORE)
        assert "gosync adopt" in refused.document["hint"]
    assert kept(site) == before


def test_what_no_pin_vouches_for_takes_the_operators_word(
    mixed: Kin, mixed_sim: Simulator
):
    site = _restored(mixed)
    before = _tree(site)
    with mixed_sim.fail("*", status=500):
        refused = site.run("sync", expect=STORE)
        assert f"{PRIVATE}@v1.1.0" in refused.document["message"]
        assert "gosync adopt --trust-tree" in refused.document["hint"]
        assert _tree(site) == before
        taken = site.run("adopt", expect=LEFT).document
        assert [each["version"] for each in taken["left"]] == ["v1.1.0"]
        assert not taken["is_ours"]
        assert _tree(site) == before
        site.run("publish", expect=STORE)
        taken = site.run("adopt", "--trust-tree", expect=OK).document
        assert (taken["versions"], taken["left"], taken["is_ours"]) == (1, [], True)
        site.run("publish", expect=OK)
    site.sync()
    assert lost(before, _tree(site)) == set()


def test_an_upstream_vouches_with_the_tree_if_they_say_the_same(mixed: Kin):
    site = _restored(mixed)
    before = _tree(site)
    site.sync()
    assert lost(before, _tree(site)) == set()
    assert site.run("show", f"{PRIVATE}@v1.1.0", expect=OK).document["pin"]


@pytest.mark.parametrize("name", ["go.mod", "x.go"])
def test_an_upstream_that_says_something_else_changes_nothing(
    tmp_path: Path, name: str
):
    with Simulator(records=700) as sim:
        site = _restored(Kin(tmp_path / "kin", sim))
        before = _tree(site)
        text = f"module {PRIVATE}\n\ngo 1.20\n" if name == "go.mod" else "package x\n"
        sim.rewrite(ModuleVersion(PRIVATE, "v1.1.0"), {name: text.encode()})
        refused = site.run("sync", "--refresh", expect=STORE)
        assert f"{PRIVATE}@v1.1.0" in refused.document["message"]
        [evidence] = site.quarantine(f"{PRIVATE}@v1.1.0")
        assert "the tree has h1:" in evidence.reason
        assert _tree(site) == before


def _lose_blob(site: Site, name: str) -> None:
    """Lose the zip of a private version; a new catalog knows its pin alone."""
    digest = site.run("show", name).document["zip_digest"]
    (site.store / "blobs" / "sha256" / digest[:2] / digest).unlink()
    report = site.run("catalog", "rebuild", expect=OK).document
    assert (report["missing"], report["pins"]) == ([name], 2)


def test_the_journals_pin_vouches_for_what_the_tree_shows(mixed: Kin):
    site = mixed.site()
    before = kept(site)
    _lose_blob(site, f"{PRIVATE}@v1.1.0")
    assert site.run("adopt", expect=OK).document["versions"] == 1
    site.run("publish", expect=OK)
    assert kept(site) == before


def test_the_journals_pin_holds_against_what_the_tree_shows(mixed: Kin):
    site = mixed.site()
    _lose_blob(site, f"{PRIVATE}@v1.1.0")
    file = site.tree / PRIVATE / "@v" / "v1.1.0.mod"
    text = file.read_bytes()
    file.unlink()  # it is linked to its blob
    file.write_bytes(text + b"\n// another\n")
    taken = site.run("adopt", "--trust-tree", expect=LEFT).document
    assert "the first sight of it has h1:" in taken["left"][0]["reason"]


def test_no_catalog_is_made_of_a_journal_whose_blobs_are_away(mixed: Kin):
    site = mixed.site()
    for part in ("catalog", "blobs"):
        mixed.afflict(site, part, "missing")
    before = _tree(site)
    refused = site.run("catalog", "rebuild", expect=STORE)
    assert "is its disk mounted?" in refused.document["hint"]
    site.run("publish", expect=STORE)
    assert _tree(site) == before


def test_a_tree_that_lies_is_not_believed(public: Kin):
    site = _restored(public)
    latest = next(site.tree.glob("sumdb/*/latest"))
    data = latest.read_bytes()
    latest.unlink()
    latest.write_bytes(data.replace(b"\n\n", b"x\n\n", 1))
    before = _tree(site)
    assert site.run("sync").code in (SECURITY, STORE)
    assert lost(before, _tree(site)) == set()


def test_a_damaged_file_of_the_tree_is_named_until_upstream_brings_it(
    public: Kin, sim: Simulator
):
    site = _restored(public)
    [damaged] = site.tree.glob("**/v1.1.0.zip")
    data = bytearray(damaged.read_bytes())
    damaged.unlink()
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    before = _tree(site)
    with sim.fail("*", status=500):
        refused = site.run("sync", expect=STORE)
        assert "v1.1.0" in refused.document["message"]
        assert _tree(site) == before
    site.sync("--retry")
    site.check_tree(sim)
    assert len(site.listed()) == 2


@pytest.mark.parametrize(
    "command", [("sync",), ("publish",), ("run", "--once", "sync"), ("adopt",)]
)
def test_a_new_store_is_begun_over_a_tree_when_that_is_said(
    mixed: Kin, command: tuple[str, ...]
):
    site = mixed.site()
    mixed.afflict(site, "store", "missing")
    before = _tree(site)
    refused = site.run(*command, expect=STORE)
    assert "--new-store" in refused.document["hint"]
    assert not site.store.exists()
    if command == ("adopt",):
        command = ("adopt", "--trust-tree")
    site.run(*command, "--new-store", expect=OK)
    assert lost(before, _tree(site)) == set()
    site.sync()
    assert lost(before, _tree(site)) == set()
    assert len(site.listed()) == 4
    site.check_store()


def test_a_new_store_pins_what_clients_have_had(mixed: Kin, tmp_path: Path):
    with Simulator(records=700) as sim:
        kin = Kin(tmp_path / "kin", sim)
        site = kin.site()
        kin.afflict(site, "store", "missing")
        before = _tree(site)
        moved = ModuleVersion(PRIVATE, "v1.0.0")
        sim.rewrite(moved, {"x.go": b"package x // moved\n"})
        site.run("sync", "--new-store", "--refresh")
        assert lost(before, _tree(site)) == set()


def test_blobs_alone_are_kept_for_a_new_store(public: Kin):
    site = public.site()
    for part in ("catalog", "journal"):
        public.afflict(site, part, "missing")
    before = kept(site)
    for command in ("sync", "publish", "prune"):
        refused = site.run(command, expect=STORE)
        assert "--new-store" in refused.document["hint"]
    site.run("catalog", "rebuild", expect=STORE)
    assert kept(site) == before
    site.run("sync", "--new-store", expect=OK)
    assert lost(before, kept(site)) == set()


def test_another_sites_tree_is_taken_in_and_left_as_it_is(public: Kin, tmp_path: Path):
    other = tmp_path / "other"
    shutil.copytree(public.now / "public", other, copy_function=os.link)
    site = _restored(public)
    shutil.rmtree(site.tree)
    shutil.copytree(public.older / "public", site.tree)
    before = digests(other)
    taken = site.run("adopt", str(other), expect=OK).document
    assert (taken["versions"], taken["is_ours"]) == (1, False)
    assert digests(other) == before
    site.run("publish", expect=OK)
    assert f"{UPPER}@v1.1.0" in site.listed()


def test_a_tree_of_another_store_becomes_ours_once_it_is_taken_in(public: Kin):
    site = public.site()
    public.afflict(site, "tree", "foreign")
    before = _tree(site)
    site.run("publish", expect=STORE)
    assert site.run("adopt", expect=OK).document["is_ours"]
    site.run("publish", expect=OK)
    site.sync()
    assert lost(before, _tree(site)) == set()
