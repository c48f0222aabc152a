"""Other gosyncs beside one that makes a bundle or takes one in, killed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import anyio
import pytest

from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import CreateOptions
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.importing import Import
from gosync.catalog.leases import BUNDLE, IMPORT
from gosync.catalog.selections import CONFIGURED, SelectionState
from gosync.config.load import load_config
from gosync.errors import UsageError
from gosync.signing.trust import parse_trust
from gosync.site.site import open_site
from gosync.work.progress import NoProgress
from tests.integration.offered import offer
from tests.integration.pair import Machines, Pair
from tests.integration.racing import WAIT, rounds
from tests.integration.site import LOCKED, MISSING, OK, Site
from tests.simulator import Simulator

_MANY = ("--max-delete", "9")
_PRUNE = ("prune", "--grace-days", "0", *_MANY)
_MODULES = [f"beside{number}.example/m" for number in range(3)]
_VERSIONS = [f"v1.{number}.0" for number in range(3)]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        for path in _MODULES:
            offer(sim, path, *_VERSIONS)
        yield sim


@pytest.fixture
def pair(sim: Simulator, tmp_path: Path) -> Iterator[Pair]:
    with Machines() as machines:
        pair = Pair(tmp_path / "pair", sim, machines, modules=_MODULES)
        pair.sync()
        yield pair


class Beside(NoProgress):
    """Has something happen as a phase begins."""

    def __init__(self, phase: str, happen: Callable[[], object]) -> None:
        self._phase, self._happen = phase, happen
        self.happened = False

    def phase(
        self, name: str, total: int | None = None, *, total_bytes: int | None = None
    ) -> None:
        if name == self._phase and not self.happened:
            self.happened = True
            self._happen()


def test_syncs_and_prunes_go_on_beside_a_create(sim: Simulator, pair: Pair) -> None:
    """And the bundle has what was selected as it began, forgotten since or not."""
    outside, had = pair.outside, pair.outside.listed()

    def happen() -> None:
        outside.select(_MODULES[1:])
        offer(sim, _MODULES[1], "v1.9.0")
        for command in (("sync", *_MANY), _PRUNE):
            outside.run(*command, expect=OK)
        assert not [each for each in outside.listed() if _MODULES[0] in each]
        refused = outside.run("bundle", "create", "inside", expect=LOCKED)
        assert "bundle create" in refused.document["message"]

    config = load_config(outside.config_file, {})
    asked = CreateOptions(target=config.targets["inside"], out=pair.media)
    beside = Beside("packing", happen)
    options = config.site_options()
    with open_site(options, command="gosync bundle create", leases=[BUNDLE]) as site:
        created = create_bundle(site, asked, beside)
    assert beside.happened
    assert created.path is not None
    names = {str(each.mv) for each in BundleFolder.open(created.path).manifest.versions}
    assert names == had
    pair.take(created.path)
    assert pair.inside.listed() == had
    pair.take(pair.make("--base", "sealed"), "--accept-shrink", *_MANY)
    pair.check()
    outside.run(*_PRUNE, expect=OK)
    outside.run("verify", "--offline", "store", expect=OK)


def test_others_go_on_beside_an_import_and_a_prune_waits(pair: Pair) -> None:
    inside, bundle = pair.inside, pair.make()

    def happen() -> None:
        inside.run("publish", expect=OK)
        inside.run("verify", "--offline", "store", expect=OK)
        refused = inside.run(*_PRUNE, expect=LOCKED)
        assert "import: held by" in refused.document["message"]

    beside = Beside("versions", happen)
    _take(pair, bundle, beside)
    assert beside.happened
    inside.run("publish", expect=OK)
    assert inside.listed() == pair.outside.listed()
    pair.check()


def test_an_import_applies_nothing_where_a_sync_came_in_between(pair: Pair) -> None:
    bundle = pair.make()
    options = load_config(pair.inside.config_file, {}).site_options()

    def happen() -> None:
        with open_site(options, command="gosync sync") as site:
            made = SelectionState(CONFIGURED, "rules", True, None, "")
            site.catalog.selections.put(made)

    with pytest.raises(UsageError, match="fed by syncs"):
        _take(pair, bundle, Beside("versions", happen))
    assert pair.inside.listed() == set()


def _take(pair: Pair, bundle: Path, beside: Beside) -> None:
    config = load_config(pair.inside.config_file, {})
    trust = parse_trust((pair.papers / "trust.toml").read_text(), subject="trust")
    options = config.site_options()
    with open_site(options, command="gosync bundle import", leases=[IMPORT]) as site:
        taking = Import(site, trust=trust, target="inside", progress=beside)
        anyio.run(partial(taking.run, bundle))


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize(
    "other",
    [("verify", "--offline", "store"), pytest.param(_PRUNE, marks=pytest.mark.long)],
)
def test_an_import_or_what_runs_beside_it_is_killed_and_the_next_one_ends_it(
    tmp_path: Path, pair: Pair, other: Sequence[str]
) -> None:
    bundle, want = pair.make(), pair.outside.listed()
    taking = [each for each in pair.import_command(bundle) if each != "--json"]

    def make(folder: Path) -> Site:
        site = pair.new_inside(folder)
        if other != _PRUNE:  # without a store there is nothing to verify, which is 2
            site.run("publish", expect=OK)
        return site

    commands = [(*taking, *WAIT), (*other, *WAIT)]
    for site, codes in rounds(tmp_path, make, commands):
        assert set(codes) <= {OK, MISSING}, codes
        pair.take(bundle, site=site)
        assert site.listed() == want
        pair.check(site)


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.long
def test_a_create_a_sync_or_a_prune_is_killed_and_the_next_create_makes_it_whole(
    tmp_path: Path, sim: Simulator
) -> None:
    with Machines() as machines:
        pairs: list[Pair] = []

        def make(folder: Path) -> Site:
            pair = Pair(folder, sim, machines, modules=_MODULES)
            pair.sync()
            pair.outside.select(_MODULES[1:])
            pairs.append(pair)
            return pair.outside

        create = ("bundle", "create", "inside", "--out", "../media", *WAIT)
        commands = [create, ("sync", *_MANY, *WAIT), (*_PRUNE, *WAIT)]
        for site, codes in rounds(tmp_path, make, commands):
            assert set(codes) <= {OK, MISSING}, codes
            (pair,) = pairs
            site.run("sync", *_MANY, expect=OK)
            site.run(*_PRUNE, expect=OK)
            _take_all(pair)
            assert pair.inside.listed() == site.listed()
            pair.check()
            site.run("verify", "--offline", "store", expect=OK)


def _take_all(pair: Pair) -> None:
    """Make what is new, and take in whatever was made."""
    pair.outside.run(
        "bundle", "create", "inside", "--out", str(pair.media), "--base", "sealed"
    )
    made = [each for each in pair.media.iterdir() if not each.name.startswith(".")]
    for bundle in sorted(
        made, key=lambda each: BundleFolder.open(each).header.sequence
    ):
        pair.take(bundle)
