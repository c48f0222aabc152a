"""Private modules from git: a real go sees through gosync what it sees directly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.integration.pulling import pulling_site
from tests.integration.repositories import commit
from tests.integration.serving import Serving
from tests.simulator import Simulator
from tests.simulator.githosts import GitHost, file_host, https_host, ssh_host
from tests.simulator.goclient import GoClient, need_go

pytestmark = pytest.mark.go

HOST = "corp.example"
_GO = "package m\n"


def _mod(path: str) -> str:
    return f"module {HOST}/{path}\n\ngo 1.21\n"


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of repositories: many shapes of tags and folders."""
    folder = tmp_path_factory.mktemp("git")
    root = folder / "lib.git"
    commit(root, {"go.mod": _mod("lib.git"), "a.go": _GO, "LICENSE": "free\n"})
    commit(root, {"b.go": _GO}, "v0.9.0", "v1.0.0-rc.1", "v1.0.0", "v1", "other")
    commit(root, {"sub/go.mod": _mod("lib.git/sub"), "sub/a.go": _GO}, "sub/v1.1.0")
    commit(root, {"c.go": _GO}, "v1.1.0")
    commit(root, {"d.go": _GO}, branch="feature")
    commit(root, {"e.go": _GO})
    commit(root, {"v2/go.mod": _mod("lib.git/v2"), "v2/a.go": _GO}, "v2.0.0")
    commit(root, {"v2/b.go": _GO})
    bare = folder / "untagged.git"
    commit(bare, {"go.mod": _mod("untagged.git"), "a.go": _GO})
    commit(bare, {"b.go": _GO, "v2/p.go": _GO}, "nightly")
    major = folder / "major.git"
    commit(major, {"go.mod": _mod("major.git"), "a.go": _GO}, "v1.5.0")
    commit(major, {"go.mod": _mod("major.git/v3"), "a.go": _GO}, "v3.1.0-beta")
    plain = folder / "plain.git"
    commit(plain, {"a.go": _GO, "p/p.go": _GO}, "v1.2.3")
    _publish_incompatible(folder)
    return folder


def _publish_incompatible(folder: Path) -> None:
    """Add repositories that have major versions from 2 on without a go.mod."""
    legacy = folder / "legacy.git"
    commit(legacy, {"a.go": _GO}, "v1.2.0")
    commit(legacy, {"b.go": _GO}, "v2.0.0")
    commit(legacy, {"c.go": _GO}, branch="two")
    commit(legacy, {"d.go": _GO}, "v2.1.0", "v2.1.1-rc.1", "v2.2.0+meta")
    commit(legacy, {"e.go": _GO}, branch="meta")
    commit(legacy, {"v4/go.mod": _mod("legacy.git/v4"), "v4/a.go": _GO}, "v4.0.0")
    commit(legacy, {"f.go": _GO})
    turned = folder / "turned.git"
    commit(turned, {"a.go": _GO}, "v1.0.0", "v2.0.0")
    commit(turned, {"b.go": _GO}, "v2.1.0", "v3.0.0")
    commit(turned, {"go.mod": _mod("turned.git/v3")}, "v3.1.0")
    modern = folder / "modern.git"
    commit(modern, {"a.go": _GO}, "v2.0.0", "old")
    commit(modern, {"go.mod": _mod("modern.git")}, "v1.0.0")
    retract = f"{_mod('modern.git')}\nretract [v1.1.0, v1.2.0]\n"
    commit(modern, {"b.go": _GO}, "v1.2.0")
    commit(modern, {"c.go": _GO}, branch="after")
    commit(modern, {"go.mod": retract}, "v1.3.0")


QUERIES = [
    *("lib.git@latest", "lib.git@v1.0.0", "lib.git@feature", "lib.git@v0.9.0"),
    *("lib.git@other", "lib.git@v1.0.0-rc.1", "lib.git/sub@latest", "lib.git@main"),
    *("lib.git/sub@feature", "lib.git/v2@latest", "lib.git/v2@main"),
    *("untagged.git@latest", "untagged.git@nightly", "untagged.git@main"),
    *("major.git@latest", "major.git/v3@latest", "plain.git@latest", "plain.git@v1"),
    *("legacy.git@latest", "legacy.git@v2.0.0", "legacy.git@v2.1.0+incompatible"),
    *(
        "legacy.git@two",
        "legacy.git@meta",
        "legacy.git@main",
        "legacy.git@v1",
        "legacy.git/v4@latest",
    ),
    *("turned.git@latest", "turned.git@v2.0.0+incompatible", "turned.git/v3@latest"),
    *("modern.git@latest", "modern.git@v2.0.0+incompatible", "modern.git@after"),
    *("modern.git@old", "modern.git@v1.2.0"),
]
FEW = [
    *("lib.git@latest", "lib.git@feature", "lib.git/sub@latest", "untagged.git@main"),
    *("legacy.git@latest", "legacy.git@two", "modern.git@old"),
]
ABSENT = [
    *("lib.git@v2.0.0+incompatible", "turned.git@v3.1.0+incompatible"),
    *("legacy.git@v1.2.0+incompatible", "legacy.git@v2.2.0"),
    *("modern.git@v3.0.0+incompatible", "untagged.git@none"),
]


