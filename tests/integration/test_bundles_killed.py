"""Creates and imports killed or out of space anywhere: the next one converges.

A deed is killed before its durable steps, at a random byte of its writes, and at
random moments; or one of its writes finds the disk full. Then it is done again, and
what comes of it is byte for byte what comes of one that nobody disturbs. By default
each deed is killed at some of its steps, of as many kinds as possible (a call in a
part of the site). In the second tier it is killed at every step; but an import that
closes a gap and that of a repair, which take files in by the same loop as that of an
increment, at the first and the last step of each kind. In some minutes:

    GOSYNC_TEST_EVERY_STEP=1 pytest -n 0 -s tests/integration/test_bundles_killed.py
"""

from __future__ import annotations

import errno
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from gosync.bundle.format.names import HEADER_NAME, SUMS_NAME
from gosync.bundle.read.folder import BundleFolder
from gosync.signing.files import read_key
from tests.integration.breaking import SIGNATURE, Stage, put_back, read_header
from tests.integration.pair import GAP, Machines, bulky
from tests.integration.site import NO_SPACE, OK, Site, digests
from tests.integration.steps import EVERY, Run, chosen
from tests.integration.wreck import (
    check_mended,
    check_ruins,
    difference,
    in_memory,
    ledger,
    snapshot,
)
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module
from tests.tiers import EVERY_STEP

pytestmark = [pytest.mark.slow, pytest.mark.sampled]

GROWS = frozenset({"write", "pwrite64", "link", "rename", "mkdir"})
MOMENTS = 40 if EVERY_STEP else 2
FEW = 3
ENDS = 2


@dataclass(frozen=True)
class Deed:
    """Something that is killed.

    Attributes:
        begin: Brings the site back to the moment before it.
        do: Does it; see Stepper.run.
        code: How it ends when nobody disturbs it.
        check: Looks at what a kill left; changes nothing.
        mend: Does it again, and what follows; compares the end.
        steps: At how many steps it is killed in the first tier.
        each: At how many of a kind it is in the second tier, None for all.
    """

    begin: Callable[[], Site]
    do: Callable[..., Run]
    code: int
    check: Callable[[Site], None]
    mend: Callable[[Site], None]
    steps: int = FEW
    each: int | None = None


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with (
        in_memory(tmp_path_factory.mktemp("stage")) as folder,
        Simulator() as sim,
        Machines() as machines,
    ):
        yield Played(folder, sim, machines)


