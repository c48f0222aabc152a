"""Bundles over a gateway that delivers late, out of order, twice, or not at all."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.pair import GAP, TARGET, Machines, Pair, bulky
from tests.integration.site import OK, SECURITY
from tests.integration.wreck import Story
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module
from tests.tiers import EVERY_STEP

pytestmark = pytest.mark.slow

MODULES = [UPPER, "std.example/*"]
ROUNDS = 50 if EVERY_STEP else 6


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


class Gateway:
    """Two one-way links, each from an outbox to an inbox, file by file."""

    def __init__(self, folder: Path) -> None:
        self.sent = folder / "outbox-outside"
        self.arrived = folder / "inbox-inside"
        self.back = folder / "outbox-inside"
        self.heard = folder / "inbox-outside"
        for each in (self.sent, self.arrived, self.back, self.heard):
            each.mkdir()

    def connect(self, pair: Pair, keys: list[str], **target: object) -> None:
        """Let both sites use it."""
        outside: dict[str, object] = {"name": TARGET, "keys": keys}
        outside |= {"outbox": str(self.sent), "inbox": str(self.heard), **target}
        pair.outside.declare(target=[outside])
        trust = str(pair.papers / "trust.toml")
        inside = {"inbox": str(self.arrived), "outbox": str(self.back)}
        pair.inside.declare(bundle={"trust": trust, **inside})

    def carry(self) -> None:
        """Carry everything, and take it from where it came."""
        for file in _files(self.sent):
            _move(file, self.arrived / file.relative_to(self.sent))
        for file in _files(self.back):
            _move(file, self.heard / file.relative_to(self.back))
        _remove_empty(self.sent)

    def carry_badly(self, chance: random.Random, lost: list[str]) -> None:
        """Carry some, in any order; hold some back, carry some twice, lose some."""
        ways = ((self.sent, self.arrived), (self.back, self.heard))
        for start, end in ways:
            files = _files(start)
            chance.shuffle(files)
            for file in files:
                _carry_one(file, end / file.relative_to(start), chance, lost)
        _remove_empty(self.sent)


def _carry_one(file: Path, where: Path, chance: random.Random, lost: list[str]) -> None:
    throw = chance.random()
    if throw < 0.25:
        return  # late
    if throw < 0.30:
        lost.append(file.name)
        file.unlink()
    elif throw < 0.45:
        where.parent.mkdir(exist_ok=True)
        shutil.copy(file, where)  # and once more later
    else:
        _move(file, where)


def _files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def _move(file: Path, where: Path) -> None:
    where.parent.mkdir(exist_ok=True)
    shutil.move(file, where)


def _remove_empty(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir() and not any(each.iterdir()):
            each.rmdir()


@pytest.fixture
def pair(sim: Simulator, machines: Machines, tmp_path: Path) -> Pair:
    Story(sim)
    sim.database.lookup_size = None
    pair = Pair(tmp_path, sim, machines, modules=MODULES)
    pair.sync()
    return pair


@pytest.fixture
def gateway(pair: Pair, tmp_path: Path) -> Gateway:
    gateway = Gateway(tmp_path)
    gateway.connect(pair, [pair.key["secret_file"]])
    return gateway


def send(pair: Pair, expect: int = OK) -> dict[str, Any]:
    """Run the job outside; return what it did for the one target."""
    document = pair.run_outside("run", "--once", "bundle", expect=expect).document
    done: dict[str, Any] = document["jobs"]["bundle"]["summary"]["targets"][0]
    return done


def receive(pair: Pair, expect: int | None = OK) -> dict[str, Any]:
    """Run the job inside."""
    run = pair.run_inside("run", "--once", "import", expect=expect)
    done: dict[str, Any] = run.document["jobs"]["import"]["summary"]
    return done


def grow(pair: Pair, sim: Simulator, number: int) -> None:
    sim.publish(module(UPPER, f"v1.{number}.0", day=1 + number % 28))
    sim.log.grow(10)
    pair.sync()


def states(done: dict[str, Any]) -> list[str]:
    return [each["state"] for each in done["bundles"]]


def test_what_is_new_travels_and_the_receipt_comes_back(
    pair: Pair, gateway: Gateway, sim: Simulator
):
    made = send(pair)
    assert (made["cause"], made["sequence"], made["acked"]) == ("change", 1, 0)
    assert send(pair)["bundle"] == "", "nothing is new since"
    gateway.carry()
    done = receive(pair)
    assert states(done) == ["applied"]
    assert list(gateway.arrived.iterdir()) == []
    assert [each.name for each in _files(gateway.back)] == [done["receipt"]]
    pair.check()

    gateway.carry()
    grow(pair, sim, 2)
    made = send(pair)
    assert (made["acked"], made["sequence"], made["versions"]) == (1, 2, 1)
    assert list(gateway.heard.iterdir()) == []
    gateway.carry()
    assert states(receive(pair)) == ["applied"]
    pair.check()


def test_a_folder_of_an_acknowledged_name_stays_if_it_has_another_bundle(
    pair: Pair, gateway: Gateway, sim: Simulator
):
    first = gateway.sent / send(pair)["bundle"]
    gateway.carry()
    receive(pair)
    gateway.carry()
    grow(pair, sim, 2)
    second = gateway.sent / send(pair)["bundle"]
    shutil.copytree(second, first)  # somebody's, under the name of what arrived
    send(pair)
    assert first.is_dir()


def test_a_bundle_that_is_still_written_waits_for_its_rest(
    pair: Pair, gateway: Gateway
):
    folder = gateway.sent / send(pair)["bundle"]
    files = [folder / "SHA256SUMS", *_files(folder)]
    late = gateway.arrived / folder.name
    for file in dict.fromkeys(files):  # SHA256SUMS came first
        done = receive(pair)
        assert states(done) in ([], ["arriving"])
        _move(file, late / file.name)
    assert states(receive(pair)) == ["applied"]
    pair.check()


def test_a_bundle_that_came_before_or_too_late_goes(
    pair: Pair, gateway: Gateway, sim: Simulator, tmp_path: Path
):
    first = gateway.sent / send(pair)["bundle"]
    kept = shutil.copytree(first, tmp_path / first.name)
    grow(pair, sim, 2)
    send(pair)
    shutil.rmtree(first)
    gateway.carry()
    assert states(receive(pair)) == ["applied"]
    shutil.copytree(kept, gateway.arrived / first.name)
    done = receive(pair)
    assert [(e["state"], e["sequence"]) for e in done["bundles"]] == [("overtaken", 1)]
    assert list(gateway.arrived.iterdir()) == []
    pair.check()


def test_one_that_nobody_trusts_stays_and_the_others_go_on(
    pair: Pair, gateway: Gateway, tmp_path: Path
):
    good = gateway.sent / send(pair)["bundle"]
    forged = shutil.copytree(good, gateway.arrived / "a-forged-one")
    for signature in forged.glob("*.sig"):
        signature.unlink()
    gateway.carry()
    assert sorted(states(receive(pair))) == ["applied", "arriving"]
    for file in (forged / "bundle.json", *_files(forged)):
        os.utime(file, (0, 0))
    done = receive(pair, expect=SECURITY)
    assert states(done) == ["refused"]
    assert forged.is_dir()
    pair.check()


def test_a_gap_is_told_outside_and_closed(pair: Pair, gateway: Gateway, sim: Simulator):
    gateway.connect(pair, [pair.key["secret_file"]], base="sealed")
    send(pair)
    gateway.carry()
    receive(pair)
    gateway.carry()
    grow(pair, sim, 2)
    lost = gateway.sent / send(pair)["bundle"]
    shutil.rmtree(lost)
    grow(pair, sim, 3)
    assert send(pair)["sequence"] == 3
    gateway.carry()
    done = receive(pair, expect=GAP)
    assert states(done) == ["waiting"]
    assert done["need"] in {each.name for each in _files(gateway.back)}
    gateway.carry()
    assert (send(pair)["cause"], send(pair)["bundle"]) == ("need", "")
    gateway.carry()
    assert states(receive(pair)) == ["applied"]
    pair.check()


def test_after_silence_what_was_not_acknowledged_travels_again(
    pair: Pair, gateway: Gateway
):
    gateway.connect(pair, [pair.key["secret_file"]], resend_after="1s")
    first = gateway.sent / send(pair)["bundle"]
    assert send(pair)["cause"] == "", "it is not gone yet"
    shutil.rmtree(first)
    time.sleep(1)
    assert send(pair)["cause"] == "silence"
    gateway.carry()
    assert states(receive(pair)) == ["applied"]
    pair.check()


@pytest.mark.sampled
@pytest.mark.long
def test_a_lossy_gateway_ends_in_equal_trees(
    pair: Pair, gateway: Gateway, sim: Simulator
):
    small = {"resend_after": "1s", "volume_size": "8KiB"}
    gateway.connect(pair, [pair.key["secret_file"]], **small)
    chance, lost = random.Random(21), list[str]()
    for number in range(2, ROUNDS + 2):
        if number % 3 == 0:  # larger than a volume
            sim.publish(bulky(f"std.example/bulk{number}"))
        grow(pair, sim, number)
        send(pair)
        gateway.carry_badly(chance, lost)
        receive(pair, expect=None)
        gateway.carry_badly(chance, lost)
    for _ in range(6):
        send(pair)
        gateway.carry()
        receive(pair, expect=None)
        gateway.carry()
    assert lost
    pair.check()
