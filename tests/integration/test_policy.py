"""The policy of licences: what it keeps out, by which chain, and how that ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource
from tests.integration.inprocess import InProcessSite
from tests.integration.offered import go_mod_text, module_files
from tests.integration.result import Result
from tests.integration.site import OK, STANDS_OPEN, USAGE
from tests.integration.siteconfig import Section
from tests.simulator import Simulator
from tests.unit.licence.texts import GPL, MIT

LIB, MID, DEEP = "lib.example/m", "mid.example/m", "deep.example/m"
CHAIN = ["app.example/app", *(f"{each}@v1.0.0" for each in (LIB, MID, DEEP))]
ALLOW = {"licences.allow": ["MIT", "BSD-*"]}


def offer(
    sim: Simulator, path: str, version: str, licence: bytes, **requires: str
) -> None:
    needs = {f"{name}.example/m": each for name, each in requires.items()}
    files = {**module_files(path, requires=needs), "LICENSE": licence}
    sim.publish(ModuleSource(path, version, files, datetime(2024, 1, 1, tzinfo=UTC)))


class Work:
    """A project whose dependency's dependency has a copyleft licence."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.sim = sim
        offer(sim, DEEP, "v1.0.0", GPL)
        offer(sim, MID, "v1.0.0", MIT, deep="v1.0.0")
        offer(sim, LIB, "v1.0.0", MIT, mid="v1.0.0")
        self.project = folder / "app"
        self.project.mkdir()
        indirect = "".join(f"require {p} v1.0.0 // indirect\n" for p in (MID, DEEP))
        text = go_mod_text("app.example/app", requires={LIB: "v1.0.0"}, lines=indirect)
        (self.project / "go.mod").write_text(text)
        code = f'package main\n\nimport _ "{LIB}"\n\nfunc main() {{}}\n'
        (self.project / "main.go").write_text(code)
        self.site = InProcessSite(folder / "site", sim)
        self.site.declare(project=[{"path": str(self.project)}])

    def policy(self, *exceptions: dict[str, object], **keys: object) -> None:
        """Write the policy: an allow-list, and what is said beside it."""
        sections: dict[str, Section] = {
            "policy": {**ALLOW, **keys},
            "policy.exception": exceptions,
        }
        self.site.declare(**sections)

    def exception(self, days: int, **keys: object) -> dict[str, object]:
        """Return an exception for the deep module that ends in some days."""
        until = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
        return {"modules": [DEEP], "reason": "legal said so", "until": until, **keys}

    def closure(self, expect: int) -> Result:
        """Hold the project against the tree."""
        tree = str(self.site.tree)
        return self.site.run(
            "closure", str(self.project), "--tree", tree, expect=expect
        )

    def has(self, path: str, ending: str = "zip") -> bool:
        """Return whether the tree has a file of the module's one version."""
        return (self.site.tree / path / f"@v/v1.0.0.{ending}").exists()

    def zips_asked(self) -> int:
        """Return how often the deep module's zip was asked for."""
        return sum(DEEP in path for path in self.sim.paths(RequestKind.ZIP))


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    with Simulator() as sim:
        yield Work(tmp_path, sim)


def only(rulings: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rulings) == 1, rulings
    return rulings[0]


def check_denied(ruling: dict[str, Any]) -> None:
    assert (ruling["path"], ruling["version"]) == (DEEP, "v1.0.0")
    assert ruling["rule"] == "policy.licences.allow"
    assert "GPL-3.0-or-later" in ruling["reason"]
    assert ruling["chain"] == CHAIN


def test_a_copyleft_licence_deep_down(work: Work) -> None:
    site = work.site
    work.policy()
    plan = site.run("plan", "--fetch", expect=OK).document
    check_denied(only(plan["policy"]["denied"]))

    synced = site.run("sync", expect=OK).document
    check_denied(only(synced["policy"]["denied"]))
    assert synced["selection"]["denied"] == 1
    assert [work.has(path) for path in (LIB, MID, DEEP)] == [True, True, False]
    assert work.has(DEEP, "mod"), "go chooses versions by it"
    assert not (site.tree / DEEP / "@v/list").exists()

    project = work.closure(STANDS_OPEN).document["projects"][0]
    lacking = only([each for each in project["findings"] if each["denied"]])
    assert lacking["file"] == f"{DEEP}/@v/v1.0.0.zip"
    assert "GPL-3.0-or-later is not allowed" in lacking["reason"]
    assert lacking["chain"] == CHAIN
    assert not any("damaged" in each for each in project["next"])
    check_denied(site.run("show", f"{DEEP}@v1.0.0", expect=OK).document["ruling"])
    told = site.run("licences", DEEP, expect=OK).document["licences"]
    assert only(told)["ruling"] == "denied"
    check_denied(only(site.run("status", expect=OK).document["policy"]["denied"]))
    check_denied(site.run("why", f"{DEEP}@v1.0.0", expect=OK).document["ruling"])

    site.run("verify", expect=OK)
    site.check(work.sim)
    asked = work.zips_asked()
    work.policy(work.exception(30))
    excepted = site.run("sync", expect=OK).document["policy"]
    assert only(excepted["excepted"])["exception"] == "legal said so"
    assert not excepted["denied"]
    assert not excepted["ending"]
    assert work.has(DEEP)
    assert work.zips_asked() == asked, "it was here"
    work.closure(OK)

    work.policy(work.exception(7))
    site.run("sync", expect=OK)
    ending = only(site.run("status", expect=OK).document["policy"]["ending"])
    assert ending["days_left"] == 7
    assert ending["versions"] == [f"{DEEP}@v1.0.0"]

    work.policy(work.exception(-1))
    site.check(work.sim)
    over = only(site.run("sync", expect=OK).document["policy"]["denied"])
    assert "its exception ended" in over["reason"]
    assert not work.has(DEEP)


