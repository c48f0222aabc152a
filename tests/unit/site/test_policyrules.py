"""Rules of the policy, held against facts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gosync.catalog.rulings import Effect, Ruling
from gosync.clock import format_time
from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.licence.filekinds import LicenceFileKind
from gosync.licence.found import LicenceFile, ModuleLicences
from gosync.site.ground import Treatment
from gosync.site.licencerules import LicenceRules, parse_licence
from gosync.site.policyrules import (
    PolicyException,
    PolicyRules,
    VersionFacts,
    rule_on,
)
from gosync.site.rules import parse_exclusion

MV = ModuleVersion("a.example/m", "v1.2.0")
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
TODAY = NOW.date()
ALLOW = LicenceRules(("MIT", "BSD-*"), (), Treatment.REFUSE)


def licences(*found: str, also: str = "", own: bool = False) -> ModuleLicences:
    files = [LicenceFile("LICENSE", LicenceFileKind.LICENCE, "00", found)]
    if also:
        files.append(LicenceFile("LICENSE.old", LicenceFileKind.ALIKE, "01", (also,)))
    if own:
        files.append(LicenceFile("COPYING", LicenceFileKind.LICENCE, "02"))
    return ModuleLicences(tuple(files))


def ruling(
    rules: PolicyRules, found: ModuleLicences | None = None, **facts: object
) -> Ruling | None:
    known = {"mv": MV, "licences": found, **facts}
    return rule_on(rules, VersionFacts(**known), NOW)  # type: ignore[arg-type]


def effect(rules: LicenceRules, found: ModuleLicences) -> str:
    made = ruling(PolicyRules(licences=rules), found)
    return "" if made is None else f"{made.effect} {made.rule.rpartition('.')[2]}"


@pytest.mark.parametrize(
    ("rules", "found", "want"),
    [
        (ALLOW, licences("MIT", "BSD-3-Clause"), ""),
        (ALLOW, licences("MIT", "GPL-3.0-only"), "denied allow"),
        (ALLOW, licences("MIT", also="Apache-2.0"), "denied allow"),
        (ALLOW, licences("MIT", own=True), "denied unknown"),
        (ALLOW, ModuleLicences(), "denied unknown"),
        (LicenceRules((), ("AGPL-*",)), licences("AGPL-3.0-only"), "denied deny"),
        (LicenceRules((), ("AGPL-*",)), licences("MIT", own=True), ""),
        (
            LicenceRules(("MIT",), (), Treatment.WARN),
            licences("MIT", own=True),
            "warned unknown",
        ),
        (
            LicenceRules(("MIT",), (), Treatment.WARN),
            licences("GPL-2.0-only", own=True),
            "denied allow",
        ),
    ],
)
def test_licences(rules: LicenceRules, found: ModuleLicences, want: str) -> None:
    assert effect(rules, found) == want


def exception(*licences: str, until: date | None = TODAY) -> PolicyException:
    return PolicyException((parse_exclusion(MV.path),), "why", until, licences)


@pytest.mark.parametrize(
    ("made", "want"),
    [
        (exception(), Effect.EXCEPTED),
        (exception("GPL-*"), Effect.EXCEPTED),
        (exception("MPL-2.0"), Effect.DENIED),
        (exception(until=TODAY - timedelta(days=1)), Effect.DENIED),
        (exception(until=None), Effect.EXCEPTED),
    ],
)
def test_an_exception_covers_what_it_names_up_to_its_last_day(
    made: PolicyException, want: Effect
) -> None:
    rules = PolicyRules(licences=ALLOW, exceptions=(made,))
    found = ruling(rules, licences("GPL-3.0-only"))
    assert found is not None
    assert found.effect is want
    other = ModuleVersion("b.example/m", "v1.0.0")
    denied = ruling(rules, licences("GPL-3.0-only"), mv=other)
    assert denied is not None
    assert denied.is_denied


def test_an_exception_for_one_licence_lets_no_other_in() -> None:
    rules = PolicyRules(licences=ALLOW, exceptions=(exception("GPL-*"),))
    found = ruling(rules, licences("GPL-3.0-only", "MPL-2.0"))
    assert found is not None
    assert found.is_denied
    assert "MPL-2.0" in found.reason


def test_of_another_version_only_known_licences_count() -> None:
    rules = PolicyRules(licences=ALLOW)
    assert ruling(rules, licences("MIT", own=True), known_from="v1.1.0") is None
    found = ruling(rules, licences("GPL-3.0-only"), known_from="v1.1.0")
    assert found is not None
    assert found.reason.endswith("as that of v1.1.0 is")


def test_what_cannot_be_read_is_told() -> None:
    found = ruling(PolicyRules(licences=ALLOW), is_unread=True)
    assert found is not None
    assert found.effect is Effect.WARNED


def test_names_ages_and_sizes() -> None:
    deny = PolicyRules(deny=(parse_exclusion("a.example/*@>=v1.2.0 <v1.3.0"),))
    assert ruling(deny) is not None
    assert ruling(deny, mv=ModuleVersion(MV.path, "v1.1.9")) is None
    young = PolicyRules(min_age_days=7)
    for days, want in ((6, True), (8, False)):
        known = format_time(NOW - timedelta(days=days))
        assert (ruling(young, known_at=known) is not None) is want
    assert ruling(young) is None, "nobody says since when it is known"
    large = PolicyRules(max_zip_bytes=100)
    assert ruling(large, zip_bytes=101) is not None
    assert ruling(large, zip_bytes=100) is None


@pytest.mark.parametrize("wrong", ["", "MITT", "Nope-*", "no licence"])
def test_an_identifier_is_one_of_spdx(wrong: str) -> None:
    with pytest.raises(MalformedError):
        parse_licence(wrong)


def test_an_identifier_of_before_is_the_present_one() -> None:
    assert parse_licence("GPL-3.0") == "GPL-3.0-only"
    assert parse_licence("GPL-2.0+") == "GPL-2.0-or-later"
    assert parse_licence("apache-2.0") == "Apache-2.0"
    assert parse_licence("LicenseRef-ours") == "LicenseRef-ours"
