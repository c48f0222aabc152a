"""Rules of what is known: vulnerabilities, and what authors say of their versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource
from gosync.osv.files import database_files
from tests.integration.offered import go_mod_text, module_files
from tests.integration.site import MISSING, OK, STANDS_OPEN, USAGE
from tests.integration.siteconfig import Section
from tests.integration.test_policy import CHAIN, DEEP, LIB, Work, only
from tests.simulator import Simulator
from tests.unit.vulndb.entries import FIRST, entry, fixed

ONE, TWO, ALIAS = "GO-2024-0001", "GO-2024-0002", "CVE-2024-77"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    with Simulator() as sim:
        yield Work(tmp_path, sim)


def database(work: Work, *entries: bytes) -> None:
    """Let this be the vulnerability database; the site's source is a folder."""
    folder = work.site.folder / "vulndb"
    files = database_files({json.loads(e)["id"]: e for e in entries}, modified=None)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    work.site.declare(vulndb={"source": str(folder)})


def rule(work: Work, **keys: object) -> None:
    """Let this be the policy."""
    sections: dict[str, Section] = {"policy": keys}
    work.site.declare(**sections)


def denied(work: Work, verb: str = "sync") -> list[dict[str, Any]]:
    """Run a verb; return what the policy keeps out."""
    found: list[dict[str, Any]] = work.site.run(verb, expect=OK).document["policy"][
        "denied"
    ]
    return found


def test_a_vulnerability_deep_down(work: Work) -> None:
    database(work, entry(ONE, FIRST, fixed("1.1.0"), module=DEEP, aliases=[ALIAS]))
    rule(work, **{"vulnerabilities.fixed": "refuse"})
    planned = only(denied(work, "plan"))
    assert (planned["path"], planned["chain"]) == (DEEP, CHAIN)
    synced = work.site.run("sync", expect=OK).document
    assert synced["versions_omitted"] == 0, "that is of max_zip alone"
    found = only(synced["policy"]["denied"])
    assert found["rule"] == "policy.vulnerabilities.fixed"
    assert f"it has {ONE} (what {ONE} is); fixed in v1.1.0" in found["reason"]
    assert work.zips_asked() == 0, "it is known before anything is fetched"
    assert not work.has(DEEP)
    project = work.closure(STANDS_OPEN).document["projects"][0]
    lacking = only([each for each in project["findings"] if each["denied"]])
    assert (ONE in lacking["reason"], lacking["chain"]) == (True, CHAIN)
    assert only(work.site.run("status", expect=OK).document["policy"]["denied"])

    soon = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    says = ("--until", soon, "--reason", "not called", "--vulnerability")
    site = work.site
    site.run("policy", "allow", DEEP, *says, "CVE-0000-1", expect=OK)
    assert only(denied(work)), "that is another one"
    made = site.run("policy", "allow", DEEP, *says, ALIAS, expect=OK).document
    assert made["decision"]["vulnerabilities"] == [ALIAS]
    assert denied(work) == []
    assert work.has(DEEP)
    assert only(site.run("status", expect=OK).document["policy"]["ending"])


@pytest.mark.parametrize(
    ("keys", "effect"),
    [
        ({"unfixed": "refuse"}, "denied"),
        ({"unfixed": "warn"}, "warned"),
        ({"unfixed": "refuse", "ignore": ["cve-2024-*"]}, ""),
        ({"fixed": "refuse"}, ""),
        ({"deny": [ALIAS]}, "denied"),
        ({"deny": ["GO-2024-*"], "ignore": [ONE]}, "denied"),
        ({"unfixed": "refuse", "grace_days": 30}, "warned"),
    ],
)
def test_which_vulnerabilities_count(
    work: Work, keys: dict[str, object], effect: str
) -> None:
    young = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    database(work, entry(ONE, FIRST, module=DEEP, aliases=[ALIAS], published=young))
    rule(work, **{f"vulnerabilities.{key}": each for key, each in keys.items()})
    policy = work.site.run("sync", expect=OK).document["policy"]
    told = {each: [r["path"] for r in policy[each]] for each in ("denied", "warned")}
    assert told == {e: [DEEP] if e == effect else [] for e in told}
    assert work.has(DEEP) is (effect != "denied")