class Played:
    """The stage, and what was made after bundle 2: 3, and for who lacks 2 a repair."""

    def __init__(self, folder: Path, sim: Simulator, machines: Machines) -> None:
        self.stage = Stage(folder, sim, machines)
        self._media = self.stage.pair.outside.folder / "media"
        pair, self._folder = self.stage.pair, folder
        sim.publish(module(UPPER, "v1.3.0", say="much later"))
        sim.publish(bulky("std.example/larger-than-a-volume", noise_bytes=80_000))
        pair.sync()
        self._before_three = self._copy_outside("before-three")
        self.three = pair.make("--base", "sealed")
        site = self.stage.site()
        assert self.stage.take(self.three, site).code == GAP
        self._waiting = folder / "waiting"
        put_back(site.folder, self._waiting)
        self._need = shutil.copy(pair.need, folder / "need.json")
        self._before_repair = self._copy_outside("before-repair")
        self.repair = pair.make("--need", str(self._need))

    def _copy_outside(self, name: str) -> Path:
        put_back(self.stage.pair.outside.folder, self._folder / name)
        return self._folder / name

    # Imports.

    def taking(
        self, bundle: Path, *then: Path, waiting: bool = False, steps: int = FEW
    ) -> Deed:
        """Return the import of a bundle; with others after it all is complete.

        Args:
            bundle: Which.
            *then: Those that are lacking.
            waiting: Whether another waits for it, and is taken in with it.
            steps: At how many steps it is killed in the first tier.
        """
        stage = self.stage
        start = self._waiting if waiting else stage.start

        def begin() -> Site:
            return stage.site(start)

        def do(site: Site, **how: object) -> Run:
            return stage.take(bundle, site, **how)

        def check(site: Site) -> None:
            check_ruins(site)
            assert not then or digests(site.tree) == stage.tree, "nothing is published"

        def finish(site: Site) -> dict[str, object]:
            for each in (bundle, *then):
                end = OK if each is (bundle, *then)[-1] else GAP
                assert stage.take(each, site).code == end
            check_mended(site)
            return snapshot(site)

        want = finish(begin())

        def mend(site: Site) -> None:
            assert difference(finish(site), want) == {}

        code, each = GAP if then else OK, ENDS if waiting else None
        return Deed(begin, do, code, check, mend, steps, each)

    # Creates.

    def making_three(self) -> Deed:
        """Return the making of an increment."""
        return self._making(self._before_three, "--base", "sealed", steps=8)

    def making_repair(self) -> Deed:
        """Return the making of a repair."""
        return self._making(self._before_repair, "--need", str(self._need), steps=FEW)

    def _making(self, start: Path, *arguments: str, steps: int) -> Deed:
        outside = self.stage.pair.outside
        command = ("bundle", "create", "inside", "--out", str(self._media), *arguments)

        def begin() -> Site:
            put_back(start, outside.folder)
            return outside

        def do(site: Site, **how: object) -> Run:
            run = self.stage.machines.outside.run
            return run(site, *command, **how)  # type: ignore[arg-type]

        whole = do(begin(), calls=EVERY)
        assert whole.code == OK, whole.stderr
        on_medium = {each.call for each in whole.steps if "media" in each.path}
        assert on_medium <= {"mkdir", "write", "fsync", "rename", "unlink"}, "as on FAT"
        want, states = self._made(), [row[1:] for row in ledger(outside)]

        def check(site: Site) -> None:
            check_ruins(site)
            made = {self._whole(folder) for folder in self._shown()}
            sealed = {row[0] for row in ledger(site) if row[1:] in states[-1:]}
            assert sealed <= made, "what is sealed is there"

        def mend(site: Site) -> None:
            if [row[1:] for row in ledger(site)] != states:
                again = do(site)
                assert again.code == OK, again.stderr
            assert self._made() == want
            assert [row[1:] for row in ledger(site)] == states

        return Deed(begin, do, OK, check, mend, steps)

    def _shown(self) -> list[Path]:
        """Return what people see in the folder of bundles."""
        found = self._media.iterdir() if self._media.exists() else ()
        return [folder for folder in found if not folder.name.startswith(".")]

    def _whole(self, folder: Path) -> str:
        """Check that a bundle's folder is whole; return its id."""
        bundle = BundleFolder.open(folder)
        bundle.check_names()
        for number in range(1, len(bundle.header.volumes) + 1):
            bundle.check_volume(number)
        key = read_key(self.stage.pair.papers / "packer.key")
        assert bundle.signatures == {SIGNATURE: key.sign(bundle.header_bytes)}
        return bundle.id

    def _made(self) -> object:
        """Return what is the same in all bundles of one content, but for the time."""
        (folder,) = self._media.iterdir()
        self._whole(folder)
        header = msgspec.structs.replace(read_header(folder), created="")
        timed = {HEADER_NAME, SIGNATURE, SUMS_NAME}
        files = {n: d for n, d in digests(folder).items() if n not in timed}
        return header, files, folder.name.rpartition("-")[0]


