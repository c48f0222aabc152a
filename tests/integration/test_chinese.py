"""What an operator and a developer read in a Chinese locale: no line stays English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module

_CHINESE = re.compile("[\u4e00-\u9fff]")
_OTHERS = re.compile(r"\s*(\[\[|\w+ = |\]|\"|$)")  # lines of a configuration
APP, GONE = "app.example/m", "gone.example/m"


class _ChineseSite(Site):
    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "LC_ALL": "zh_CN.UTF-8"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Simulator() as sim:
        sim.publish(module(APP, "v1.0.0"))
        folder = tmp_path_factory.mktemp("chinese")
        modules = [UPPER, f"{GONE}@v1.0.0"]
        yield _ChineseSite(folder / "site", sim, modules=modules, index=True)


def _check(lines: str) -> None:
    english = [
        line
        for line in lines.splitlines()
        if not (_CHINESE.search(line) or _OTHERS.match(line))
    ]
    assert english == []
    assert lines


def test_a_sync_and_a_status_are_told_in_chinese(site: Site):
    _check(site.people("sync"))
    told = site.people("status")
    _check(told)
    assert f"{GONE}@v1.0.0" in told
    site.run("withdraw", f"{UPPER}@v1.0.0", "--reason", "测试")
    site.run("run", "--once", "sync")
    _check(site.people("status", "--max-age", "1s"))


def test_a_closure_is_told_in_chinese(site: Site, tmp_path: Path):
    text = f"module x.example\n\ngo 1.21\n\nrequire {APP} v1.0.0\n"
    (tmp_path / "go.mod").write_text(text)
    site.run("publish")
    told = site.people("closure", str(tmp_path))
    _check(told)
    assert f"{APP}/@v/v1.0.0.mod" in told


def test_its_documents_stay_english(site: Site):
    for arguments in (("status",), ("list", "nothing.example/m")):
        assert not _CHINESE.search(site.run(*arguments).stdout.replace("测试", ""))
