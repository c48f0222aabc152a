"""Private modules from git: a real go sees through gosync what it sees directly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.pulling import pulling_site
from tests.integration.repositories import commit
from tests.integration.serving import Serving
from tests.simulator import Simulator
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
    commit(bare, {"b.go": _GO}, "nightly")
    major = folder / "major.git"
    commit(major, {"go.mod": _mod("major.git"), "a.go": _GO}, "v1.5.0")
    commit(major, {"go.mod": _mod("major.git/v3"), "a.go": _GO}, "v3.1.0-beta")
    plain = folder / "plain.git"
    commit(plain, {"a.go": _GO, "p/p.go": _GO}, "v1.2.3")
    return folder


QUERIES = [
    *("lib.git@latest", "lib.git@v1.0.0", "lib.git@feature", "lib.git@v0.9.0"),
    *("lib.git@other", "lib.git@v1.0.0-rc.1", "lib.git/sub@latest", "lib.git@main"),
    *("lib.git/sub@feature", "lib.git/v2@latest", "lib.git/v2@main"),
    *("untagged.git@latest", "untagged.git@nightly", "untagged.git@main"),
    *("major.git@latest", "major.git/v3@latest", "plain.git@latest", "plain.git@v1"),
]


@pytest.fixture(scope="module")
def direct(
    repositories: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GoClient]:
    config = tmp_path_factory.mktemp("config") / "gitconfig"
    config.write_text(
        f'[url "{repositories.as_uri()}/"]\n\tinsteadOf = https://{HOST}/\n'
        "[safe]\n\tdirectory = *\n"
    )
    env = {"GIT_CONFIG_GLOBAL": str(config), "GOPRIVATE": HOST, "GOFLAGS": "-mod=mod"}
    folder = tmp_path_factory.mktemp("direct")
    with GoClient(
        folder, goproxy="direct", gosumdb="off", go=need_go(), env=env
    ) as client:
        client.run("mod", "init", "a.example/m")
        yield client


@pytest.fixture(scope="module")
def through(
    repositories: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GoClient, Simulator]]:
    with Simulator() as sim:
        site = pulling_site(tmp_path_factory.mktemp("site"), sim, workers=1)
        url = f"{repositories.as_uri()}/{{path}}"
        site.declare(private=[{"pattern": HOST, "git": url, "depth": 1}])
        env = {"GONOSUMDB": HOST, "GOFLAGS": "-mod=mod"}
        with (
            Serving(site.folder, environment=site.environment) as server,
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


def _seen(client: GoClient) -> dict[str, tuple[str, ...]]:
    """Return version, time and both h1 of every query, or that there is none."""
    names = [f"{HOST}/{query}" for query in QUERIES]
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
def test_every_query_has_the_answer_of_direct_mode(
    direct: GoClient, through: tuple[GoClient, Simulator]
):
    client, sim = through
    want, got = _seen(direct), _seen(client)
    assert len(want) >= 15
    assert got == want
    for module in ("lib.git", "lib.git/sub", "lib.git/v2", "untagged.git"):
        arguments = ("list", "-m", "-versions", f"{HOST}/{module}")
        assert client.run(*arguments) == direct.run(*arguments)
    # A package's folder is no module, and is found in the module above it.
    for each in (direct, client):
        each.run("get", f"{HOST}/plain.git/p@latest")
    assert [request for request in sim.requests if HOST in str(request)] == []
