"""The go command's own scripts about modules, asked through ``gosync serve``.

A go distribution has the tests of its go command, a proxy with some 250 modules and
its checksum database among them. They are run with that proxy in two places: as the
upstream of a server that pulls through, and, in the tests themselves, in front of that
server for what scripts ask of the proxy apart from modules (redirects, statuses, a
database that lies). What passes without gosync must pass through it, but for what
``OTHERWISE`` names.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.go.golangs import NEWEST, need_go
from tests.integration.serving import Serving

pytestmark = [pytest.mark.go, pytest.mark.long]

SCRIPTS: Final = "mod_|work_|gotoolchain|goauth|modfile"
# What gosync answers otherwise, and why.
OTHERWISE: Final = {
    # The fixture's database has other hashes than its zips have: no zip comes.
    "mod_bad_filenames": "refused by the proxy, with another text",
    "mod_invalid_path_dotname": "the scripts bring a go.sum of their own",
    "mod_load_badzip": "refused by the proxy, with another text",
    # A 404 tells more than the fixture's.
    "mod_get_nopkgs": "the text of a 404",
    "mod_install_pkg_version": "the text of a 404",
    # Of a version without a go.mod nothing is proven, so that it has no .info.
    "mod_list_retract": "an .info whose .mod is missing",
    "mod_retract_replace": "an .info whose .mod is missing",
}
_KEY: Final = (
    "localhost.localdev/sumdb+00000c67+AcTrnkbUA+TU4heY3hkjiSES/DSQniBqIeQ/YppAUtK6"
)
_BEFORE: Final = "\t// Request for $GOPROXY/sumdb/<name>/supported\n"
_PASS_ON: Final = """\
	if other := os.Getenv("GOSYNC_TEST_SERVER"); other != "" {
		target, err := url.Parse(other)
		if err != nil {
			log.Fatal(err)
		}
		r.URL.Path = "/" + path
		r.URL.RawPath = ""
		httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
		return
	}

"""


def build(go: Path, folder: Path) -> tuple[Path, Path]:
    """Return the go command's tests as a program, and the folder that they run in."""
    root = Path(_env(go, "GOROOT"))
    source = root / "src/cmd/go"
    proxy = source / "proxy_test.go"
    if not (source / "testdata/script").is_dir() or not proxy.is_file():
        pytest.skip(f"{root} has no tests of the go command")
    text = proxy.read_text()
    assert text.count(_BEFORE) == 1
    text = text.replace(_BEFORE, _PASS_ON + _BEFORE)
    text = text.replace('\t"net/http"\n', '\t"net/http"\n\t"net/http/httputil"\n')
    text = text.replace('\t"path/filepath"\n', '\t"net/url"\n\t"path/filepath"\n')
    changed, overlay = folder / "proxy_test.go", folder / "overlay.json"
    changed.write_text(text)
    overlay.write_text(json.dumps({"Replace": {str(proxy): str(changed)}}))
    program = folder / "cmdgo.test"
    command = [str(go), "test", "-c", "-overlay", str(overlay), "-o", str(program)]
    subprocess.run(
        [*command, "cmd/go"], cwd=root / "src", env=_environment(root), check=True
    )
    return program, source


def _env(go: Path, name: str) -> str:
    return subprocess.check_output([go, "env", name], text=True).strip()


def _environment(root: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GO", "CMDGO_"))
    }
    own = {"GOROOT": str(root), "GOTOOLCHAIN": "local", "GOFLAGS": ""}
    path = f"{root / 'bin'}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, **own, "PATH": path, **more}


@contextmanager
def fixture_proxy(program: Path, source: Path) -> Iterator[str]:
    """Serve the fixture's modules; give its address."""
    environment = _environment(source.parents[2])
    with subprocess.Popen(
        [str(program), "-proxy=127.0.0.1:0"],
        cwd=source,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if match := re.search(r"GOPROXY=(http\S+)", line):
                    yield match[1]
                    return
            pytest.fail("the fixture's proxy did not start")
        finally:
            process.kill()


def run(
    program: Path, source: Path, *, server: str, scripts: str = SCRIPTS
) -> dict[str, bool]:
    """Return whether each script passed, of those whose names begin so."""
    environment = _environment(source.parents[2], GOSYNC_TEST_SERVER=server)
    words = ["-test.short", "-test.v", "-test.parallel=4"]
    words.append(f"-test.run=TestScript/^({scripts})")
    ended = subprocess.run(
        [str(program), *words],
        cwd=source,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    found = re.findall(r"--- (PASS|FAIL): TestScript/(\S+)", ended.stdout)
    return {name: outcome == "PASS" for outcome, name in found}


@pytest.mark.timeout(1800)  # the go command's tests are compiled first
@pytest.mark.slow(50)
def test_scripts_pass_through_the_server_as_without_it(tmp_path: Path) -> None:
    program, source = build(need_go(NEWEST), tmp_path)
    alone = run(program, source, server="")
    folder = tmp_path / "site"
    folder.mkdir()
    with fixture_proxy(program, source) as url:
        (folder / "gosync.toml").write_text(
            f'[upstream]\nproxies = "{url}"\nsumdb = "{_KEY} {url}/sumdb-direct"\n'
            "[serve]\npull_through = true\nfresh_seconds = 0\n"
        )
        with Serving(folder) as server:
            through = run(program, source, server=server.url)
            passed = {name for name, ok in alone.items() if ok}
            lost = {name for name in passed if not through.get(name)}
            # Some have time limits of their own, which a busy machine exceeds.
            again = run(program, source, server=server.url, scripts="|".join(lost))
    lost -= {name for name, ok in again.items() if ok}
    print(f"{len(passed)} scripts pass, {len(passed - lost)} through gosync serve")
    assert len(passed) > 250
    assert lost == set(OTHERWISE)
