"""GOFLAGS: flags that ``go`` adds to each of its commands. Pure.

A flag that some command has is passed to those that have it; one that no command has
makes every command fail (cmd/go/internal/base/goflags.go). Each must begin with "-".
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from gosync.diagnose.doctor.diagnosis import Severity, StageFinding
from gosync.diagnose.doctor.saying import say

# Of all commands of go 1.21 to 1.27 (`go help build`, `go help testflag` and others).
_FLAGS: Final = (
    "C a artifacts asan asmflags bench benchmem benchtime blockprofile",
    "blockprofilerate buildmode buildvcs c changed compat compiled compiler count",
    "cover covermode coverpkg coverprofile cpu cpuprofile debug-actiongraph debug-",
    "runtime-trace debug-trace deps diff dropexclude dropgodebug dropignore",
    "dropreplace droprequire dropretract droptool e exclude exec export f failfast",
    "find fix fixtool fmt full fullpath fuzz fuzzcache fuzzminimizetime fuzztime",
    "gccgoflags gcflags go godebug graph html http i ignore installsuffix json",
    "ldflags linkshared list m memprofile memprofilerate mod modcache modcacherw",
    "modfile module msan mutexprofile mutexprofilefraction n o origin outputdir",
    "overlay p parallel pgo pkgdir print race replace require retract retracted",
    "reuse run short shuffle skip src t tags test testcache timeout tool toolchain",
    "toolexec trace trimpath u unsafeptr use v versions vet vettool w x",
)
_KNOWN: Final = frozenset(" ".join(_FLAGS).split())
_MOD: Final = frozenset({"readonly", "vendor", "mod"})


def flag_findings(goflags: str) -> Iterator[StageFinding]:
    """Yield what is wrong with a GOFLAGS."""
    try:
        words = shlex.split(goflags)
    except ValueError:
        yield _fault("GOFLAGS has a quote without its end", "go env -u GOFLAGS")
        return
    for word in words:
        name, _, value = word.lstrip("-").partition("=")
        if name == "insecure":
            yield _fault(
                "GOFLAGS has -insecure, which go get refuses since 1.19",
                "GOINSECURE=PATTERN, for repositories that are asked directly",
            )
        elif not word.startswith("-") or name not in _KNOWN:
            yield _fault(
                say(
                    "GOFLAGS has {word!r}, which no go command knows: all of them fail",
                    word=word,
                ),
                "leave it out: go env -w GOFLAGS=..., or unset it in the environment",
            )
        elif name == "mod":
            yield from _mod(value)


def _mod(value: str) -> Iterator[StageFinding]:
    if value not in _MOD:
        yield _fault(
            say(
                "GOFLAGS has -mod={value}; there are readonly, vendor and mod",
                value=value,
            ),
            "leave it out: go env -u GOFLAGS",
        )
        return
    texts = {
        "vendor": "GOFLAGS has -mod=vendor: go looks for nothing outside vendor/",
        "mod": "GOFLAGS has -mod=mod: each command may change go.mod and go.sum",
    }
    if value in texts:
        yield StageFinding(
            cause="env.goflags",
            text=texts[value],
            remedy="go env -u GOFLAGS, and give -mod where it is needed",
            severity=Severity.WARNING,
            explains=("build.",),
        )


def _fault(text: str, remedy: str) -> StageFinding:
    return StageFinding(cause="env.goflags", text=text, remedy=remedy)
