"""What people are told to do next, by what remains."""

from __future__ import annotations

import pytest

from gosync.cli.main import run as run_cli
from gosync.gomod.module import ModuleVersion
from gosync.verify.remedy import Remaining, next_steps, undo_command
from gosync.verify.verdicts import CacheFinding, Cause, Fix, Verdict

_TARGET = "/srv/my caches"


def _remaining(*findings: CacheFinding, left: int = 0) -> Remaining:
    return Remaining(
        target=_TARGET,
        findings=findings,
        polluted=frozenset(),
        misbehaved=False,
        left=left,
    )


def _finding(cause: Cause | None = None, fix: Fix = Fix.NOTHING) -> CacheFinding:
    return CacheFinding(
        verdict=Verdict.CORRUPT,
        path="x",
        mv=ModuleVersion("a.example/a", "v1.0.0"),
        reason="is empty",
        cause=cause,
        fix=fix,
    )


def test_nothing_remains_to_do():
    assert list(next_steps(_remaining())) == []


@pytest.mark.parametrize(
    ("remaining", "arguments"),
    [
        (_remaining(_finding(fix=Fix.FETCH)), (_TARGET, "--repair", "--dry-run")),
        (_remaining(left=3), (_TARGET,)),
    ],
)
def test_the_target_is_named_as_a_shell_takes_it(
    remaining: Remaining, arguments: tuple[str, ...]
):
    (step,) = next_steps(remaining)

    assert [line.arguments for line in step.commands] == [arguments]
    assert f"`gosync verify '{_TARGET}'" in str(step)


def test_what_nobody_vouches_for_is_no_reason_to_act():
    (step,) = next_steps(_remaining(_finding(Cause.UNKNOWN, Fix.FETCH)))

    assert "--private PATTERN" in str(step)


def test_an_action_is_undone_with_the_state_folder_that_it_had():
    line = undo_command("/srv/x", "/var/state", "20260101T000000Z-abc")

    assert str(line) == (
        "gosync verify /srv/x --state /var/state --restore 20260101T000000Z-abc"
    )


def test_restoring_to_a_target_that_is_gone_advises_what_verify_takes(
    capsys: pytest.CaptureFixture[str],
):
    code = run_cli(["verify", "/nope", "--restore", "x"])

    said = capsys.readouterr().err
    assert (code, "/nope: there is nothing" in said) == (2, True)
    assert "--tree" not in said