def test_a_new_entry_concerns_what_is_here_and_deletes_no_more_than_it_may(
    work: Work,
) -> None:
    site = work.site
    database(work, entry(TWO, FIRST, module="other.example/m"))
    rule(work, **{"vulnerabilities.unfixed": "refuse"})
    assert denied(work) == []
    site.declare(publish={"tree": "public", "max_delete": 0})
    database(work, entry(ONE, FIRST, module=DEEP), entry(TWO, FIRST, module="o.ex/m"))
    plan = site.run("plan", expect=OK).document
    assert plan["leaving"] == [f"{DEEP}@v1.0.0"]
    assert "--max-delete 1" in site.run("sync", expect=USAGE).stderr
    assert work.has(DEEP)
    site.declare(publish={"tree": "public", "max_delete": 1})
    assert only(denied(work))["path"] == DEEP
    assert not work.has(DEEP)


def test_without_a_database_nothing_is_taken_for_sound(work: Work) -> None:
    work.site.run("sync", expect=OK)
    rule(work, **{"vulnerabilities.unfixed": "refuse"})
    refused = work.site.run("sync", expect=USAGE)
    assert "vulndb.source" in refused.stderr
    assert work.has(DEEP), "and nothing leaves for that"


def _say(work: Work, path: str, version: str, lines: str, about: str = "") -> None:
    text = f"{about}{go_mod_text(path, requires={}, lines=lines)}"
    files = {**module_files(path, requires={}), "go.mod": text.encode()}
    work.sim.publish(
        ModuleSource(path, version, files, datetime(2024, 1, 1, tzinfo=UTC))
    )


def test_what_an_author_takes_back(work: Work) -> None:
    _say(work, LIB, "v1.1.0", "retract v1.0.0 // It eats data.\n")
    work.site.declare(select=[{"modules": [LIB]}])
    rule(work, retracted="refuse")
    found = only(denied(work))
    assert (found["path"], found["version"]) == (LIB, "v1.0.0")
    assert found["rule"] == "policy.retracted"
    assert "It eats data." in found["reason"]
    assert not work.has(LIB)
    assert (work.site.tree / LIB / "@v/v1.1.0.zip").exists()
    rule(work, retracted="warn")
    policy = work.site.run("sync", expect=OK).document["policy"]
    assert (policy["denied"], only(policy["warned"])["path"]) == ([], LIB)
    assert work.has(LIB)


def test_what_an_author_advises_against(work: Work) -> None:
    _say(work, LIB, "v1.1.0", "", about="// Deprecated: use other.example/m.\n")
    work.site.declare(select=[{"modules": [LIB]}])
    rule(work, deprecated="refuse")
    found = denied(work)
    assert {each["version"] for each in found} == {"v1.0.0", "v1.1.0"}
    assert all("use other.example/m." in each["reason"] for each in found)
    mark = len(work.sim.paths(RequestKind.ZIP))
    rule(work, deprecated="allow")
    assert denied(work) == []
    assert work.has(LIB)
    assert len(work.sim.paths(RequestKind.ZIP)) >= mark


LISTS = (RequestKind.LIST, RequestKind.LATEST)
RETRACTS = "retract v1.0.0 // It eats data.\n"


def _listed(work: Work, since: int) -> list[str]:
    """Return the lists that were asked for."""
    return work.sim.paths(*LISTS, since=since)


