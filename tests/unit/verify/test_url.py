"""A proxy, looked at as its clients see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from gosync.clock import SystemClock
from gosync.errors import UnavailableError, UsageError
from gosync.gomod.module import ModuleVersion
from gosync.verify.report import VerifyReport
from gosync.verify.request import Limits, VerifyRequest
from gosync.verify.session import open_session
from gosync.verify.verdicts import Verdict
from gosync.work.progress import NoProgress
from tests.simulator import Simulator
from tests.unit.verify.caches import ALPHA, BETA, site_of, sources


@pytest.fixture
def proxy() -> Iterator[Simulator]:
    """A simulator that tests may bend."""
    with Simulator() as sim:
        for each in sources():
            sim.publish(each)
        yield sim


def look(
    sim: Simulator, tmp_path: Path, *modules: str, limits: Limits | None = None
) -> VerifyReport:
    request = VerifyRequest(
        path=tmp_path,
        url=sim.url,
        modules=modules,
        site=site_of(sim, tmp_path),
        state=tmp_path / "state",
        limits=limits or Limits(),
    )

    async def main() -> VerifyReport:
        clock = SystemClock()
        async with open_session(request, clock) as session:
            return await session.run(clock, NoProgress(), lambda: False)

    return anyio.run(main)


def test_a_list_is_believed_and_each_version_proven(proxy: Simulator, tmp_path: Path):
    report = look(proxy, tmp_path, ALPHA, f"{BETA}@v0.2.0")

    assert report.exit_code == 0, report.outcome.findings
    assert (report.outcome.checked, report.outcome.proven) == (3, 3)


def test_a_rewritten_tag_is_polluted(proxy: Simulator, tmp_path: Path):
    mv = ModuleVersion(ALPHA, "v1.1.0")
    proxy.rewrite(mv, {"go.mod": f"module {ALPHA}\n".encode(), "x.go": b"package y\n"})

    report = look(proxy, tmp_path, ALPHA)

    (finding,) = report.outcome.findings
    assert finding.verdict is Verdict.POLLUTED
    assert finding.path.endswith("@v/v1.1.0.zip")
    assert report.exit_code == 4


def test_what_is_listed_and_not_there_is_incomplete(proxy: Simulator, tmp_path: Path):
    with proxy.fail("*/v1.1.0.zip", status=404):
        (finding,) = look(proxy, tmp_path, ALPHA).outcome.findings

    assert finding.verdict is Verdict.INCOMPLETE
    assert finding.path.endswith("@v/v1.1.0.zip")


def test_what_gives_no_answer_was_not_looked_at(proxy: Simulator, tmp_path: Path):
    with proxy.fail("*/v1.1.0.mod", status=503):
        report = look(proxy, tmp_path, ALPHA)

    (unread,) = report.outcome.unread
    assert unread.path.endswith("@v/v1.1.0.mod")
    assert report.exit_code == 4


def test_a_sample_is_a_part(proxy: Simulator, tmp_path: Path):
    limits = [Limits(subset=(k, 2)) for k in (1, 2)]
    reports = [look(proxy, tmp_path, ALPHA, BETA, limits=each) for each in limits]

    assert sum(each.outcome.checked for each in reports) == 4


def test_silence_and_nothing_to_ask_for(proxy: Simulator, tmp_path: Path):
    with pytest.raises(UsageError, match="does not say what it has"):
        look(proxy, tmp_path)
    with pytest.raises(UsageError, match="Not a path"):
        look(proxy, tmp_path, "Not a path")
    with proxy.fail("*/@v/list", status=500), pytest.raises(UnavailableError):
        look(proxy, tmp_path, ALPHA)
