"""Broken worlds as go's other commands meet them: build, vet, install, tidy, work.

What is broken is in a mirror or in the project; ``go build`` and ``go vet`` put a file
and a line before what ``go mod download`` says bare.
"""

from __future__ import annotations

import pytest

from tests.go.brokenproxy import (
    CLOSE,
    HTML,
    always,
    but,
    module_files,
    response,
)
from tests.go.brokenworld import BrokenWorld, assert_named, cells

_MODULE = "module app.example/app\n\ngo 1.20\n"
_REQUIRES = f"{_MODULE}require a.example/m v1.0.0\n"
_WRONG_SUM = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
_SUMS = f"a.example/m v1.0.0 {_WRONG_SUM}\na.example/m v1.0.0/go.mod {_WRONG_SUM}\n"
_FILLS_GO_MOD = {"GOFLAGS": "-mod=mod -modcacherw"}
_GO_199 = {"go.mod": "module a.example/app\n\ngo 1.99.1\n", "m.go": "package m\n"}


def _imports(*paths: str) -> str:
    lines = "".join(f'\t_ "{path}"\n' for path in paths)
    return f"package main\n\nimport (\n{lines})\n\nfunc main() {{}}\n"


def _tree(*modules: dict[str, bytes]):
    files = {path: data for each in modules for path, data in each.items()}

    def answer(path: str) -> bytes:
        if path in files:
            return response("200 OK", files[path])
        return response("404 Not Found", f"not found: {path}".encode())

    return answer


def _with_gomod(path: str, text: str, **files: str) -> dict[str, bytes]:
    return module_files(path, "v1.0.0", {"go.mod": text, "m.go": "package m\n"} | files)


def _app(**more: str) -> dict[str, str]:
    return {"go.mod": _REQUIRES, "main.go": _imports("a.example/m"), **more}


def _work(text: str, **folders: str) -> dict[str, str]:
    found = {"go.work": f"go 1.20\n{text}"}
    for name, gomod in folders.items():
        found |= {f"{name}/go.mod": gomod, f"{name}/m.go": f"package {name}\n"}
    return found


