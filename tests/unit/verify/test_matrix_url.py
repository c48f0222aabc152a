"""Every file that a proxy serves, spoiled in every way; nothing can be done there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gosync.cli.main import run as run_cli
from gosync.demo.exchange import RequestKind as FileKind
from gosync.gomod.module import ModuleVersion
from gosync.verify.verdicts import Verdict
from tests.simulator import Simulator
from tests.tiers import shared_out
from tests.unit.verify.caches import ALPHA, BETA, sources
from tests.unit.verify.test_url import look

_OK, _POLLUTED, _CORRUPT = Verdict.OK, Verdict.POLLUTED, Verdict.CORRUPT
_INCOMPLETE, _STALE = Verdict.INCOMPLETE, Verdict.STALE
_MODULE = "alpha.example/!alpha"
_FILES = {
    "info": f"{_MODULE}/@v/v1.1.0.info",
    "mod": f"{_MODULE}/@v/v1.1.0.mod",
    "zip": f"{_MODULE}/@v/v1.1.0.zip",
    "list": f"{_MODULE}/@v/list",
    "latest": f"{_MODULE}/@latest",
}
_OF_VERSION = ("info", "mod", "zip")
_EXPECTED: dict[str, dict[str, tuple[Verdict, ...]]] = {
    "missing": {
        **dict.fromkeys((*_OF_VERSION, "list"), (_INCOMPLETE,)),
        "latest": (_OK,),  # it is optional
    },
    "gone": {
        **dict.fromkeys((*_OF_VERSION, "list"), (_INCOMPLETE,)),
        "latest": (_OK,),
    },
    "empty": {
        **dict.fromkeys((*_OF_VERSION, "latest"), (_CORRUPT,)),
        "list": (_OK,),  # a module of pseudo-versions has one
    },
    "cut short": {
        **dict.fromkeys((*_OF_VERSION, "latest"), (_CORRUPT,)),
        "list": (_OK, _CORRUPT, _INCOMPLETE),
    },
    "flipped": {
        "info": (_CORRUPT,),
        "mod": (_POLLUTED,),
        "zip": (_CORRUPT, _POLLUTED),
        "list": (_OK, _INCOMPLETE, _STALE),  # go passes over what is no version
        "latest": (_CORRUPT, _INCOMPLETE),
    },
    "another version's": {
        "info": (_CORRUPT,),
        **dict.fromkeys(("mod", "zip"), (_POLLUTED,)),
        "latest": (_OK,),  # an older one may be the latest
    },
    "another module's": {
        "info": (_CORRUPT,),
        **dict.fromkeys(("mod", "zip"), (_POLLUTED,)),
        **dict.fromkeys(("list", "latest"), (_INCOMPLETE,)),
    },
    "a page": {
        "info": (_CORRUPT,),
        "mod": (_POLLUTED,),
        "zip": (_CORRUPT,),
        "list": (_CORRUPT, _STALE),
        "latest": (_CORRUPT,),
    },
}
CELLS = [
    pytest.param(name, fault, id=f"{name}-{fault}")
    for fault, due in _EXPECTED.items()
    for name in due
]


@pytest.fixture(scope="module")
def proxy() -> Iterator[Simulator]:
    with Simulator() as sim:
        for each in sources():
            sim.publish(each)
        yield sim


def spoil(sim: Simulator, name: str, fault: str) -> AbstractContextManager[object]:
    """Serve a file otherwise while the block runs."""
    glob = f"*{_FILES[name]}"
    match fault:
        case "missing" | "gone":
            return sim.fail(glob, status=404 if fault == "missing" else 410)
        case "empty":
            return sim.replace_body(glob, b"")
        case "cut short":
            return sim.truncate(glob, content_length="wrong")
        case "flipped":
            return sim.swap_bytes(glob, at={"zip": 70, "mod": 9}.get(name, 1))
        case "a page":
            return sim.html(glob)
    return sim.replace_body(glob, other(sim, name, fault))


def other(sim: Simulator, name: str, fault: str) -> bytes:
    mv = ModuleVersion(*((BETA, "v0.2.0") if "module" in fault else (ALPHA, "v1.0.0")))
    if name == "list":
        return b"v0.1.0\nv0.2.0\n"
    return sim.publication(mv).file(FileKind("info" if name == "latest" else name))


@pytest.mark.parametrize(("name", "fault"), shared_out(CELLS))
def test_a_served_file(proxy: Simulator, tmp_path: Path, name: str, fault: str):
    with spoil(proxy, name, fault):
        report = look(proxy, tmp_path, ALPHA, f"{BETA}@v0.2.0")
        again = look(proxy, tmp_path, ALPHA, f"{BETA}@v0.2.0")

    found = report.outcome.findings
    assert ({each.verdict for each in found} or {_OK}) <= set(_EXPECTED[fault][name]), (
        found
    )
    assert report.outcome.unread == []
    assert report.exit_code == (4 if found else 0)
    assert again.outcome.findings == found
    about = {each.path for each in found}
    if name in _OF_VERSION:
        assert about == {_FILES[name]}
    assert all(each.startswith(_MODULE) for each in about)  # BETA is good


@pytest.mark.parametrize("name", _OF_VERSION)
def test_an_answer_that_breaks_off_is_none(proxy: Simulator, tmp_path: Path, name: str):
    with proxy.truncate(f"*{_FILES[name]}"):
        report = look(proxy, tmp_path, ALPHA)

    (unread,) = report.outcome.unread
    assert unread.path == _FILES[name]
    assert report.exit_code == 4


@pytest.mark.parametrize(
    "action", ["--quarantine", "--repair", "--delete", "--restore"]
)
def test_nothing_can_be_done_there_and_nothing_is_fetched_first(
    proxy: Simulator, capsys: pytest.CaptureFixture[str], action: str
):
    with proxy.fail("*") as fault:
        more = ["x"] if action == "--restore" else []
        code = run_cli(["verify", proxy.url, "--module", ALPHA, action, *more])

    assert (code, fault.hits) == (2, 0)
    assert "only looked at" in capsys.readouterr().err