def test_a_retraction_of_what_a_project_pins_is_known_before_its_zip_is_asked(
    work: Work,
) -> None:
    _say(work, DEEP, "v1.1.0", RETRACTS)
    work.site.run("plan", expect=OK)
    assert _listed(work, 0) == [], "go would not ask, and no rule does"
    asked = work.zips_asked()  # a plan asks how large it is
    rule(work, retracted="refuse")
    planned = only(denied(work, "plan"))
    assert (planned["path"], planned["chain"]) == (DEEP, CHAIN)
    found = only(denied(work))
    assert (found["path"], found["rule"]) == (DEEP, "policy.retracted")
    assert "It eats data." in found["reason"]
    assert (work.zips_asked(), work.has(DEEP)) == (asked, False)
    assert (work.site.tree / DEEP / "@v/v1.1.0.mod").exists(), "for bundles, too"
    assert not (work.site.tree / DEEP / "@v/list").exists()
    work.site.run("prune", "--grace-days", "0", expect=OK)
    assert only(denied(work))["path"] == DEEP
    work.site.check(work.sim)

    rule(work, retracted="allow")
    assert denied(work) == []
    assert work.has(DEEP)
    mark = work.sim.mark()
    denied(work)
    assert _listed(work, mark) == [], "nobody is asked for a rule that is gone"


@pytest.mark.parametrize("keys", [{"retracted": "refuse"}, {"deprecated": "refuse"}])
def test_what_is_named_exactly_hears_of_its_author(
    work: Work, keys: dict[str, object]
) -> None:
    _say(work, LIB, "v1.1.0", RETRACTS, about="// Deprecated: use another.\n")
    rule(work, **keys)
    work.site.run("sync", f"{LIB}@v1.0.0", expect=OK)
    assert not (work.site.tree / LIB / "@v/v1.0.0.zip").exists()
    assert not [e for e in work.sim.paths(RequestKind.ZIP) if LIB in e]
    work.site.declare(project=[], select=[{"modules": [f"{LIB}@v1.0.0"]}])
    found = only(denied(work))
    assert (found["path"], found["rule"]) == (LIB, f"policy.{next(iter(keys))}")
    assert not [e for e in work.sim.paths(RequestKind.ZIP) if LIB in e]


def test_a_retraction_that_comes_later_concerns_what_is_here(work: Work) -> None:
    rule(work, retracted="refuse")
    assert denied(work) == []
    assert work.has(DEEP)
    _say(work, DEEP, "v1.1.0", RETRACTS)
    assert only(denied(work))["path"] == DEEP
    assert not work.has(DEEP)


def test_while_no_author_can_be_asked_what_is_known_holds(work: Work) -> None:
    _say(work, DEEP, "v1.1.0", RETRACTS)
    rule(work, retracted="refuse")
    with work.sim.fail(f"/{DEEP}/@v/list", status=503):
        told = work.site.run("sync", expect=MISSING).document
    assert [(e["path"], e["kind"]) for e in told["failed"]] == [(DEEP, "list")]
    assert work.has(DEEP), "nothing is known against it yet"
    assert only(denied(work))["path"] == DEEP
    assert not work.has(DEEP)
    for status in (503, 404):
        with work.sim.fail(f"/{DEEP}/@*", status=status):
            told = work.site.run("sync", "--refresh", expect=MISSING).document
        assert only(told["policy"]["denied"])["path"] == DEEP, status
        assert [work.has(each) for each in (LIB, DEEP)] == [True, False]
    again = work.site.run("sync", "--retry", expect=OK).document
    assert only(again["policy"]["denied"])["path"] == DEEP


def test_a_module_that_nobody_lists_has_no_author_who_says_anything(
    work: Work,
) -> None:
    rule(work, retracted="refuse")
    with work.sim.fail(f"/{DEEP}/@v/list", status=404):  # noqa: SIM117 - two faults
        with work.sim.fail(f"/{DEEP}/@latest", status=404):
            assert denied(work) == []
            assert work.has(DEEP)
            assert denied(work) == []
