"""Releases of git tags: the h1 that a real go gives the same tag in direct mode."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from gosync.git.making import make_version
from gosync.git.tags import tag_source
from gosync.gomod.dirhash import hash_go_mod, hash_zip
from gosync.gomod.module import ModuleVersion
from tests.simulator.goclient import GoClient, need_go
from tests.tiers import spread
from tests.unit.gomod.zipfiles import reader

pytestmark = pytest.mark.go

_HOST = "corp.example"
_GO = "package m\n"
_VENDORED = {"vendor/modules.txt": "#\n", "vendor/x.example/a.go": _GO, "a.go": _GO}


class Shape:
    """A repository with one tag.

    Attributes:
        name: Of the repository.
        tag: The tag.
        subdir: The module's folder.
        path: The module's path, below the repository's.
    """

    def __init__(
        self,
        files: Mapping[str, str | None],
        *,
        go: str = "1.21",
        tag: str = "v1.0.0",
        subdir: str = "",
        path: str = "",
    ) -> None:
        """Take the files; None is a link."""
        self.tag, self.subdir, self.below = tag, subdir, path or subdir
        self.go = go
        self._files = files

    def make(self, folder: Path, module: str) -> None:
        """Make the repository."""
        at = f"{self.subdir}/" if self.subdir else ""
        files = {f"{at}go.mod": f"module {module}\n\ngo {self.go}\n", **self._files}
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.symlink_to("go.mod")
            else:
                path.write_bytes(text.encode())
        _git(folder, "init", "-q")
        _git(folder, "add", "-A", "-f")
        _git(folder, "commit", "-q", "-m", "all of it")
        _git(folder, "tag", self.tag)


SHAPES = {
    "plain": Shape({"a.go": _GO}),
    "empty": Shape({}),
    "licence": Shape({"a.go": _GO, "LICENSE": "free\n"}),
    "links": Shape({"a.go": _GO, "link": None, "sub/link": None}),
    "hidden": Shape(
        {"a.go": _GO, ".hidden": "x", ".github/w.yml": "x", "_x/a.go": _GO}
    ),
    "nested": Shape(
        {"a.go": _GO, "n/go.mod": "module n\n", "n/a.go": _GO, "nn/a.go": _GO}
    ),
    "nested-case": Shape({"a.go": _GO, "n/GO.MOD": "module n\n", "n/a.go": _GO}),
    "vendor": Shape(
        {"vendor/modules.txt": "#\n", "vendor/x.example/a.go": _GO, "a.go": _GO}
    ),
    "vendor-new": Shape(_VENDORED, go="1.24"),
    "vendor-deep": Shape({"pkg/vendor/vendor.go": _GO, "pkg/vendor/f/f.go": _GO}),
    "vendor-deep-new": Shape(
        {"pkg/vendor/vendor.go": _GO, "pkg/vendor/f/f.go": _GO}, go="1.24"
    ),
    "vendor-file": Shape(
        {"vendor/a.go": _GO, "sub/vendor/a.go": _GO, "vendors/x/a.go": _GO}
    ),
    "vendor-short": Shape({"p/vendor/x/a.go": _GO, "pppppppp/vendor/x": _GO}),
    "subst": Shape({".gitattributes": "v.go export-subst\n", "v.go": "//$Format:%H$"}),
    "ignored": Shape(
        {".gitattributes": "x.go export-ignore\n", "x.go": _GO, "a.go": _GO}
    ),
    "text": Shape({".gitattributes": "* text=auto\n", "a.txt": "one\r\ntwo\r\n"}),
    "crlf": Shape({"a.txt": "one\r\ntwo\r\n"}),
    "eol": Shape({".gitattributes": "*.txt eol=crlf\n", "a.txt": "one\ntwo\n"}),
    "hg": Shape({".hg_archival.txt": "x", "sub/.hg_archival.txt": "x"}),
    "unicode": Shape({"grün/ö.txt": "x", "日本.go": _GO}),
    "spaces": Shape({"a b/c d.txt": "x", "plus+.txt": "x"}),
    "testdata": Shape({"testdata/a/go.mod.txt": "x", "testdata/x.go": _GO}),
    "git-like": Shape({".gitignore": "*.log\n", "a.log": "x", ".gitmodules": ""}),
    "executable": Shape({"run.sh": "#!/bin/sh\n"}),
    "sub": Shape(
        {"a.go": _GO, "LICENSE": "root\n", "sub/b.go": _GO},
        tag="sub/v1.2.0",
        subdir="sub",
    ),
    "sub-licence": Shape(
        {"LICENSE": "root\n", "sub/LICENSE": "own\n"}, tag="sub/v1.2.0", subdir="sub"
    ),
    "sub-deep": Shape(
        {"LICENSE": "root\n", "a/b/x.go": _GO}, tag="a/b/v0.1.0", subdir="a/b"
    ),
    "major": Shape({"a.go": _GO}, tag="v2.1.0", path="v2"),
    "major-folder": Shape(
        {"go.mod": "module x\n", "v2/a.go": _GO, "LICENSE": "root\n"},
        tag="v2.1.0",
        subdir="v2",
    ),
    "large": Shape({f"d{n}/f{n}.txt": f"{n}" * 500 for n in range(200)}),
}


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@corp.example")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def test_the_zip_of_a_tag_is_the_one_that_go_makes(tmp_path: Path):
    names = spread(list(SHAPES), 30)
    repositories = tmp_path / "git"
    modules = {}
    for name in names:
        shape = SHAPES[name]
        repository = f"{_HOST}/{name}.git"
        path = f"{repository}/{shape.below}".rstrip("/")
        shape.make(repositories / f"{name}.git", path)
        version = shape.tag.rpartition("/")[2]
        modules[name] = ModuleVersion(path, version)
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[url "{repositories.as_uri()}/"]\n\tinsteadOf = https://{_HOST}/\n'
        "[safe]\n\tdirectory = *\n"
    )
    env = {"GIT_CONFIG_GLOBAL": str(config), "GOPRIVATE": _HOST, "GOFLAGS": "-mod=mod"}
    with GoClient(
        tmp_path / "go", goproxy="direct", gosumdb="off", go=need_go(), env=env
    ) as go:
        said = go.run("mod", "download", "-json", *map(str, modules.values()))
        by_go = _by_module(said)
        infos = {mv: Path(each["Info"]).read_bytes() for mv, each in by_go.items()}

    for name, mv in modules.items():
        shape = SHAPES[name]
        made = tmp_path / "made" / name
        repository = str(repositories / f"{name}.git")
        with tag_source(repository, shape.tag, subdir=shape.subdir) as source:
            make_version(mv, source, made)
        data = next(made.rglob("*.zip")).read_bytes()
        mod = next(made.rglob("*.mod")).read_bytes()
        info = json.loads(next(made.rglob("*.info")).read_bytes())
        h1 = hash_zip(reader(data), len(data))
        assert (name, h1) == (name, by_go[str(mv)]["Sum"])
        assert hash_go_mod(mod) == by_go[str(mv)]["GoModSum"]
        said_by_go = json.loads(infos[str(mv)])
        assert info["Version"] == said_by_go["Version"]
        assert info["Time"] == said_by_go["Time"]
        assert info["Origin"]["Hash"] == said_by_go["Origin"]["Hash"]


def _by_module(said: str) -> dict[str, dict[str, str]]:
    decoder, found, at = json.JSONDecoder(), {}, 0
    while at < len(said.rstrip()):
        each, at = decoder.raw_decode(said, at)
        found[f"{each['Path']}@{each['Version']}"] = each
        at += 1
    return found