_REPLACED = f"{_MODULE}\nreplace a.example/m => "
_BUILD, _TIDY, _INSTALL = "build ./...", "mod tidy", "install a.example/m@v1.0.0"
_WORLDS = [
    BrokenWorld(
        "a web page for a zip that a build needs",
        "download.bad_zip",
        but(zip=response("200 OK", HTML)),
        _BUILD,
        _FILLS_GO_MOD,
        _app(),
    ),
    BrokenWorld(
        "GOVCS forbids what vet needs",
        "env.govcs",
        command="vet ./...",
        env={**_FILLS_GO_MOD, "GOPROXY": "direct", "GOVCS": "*:off"},
        files={
            "go.mod": f"{_MODULE}require github.com/corp/x v1.0.0\n",
            "main.go": _imports("github.com/corp/x"),
        },
    ),
    BrokenWorld(
        "a scheme that a build meets",
        "env.goproxy_scheme",
        command=_BUILD,
        env={**_FILLS_GO_MOD, "GOPROXY": "ftp://goproxy.corp.example"},
        files=_app(),
    ),
    BrokenWorld(
        "403 for a zip that a test needs",
        "http.403",
        but(zip=response("403 Forbidden", b"too large")),
        "test ./...",
        _FILLS_GO_MOD,
        _app(),
    ),
    BrokenWorld(
        "an early end in a build",
        "network.eof download.truncated",
        but(zip=CLOSE),
        _BUILD,
        _FILLS_GO_MOD,
        _app(),
    ),
    BrokenWorld(
        "go.sum of other bytes",
        "sum.gosum_mismatch",
        command=_BUILD,
        files=_app(**{"go.sum": _SUMS}),
    ),
    BrokenWorld(
        "go.sum without a line",
        "sum.missing_gosum",
        command="vet ./...",
        files=_app(),
    ),
    BrokenWorld(
        "a build with GOPROXY=off in JSON",
        "env.goproxy_off env.usage",  # older ones have no -json
        command="build -json ./...",
        env={"GOPROXY": "off", **_FILLS_GO_MOD},
        files={"go.mod": _MODULE, "main.go": _imports("a.example/m")},
    ),
    BrokenWorld(
        "an installed module that replaces",
        "build.replaces",
        _tree(
            _with_gomod("a.example/m", "module a.example/m\n\nreplace x.y/z => ../z")
        ),
        _INSTALL,
    ),
    BrokenWorld(
        "an installed module of a newer go",
        "toolchain.dep_too_new toolchain.too_old",
        _tree(_with_gomod("a.example/m", "module a.example/m\n\ngo 1.99.0\n")),
        _INSTALL,
    ),
    BrokenWorld("502 for install", "http.5xx", always(response("502 Oops")), _INSTALL),
    BrokenWorld(
        "a URL that is to be installed",
        "module.malformed_path",
        command="install https://a.example/m@latest",
    ),
    BrokenWorld(
        "a path in other capitals",
        "module.path_mismatch",
        _tree(_with_gomod("a.example/fork", "module a.example/orig\n")),
        _TIDY,
        files={
            "go.mod": f"{_MODULE}require a.example/fork v1.0.0\n",
            "main.go": _imports("a.example/fork"),
        },
    ),
    BrokenWorld(
        "one package in two modules",
        "module.ambiguous",
        _tree(
            module_files("a.example/m", "v1.0.0", {"n/n.go": "package n\n"}),
            module_files("a.example/m/n", "v1.0.0", {"n.go": "package n\n"}),
        ),
        _BUILD,
        _FILLS_GO_MOD,
        {
            "go.mod": f"{_REQUIRES}require a.example/m/n v1.0.0\n",
            "main.go": _imports("a.example/m/n"),
        },
    ),
    BrokenWorld(
        "a replaced folder that is not there",
        "module.replace_missing",
        command=_BUILD,
        files=_app(**{"go.mod": f"{_REQUIRES}replace a.example/m => ../none\n"}),
    ),
    BrokenWorld(
        "a replaced folder without go.mod",
        "module.replace_missing",
        command=_BUILD,
        files=_app(
            **{
                "go.mod": f"{_REQUIRES}replace a.example/m => ./dir\n",
                "dir/m.go": "package m\n",
            }
        ),
    ),
    BrokenWorld(
        "a go line that is none",
        "module.gomod_parse",
        command=_BUILD,
        files={"go.mod": "module a.example/app\n\ngo v1.x\n", "m.go": "package m\n"},
    ),
    BrokenWorld(
        "workspaces that replace in two ways",
        "work.conflict",
        command="build ./b",
        files=_work(
            "use (\n./b\n./c\n)\n",
            b=f"{_REPLACED}../m1\n",
            c=f"{_REPLACED.replace('app.example/app', 'c.example/c')}../m2\n",
        ),
    ),
    BrokenWorld(
        "a typing error in go.work",
        "work.missing_dir",
        command=_BUILD,
        files=_work("used ./b\n", b=_MODULE),
    ),
    BrokenWorld(
        "404 in a workspace",
        "http.404",
        always(response("404 Not Found")),
        "work sync",
        files=_work("use ./b\n", b=_REQUIRES),
    ),
    BrokenWorld(
        "vendor without a package",
        "build.vendor build.no_required_module",
        command=_BUILD,
        files={
            "go.mod": _REQUIRES,
            "main.go": _imports("a.example/m/x"),
            "vendor/modules.txt": "# a.example/m v1.0.0\n## explicit\na.example/m\n",
            "vendor/a.example/m/m.go": "package m\n",
        },
    ),
    BrokenWorld(
        "a toolchain that nobody has",
        "toolchain.not_available",
        command=_BUILD,
        env={"GOTOOLCHAIN": "auto"},
        files=_GO_199,
    ),
    BrokenWorld(
        "a toolchain from who does not listen",
        "network.refused",
        command=_BUILD,
        env={"GOTOOLCHAIN": "auto", "GOPROXY": "http://127.0.0.1:9"},
        files=_GO_199,
    ),
    BrokenWorld("GOPATH that is relative", "disk.modcache", env={"GOPATH": "rel"}),
    BrokenWorld(
        "a wrong GO111MODULE",
        "env.goflags",
        command=_BUILD,
        env={"GO111MODULE": "yes"},
        files={"go.mod": _MODULE, "m.go": "package m\n"},
    ),
    BrokenWorld(
        "quotes in GOPROXY",
        "env.goproxy_scheme",
        env={"GOPROXY": '"http://127.0.0.1:{PORT}"'},
    ),
    BrokenWorld(
        "a port that is none",
        "env.goproxy_scheme",
        env={"GOPROXY": "http://127.0.0.1:99999"},
    ),
    BrokenWorld(
        "an import that is no path",
        "module.malformed_path",
        command=_BUILD,
        files={"go.mod": _MODULE, "main.go": _imports("a.example/m @")},
    ),
    BrokenWorld("all is well", "", command="mod download -x a.example/m@v1.0.0"),
    BrokenWorld(
        "the compiler's errors are not go's",
        "",
        command=_BUILD,
        files={"go.mod": _MODULE, "m.go": "package m\n\nfunc f() { undefined() }\n"},
    ),
]


@pytest.mark.go
@pytest.mark.parametrize(("world", "version"), list(cells(_WORLDS)))
def test_what_go_prints_in_a_broken_world_is_named(world, version, tmp_path):
    assert_named(world, version, tmp_path)
