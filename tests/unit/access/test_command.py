"""``gosync access`` as a command: codes, hooks told once, nothing hostile shown."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest

from gosync.access.alerts import Surroundings
from gosync.access.audit import AccessAudit, AccessOptions
from gosync.cli.main import run
from gosync.work.progress import NoProgress
from tests.integration.inprocess import InProcessSite
from tests.integration.site import MISSING, OK, STANDS_OPEN, USAGE
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.unit.access.test_audit import line


@pytest.fixture
def site(tmp_path):
    with Simulator() as sim:
        sim.publish(module("a.example/m", "v1.0.0"))
        yield InProcessSite(tmp_path / "site", sim, modules=["a.example/m"])


def said(site: InProcessSite, *arguments: str) -> str:
    """Return what a command says to people."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        run([*arguments, "--config", str(site.config_file), "--no-progress"])
    assert out.getvalue()
    return out.getvalue() + err.getvalue()


def add_rule(site: InProcessSite, rule: dict[str, object]) -> None:
    """Add a rule to the configuration."""
    keys = (f"{key} = {json.dumps(value)}\n" for key, value in rule.items())
    with site.config_file.open("a") as file:
        file.write("\n[[access.rule]]\n" + "".join(keys))


def is_plain(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


def test_a_rule_of_the_configuration_fires_with_code_4(site, tmp_path):
    log = tmp_path / "a.log"
    log.write_text("".join(line(at, "/a.example/m/@v/list") for at in range(3)))
    assert site.run("access", str(log)).code == OK
    site.declare(access={"logs": [str(tmp_path / "a.*")]})
    add_rule(site, {"name": "lists", "query": "list", "count": 2, "window": "1m"})
    done = site.run("access", expect=STANDS_OPEN)
    (alert,) = done.document["alerts"]
    assert (alert["rule"], alert["key"], alert["count"]) == ("lists", "10.0.0.1", 3)
    assert alert["since"] == "2026-11-27T12:00:00.000000Z"
    assert alert["until"] == "2026-11-27T12:00:02.000000Z"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"query": "@newest"}, "no kind of request"),
        ({"window": "0s"}, "from a second to 31 days"),
        ({"without": "mod"}, "alone"),
        ({"per": "planet"}, "none of those that are known"),
        ({"count": -1}, "must be 0 or more"),
        ({"name": "Not Found!"}, "must be 1 to 64 of a-z, 0-9, dots"),
    ],
)
def test_a_rule_that_makes_no_sense_is_a_mistake(site, rule, reason):
    add_rule(site, {"name": "x", "count": 1, **rule})
    found = site.run("config", "check", expect=USAGE)
    assert reason in found.stdout


def test_hooks_are_told_of_each_alert_once(site, tmp_path):
    site.run("sync")
    told = tmp_path / "told"
    site.declare(hooks={"on_alert": [f"sh -c 'cat >> {told}; echo >> {told}'"]})
    log = tmp_path / "a.log"
    log.write_text(line(1, "/a.example/m/@v/v1.0.0.zip", 403))
    for _ in range(2):
        site.run("access", str(log), expect=STANDS_OPEN)
    log.write_text(log.read_text() + line(5, "/x/@v/v1.0.0.zip", 403, day=25))
    site.run("access", str(log), expect=STANDS_OPEN)
    events = [json.loads(each) for each in told.read_text().splitlines() if each]
    assert [event["occasion"] for event in events] == ["alert", "alert"]
    keys = [[a["since"] for a in event["summary"]["alerts"]] for event in events]
    assert keys == [["2026-11-27T12:00:01.000000Z"], ["2026-11-25T12:00:05.000000Z"]]


def test_nothing_that_a_client_sent_reaches_the_terminal_as_it_is(site, tmp_path):
    log = tmp_path / "a.log"
    evil = "\x1b]0;owned\x07\x1b[31m\u202e<script>"
    lines = [
        line(
            at,
            f"/{evil}{at}/@v/v1.0.0.zip",
            status,
            address=evil,
            user=evil,
            agent=evil,
        )
        for at, status in enumerate([200, 404, 403, 500])
    ]
    log.write_bytes(
        "".join(lines).encode() + b"\xff\xfe\x00\n" + b"x" * 200_000 + b"\n"
    )
    assert is_plain(said(site, "access", str(log)))
    shown = site.run("access", str(log), expect=STANDS_OPEN).document
    assert shown["clients"]["top"][0]["address"] == evil
    site.run("sync")
    site.run("requests", "read", str(log))
    assert is_plain(said(site, "requests", "list"))


def test_a_damaged_log_is_code_3_and_none_is_code_2(site, tmp_path):
    log = tmp_path / "a.log.gz"
    log.write_bytes(b"\x1f\x8b\x08\x00garbage")
    assert site.run("access", str(log), expect=MISSING).document["remarks"]
    site.run("access", expect=USAGE)
    site.run("access", str(tmp_path / "none"), expect=USAGE)


def test_any_bytes_of_a_log_do_no_harm(tmp_path):
    log = tmp_path / "a.log"
    hostile = bytes(range(256)) * 3 + b"\n"
    log.write_bytes(hostile + line().encode() + b'{"time":}\n{}\n"\n')
    audit = AccessAudit(AccessOptions(around=Surroundings()))
    audit.read([str(log)], NoProgress())
    assert audit.reader.read == 1


def test_requests_that_ended_otherwise_are_told_so_that_the_sum_is_right(
    site, tmp_path
):
    log = tmp_path / "a.log"
    ends = (200, 404, 403, 503, 413)
    log.write_text(
        "".join(
            line(at, "/a.example/m/@v/list").replace('" 200 ', f'" {status} ')
            for at, status in enumerate(ends)
        )
    )
    told = said(site, "access", str(log))
    assert "1 hits, 0 misses, 1 not carried, 1 refused, 1 failed, 1 others" in told
