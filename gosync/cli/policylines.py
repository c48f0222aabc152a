"""The policy's rulings for people: what is kept out and why, what ends when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gosync.catalog.rulings import Ruling
from gosync.gomod.module import ModuleVersion
from gosync.hint import Hint, advise, command
from gosync.site.policyreport import EndingException, PolicyReport
from gosync.site.policyrules import DECISION
from gosync.site.signaturerules import REQUIRE
from gosync.text import printable

_SHOWN: Final = 20


def policy_lines(report: PolicyReport) -> Iterator[str]:
    """Yield what is denied, let in by an exception that ends soon, or told of."""
    yield from _first(report.denied, "denied")
    yield from _first(report.warned, "policy")
    yield from map(_ending_line, report.ending)


def ruling_lines(ruling: Ruling) -> Iterator[str]:
    """Yield what the policy says of one version, and who wants it."""
    yield f"{ruling.effect.value:8} {ruling.mv} ({ruling.rule})"
    yield f"         {printable(ruling.reason)}"
    if ruling.exception:
        until = f", until {ruling.until}" if ruling.until else ""
        yield f"         exception: {printable(ruling.exception)}{until}"
    if ruling.wanted_by:
        chain = " > ".join(map(printable, ruling.chain))
        yield f"         wanted by {printable(ruling.wanted_by)}: {chain}"


def letting_in(mv: ModuleVersion, rule: str) -> Hint:
    """Return what lets a version in that a rule denies."""
    if rule == DECISION:
        listing, undoing = command("policy list"), command("policy undo", "ID")
        return advise("{} says who decided it, {} takes it back", listing, undoing)
    publishing = command("publish")
    if rule == REQUIRE:
        signing = command("attest sign", mv, "--key", "FILE")
        return advise("sign it with {}, then {}", signing, publishing)
    allowing = command("policy allow", mv, "--reason", "TEXT", "--until", "DAY")
    return advise("{} lets it in until that day, after {}", allowing, publishing)


def _first(rulings: Sequence[Ruling], what: str) -> Iterator[str]:
    for each in rulings[:_SHOWN]:
        yield from ruling_lines(each)
    if len(rulings) > _SHOWN:
        yield f"{what:8} ... and {len(rulings) - _SHOWN} more; --json has all"


def _ending_line(ending: EndingException) -> str:
    some = ", ".join(ending.versions[:3])
    more = "" if len(ending.versions) <= 3 else f" and {len(ending.versions) - 3} more"
    days = "today" if not ending.days_left else f"in {ending.days_left} days"
    return (
        f"policy   an exception ends {days}, on {ending.until}"
        f" ({printable(ending.reason)}): {some}{more}"
    )
