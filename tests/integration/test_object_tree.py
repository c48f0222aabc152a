"""A tree in a bucket: published, changed, asked for little, and read at any moment."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from gosync.signing.keys import KeyKind, format_public_key, generate_key
from tests.integration.objectsite import ObjectTreeSite, named_files
from tests.integration.site import LOCKED, OK, STANDS_OPEN, STORE, USAGE
from tests.simulator import Simulator
from tests.simulator.objectfaults import (
    CONDITIONS,
    Asked,
    Fault,
    ObjectFaults,
    slow_down,
)
from tests.simulator.objects import ObjectServer
from tests.simulator.standard import UPPER, module
from tests.tiers import EVERY_STEP

PLUS = "example.com/plus"
_CHANGES = ("PUT", "DELETE", "POST")
_EACH_CHANGE = 1 if EVERY_STEP else 14


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.publish(module(UPPER, "v1.0.0"))
        sim.publish(module(PLUS, "v2.0.0+incompatible"))
        yield sim


@pytest.fixture
def site(
    tmp_path: Path, sim: Simulator, line: ObjectFaults, object_server: ObjectServer
) -> ObjectTreeSite:
    line.clear()
    return ObjectTreeSite(
        tmp_path / "site",
        sim,
        server=object_server,
        line=line,
        prefix=f"trees/{tmp_path.name}",
        modules=[UPPER, PLUS],
    )


class Reader:
    """Looks after changes of the bucket what go would be told, and get.

    That is after each one, in the first tier after some of them.
    """

    def __init__(self, site: ObjectTreeSite) -> None:
        self.looks = 0
        self.missing: set[str] = set()
        self._site = site
        self._objects = site.objects
        self._lock = threading.Lock()
        self._changes = itertools.count()

    def look(self) -> None:
        with self._lock:  # a list is older than what is there after it
            lists = {
                key: self._read(key)
                for key in self._site.all_keys()
                if key.endswith("/@v/list")
            }
            named = set(named_files(lists))
            self.missing |= named - set(self._site.all_keys())
            self.looks += 1

    def _read(self, key: str) -> str:
        try:
            return bytes(obstore.get(self._objects, key).bytes()).decode()
        except FileNotFoundError:
            return ""

    def watching(self, asked: Asked) -> Fault | None:
        if asked.method not in _CHANGES or next(self._changes) % _EACH_CHANGE:
            return None
        return Fault(after=self.look)


def test_a_tree_is_published_changed_and_proven(
    site: ObjectTreeSite, sim: Simulator
) -> None:
    reader = Reader(site)
    site.line.fault = reader.watching
    site.sync()
    site.check_objects(sim)
    before = site.tree_files()
    sim.publish(module(UPPER, "v1.1.0"))
    site.sync("--retry")
    site.run("withdraw", f"{PLUS}@v2.0.0+incompatible", "--reason", "rotten", expect=OK)
    site.run("publish", expect=OK)
    site.check_objects(sim)
    second = f"{site.location}-second"
    assert site.run("publish", second, expect=OK).document["root"] == second
    assert reader.looks > 5
    assert reader.missing == set()
    after = site.tree_files()
    assert {
        f"std.example/!acme/!widget/@v/v1.1.0.{each}" for each in ("mod", "zip")
    } <= (after.keys() - before.keys())
    assert "example.com/plus/@v/v2.0.0+incompatible.zip" in before.keys() - after.keys()


@pytest.mark.long
def test_what_is_asked_follows_what_changed(
    site: ObjectTreeSite, sim: Simulator
) -> None:
    def asked() -> int:
        count = len(site.line.asked)
        site.line.clear()
        return count

    site.sync()
    asked()
    site.sync()
    nothing = asked()
    site.run("status", expect=OK)
    status = asked()
    site.run("list", expect=OK)
    assert asked() <= 3
    sim.publish(module(UPPER, "v1.1.0"))
    site.sync("--retry")
    one = asked()
    others = [f"other.example/m{number}" for number in range(20)]
    for path in others:
        for minor in range(5):
            sim.publish(module(path, f"v1.{minor}.0"))
    site.select([UPPER, PLUS, *others])
    site.sync("--retry")
    many = asked()
    site.sync()
    assert asked() == nothing <= 30
    site.run("status", expect=OK)
    assert asked() == status <= 4
    sim.publish(module(UPPER, "v1.2.0"))
    site.sync("--retry")
    assert asked() <= one + 10, "whatever else the tree has"
    assert many < 1_500


@pytest.mark.long
def test_what_is_pruned_leaves_the_bucket(site: ObjectTreeSite, sim: Simulator) -> None:
    site.declare(prune={"grace_days": 0})
    site.sync()
    obstore.put(site.objects, "robots.txt", b"mine")
    obstore.put(site.objects, "example.com/plus/@v/notes.txt", b"mine, too")
    site.select([UPPER])
    site.sync()
    assert any(key.startswith("example.com/plus/@v/v2") for key in site.all_keys())
    site.run("prune", "-y", expect=OK)
    left = {key for key in site.all_keys() if "example.com/plus" in key}
    assert left == {"example.com/plus/@v/notes.txt"}, "what is not ours stays"
    assert "robots.txt" in site.all_keys()
    obstore.delete(site.objects, ["robots.txt", "example.com/plus/@v/notes.txt"])
    site.check_objects(sim)


@pytest.mark.long
def test_a_whole_publish_puts_no_blob_that_is_there(site: ObjectTreeSite) -> None:
    site.sync()
    obstore.delete(site.objects, [".gosync/tree.json"])
    site.line.clear()
    site.run("publish", expect=STORE)  # a tree that lost its marker is nobody's
    obstore.put(site.objects, ".gosync/tree.json", b"{}")
    document = site.run("publish", expect=OK).document
    assert (document["linked"], document["copied"]) == (0, 0)
    obstore.delete(site.objects, [k for k in site.all_keys() if "/objects/" in k])
    obstore.put(site.objects, ".gosync/tree.json", b"{}")
    document = site.run("publish", expect=OK).document
    assert document["copied"] > 0


@pytest.mark.long
def test_what_only_reads_the_catalog_goes_on_without_the_bucket(
    site: ObjectTreeSite, sim: Simulator
) -> None:
    site.sync()
    site.line.clear()
    site.line.fault = lambda _: Fault(refused=True)
    listed = site.run("list", expect=OK)
    assert len(listed.document["versions"]) == 2
    assert "the tree was not looked at" in listed.stderr
    assert len(site.line.asked) < 30
    site.line.clear()
    site.check_objects(sim)


def test_what_goes_on_for_long_needs_a_folder_and_says_what_to_do(
    site: ObjectTreeSite,
) -> None:
    result = site.run("serve", expect=USAGE)
    assert "in a bucket" in result.stderr
    assert "folder" in result.stderr


def test_what_only_looks_gets_a_copy_of_the_tree(
    site: ObjectTreeSite, tmp_path: Path
) -> None:
    (tmp_path / "go.mod").write_text(
        f"module app.example/p\n\ngo 1.20\n\nrequire {UPPER} v1.0.0\n"
    )
    site.declare(target=[{"name": "inside", "keys": []}])
    key = generate_key(KeyKind.ED25519).public()
    (site.folder / "k.pub").write_text(format_public_key(key).strip())
    absent = site.run("closure", str(tmp_path), expect=STORE)
    assert "there is no tree" in absent.stderr
    site.sync()
    found = site.run("closure", str(tmp_path), expect=OK).document
    assert found["tree"] == site.location
    (tmp_path / "go.mod").write_text(
        f"module app.example/p\n\ngo 1.20\n\nrequire {UPPER} v1.9.0\n"
    )
    site.run("closure", str(tmp_path), expect=STANDS_OPEN)
    unsigned = site.run("attest", "check", "--key", "k.pub", expect=STANDS_OPEN)
    assert len(unsigned.document["versions"]) == 2
    made = site.run(
        "bundle", "create", "--tree", "--out", str(tmp_path), expect=OK
    ).document
    files = [key for key in site.all_keys() if not key.startswith(".gosync/")]
    assert made["files"] >= len(files) > 6


@pytest.mark.long
def test_a_lost_store_is_made_anew_of_the_bucket(
    site: ObjectTreeSite, sim: Simulator
) -> None:
    site.sync()
    shutil.rmtree(site.store)
    assert site.run("adopt", "--new-store", expect=OK).document["is_ours"] is True
    site.sync()
    site.check_objects(sim)


@pytest.mark.parametrize("forgets", [frozenset(), CONDITIONS])
@pytest.mark.parametrize("at", [0, 12])
@pytest.mark.long
def test_of_two_publishers_one_wins_and_no_tree_is_mixed(
    site: ObjectTreeSite,
    sim: Simulator,
    tmp_path: Path,
    object_server: ObjectServer,
    forgets: frozenset[str],
    at: int,
) -> None:
    other = ObjectTreeSite(
        tmp_path / "other",
        sim,
        server=object_server,
        line=site.line,
        prefix=site.prefix,
        modules=[PLUS],
    )
    site.line.forgets = forgets
    ended: dict[str, int] = {}
    puts = itertools.count()

    def meanwhile(asked: Asked) -> Fault | None:
        """Let the other one begin, and end, while this one is about to put."""
        if asked.method != "PUT" or "proof" in asked.key or next(puts) != at:
            return None
        return Fault(before=begin)

    def begin() -> None:
        ended["other"] = other.fork("sync").code

    site.line.fault = meanwhile
    ended["this"] = site.sync(expect=None).code
    site.line.clear()
    assert sorted(ended.values()) in ([OK, LOCKED], [OK, STORE])
    winner, loser = (site, other) if ended["this"] == OK else (other, site)
    winner.check_objects(sim)
    assert loser.run("publish").code in {LOCKED, STORE}  # it is another store's
    winner.check_objects(sim)
    obstore.delete(winner.objects, [k for k in winner.all_keys() if "/writer/" in k])
    loser.run("publish", expect=STORE)
    winner.check_objects(sim)


@pytest.mark.long
def test_throttled_delayed_and_reordered_it_comes_to_the_same(
    site: ObjectTreeSite, sim: Simulator
) -> None:
    def trouble(asked: Asked) -> Fault | None:
        if asked.number % 7 == 3:
            return slow_down()
        if asked.number % 11 == 5:
            return Fault(unanswered=True)
        return Fault(wait_seconds=0.001 * (asked.number * 37 % 29))

    site.line.fault = trouble
    reader = Reader(site)
    site.sync()
    reader.look()
    site.line.clear()
    assert reader.missing == set()
    site.check_objects(sim)