def test_a_rule_that_is_new_concerns_what_is_here(work: Work) -> None:
    site = work.site
    site.run("sync", expect=OK)
    assert work.has(DEEP)
    site.declare(publish={"tree": "public", "max_delete": 0})
    work.policy()
    plan = site.run("plan").document
    check_denied(only(plan["policy"]["denied"]))
    assert plan["leaving"] == [f"{DEEP}@v1.0.0"]
    refused = site.run("sync", expect=USAGE)
    assert "--max-delete 1" in refused.stderr
    assert work.has(DEEP)
    site.declare(publish={"tree": "public", "max_delete": 1})
    site.run("sync", expect=OK)
    assert not work.has(DEEP)
    nothing: dict[str, Section] = {"policy": {}, "policy.exception": []}
    site.declare(**nothing)
    site.run("publish", expect=OK)
    assert work.has(DEEP)


def test_a_decision_is_written_down_and_can_be_undone(work: Work) -> None:
    site = work.site
    work.policy()
    site.run("sync", expect=OK)
    soon = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    says = ("--reason", "for the build alone", "--by", "ann")
    made = site.run("policy", "allow", DEEP, "--until", soon, *says, expect=OK).document
    decision = made["decision"]
    assert (decision["by"], decision["reason"]) == ("ann", "for the build alone")
    assert only(made["policy"]["excepted"])["until"] == soon
    site.run("publish", expect=OK)
    assert work.has(DEEP)
    assert only(site.run("status", expect=OK).document["policy"]["ending"])

    site.run("catalog", "rebuild", expect=OK)
    site.run("sync", expect=OK)
    assert work.has(DEEP)
    assert only(site.run("policy", "list", expect=OK).document["decisions"]) == decision

    site.run("policy", "undo", decision["id"], "--by", "bob", expect=OK)
    site.run("sync", expect=OK)
    assert not work.has(DEEP)
    listed = only(site.run("policy", "list", expect=OK).document["decisions"])
    assert (listed["undone_by"], listed["by"]) == ("bob", "ann")
    site.run("policy", "undo", decision["id"], expect=USAGE)


def test_what_was_denied_by_name_no_exception_lets_in(work: Work) -> None:
    site = work.site
    site.run("sync", expect=OK)
    site.run("policy", "deny", f"{MID}@v1.0.0", "--reason", "hijacked", expect=OK)
    work.policy({**work.exception(9), "modules": [MID, DEEP]})
    denied = only(site.run("sync", expect=OK).document["policy"]["denied"])
    assert (denied["path"], denied["rule"]) == (MID, "decision")
    assert [work.has(path) for path in (MID, DEEP)] == [False, True]


@pytest.mark.parametrize(
    "wrong",
    [
        ("allow", DEEP, "--reason", "why", "--until", "2020-01-01"),
        ("allow", DEEP, "--reason", "why", "--until", "soon"),
        ("allow", DEEP, "--reason", " ", "--until", "2999-01-01"),
        ("allow", "no module", "--reason", "why", "--until", "2999-01-01"),
        ("deny", DEEP),
        ("undo", "nothing"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(
    work: Work, wrong: tuple[str, ...]
) -> None:
    work.site.run("policy", *wrong, expect=USAGE)


def test_hooks_are_told_once_that_an_exception_ends(work: Work, tmp_path: Path) -> None:
    site, told = work.site, tmp_path / "told"
    work.policy(work.exception(7))
    site.declare(hooks={"on_alert": [f"tee -a {told}"]})
    for _ in range(2):
        site.run("run", "--once", "sync", expect=OK)
    event = json.loads(told.read_bytes())
    alert = only(event["summary"]["alerts"])
    assert event["occasion"] == "alert"
    assert (alert["rule"], alert["key"]) == ("policy.exception", "legal said so")
    assert alert["until"] == work.exception(7)["until"]
    assert alert["versions"] == [f"{DEEP}@v1.0.0"]


def test_names_and_sizes_are_rules_too(work: Work) -> None:
    site = work.site
    site.declare(policy={"deny": [MID], "max_zip": "1B"})
    denied = site.run("sync", expect=OK).document["policy"]["denied"]
    rules = {each["path"]: each["rule"] for each in denied}
    assert rules == {
        LIB: "policy.max_zip",
        MID: "policy.deny",
        DEEP: "policy.max_zip",
    }
    mark = len(work.sim.paths(RequestKind.ZIP))
    site.declare(policy={"min_age": 1})
    site.run("sync", expect=OK)
    assert [work.has(path) for path in (LIB, MID, DEEP)] == [True] * 3
    asked = work.sim.paths(RequestKind.ZIP)[mark:]
    assert [MID in path for path in asked] == [True], "what was denied by name"


def test_what_stands_in_place_of_a_denied_version_comes_in_the_same_run(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        offer(sim, LIB, "v1.0.0", MIT)
        for version in ("v1.1.0", "v1.2.0"):
            offer(sim, LIB, version, GPL)
        site = InProcessSite(tmp_path / "site", sim)
        select = {"modules": [LIB], "versions": "latest"}
        site.declare(select=[select], policy=ALLOW)
        synced = site.run("sync", expect=OK).document
        denied = [each["version"] for each in synced["policy"]["denied"]]
        shown = (site.tree / LIB / "@v/list").read_text().split()
        assert (sorted(denied), shown) == (["v1.1.0", "v1.2.0"], ["v1.0.0"])
        site.run("prune", "--dry-run", expect=OK)
        site.run("catalog", "rebuild", expect=OK)
        site.run("sync", expect=OK)
        site.run("prune", "--dry-run", expect=OK)
