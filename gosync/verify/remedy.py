"""Next steps after a run of verify: what to run, whom to ask. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from gosync.hint import Command, Hint, advise, command
from gosync.verify.verdicts import CacheFinding, Cause, Fix, Verdict

_SHOWN = 3


class Remaining(msgspec.Struct, frozen=True, kw_only=True):
    """What a run leaves to do.

    Attributes:
        target: What was looked at: the operand that names it again.
        findings: What is still not as it should be.
        polluted: The versions that were, whatever became of the files since.
        misbehaved: Whether the checksum database was caught.
        left: How many versions are left for another run.
    """

    target: str
    findings: Sequence[CacheFinding]
    polluted: frozenset[str]
    misbehaved: bool
    left: int


def next_steps(remaining: Remaining) -> Iterator[Hint]:
    """Yield what to do about what remains, the most urgent first."""
    if remaining.misbehaved:
        yield advise(
            "believe nothing that rests on this database's answers; ask from another"
            " place whether it says the same there"
        )
    if remaining.polluted:
        yield _about_polluted(remaining.polluted)
    if any(_can_act(each) for each in remaining.findings):
        yield advise(
            "{}, with this run's options, shows what would be done; then without"
            " --dry-run; or --quarantine, which can be undone",
            command("verify", remaining.target, "--repair", "--dry-run"),
        )
    causes = {each.cause for each in remaining.findings}
    if causes & {Cause.UNKNOWN, Cause.UNASKED}:
        yield advise(
            "name what is private: --private PATTERN; --sums go.sum vouches for it"
        )
    if Cause.UNASKED in causes:
        yield advise(
            "ask the log: without --offline, or through --proxy URL; or name a tree"
            " that proves with --proofs DIR"
        )
    if remaining.left:
        again, left = command("verify", remaining.target), str(remaining.left)
        yield advise("{}, to go on with the {} left", again, left)


def polluted_versions(findings: Iterable[CacheFinding]) -> frozenset[str]:
    """Return the versions whose bytes are whole and somebody else's."""
    return frozenset(str(e.mv) for e in findings if e.verdict is Verdict.POLLUTED)


def _about_polluted(versions: frozenset[str]) -> Hint:
    """Return what must be done by people: somebody was given other code."""
    names = sorted(versions)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return advise(
        "find out who used {}: what was built with it is not what everybody else gets;"
        ' {} in their projects, and `{} "$(go env GOMODCACHE)"`, show where else it'
        " lies",
        f"{', '.join(names[:_SHOWN])}{more}",
        command("verify", "go.sum"),
        str(command("verify")),
    )


def undo_command(target: str, state: str | None, name: str) -> Command:
    """Return what undoes an action, run from wherever.

    Args:
        target: What was acted on: an absolute path, or a bucket's location.
        state: The state folder, an absolute path, None for the default.
        name: The quarantine's id.
    """
    if state is None:
        return command("verify", target, "--restore", name)
    return command("verify", target, "--state", state, "--restore", name)


def _can_act(finding: CacheFinding) -> bool:
    return finding.fix is not Fix.NOTHING and finding.cause is None
