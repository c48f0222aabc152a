"""What the bundles at hand and the store make together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.bundle.format.manifest import VersionEntry
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.holdings import Holdings
from gosync.bundle.take.plan import BundleSet, ImportPlan
from gosync.catalog.bundles import BundleKind
from gosync.catalog.versions import Need, Proof, VersionRow
from gosync.gomod.module import ModuleVersion
from tests.unit.bundle.fakes import bundle, entry, h1, segment

A, B, C = entry("a"), entry("b"), entry("c")


def in_store(name: str, need: Need = Need.ZIP, proof: Proof = Proof.SUMDB):
    whole = need is Need.ZIP
    return VersionRow(
        f"example.com/{name}",
        "v1.0.0",
        mod_digest="0" * 64,
        mod_h1=h1(f"{name} mod"),
        zip_digest="1" * 64 if whole else None,
        zip_h1=h1(name) if whole else None,
        proof=proof,
    )


def holdings(*rows: VersionRow, proves: bool = True) -> Holdings:
    return Holdings(rows, proves=lambda _: proves, exists=lambda _: True)


def plan(bundles: Sequence[BundleFolder], *names: str) -> ImportPlan:
    pool = BundleSet(bundles, holdings(*map(in_store, names)))
    return pool.plan(pool.newest_first[0])


def taken(plan: ImportPlan) -> list[tuple[int, list[str]]]:
    """Return which module names come out of which bundle."""
    return [
        (each.bundle.header.sequence, sorted(mv.path[-1] for mv in each.versions))
        for each in plan.takings
    ]


def missing(plan: ImportPlan) -> list[str]:
    return [each.path[-1] for each in plan.missing]


def test_what_is_here_is_not_taken_again():
    found = plan([bundle(2, entry("a", segment=0), entry("b", segment=0))], "a")

    assert taken(found) == [(2, ["b"])]
    assert missing(found) == []


def test_what_nobody_brings_is_missing():
    found = plan([bundle(3, A, B, entry("c", segment=0))], "a")

    assert missing(found) == ["b"]


def test_a_bundle_that_waits_brings_what_a_later_one_builds_on():
    waiting = bundle(3, A, B, entry("c", segment=0))
    arrived = bundle(2, A, entry("b", segment=0))

    found = plan([waiting, arrived], "a")
    assert (missing(found), taken(found)) == ([], [(2, ["b"]), (3, ["c"])])


def test_a_patch_needs_its_base_here_or_read_before():
    patch = bundle(3, A, B, entry("c", segment=0), segments=(segment("b"),))
    carrier = bundle(2, A, entry("b", segment=0))

    assert missing(plan([patch], "a")) == ["b", "c"]
    assert missing(plan([patch], "a", "b")) == []
    assert taken(plan([patch, carrier], "a")) == [(2, ["b"]), (3, ["c"])]


def test_a_base_comes_along_though_the_selection_has_it_no_more():
    patch = bundle(3, entry("c", segment=0), segments=(segment("b"),))
    carrier = bundle(2, entry("b", segment=0))

    assert taken(plan([patch, carrier])) == [(2, ["b"]), (3, ["c"])]


def test_a_base_of_another_h1_is_none():
    patch = bundle(3, entry("c", segment=0), segments=(segment("b"),))
    carrier = bundle(2, entry("b", segment=0, zip_h1=h1("other")))

    assert missing(plan([patch, carrier])) == ["c"]


def test_repairs_are_read_first_and_may_replace_what_cannot_be_unpacked():
    patch = bundle(
        3, A, entry("b", segment=0), entry("c", segment=1),
        segments=(segment("lost"), segment()),
    )  # fmt: skip
    repair = bundle(4, A, entry("b", segment=0), C, kind=BundleKind.REPAIR)

    found = plan([patch, repair], "a")
    assert (missing(found), taken(found)) == ([], [(4, ["b"]), (3, ["c"])])


def test_an_offer_of_another_h1_is_no_offer():
    wanted = bundle(3, A)
    other = bundle(2, entry("a", segment=0, zip_h1=h1("other")))

    assert missing(plan([wanted, other])) == ["a"]


def test_a_go_mod_alone_does_not_stand_for_a_zip_but_a_zip_for_it():
    only_mod = holdings(in_store("a", Need.MOD))
    whole = holdings(in_store("a"))
    wants_mod = entry("a", need=Need.MOD)

    assert not only_mod.has(A)
    assert only_mod.has(wants_mod)
    assert whole.has(wants_mod)
    assert whole.has(A)


@pytest.mark.parametrize(("proves", "has"), [(True, False), (False, True)])
def test_what_was_pinned_is_not_here_where_a_record_is_asked_for(proves, has):
    pinned = in_store("a", proof=Proof.PINNED)
    assert holdings(pinned, proves=proves).has(A) is has


NAMES = "abcdef"


@st.composite
def _chain(draw: st.DrawFn) -> list[BundleFolder]:
    """Return bundles as a sender makes them: each builds on the one before."""
    held: dict[str, VersionEntry] = {}
    made = []
    for sequence in range(1, draw(st.integers(1, 5)) + 1):
        names = draw(st.sets(st.sampled_from(NAMES), min_size=1))
        kept = [name for name in names if name in held]
        base = draw(st.sampled_from([None, *kept]))
        versions = [
            held[name] if name in held else entry(name, segment=0)
            for name in sorted(names)
        ]
        made.append(bundle(sequence, *versions, segments=(segment(base),)))
        held = {name: entry(name) for name in names}
    return made


@given(chain=_chain(), data=st.data())
def test_a_whole_chain_in_any_order_makes_its_last_selection(chain, data):
    shuffled = data.draw(st.permutations(chain))
    found = BundleSet(shuffled, holdings()).plan(chain[-1])

    assert found.missing == ()
    brought = {mv for taking in found.takings for mv in taking.versions}
    assert brought >= {each.mv for each in chain[-1].manifest.versions}


@given(chain=_chain(), data=st.data())
def test_what_a_plan_takes_has_its_base_before_it(chain, data):
    some = data.draw(st.lists(st.sampled_from(chain), unique_by=id, min_size=1))
    pool = BundleSet(some, holdings())
    for candidate in pool.newest_first:
        here: set[ModuleVersion] = set()
        found = pool.plan(candidate)
        for taking in found.takings:
            base = taking.bundle.manifest.segments[0].base
            assert base is None or base.mv in here
            here |= taking.versions
        wanted = {each.mv for each in candidate.manifest.versions}
        lacking = {each.mv for each in found.missing}
        assert wanted - lacking <= here
