"""Sites that a release runs, as it was: its code out of its archive."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tests.crossing.freeze import RELEASES
from tests.integration.result import Result
from tests.integration.site import CHECKOUT, Site
from tests.simulator import Simulator

PRESENT = CHECKOUT
_KEEP = """
import json, sys
from pathlib import Path
from gosync.config.load import load_config
from gosync.site.artifacts import keep_artifact
from gosync.site.site import open_site
config, kind, name, text = json.load(sys.stdin)
options = load_config(Path(config), {}).site_options()
with open_site(options, command="keep") as site:
    keep_artifact(site, kind, name, [text.encode()])
"""
_WHERE = "import gosync; print(gosync.__version__, gosync.__file__)"


def releases() -> list[str]:
    """Return the versions that are kept, oldest first."""
    names = (path.name for path in RELEASES.glob("gosync-*.tar.xz"))
    versions = [name.removeprefix("gosync-").removesuffix(".tar.xz") for name in names]
    return sorted(versions, key=lambda each: [int(n) for n in each.split(".")])


def unpack(version: str, folder: Path) -> Path:
    """Unpack a release; return the folder to run it from."""
    code = folder / f"gosync-{version}"
    with tarfile.open(RELEASES / f"gosync-{version}.tar.xz") as tar:
        tar.extractall(code, filter="data")
    return code


class CodeSite(Site):
    """A site whose commands are those of the code in some folder."""

    def __init__(self, code: Path, folder: Path, sim: Simulator, *modules: str) -> None:
        """Configure a site: outside with modules, inside without any.

        Args:
            code: PRESENT, or where a release was unpacked.
            folder: An empty folder.
            sim: The upstream.
            modules: What is selected.
        """
        self._code = code
        inside = {"proxies": "off", "sumdb": sim.verifier_key}
        if modules:
            super().__init__(folder, sim, modules=modules, index=True)
        else:
            super().__init__(folder, upstream=inside)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of each command; the code's folder comes first."""
        return {**super().environment, "PYTHONPATH": str(self._code)}

    def run(
        self,
        *arguments: str,
        expect: int | None = None,
        prefix: Sequence[str] = (),
        timeout_seconds: float = 120,
    ) -> Result:
        """Run a command in a process of its own."""
        result = self._started(arguments, prefix, timeout_seconds)
        if expect is not None:
            assert result.code == expect, f"{result.stdout}\n{result.stderr}"
        return result

    def keep_artifact(self, kind: str, name: str, text: str) -> None:
        """Keep an artifact in the store, by this code."""
        given = json.dumps([str(self.config_file), kind, name, text])
        self._python(_KEEP, given)

    def code_is(self) -> tuple[str, Path]:
        """Return the version that runs, and where its code lies."""
        version, file = self._python(_WHERE, "").split()
        return version, Path(file).parents[1]

    def _python(self, script: str, given: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", script],
            input=given,
            cwd=self.folder,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
