"""How findings are settled: by an operator, by a sync, or as nobody is asked."""

from __future__ import annotations

import pytest

from tests.integration.audited import (
    FIRST,
    MOVED,
    OTHER,
    OTHER_FIRST,
    PATH,
    asked,
    found,
    make_site,
    run_audit,
    source,
    upstream,
)
from tests.integration.site import OK, STANDS_OPEN, USAGE


@pytest.fixture
def sim():
    with upstream() as sim:
        yield sim


@pytest.fixture
def second():
    with upstream() as second:
        yield second


def test_an_operator_settles_findings(tmp_path, sim):
    site = make_site(tmp_path, sim)
    sim.move_tag(FIRST, MOVED)
    (finding,) = run_audit(site, expect=STANDS_OPEN)["news"]
    number = str(finding["id"])

    site.run("audit", "--set", number, "known", "--note", "asked", expect=OK)
    shown = site.run("audit", "--list", expect=STANDS_OPEN).document["findings"]
    assert (shown[0]["state"], shown[0]["note"]) == ("known", "asked")
    site.run("catalog", "rebuild", expect=OK)
    rebuilt = site.run("audit", "--list", expect=STANDS_OPEN).document["findings"]
    assert rebuilt == shown
    site.run("audit", "--set", number, "accepted", expect=OK)
    site.run("status", expect=OK)
    run_audit(site, expect=OK)
    sim.move_tag(FIRST, {"a.go": b"package a // moved again\n"})
    assert len(run_audit(site, expect=STANDS_OPEN)["news"]) == 1
    site.run("audit", "--set", "77", "known", "--set", number, "known", expect=USAGE)
    assert site.status()["findings"][0]["state"] == "new"
    site.run("audit", "--note", "of nothing", expect=USAGE)
    site.run("audit", "--list", "--set", number, "known", expect=USAGE)


def test_what_is_gone_unlisted_retracted_deprecated_and_newer(tmp_path, sim):
    site = make_site(tmp_path, sim)
    sim.withdraw(OTHER_FIRST)
    sim.publish(source(OTHER, "v1.0.1"))
    sim.publication(FIRST).listed = False
    notice = f"// Deprecated: use another\nmodule {PATH}\n\n// broken\nretract v1.1.0\n"
    sim.publish(source(PATH, "v1.2.0", notice))

    news = run_audit(site, expect=STANDS_OPEN)["news"]

    assert found(site) == {
        ("vanished", str(OTHER_FIRST)),
        ("vanished", str(FIRST)),
        ("retracted", f"{PATH}@v1.1.0"),
        ("deprecated", PATH),
        ("stale", PATH),
        ("stale", OTHER),
    }
    retracted = next(each for each in news if each["kind"] == "retracted")
    assert retracted["theirs"]["rationale"] == "broken"
    # A sync brings what is new, which ends what was stale at once; that audits which
    # ask nobody remember older answers makes it no finding again. What vanished stays.
    site.sync("--refresh")
    assert {each["kind"] for each in site.status()["findings"]} == {
        "vanished",
        "retracted",
        "deprecated",
    }
    mark = sim.mark()
    assert site.run("audit", expect=STANDS_OPEN).document["news"] == []
    assert not [path for path in asked(sim, mark) if path.endswith("/list")]
    # Nor is behind what nobody follows any more.
    sim.publish(source(PATH, "v1.3.0"))
    run_audit(site, expect=STANDS_OPEN)
    assert ("stale", PATH) in found(site)
    site.select([OTHER])
    site.sync()
    assert ("stale", PATH) not in found(site)
    assert {str(OTHER_FIRST), str(FIRST)} <= site.carried()


def test_accepted_kinds_never_stand_open(tmp_path, sim):
    sim.publish(source(OTHER, "v1.1.0", f"// Deprecated: no\nmodule {OTHER}\n"))
    site = make_site(tmp_path, sim, accept=["deprecated"])
    assert run_audit(site, expect=OK)["news"] == []
    shown = site.run("audit", "--list", "--all", expect=OK).document["findings"]
    assert [(each["kind"], each["state"]) for each in shown] == [
        ("deprecated", "accepted")
    ]
    # Neither does what a sync refuses, nor what stood open before it was accepted.
    newer = sim.publish(source(PATH, "v1.2.0"))
    sim.move_tag(newer.source.module_version, MOVED)
    sim.move_tag(FIRST, MOVED)
    run_audit(site, expect=STANDS_OPEN)
    site.declare(audit={"accept": ["deprecated", "rewritten", "stale"]})
    site.sync("--refresh", expect=6)
    assert [f["version"] for f in site.status()["findings"]] == ["v1.0.0", ""]
    assert site.run("audit", expect=OK).document["open"]["rewritten"] == 0
    shown = site.run("audit", "--list", "--all", expect=OK).document["findings"]
    states = {each["kind"]: each["state"] for each in shown}
    assert states == {
        "deprecated": "accepted",
        "rewritten": "accepted",
        "stale": "resolved",
    }


def test_of_an_upstream_that_is_asked_no_longer_nothing_stands_open(
    tmp_path, sim, second
):
    site = make_site(tmp_path, sim, second)
    second.move_tag(FIRST, MOVED)
    run_audit(site, expect=STANDS_OPEN)
    site.configure({"proxies": [sim.url]})
    run_audit(site, expect=OK)
    shown = site.run("show", str(FIRST), expect=OK).document["findings"]
    (rewritten,) = [each for each in shown if each["kind"] == "rewritten"]
    assert rewritten["state"] == "resolved"
    assert rewritten["summary"].endswith(f"; over: {second.url} is asked no longer")
    # Asked again, it is found again.
    site.configure({"proxies": [sim.url, second.url]})
    (again,) = [
        each
        for each in run_audit(site, expect=STANDS_OPEN)["news"]
        if each["kind"] == "rewritten"
    ]
    assert again["id"] == rewritten["id"]
    assert "over:" not in again["summary"]


def test_what_a_sync_refuses_is_a_finding_too(tmp_path, sim):
    site = make_site(tmp_path, sim)
    newer = sim.publish(source(PATH, "v1.2.0"))
    sim.move_tag(newer.source.module_version, MOVED)
    site.sync("--refresh", expect=6)

    (finding,) = site.run("status", expect=STANDS_OPEN).document["findings"]

    assert (finding["kind"], finding["version"]) == ("rewritten", "v1.2.0")
    assert finding["source"] == sim.url
    assert finding["ours"]["mod_h1"] == newer.mod_h1
    site.sync("--retry", expect=6)
    assert len(site.status()["findings"]) == 1
