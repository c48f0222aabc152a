"""Audits of access logs: what is counted, what fires, and that memory has bounds."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from gosync.access import bounded, clienttable, linecounts, tally, windows
from gosync.access.alerts import Surroundings
from gosync.access.audit import AccessAudit, AccessOptions
from gosync.access.files import find_logs
from gosync.access.report import AccessReport, ClientTotal, UserTotal
from gosync.access.rule import DEFAULT_RULES, AccessRule, Per, RuleOutcome
from gosync.access.windows import Alert
from gosync.errors import UsageError
from gosync.work.progress import NoProgress

FLOOD = DEFAULT_RULES[:1]
NOON = 12 * 3600
GO = "GoCommand/1 (+https://go.dev/cmd/go)"


def line(second=0, path="/rsc.io/quote/@latest", status=200, **more):
    """Return a combined line, so many seconds after noon of 27 November 2026."""
    minutes, seconds = divmod(NOON + second, 60)
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    address, user = more.get("address", "10.0.0.1"), more.get("user", "-")
    agent, day = more.get("agent", GO), more.get("day", 27)
    return (
        f'{address} - {user} [{day:02}/Nov/2026:{clock} +0000] "GET {path} HTTP/1.1"'
        f' {status} 100 "-" "{agent}"\n'
    )


def audited(folder: Path, lines: Iterable[str], **options: Any) -> AccessAudit:
    """Return an audit of one log."""
    log = folder / "access.log"
    log.write_text("".join(lines))
    audit = AccessAudit(AccessOptions(**options))
    audit.read([str(log)], NoProgress())
    return audit


def fired(audit: AccessAudit) -> list[tuple[str, str, int]]:
    return [(a.rule, a.key.decode(), a.count) for a in audit.alerts.alerts]


def test_what_was_asked_by_whom_and_how_it_ended(tmp_path):
    quote = "/rsc.io/quote/@v"
    lines = [
        line(0, f"{quote}/list", user="ada"),
        line(1, f"{quote}/v1.5.2.zip", address="10.0.0.2"),
        line(2, "/github.com/%21azure/a/@v/v1.0.0.mod", 304),
        line(3, "/sumdb/sum.golang.org/lookup/rsc.io/quote@v1.5.2"),
        line(4, "/rsc.io/absent/@v/master.info", 404),
        line(5, "/favicon.ico", 404, agent="Mozilla/5.0"),
    ]
    report = AccessReport.of(audited(tmp_path, lines))
    assert report.requests == {
        "list": {"hit": 1},
        "lookup": {"hit": 1},
        "mod": {"hit": 1},
        "other": {"missing": 1},
        "query": {"missing": 1},
        "zip": {"hit": 1},
    }
    assert report.outcomes.hit == 4
    assert report.size_bytes == 600
    busiest = {m.module: m.count for m in report.modules.busiest}
    assert busiest["rsc.io/quote"] == 3
    assert busiest["github.com/Azure/a"] == 1
    assert report.modules.newest[0].first == "2026-11-27T12:00:04.000000Z"
    assert report.clients.top[0] == ClientTotal("10.0.0.1", 5, 500)
    assert report.users == [UserTotal("ada", 1)]
    assert [(m.module, m.query) for m in report.not_carried] == [
        ("rsc.io/absent", "master")
    ]
    assert report.alerts == []


def test_a_cache_s_word_parts_hits_from_misses(tmp_path):
    lines = [line().rstrip() + f" {word}\n" for word in ("HIT", "MISS", "EXPIRED")]
    assert AccessReport.of(audited(tmp_path, lines)).outcomes.miss == 2


def test_more_than_200_latest_an_hour_fire_wherever_the_hour_begins(tmp_path):
    before = [line(1700 + at * 15) for at in range(200)]  # 200 in 50 minutes: not more
    assert fired(audited(tmp_path, before, rules=FLOOD)) == []
    many = [*before, line(5290), line(5291)]
    audit = audited(tmp_path, many, rules=FLOOD)
    assert fired(audit) == [("latest-flood", "10.0.0.1", 202)]
    alert = AccessReport.of(audit).alerts[0]
    assert alert.since == "2026-11-27T12:28:20.000000Z"
    assert alert.until == "2026-11-27T13:28:11.000000Z"
    assert (
        fired(audited(tmp_path, [*before, line(5301)], rules=FLOOD)) == []
    )  # over an hour


def test_an_alert_comes_once_a_window(tmp_path):
    lines = [line(at * 3) for at in range(3000)]  # two and a half hours
    audit = audited(tmp_path, lines, rules=FLOOD)
    assert [count for *_, count in fired(audit)] == [1200, 1200, 600]


def test_lines_may_come_out_of_order_and_from_several_servers(tmp_path):
    one = [line(at * 10) for at in range(150)]
    other = [line(at * 10 + 5) for at in range(150)]
    audit = audited(tmp_path, one + other, rules=FLOOD)
    assert fired(audit) == [("latest-flood", "10.0.0.1", 300)]


def test_probing_private_names_and_policy_s_refusals_fire(tmp_path):
    lines = [line(at, f"/corp.example/x{at % 25}/@v/list", 404) for at in range(60)]
    lines.append(line(70, "/rsc.io/quote/@v/v1.0.0.zip", 403, address="10.0.0.2"))
    lines.append(line(80, "/corp.example/x/@v/list", 200, address="198.51.100.7"))
    around = Surroundings(private=["corp.example"], inside=["203.0.113.0/24"])
    assert fired(audited(tmp_path, lines, around=around)) == [
        ("probing", "10.0.0.1", 25),
        ("refused", "10.0.0.2", 1),
        ("private-from-outside", "198.51.100.7", 1),
    ]


def test_who_was_given_a_version_with_a_finding_is_named(tmp_path):
    path = "/rsc.io/quote/@v/v1.5.2.zip"
    lines = [
        line(0, path),
        line(9, path),
        line(5, path, user="bob"),
        line(6, path, 404),
    ]
    around = Surroundings(findings={("rsc.io/quote", "v1.5.2")})
    audit = audited(tmp_path, lines, around=around)
    found = AccessReport.of(audit).findings
    assert [(f.module, f.version, f.user, f.count) for f in found] == [
        ("rsc.io/quote", "v1.5.2", "", 2),
        ("rsc.io/quote", "v1.5.2", "bob", 1),
    ]
    assert fired(audit) == [("finding-served", "10.0.0.1", 3)]


def test_zips_without_a_mod_fire_on_the_day_alone_that_lacks_one(tmp_path):
    zips = [line(at, f"/rsc.io/quote/@v/v1.0.{at}.zip") for at in range(21)]
    mod = "/rsc.io/quote/@v/v1.0.0.mod"
    absent = ("zips-without-mod", "10.0.0.1", 21)
    assert fired(audited(tmp_path, zips)) == [absent]
    assert fired(audited(tmp_path, [*zips, line(30, mod)])) == []
    assert fired(audited(tmp_path, [*zips, line(30, mod, day=28)])) == [absent]
    again = [line(0, mod), line(0, mod, day=28), *zips]  # another server's log
    assert fired(audited(tmp_path, again)) == []


def test_who_is_no_go_and_who_asks_no_database_fire(tmp_path):
    zips = [
        line(at, f"/rsc.io/quote/@v/v1.0.{at}.zip", agent="wget") for at in range(21)
    ]
    zips.append(line(0, "/rsc.io/quote/@v/v1.0.0.mod"))
    latest = [line(at, address="10.0.0.9") for at in range(21)]
    assert fired(audited(tmp_path, zips + latest)) == [
        ("unknown-agent", "10.0.0.1", 21),
        ("no-sumdb", "10.0.0.9", 21),
    ]
    lookup = "/sumdb/sum.golang.org/lookup/rsc.io/quote@v1.0.0"
    asked = [*latest, line(5, lookup, address="10.0.0.9")]
    assert fired(audited(tmp_path, asked)) == []


def test_a_rule_of_one_s_own_counts_by_user_or_module(tmp_path):
    own = AccessRule(
        name="own", query="zip", outcome=RuleOutcome.FAILED, count=1, per=Per.USER
    )
    path = "/rsc.io/quote/@v/v1.5.2.zip"
    lines = [line(at, path, 503, user=name) for at in (1, 2) for name in ("a", "-")]
    assert fired(audited(tmp_path, lines, rules=[own])) == [("own", "a", 2)]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("lookup", "/sumdb/sum.golang.org/lookup/rsc.io/quote@v1.5.2"),
        ("tile", "/sumdb/sum.golang.org/tile/8/0/000"),
        ("mod", "/rsc.io/quote/@v/v1.5.2.mod"),
    ],
)
def test_a_rule_counts_served_requests_wherever_their_path_says_the_kind(
    tmp_path, query, path
):
    rule = AccessRule(name="many", query=query, count=2)
    lines = [line(second, path) for second in range(3)]
    assert fired(audited(tmp_path, lines, rules=[rule])) == [("many", "10.0.0.1", 3)]


def test_more_keys_than_are_kept_are_estimated_and_said_so(tmp_path, monkeypatch):
    for module in (tally, clienttable, linecounts):
        monkeypatch.setattr(module, "KEPT", 50)
    monkeypatch.setattr(bounded.cut_off, "__defaults__", (50,))
    monkeypatch.setattr(bounded.Distinct.__init__, "__defaults__", (50,))
    lines = [line(address="10.9.9.9") for _ in range(300)]
    lines += [
        line(path=f"/m{at}.example/m/@v/list", address=f"10.1.{at // 250}.{at % 250}")
        for at in range(3000)
    ]
    audit = audited(tmp_path, lines, rules=())
    # A block is counted before a table is cut, so that this one has bounds to exceed.
    assert len(audit.tally.modules) <= 2 * 50 + 900
    report = AccessReport.of(audit)
    assert report.clients.exact is False
    assert 1500 < report.clients.count < 6000
    top = report.clients.top[0]
    assert top.address == "10.9.9.9"
    assert top.count <= 300 <= top.count + report.clients.error
    assert any("addresses than are kept" in said for said in report.remarks)


def test_a_rule_forgets_the_quietest_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "KEPT", 50)
    lines = [line(at) for at in range(150)]
    lines += [line(200, address=f"10.1.{at // 250}.{at % 250}") for at in range(500)]
    lines += [line(300 + at) for at in range(60)]
    audit = audited(tmp_path, lines, rules=DEFAULT_RULES[:1])
    assert fired(audit) == [("latest-flood", "10.0.0.1", 210)]
    assert audit.alerts.forgotten["latest-flood"] > 0


def test_packed_and_rotated_logs_are_read_in_their_order(tmp_path):
    (tmp_path / "a.log.2.zst").write_bytes(zstandard.compress(line(0).encode()))
    (tmp_path / "a.log.1.gz").write_bytes(gzip.compress(line(60).encode()))
    (tmp_path / "a.log").write_text(line(120))
    names = find_logs([str(tmp_path / "a.log*")])
    assert [Path(name).name for name in names] == ["a.log.2.zst", "a.log.1.gz", "a.log"]
    audit = AccessAudit(AccessOptions())
    audit.read(names, NoProgress())
    assert (audit.reader.read, audit.unread) == (3, 0)


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"]
)
def test_a_damaged_log_counts_as_far_as_it_goes(tmp_path, pack):
    lines = "".join(line(at % 3000, f"/m{at}.example/x/@latest") for at in range(9000))
    data = pack(lines.encode())
    log = tmp_path / "a.log"
    log.write_bytes(data[: len(data) // 2] + b"\0" * 50)
    audit = AccessAudit(AccessOptions())
    audit.read([str(log)], NoProgress())
    assert 0 < audit.reader.read < 9000
    assert len(audit.damaged) == 1


def test_a_log_that_is_not_there_is_a_mistake_of_the_caller_s(tmp_path):
    audit = AccessAudit(AccessOptions())
    with pytest.raises(UsageError, match="No such file"):
        audit.read([str(tmp_path / "none")], NoProgress())
    with pytest.raises(UsageError, match="no such log"):
        find_logs([str(tmp_path / "none*")])


def test_a_followed_log_tells_at_once_and_goes_on_after_rotation(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("".join(line(at) for at in range(150)))
    told: list[Alert] = []
    looks: list[int] = []
    audit = AccessAudit(AccessOptions())

    def is_over() -> bool:
        looks.append(audit.reader.read)
        if len(looks) == 6:
            log.rename(tmp_path / "a.log.1")
            log.write_text("".join(line(200 + at) for at in range(60)))
        return len(looks) > 400 or bool(told)

    audit.follow(str(log), is_over, told.append)
    assert [(alert.rule, alert.count) for alert in told[:1]] == [("latest-flood", 210)]
