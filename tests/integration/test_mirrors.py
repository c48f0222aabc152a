"""``gosync mirrors``: simulated mirrors compared, one picked, go told and untold."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion
from gosync.mirrors.asking import Asking
from gosync.mirrors.known import KnownMirror, known_mirrors
from gosync.mirrors.measuring import interval
from gosync.mirrors.picking import MirrorPick
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from tests.integration import forked
from tests.integration.site import OK, UNAVAILABLE, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.goclient import need_go
from tests.unit.upstream.scriptserver import ScriptServer, answer

PATH = "busy.example/m"
KEYS = {"url", "ok", "p50_seconds", "p95_seconds", "lag_hours", "gaps", "sumdb"}


def version(number: int) -> ModuleSource:
    files = {
        "go.mod": f"module {PATH}\n\ngo 1.21\n".encode(),
        "m.go": f"package m\n\nconst N = {number}\n".encode(),
    }
    return ModuleSource(
        PATH, f"v1.{number}.0", files, datetime(2026, 1, 1 + number, tzinfo=UTC)
    )


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as made:
        for number in range(2):
            made.publish(version(number))
        yield made


@pytest.fixture
def late() -> Iterator[Simulator]:
    """A mirror that has not heard of the last version."""
    with Simulator() as made:
        made.publish(version(0))
        yield made


def say(site: Site, *arguments: str, expect: int = OK) -> str:
    """Return what a command prints for people."""
    command = [each for each in site.command(*arguments)[3:] if each != "--json"]
    code, out, err = forked.run(
        command,
        folder=site.folder,
        environment=site.environment,
        timeout_seconds=120,
    )
    assert code == expect, err
    return out


def compare(site: Site, *arguments: str, expect: int = OK) -> dict[str, Any]:
    return site.run("mirrors", *arguments, "--json", expect=expect).document


def test_what_lags_lacks_and_lies_is_named_and_not_recommended(
    tmp_path: Path, sim: Simulator, late: Simulator
) -> None:
    with Simulator() as liar, closing(socket.create_server(("127.0.0.1", 0))) as dead:
        for number in range(2):
            liar.publish(version(number))
        liar.rewrite(ModuleVersion(PATH, "v1.1.0"), {"m.go": b"package m // other\n"})
        liar.fail("*/@latest", status=404)
        liar.database.supported = late.database.supported = False
        away = f"http://127.0.0.1:{dead.getsockname()[1]}"
        dead.close()
        urls = [late.url, liar.url, away, sim.url]
        site = Site(tmp_path, sim, modules=[PATH])
        site.sync(expect=OK)
        found = compare(site, *urls)
        assert set(found) >= {"mirrors", "recommended"}
        lines = {each["url"]: each for each in found["mirrors"]}
        assert all(set(each) >= KEYS for each in lines.values())
        good, behind = lines[sim.url], lines[late.url]
        assert good["ok"]
        assert good["sumdb"]
        assert good["lag_hours"] == 0
        assert "altered-zip" not in good["gaps"]
        assert good["p50_seconds"] <= good["p95_seconds"]
        assert behind["lag_hours"] == 24
        assert not lines[liar.url]["ok"]
        assert {"altered-zip", "no-latest", "no-sumdb"} <= set(lines[liar.url]["gaps"])
        assert (lines[away]["ok"], lines[away]["p50_seconds"]) == (False, None)
        assert found["mirrors"][0]["url"] == sim.url
        recommended = found["recommended"]
        assert recommended["goproxy"].startswith(sim.url)
        assert liar.url not in recommended["goproxy"]
        assert "[upstream]" in recommended["toml"]
        assert sim.url in recommended["toml"]
        (evidence,) = site.quarantine(f"{PATH}@v1.1.0")
        assert evidence.facts["error"] == "ChecksumMismatchError"


def test_new_events_of_the_index_tell_how_far_behind_a_mirror_is(
    tmp_path: Path, sim: Simulator, late: Simulator
) -> None:
    now = datetime.now(UTC)
    for number, minutes in ((2, 5), (3, 4), (4, 1)):
        path = f"{PATH}{number}"
        files = {"go.mod": f"module {path}\n".encode(), "m.go": b"package m\n"}
        made = ModuleSource(path, "v1.0.0", files, now - timedelta(minutes=minutes))
        sim.publish(made, at=now - timedelta(minutes=minutes))
        if number < 4:
            late.publish(made)
    late.database.supported = False
    site = Site(tmp_path, sim, modules=[PATH], index=True, private=["busy.example/m3"])
    found = compare(site, sim.url, late.url)["mirrors"]
    lines = {each["url"]: each for each in found}
    assert lines[sim.url]["index_lag_minutes"] == 0
    assert 1 <= lines[sim.url]["index_lag_bound_minutes"] < 4
    assert 1 <= lines[late.url]["index_lag_minutes"] < 4
    assert 3.9 <= lines[late.url]["index_lag_bound_minutes"] <= 4.1
    assert not any("m3" in each.path for each in late.requests), "it is private"
    reach = lines[sim.url]["reach"]
    assert [(each["family"], each["ok"]) for each in reach] == [("ipv4", True)]


def test_few_questions_are_asked_and_one_at_a_time(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path, sim, modules=[PATH])
    compare(site)
    asked = [each for each in sim.requests if "/sumdb/" not in each.path]
    assert len(asked) <= 12
    assert sim.counts()[RequestKind.ZIP] <= 2, "HEAD and GET"
    text = say(site, "mirrors")
    assert f"GOPROXY={sim.url}" in text


def test_a_mirror_without_half_of_the_protocol_is_told_as_that(
    tmp_path: Path, sim: Simulator
) -> None:
    sim.fail("*/@latest", status=404)
    sim.fail("*00010101000000*", status=403)
    sim.database.supported = False
    site = Site(tmp_path, sim, modules=[PATH])
    (line,) = compare(site, sim.url)["mirrors"]
    assert {"no-latest", "no-sumdb", "403-for-404"} <= set(line["gaps"])
    assert line["ok"]
    assert not line["sumdb"]
    sim.html("*")
    (line,) = compare(site, sim.url, expect=UNAVAILABLE)["mirrors"]
    assert not line["ok"]


def test_without_any_that_works_nothing_is_recommended(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as dead:
        url = f"http://127.0.0.1:{dead.getsockname()[1]}"
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=[PATH])
        found = compare(site, url, expect=UNAVAILABLE)
        assert found["recommended"] == {"goproxy": "", "toml": ""}
        assert found["mirrors"][0]["gaps"] == [], "nothing is known of them"
        told = say(site, "mirrors", url, expect=UNAVAILABLE)
        assert "gosync explain network.refused" in told


def test_a_pick_is_there_in_time_whatever_answers(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path / "site", sim, modules=[PATH])
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        deaf = f"http://127.0.0.1:{silent.getsockname()[1]}"
        arguments = ("mirrors", "pick", deaf, sim.url, "--module", PATH)
        got = say(site, *arguments, "--timeout", "20s", "--format", "dotenv")
        assert got == f'GOPROXY="{sim.url}"\n'
        got = say(site, "mirrors", "pick", deaf, "--timeout", "1s")
        assert got == f"export GOPROXY='{sim.url}'\n", "the last good one"


def test_a_mirror_without_latest_is_picked_all_the_same() -> None:
    server = ScriptServer()
    server.script("/golang.org/x/text/@latest", answer(status=403))
    info = b'{"Version":"v0.3.0","Time":"2017-12-14T13:08:43Z"}'
    server.script("/golang.org/x/text/@v/v0.3.0.info", answer(info))

    async def pick() -> list[str]:
        async with Fetcher(HttpOptions(retries=0), environment={}) as fetcher:
            found = MirrorPick([KnownMirror(server.url)])
            return await found.run(fetcher, seconds=60)

    assert anyio.run(pick) == [server.url]
    server.stop()


def test_a_go_mod_is_measured_with_an_interval(tmp_path: Path, sim: Simulator) -> None:
    site = Site(tmp_path, sim, modules=[PATH])
    file = tmp_path / "go.mod"
    file.write_text(
        f"module app.example/m\n\ngo 1.21\n\nrequire (\n\t{PATH} v1.1.0\n"
        "\tmissing.example/m v1.0.0\n)\n"
    )
    found = compare(site, sim.url, "--measure", str(file))
    (line,) = found["measured"]
    assert (line["modules"], line["failed"]) == (2, 0.5)
    assert line["failed_low"] < 0.5 < line["failed_high"]
    assert line["seconds_a_module"] > 0
    assert interval(0, 0) == (0, 1)
    assert interval(0, 20)[0] == 0


@pytest.mark.go
def test_go_is_told_and_untold(tmp_path: Path, sim: Simulator) -> None:
    go = need_go()
    site = Site(tmp_path, sim, modules=[PATH])
    environment = {
        **site.environment,
        "PATH": f"{go.parent}:{os.environ['PATH']}",
        "GOENV": str(tmp_path / "home/goenv"),
    }
    environment.pop("GOPROXY", None)

    def goproxy() -> str:
        command = [str(go), "env", "-json", "GOPROXY"]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        )
        value: str = json.loads(done.stdout)["GOPROXY"]
        return value

    def run(*arguments: str) -> int:
        code, _, _ = forked.run(
            site.command("mirrors", *arguments)[3:],
            folder=tmp_path,
            environment=environment,
            timeout_seconds=120,
        )
        return code

    before = goproxy()
    assert run(sim.url, "--apply") == OK
    assert goproxy() == sim.url
    assert run(sim.url, "--apply") == OK, "twice is once"
    assert run("--undo") == OK
    assert goproxy() == before
    assert run("--undo") == USAGE


def test_the_known_mirrors_are_urls_and_a_file_adds_to_them(tmp_path: Path) -> None:
    known = known_mirrors()
    assert all(each.url.startswith("https://") for each in known)
    file = tmp_path / "more.toml"
    file.write_text('[[mirror]]\nurl = "https://proxy.corp.example"\nname = "ours"\n')
    assert known_mirrors([file])[len(known) :][0].name == "ours"


def test_nothing_but_the_command_knows_of_public_mirrors() -> None:
    users = {
        str(file.relative_to("gosync"))
        for file in Path("gosync").rglob("*.py")
        if "gosync.mirrors.known" in file.read_text("utf-8")
    }
    users = {each for each in users if not each.startswith("mirrors/")}
    assert users == {f"cli/{each}.py" for each in ("mirrors", "pick", "probe")}


def test_a_configured_site_is_compared_without_them(
    tmp_path: Path, sim: Simulator
) -> None:
    site = Site(tmp_path, sim, modules=[PATH])
    asked = {each["url"] for each in compare(site)["mirrors"]}
    assert asked == {sim.url}


def test_a_mirror_that_serves_nothing_of_what_was_asked_for_is_not_recommended(
    tmp_path: Path, sim: Simulator, late: Simulator
) -> None:
    late.fail("*", status=403)
    site = Site(tmp_path, sim, modules=[PATH])
    found = compare(site, late.url, sim.url)
    lines = {each["url"]: each for each in found["mirrors"]}
    assert not lines[late.url]["ok"]
    assert lines[late.url]["reason"] == "it has none of what was asked for"
    assert found["recommended"]["goproxy"] == sim.url


def test_a_mirror_that_answers_go_alone_is_asked_as_go_asks() -> None:
    server = ScriptServer()

    def reply(connection: socket.socket) -> None:
        agent = server.requests[-1].headers["user-agent"]
        is_go = agent == "Go-http-client/1.1"
        connection.sendall(
            answer(b"v1.0.0\n" if is_go else b"", status=[403, 200][is_go])
        )

    server.script(f"/{PATH}/@v/list", reply)

    async def ask() -> Asking:
        async with Fetcher(HttpOptions(retries=0), environment={}) as fetcher:
            asking = Asking(server.url, "", fetcher)
            await asking.ask_newest([PATH])
            return asking

    sighting = anyio.run(ask).sighting
    server.stop()
    assert sighting.works
    assert sighting.newest[PATH].version == "v1.0.0"
    assert sighting.gaps == {"go-user-agent", "no-latest"}