@pytest.fixture(scope="module")
def host(
    request: pytest.FixtureRequest,
    repositories: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[GitHost]:
    """Yield the repositories behind each transport."""
    folder = tmp_path_factory.mktemp("host")
    if request.param == "file":
        yield file_host(repositories, folder)
        return
    serve = https_host if request.param == "https" else ssh_host
    with serve(repositories, folder) as host:
        yield host


@pytest.fixture(scope="module")
def direct(
    host: GitHost, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GoClient]:
    folder = tmp_path_factory.mktemp("direct")
    env = {
        **host.standing_for(f"https://{HOST}/", folder),
        "GOPRIVATE": HOST,
        "GOFLAGS": "-mod=mod",
    }
    with GoClient(
        folder, goproxy="direct", gosumdb="off", go=need_go(), env=env
    ) as client:
        client.run("mod", "init", "a.example/m")
        yield client


@pytest.fixture(scope="module")
def through(
    host: GitHost, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GoClient, Simulator]]:
    with Simulator() as sim:
        site = pulling_site(tmp_path_factory.mktemp("site"), sim, workers=1)
        url = f"{host.url}/{{path}}"
        site.declare(private=[{"pattern": HOST, "git": url, "depth": 1}])
        env = {"GONOSUMDB": HOST, "GOFLAGS": "-mod=mod"}
        environment = {**site.environment, **host.environment}
        with (
            Serving(site.folder, environment=environment) as server,
            GoClient(
                tmp_path_factory.mktemp("through"),
                goproxy=server.url,
                gosumdb=sim.gosumdb,
                go=need_go(),
                env=env,
            ) as client,
        ):
            client.run("mod", "init", "a.example/m")
            yield client, sim


def _seen(client: GoClient, queries: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return version, time and both h1 of every query."""
    names = [f"{HOST}/{query}" for query in queries]
    listed = _documents(client.run("list", "-m", "-json", *names))
    found = {
        f"{each['Path']}@{each.get('Query', each['Version'])}": each for each in listed
    }
    exact = sorted({f"{each['Path']}@{each['Version']}" for each in listed})
    got = _documents(client.run("mod", "download", "-json", *exact))
    sums = {f"{e['Path']}@{e['Version']}": (e["Sum"], e["GoModSum"]) for e in got}
    return {
        name: (
            each["Version"],
            each["Time"],
            *sums[f"{each['Path']}@{each['Version']}"],
        )
        for name, each in found.items()
    }


def _documents(text: str) -> list[dict[str, str]]:
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


@pytest.mark.long
@pytest.mark.parametrize("host", ["file"], indirect=True)
def test_every_query_has_the_answer_of_direct_mode(
    direct: GoClient, through: tuple[GoClient, Simulator]
):
    client, sim = through
    want, got = _seen(direct, QUERIES), _seen(client, QUERIES)
    assert len(want) >= 30
    assert got == want
    for name in ABSENT:
        for which, each in (("direct", direct), ("through", client)):
            done = each.try_run("list", "-m", f"{HOST}/{name}")
            assert done.returncode, (which, name)
    for module in (
        *("lib.git", "lib.git/sub", "lib.git/v2", "untagged.git", "legacy.git"),
        *("turned.git", "turned.git/v3", "modern.git"),
    ):
        arguments = ("list", "-m", "-versions", f"{HOST}/{module}")
        assert client.run(*arguments) == direct.run(*arguments)
    # A package's folder is no module, and is found in the module above it.
    for each in (direct, client):
        each.run("get", f"{HOST}/plain.git/p@latest")
        each.run("get", f"{HOST}/untagged.git/v2@latest")
    assert [request for request in sim.requests if HOST in str(request)] == []


@pytest.mark.long
@pytest.mark.parametrize("host", ["https", "ssh"], indirect=True)
@pytest.mark.slow(20)
def test_other_transports_answer_as_direct_mode_has_them(
    direct: GoClient, through: tuple[GoClient, Simulator]
):
    client, sim = through
    want = _seen(direct, FEW)
    assert len(want) == len(FEW)
    assert _seen(client, FEW) == want
    arguments = ("list", "-m", "-versions", f"{HOST}/lib.git")
    assert client.run(*arguments) == direct.run(*arguments)
    assert [request for request in sim.requests if HOST in str(request)] == []
