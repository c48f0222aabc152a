"""The tree's own setup.sh before a real go, and Go itself from its dl/.

The toolchain upstream is a stand-in whose bin/go calls the real one, so that a machine
without any go gets one from the mirror, is set up by the mirror, and builds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.sync.toolchains import TOOLCHAIN_PATH, toolchain_module
from tests.go.golangs import NEWEST, OLDEST_AND_NEWEST, need_go
from tests.go.mirrors import serve
from tests.go.test_toolchains_go import own_platform
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.goclient import WITHOUT_COLLECTING, shared_cache
from tests.simulator.standard import source

pytestmark = [pytest.mark.go, pytest.mark.slow]

HELLO = "hello.example/cmd/hello"
PROGRAM = 'package main\n\nfunc main() { println("hello from inside") }\n'
OURS = ("/usr/bin", "/bin")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("setup")
    with Simulator(records=300) as sim:
        files = {
            "go.mod": f"module {TOOLCHAIN_PATH}\n",
            "bin/go": f'#!/bin/sh\nexec {need_go(NEWEST)} "$@"\n',
            "src/_go.mod": "module std\n",
            "VERSION": "go1.99.0\n",
        }
        mv = toolchain_module("1.99.0", own_platform())
        sim.publish(source(mv.path, mv.version, files))
        code = {"go.mod": "module hello.example\n", "cmd/hello/main.go": PROGRAM}
        sim.publish(source("hello.example", "v1.0.0", code))
        site = Site(folder / "site", sim, modules=["hello.example"])
        site.declare(toolchains={"versions": ["1.99.0"], "platforms": [own_platform()]})
        site.sync()
        site.check(sim)
    yield site
    shutil.rmtree(folder)


@pytest.fixture
def url(site: Site, tmp_path: Path) -> Iterator[str]:
    with serve("http.server", tmp_path / "mirror", site.tree) as mirror:
        yield mirror.url


class Machine:
    """A user's home, with a go on PATH or with none."""

    def __init__(self, folder: Path, go: Path | None = None) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.path = ":".join([*([str(go.parent)] if go else []), *OURS])
        self.env_file = folder / ".config" / "go" / "env"

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": self.path,
            "HOME": str(self.folder),
            "GOCACHE": os.environ.get("GOCACHE", str(shared_cache())),
            **WITHOUT_COLLECTING,
            **variables,
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def set_up(self, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Do as the front page says."""
        line = f"curl -fsS {url}/setup.sh | sh -s -- {url} {' '.join(arguments)}"
        return self.run("sh", "-c", line)

    def files(self) -> list[str]:
        """Return what is beside go's settings; go puts its own counters there, too."""
        names = (each.name for each in self.env_file.parent.iterdir())
        return sorted(name for name in names if name != "telemetry")

    def settings(self) -> dict[str, str]:
        names = ("GOPROXY", "GOSUMDB", "GOTOOLCHAIN")
        found: dict[str, str] = json.loads(
            self.run("go", "env", "-json", *names).stdout
        )
        return found


@pytest.mark.parametrize("version", OLDEST_AND_NEWEST)
def test_a_client_is_set_up_tried_and_brought_back(
    version: str, url: str, site: Site, tmp_path: Path
):
    machine = Machine(tmp_path / "home", need_go(version))
    machine.env_file.parent.mkdir(parents=True)
    before = b"GOPROXY=https://old.example\nGOFLAGS=-v\n"
    machine.env_file.write_bytes(before)

    done = machine.set_up(url)
    assert done.returncode == 0, done.stderr
    settings = machine.settings()
    assert (settings["GOPROXY"], settings["GOTOOLCHAIN"]) == (url, "auto")
    assert settings["GOSUMDB"].startswith("sum.")
    assert "GOFLAGS=-v" in machine.env_file.read_text()

    assert machine.set_up(url).returncode == 0, "the first copy is kept"
    script = str(site.tree / "setup.sh")
    done = machine.run("sh", script, "--undo")
    assert done.returncode == 0, done.stderr
    assert machine.env_file.read_bytes() == before
    assert machine.files() == ["env"]
    assert machine.run("sh", script, "--undo").returncode == 1


def test_what_was_set_since_stays_and_what_is_ours_goes(
    url: str, site: Site, tmp_path: Path
):
    machine = Machine(tmp_path / "home", need_go(NEWEST))
    script = str(site.tree / "setup.sh")
    assert machine.run("go", "env", "-w", "GOSUMDB=off", "GOBIN=/old").returncode == 0
    assert machine.set_up(url).returncode == 0
    mine = ("GOPROXY=https://mine.example", "GOFLAGS=-v", "GOBIN=/new")
    assert machine.run("go", "env", "-w", *mine).returncode == 0
    done = machine.run("sh", script, "--undo")
    assert done.returncode == 0, done.stderr
    assert "GOPROXY was changed since, and stays" in done.stdout
    assert sorted(machine.env_file.read_text().split()) == sorted(
        [*mine, "GOSUMDB=off"]
    )
    assert machine.files() == ["env"]


def test_what_a_second_run_replaced_comes_back(url: str, site: Site, tmp_path: Path):
    machine = Machine(tmp_path / "home", need_go(NEWEST))
    assert machine.set_up(url).returncode == 0
    line = "GOPROXY=https://between.example"
    assert machine.run("go", "env", "-w", line).returncode == 0
    assert machine.set_up(url).returncode == 0
    assert machine.set_up(url).returncode == 0
    assert machine.settings()["GOPROXY"] == url
    done = machine.run("sh", str(site.tree / "setup.sh"), "--undo")
    assert done.returncode == 0, done.stderr
    assert machine.env_file.read_text() == f"{line}\n"


@pytest.mark.parametrize("is_second", [False, True])
def test_where_go_cannot_write_nothing_is_left_behind(
    url: str, tmp_path: Path, is_second: bool
):
    machine = Machine(tmp_path / "home", need_go(NEWEST))
    if is_second:
        assert machine.set_up(url).returncode == 0
    machine.env_file.parent.mkdir(parents=True, exist_ok=True)
    before = {
        each: (machine.env_file.parent / each).read_bytes() for each in machine.files()
    }
    refusing = tmp_path / "bin" / "go"
    refusing.parent.mkdir()
    refusing.write_text(
        '#!/bin/sh\ncase "$*" in "env -w GOSUMDB"*) exit 1 ;; esac\n'
        f'exec {need_go(NEWEST)} "$@"\n'
    )
    refusing.chmod(0o755)
    machine.path = f"{refusing.parent}:{machine.path}"
    done = machine.set_up(url)
    assert (done.returncode, "go cannot write" in done.stderr) == (1, True)
    after = {
        each: (machine.env_file.parent / each).read_bytes() for each in machine.files()
    }
    assert after == before


def test_one_that_does_not_work_is_undone(url: str, site: Site, tmp_path: Path):
    machine = Machine(tmp_path / "home", need_go(NEWEST))
    script = str(site.tree / "setup.sh")
    done = machine.run("sh", script, f"{url}/wrong")
    assert done.returncode == 1
    assert "does not work from here" in done.stderr
    assert machine.files() == []
    assert machine.run("sh", script).returncode == 1, "no address"
    assert machine.run("sh", script, url, "--colour").returncode == 1


def test_variables_of_the_shell_are_named(url: str, site: Site, tmp_path: Path):
    machine = Machine(tmp_path / "home", need_go(NEWEST))
    script = str(site.tree / "setup.sh")
    done = machine.run("sh", script, url, GOPROXY="https://other.example")
    assert done.returncode == 0, done.stderr
    assert "GOPROXY is set in this shell" in done.stdout


def test_a_machine_without_go_gets_one_and_builds(url: str, tmp_path: Path):
    machine = Machine(tmp_path / "home")
    assert machine.run("sh", "-c", "command -v go").returncode != 0
    done = machine.set_up(url, "--install", "sdk")
    assert done.returncode == 0, done.stderr
    go = tmp_path / "home" / "sdk" / "go" / "bin" / "go"
    assert os.access(go, os.X_OK)
    machine.path = f"{go.parent}:{machine.path}"
    done = machine.run("go", "install", f"{HELLO}@latest")
    assert done.returncode == 0, done.stderr
    hello = machine.run(str(tmp_path / "home" / "go" / "bin" / "hello"))
    assert hello.stderr == "hello from inside\n"
    again = machine.set_up(url, "--install", "sdk")
    assert "is there already" in again.stderr
    _writable(tmp_path / "home" / "go")


def _writable(folder: Path) -> None:
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)


