"""What is said of Go's module settings and is not so, shown by a real go."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gosync.diagnose.shipped import shipped_catalogue
from tests.go.brokenproxy import BrokenProxy, always, but, response
from tests.go.golangs import NEWEST, OLDER, need_go
from tests.simulator.goclient import GoClient
from tests.tiers import EVERY_STEP

_DOWNLOAD = "mod download a.example/m@v1.0.0"
_SUMDB = "sum.golang.org"
_QUICK = {"empty_is_off", "comma_after_any_error"}


class Asking:
    """A go with a good proxy that relays no record, and a broken one."""

    def __init__(self, folder: Path, go: Path, good: BrokenProxy, bad: BrokenProxy):
        self._folder, self._go, self._count = folder, go, 0
        self.good, self.bad = good, bad
        self.url = f"http://127.0.0.1:{good.port}"
        self.bad_url = f"http://127.0.0.1:{bad.port}"

    def run(self, command: str, files: dict[str, str] | None = None, **env: str) -> str:
        """Run go with empty caches; return its exit code and what it printed."""
        self._count += 1
        self.good.asked.clear()
        self.bad.asked.clear()
        client = GoClient(
            self._folder / str(self._count),
            go=self._go,
            goproxy=self.url,
            gosumdb="off",
        )
        for name, text in (files or {}).items():
            (client.work / name).write_text(text)
        done = subprocess.run(
            [client.go, *command.split()],
            cwd=client.work,
            env={**client.env, "GOFLAGS": "-modcacherw", **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return f"{done.returncode} {done.stdout}{done.stderr}"

    @property
    def asked_database(self) -> bool:
        """Whether a record was asked for."""
        return any("/lookup/" in path for path in self.good.asked)


@pytest.fixture
def asking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Asking]:
    good, bad = but(supported=response("200 OK")), always(response("500 Oops"))
    with BrokenProxy(good) as one, BrokenProxy(bad) as other:
        yield Asking(tmp_path, need_go(request.param), one, other)


def _goproxylookup(go: Asking) -> None:
    assert go.run(_DOWNLOAD, GODEBUG="goproxylookup=1") == go.run(_DOWNLOAD)


def _off_is_direct(go: Asking) -> None:
    assert "module lookup disabled by GOPROXY=off" in go.run(_DOWNLOAD, GOPROXY="off")


def _empty_is_off(go: Asking) -> None:
    said = go.run("env GOPROXY", GOPROXY="")
    assert said == "0 https://proxy.golang.org,direct\n"


def _nosumdb_takes_no_globs(go: Asking) -> None:
    go.run(_DOWNLOAD, GOSUMDB=_SUMDB)
    assert go.asked_database
    assert go.run(_DOWNLOAD, GOSUMDB=_SUMDB, GONOSUMDB="*.example").startswith("0")
    assert not go.asked_database


def _star_covers_the_domain(go: Asking) -> None:
    go.run(_DOWNLOAD, GOSUMDB=_SUMDB, GONOSUMDB="*.a.example")
    assert go.asked_database


def _insecure_for_proxies(go: Asking) -> None:
    https = go.url.replace("http:", "https:")
    said = go.run(_DOWNLOAD, GOPROXY=https, GOINSECURE="*")
    assert "server gave HTTP response to HTTPS client" in said


def _nosumcheck(go: Asking) -> None:
    go.run(_DOWNLOAD, GOSUMDB=_SUMDB, GONOSUMCHECK="1")
    assert go.asked_database


def _sumdb_off_checks_nothing(go: Asking) -> None:
    wrong = f"h1:{'A' * 43}="
    lines = f"a.example/m v1.0.0 {wrong}\na.example/m v1.0.0/go.mod {wrong}\n"
    project = "module app.example/app\n\ngo 1.20\n\nrequire a.example/m v1.0.0\n"
    said = go.run("mod download", {"go.mod": project, "go.sum": lines})
    assert "checksum mismatch" in said


def _private_asks_the_mirror(go: Asking) -> None:
    said = go.run(_DOWNLOAD, GOPRIVATE="a.example")
    assert not said.startswith("0")
    assert go.good.asked == []


def _comma_after_any_error(go: Asking) -> None:
    assert "500 Oops" in go.run(_DOWNLOAD, GOPROXY=f"{go.bad_url},{go.url}")
    assert go.run(_DOWNLOAD, GOPROXY=f"{go.bad_url}|{go.url}").startswith("0")


def _go_tries_again(go: Asking) -> None:
    assert "500 Oops" in go.run(_DOWNLOAD, GOPROXY=go.bad_url)
    assert len(go.bad.asked) == 1


def _env_w_wins(go: Asking) -> None:
    file = str(Path(go.run("env GOPATH").split()[1]) / "env")
    said = go.run("env -w GOPROXY=direct", GOPROXY="off", GOENV=file)
    assert "does not override conflicting OS environment variable" in said
    assert go.run("env GOPROXY", GOPROXY="off", GOENV=file) == "0 off\n"


def _insecure_flag(go: Asking) -> None:
    assert "no longer supported" in go.run("get -insecure a.example/m")
    said = go.run("get a.example/m", GOFLAGS="-insecure")
    assert "no longer supported" in said


_SHOWN: dict[str, Callable[[Asking], None]] = {
    each.__name__.removeprefix("_"): each
    for each in (
        _goproxylookup,
        _off_is_direct,
        _empty_is_off,
        _nosumdb_takes_no_globs,
        _star_covers_the_domain,
        _insecure_for_proxies,
        _nosumcheck,
        _sumdb_off_checks_nothing,
        _private_asks_the_mirror,
        _comma_after_any_error,
        _go_tries_again,
        _env_w_wins,
        _insecure_flag,
    )
}
_CLAIMS = [each.name for each in shipped_catalogue().folklore if each.by_go]


def _cells() -> Iterator[object]:
    for claim in _CLAIMS:
        for version in (NEWEST, *OLDER):
            quick = (claim in _QUICK and version == NEWEST) or EVERY_STEP
            marks = () if quick else (pytest.mark.long,)
            yield pytest.param(claim, version, marks=marks, id=f"{claim}-{version}")


@pytest.mark.go
@pytest.mark.parametrize(("claim", "asking"), list(_cells()), indirect=["asking"])
def test_a_run_of_go_shows_that_it_is_not_so(claim, asking):
    _SHOWN[claim](asking)