def kill_everywhere(deed: Deed, name: str) -> Counter[str]:
    """Kill a deed at its steps and at random moments; return where it was killed."""
    chance = random.Random(name)
    whole = deed.do(deed.begin(), calls=EVERY)
    assert whole.code == deed.code, whole.stderr
    steps = chosen(whole.steps, deed.steps, each=deed.each)
    moments = [chance.uniform(0, whole.seconds) for _ in range(MOMENTS)]
    points = [{"kill_at": number, "torn": chance.random()} for number in steps]
    points += [{"kill_after_seconds": moment} for moment in moments]
    killed: Counter[str] = Counter()
    for point in points:
        site = deed.begin()
        run = deed.do(site, calls=EVERY, **point)
        if run.code == deed.code:
            continue  # it was over; or threads took their steps otherwise, and fewer
        assert run.code == -signal.SIGKILL, (point, run.stderr)
        killed[run.steps[-1].call if "kill_at" in point else "moment"] += 1
        deed.check(site)
        deed.mend(site)
    print(
        f"{name}: {len(whole.steps)} steps, killed at {sum(killed.values())}:", killed
    )
    assert sum(killed.values()) >= len(points) * 0.8 - MOMENTS
    return killed


def test_a_killed_import_is_gone_on_with(played: Played):
    deed = played.taking(played.stage.two, steps=8)
    killed = kill_everywhere(deed, "import of an increment")
    assert killed["write"]
    assert len(killed) >= 3, "threads move rare ones out of the way"


@pytest.mark.long
def test_a_bundle_whose_keeping_was_killed_is_kept(played: Played):
    deed = played.taking(played.three, played.stage.two)
    kill_everywhere(deed, "import of one that waits")


@pytest.mark.long
def test_a_killed_import_that_closes_a_gap_closes_it(played: Played):
    deed = played.taking(played.stage.two, waiting=True)
    kill_everywhere(deed, "import that closes the gap")


@pytest.mark.long
def test_a_killed_import_of_a_repair_is_gone_on_with(played: Played):
    deed = played.taking(played.repair, waiting=True)
    kill_everywhere(deed, "import of a repair")


def test_a_killed_create_makes_the_same_the_next_time(played: Played):
    kill_everywhere(played.making_three(), "create of an increment")


@pytest.mark.long
def test_a_killed_create_of_a_repair_makes_the_same_the_next_time(played: Played):
    kill_everywhere(played.making_repair(), "create of a repair")


@pytest.mark.parametrize(
    "name",
    [
        "import",
        pytest.param("import of one that waits", marks=pytest.mark.long),
        pytest.param("create", marks=pytest.mark.long),
    ],
)
def test_a_disk_that_fills_up_is_gone_on_with(played: Played, name: str):
    deeds: dict[str, Callable[[], Deed]] = {
        "import": lambda: played.taking(played.stage.two),
        "import of one that waits": lambda: played.taking(
            played.three, played.stage.two
        ),
        "create": played.making_three,
    }
    deed = deeds[name]()
    whole = deed.do(deed.begin(), calls=GROWS)
    codes: Counter[int] = Counter()
    for number in chosen(whole.steps, FEW, each=3):
        site = deed.begin()
        full = deed.do(site, calls=GROWS, fail_at=number, error=errno.ENOSPC)
        codes[full.code] += 1
        deed.check(site)
        if full.code == NO_SPACE:
            assert "space" in full.document["message"], full.stderr
            assert "free some space" in full.document["hint"], full.stderr
        else:
            # What SQLite copies from its log can wait, and so can what is removed.
            assert full.code == deed.code, (whole.steps[number], full.stderr)
        deed.mend(site)
    print(f"{name}: {len(whole.steps)} writes, the disk was full for:", codes)
    assert codes[NO_SPACE] >= 0.5 * sum(codes.values())


def test_a_signal_ends_it_cleanly_and_the_next_import_goes_on(played: Played):
    deed = played.taking(played.stage.two)
    syncs = [
        number
        for number, step in enumerate(deed.do(deed.begin()).steps)
        if step.call == "fsync" and "store/blobs" in step.path
    ]
    site = deed.begin()
    stopped = deed.do(site, stop_at=syncs[0])
    assert stopped.code == 128 + signal.SIGTERM, stopped.stderr
    assert "run the same command again" in stopped.document["hint"]
    check_mended(site)
    deed.mend(site)