def test_archives_follow_the_toolchains(site: Site):
    names = sorted(each.name for each in (site.tree / "dl").iterdir())
    archive = f"go1.99.0.{own_platform()}.tar.gz"
    pages = ["index.html", "index.json", "index.zh.html"]
    assert names == ["SHA256SUMS", archive, *pages]
    check = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=site.tree / "dl", check=False
    )
    assert check.returncode == 0
    own = site.tree / "dl" / "README"
    own.write_text("somebody's")
    (site.tree / "dl" / archive).unlink()
    site.run("publish", expect=0)
    assert (site.tree / "dl" / archive).exists()

    toolchains = {"versions": ["1.99.0"], "platforms": [own_platform()]}
    site.declare(toolchains={**toolchains, "archives": False})
    site.run("publish", expect=0)
    assert [each.name for each in (site.tree / "dl").iterdir()] == ["README"]
    own.unlink()
    site.declare(toolchains=toolchains)
    site.run("publish", expect=0)


def test_a_tree_that_knows_its_address_needs_no_argument(
    url: str, site: Site, tmp_path: Path
):
    site.declare(publish={"tree": str(site.tree), "url": f"{url}/"})
    site.run("publish", expect=0)
    machine = Machine(tmp_path / "home", need_go(NEWEST))
    done = machine.run("sh", str(site.tree / "setup.sh"))
    assert done.returncode == 0, done.stderr
    assert machine.settings()["GOPROXY"] == url
    assert f"curl -fsS {url}/setup.sh" in (site.tree / "index.html").read_text()
