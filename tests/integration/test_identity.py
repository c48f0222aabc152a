"""What is known here is less than what stands there: nothing goes, and it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.kin import PARTS, STATES, Kin, hollow, kept, lost, unname
from tests.integration.site import OK, STANDS_OPEN, STORE, Site
from tests.simulator import Simulator
from tests.tiers import pairwise, shared_out

VERBS = {
    "sync": ("sync",),
    "publish": ("publish",),
    "prune": ("prune", "--grace-days", "0"),
    "bundle create": ("bundle", "create", "inside", "--out", "tmp"),
    "bundle import": ("bundle", "import", "tmp"),
    "verify": ("verify", "--offline"),
    "run --once": ("run", "--once", "sync"),
    "status": ("status",),
}
# What differs from a refusal, exit 7: verify judges what lies beside a catalog itself.
HEALED = {
    ("store", "nameless"): dict.fromkeys(VERBS, OK),
    ("tree", "nameless"): dict.fromkeys(VERBS, OK),
    ("tree", "older"): dict.fromkeys(VERBS, OK),
    ("store", "older"): {"verify": OK, "sync": OK, "run --once": OK},
    ("store", "foreign"): {"verify": OK},
    ("tree", "foreign"): {"verify": OK},
    **{("tree", s): {"verify": OK, "publish": OK} for s in ("missing", "empty")},
    **{("journal", state): {"verify": STANDS_OPEN} for state in STATES},
    **{("blobs", state): {"verify": STANDS_OPEN} for state in ("missing", "empty")},
}
CELLS = [
    (part, state)
    for part in PARTS
    for state in STATES
    if part != "blobs" or state in ("missing", "empty")
]
# Every part and every state meets every verb; not every verb each cell.
TRIED = pairwise([(*cell, verb) for cell in CELLS for verb in VERBS])
HINTS = {
    ("store", "missing"): "is its disk mounted?",
    ("store", "empty"): "is its disk mounted?",
    ("store", "older"): "gosync adopt",
    ("store", "foreign"): "gosync adopt",
    **{("catalog", state): "gosync catalog rebuild" for state in STATES},
    **{("journal", state): "gosync verify --repair" for state in STATES},
    ("blobs", "missing"): "mount their disk",
    ("blobs", "empty"): "mount their disk",
    ("tree", "missing"): "is its disk mounted?",
    ("tree", "empty"): "is its disk mounted?",
    ("tree", "foreign"): "gosync adopt",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(records=700) as sim:
        yield sim


@pytest.fixture(scope="module")
def kin(sim: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Kin:
    return Kin(tmp_path_factory.mktemp("kin"), sim)


def _run(site: Site, verb: str, code: int) -> None:
    """Run a verb: it ends so, and takes nothing away."""
    before = kept(site)
    result = site.run(*VERBS[verb])
    assert lost(before, kept(site)) == set(), (verb, result.stderr)
    if (verb, code) == ("bundle import", OK):  # there is no bundle
        assert result.code != STORE, result.stderr
    else:
        assert result.code == code, (verb, result.stdout, result.stderr)


@pytest.mark.sampled
@pytest.mark.parametrize(("part", "state"), shared_out(CELLS, columns=2))
def test_what_is_less_than_the_rest_takes_nothing_away(kin: Kin, part: str, state: str):
    every = dict.fromkeys(VERBS, STORE) | HEALED.get((part, state), {})
    codes = {v: code for v, code in every.items() if (part, state, v) in TRIED}
    site = _afflicted(kin, part, state)
    for verb in (verb for verb, code in codes.items() if code != OK):
        _run(site, verb, codes[verb])
    for verb in (verb for verb, code in codes.items() if code == OK):
        _run(_afflicted(kin, part, state), verb, OK)


def _afflicted(kin: Kin, part: str, state: str) -> Site:
    site = kin.site()
    kin.afflict(site, part, state)
    return site


@pytest.mark.parametrize(("part", "state"), HINTS)
def test_the_next_step_is_named(kin: Kin, part: str, state: str):
    site = _afflicted(kin, part, state)
    before = kept(site)
    refused = site.run("prune", expect=STORE)
    assert HINTS[part, state] in refused.document["hint"], refused.document
    assert kept(site) == before


def test_an_empty_catalog_with_all_its_tables_forgets_no_pin(kin: Kin):
    site = kin.site()
    before = kept(site)
    hollow(site)
    for verb in VERBS.keys() - {"bundle import"}:
        _run(site, verb, STORE)
    site.run("catalog", "rebuild", expect=OK)
    site.sync()
    assert lost(before, kept(site)) == set()


@pytest.mark.parametrize("state", ["missing", "empty", "older", "foreign", "nameless"])
def test_a_rebuild_brings_a_catalog_back(kin: Kin, state: str):
    site = _afflicted(kin, "catalog", state)
    before = kept(site)
    report = site.run("catalog", "rebuild", expect=OK).document
    assert (report["versions"] >= 4, report["pins"]) == (True, 2)
    assert report["unknown"] == {}
    for verb in ("publish", "sync", "status", "prune", "verify"):
        _run(site, verb, OK)
    assert lost(before, kept(site)) == set()


@pytest.mark.parametrize("state", ["missing", "empty", "older", "foreign", "nameless"])
def test_a_repair_brings_a_journal_back(kin: Kin, state: str):
    site = _afflicted(kin, "journal", state)
    site.run("verify", "--repair", "--offline", expect=5)
    for verb in ("status", "sync", "prune", "verify"):
        _run(site, verb, OK)
    (site.store / "catalog.sqlite").unlink()
    assert site.run("catalog", "rebuild", expect=OK).document["missing"] == []


def test_a_site_without_identity_gets_one_and_says_so(kin: Kin):
    site = kin.site()
    unname(site)
    before = kept(site)
    told = site.run("status", expect=OK)  # to look changes nothing
    assert "agree" not in told.stderr
    assert not (site.store / "store.json").exists()
    first = site.sync()
    assert first.stderr.count("agree") == 2
    assert site.sync().stderr == ""
    assert kept(site) == before
    for verb in ("prune", "verify", "publish", "run --once"):
        _run(site, verb, OK)


@pytest.mark.parametrize("part", ["catalog", "store", "tree"])
def test_a_site_without_identity_that_does_not_agree_is_refused(kin: Kin, part: str):
    site = kin.site()
    kin.afflict(site, part, "older")
    unname(site)
    before = kept(site)
    if part == "tree":  # it shows less than the store knows: it is brought up
        _run(site, "sync", OK)
        return
    for verb in VERBS.keys() - {"bundle import", "verify"}:
        _run(site, verb, STORE)
    assert kept(site) == before
