"""``gosync policy``: what is decided about what may come in, and by whom."""

from __future__ import annotations

import getpass
import os
from contextlib import AbstractContextManager, suppress
from datetime import date

import click
import msgspec

from gosync.cli.arguments import arguments
from gosync.cli.completing import complete_module
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.policylines import policy_lines
from gosync.cli.verbs import VerbGroup
from gosync.clock import SystemClock
from gosync.config.policy import parse_day
from gosync.errors import UsageError
from gosync.site.applying import apply_policy
from gosync.site.decisions import (
    NO_LIMIT,
    Decision,
    DecisionKind,
    Only,
    decide,
    new_decision,
    read_decisions,
    undo,
)
from gosync.site.licencerules import parse_licence
from gosync.site.policyreport import PolicyReport, read_policy
from gosync.site.site import Site, open_site, read_store
from gosync.site.vulnrules import parse_identifier
from gosync.text import printable

_MAX_REASON = 1000


class PolicyList(msgspec.Struct, frozen=True):
    """All that was decided, and what follows, as JSON.

    Attributes:
        decisions: The decisions, the oldest first, those undone or ended too.
        policy: What they and the configuration's rules say of what is here.
    """

    decisions: list[Decision]
    policy: PolicyReport


class DecisionReport(msgspec.Struct, frozen=True):
    """A decision that was made or undone, and what follows, as JSON."""

    decision: Decision
    policy: PolicyReport


@click.group(cls=VerbGroup)
def policy() -> None:
    """Decide what may come in though a rule keeps it out, or the other way about."""


_by_option = click.option(
    "--by", metavar="NAME", help="Who decides; default: who is logged in."
)
_reason_option = click.option(
    "--reason", metavar="TEXT", required=True, help="Why; everybody is told."
)


@policy.command("list")
@common_options
def list_(options: CommonOptions) -> None:
    """Show all decisions, and what is kept out or let in for a while."""
    now = SystemClock().now()
    with read_store(options.load_config().site_options()) as (catalog, blobs):
        decisions = read_decisions(catalog, blobs)
        report = read_policy(catalog, now)
    lines = [_line(e, is_over=not e.stands(now)) for e in decisions]
    lines += policy_lines(report)
    options.output.result("policy", PolicyList(decisions, report), lines)


@policy.command()
@click.argument("modules", metavar="MODULE[@VERSION]", shell_complete=complete_module)
@_reason_option
@click.option(
    "--until", metavar="DAY", required=True, help="Its last day, like 2027-01-31."
)
@click.option(
    "--licence",
    "licences",
    multiple=True,
    metavar="ID",
    help="For this licence alone; default: whatever the rule is.",
)
@click.option(
    "--vulnerability",
    "ids",
    multiple=True,
    metavar="ID",
    help="For this vulnerability alone, like GO-2024-0001 or CVE-2024-1234.",
)
@_by_option
@wait_lock_option
@common_options
def allow(
    options: CommonOptions,
    modules: str,
    reason: str,
    until: str,
    licences: tuple[str, ...],
    ids: tuple[str, ...],
    by: str | None,
    wait_lock: float,
) -> None:
    """Let a module in though a rule keeps it out, until a day."""
    with arguments("name SPDX's identifiers, or globs of them"):
        named = tuple(parse_licence(each) for each in licences)
    with arguments("name it as Go's database does, or by an alias"):
        known = tuple(parse_identifier(each) for each in ids)
    said = _Said(modules, reason, _coming_day(until), by, Only(named, known))
    _decide(options, DecisionKind.ALLOW, said, wait_lock)


@policy.command()
@click.argument("modules", metavar="MODULE[@VERSION]", shell_complete=complete_module)
@_reason_option
@click.option("--until", metavar="DAY", help="Its last day; default: no end.")
@_by_option
@wait_lock_option
@common_options
def deny(
    options: CommonOptions,
    modules: str,
    reason: str,
    until: str | None,
    by: str | None,
    wait_lock: float,
) -> None:
    """Keep a module out, whatever exceptions say."""
    day = None if until is None else _coming_day(until)
    said = _Said(modules, reason, day, by)
    _decide(options, DecisionKind.DENY, said, wait_lock)


@policy.command("undo")
@click.argument("name", metavar="ID")
@_by_option
@wait_lock_option
@common_options
def undo_(options: CommonOptions, name: str, by: str | None, wait_lock: float) -> None:
    """Undo a decision of this store."""
    who = _who(by)
    with _open(options, wait_lock) as site:
        done = undo(site, name, by=who)
        report = _applied(site)
    _print(options, done, report)


class _Said(msgspec.Struct, frozen=True):
    """What the command line says of a decision."""

    modules: str
    reason: str
    until: date | None
    by: str | None
    only: Only = NO_LIMIT


def _decide(
    options: CommonOptions, kind: DecisionKind, said: _Said, wait_lock: float
) -> None:
    why, who = _check_text("--reason", said.reason), _who(said.by)
    with _open(options, wait_lock) as site:
        with arguments("write a path, a pattern, or either with @v1.2.3"):
            made = new_decision(
                kind,
                said.modules,
                only=said.only,
                reason=why,
                until=said.until,
                by=who,
                now=site.clock.now(),
            )
        decide(site, made)
        report = _applied(site)
    _print(options, made, report)


def _open(options: CommonOptions, wait_lock: float) -> AbstractContextManager[Site]:
    return open_site(
        options.load_config().site_options(),
        command="gosync policy",
        wait_lock_seconds=wait_lock,
    )


def _applied(site: Site) -> PolicyReport:
    apply_policy(site)
    return read_policy(site.catalog, site.clock.now())


def _print(options: CommonOptions, made: Decision, report: PolicyReport) -> None:
    lines = [_line(made, is_over=bool(made.undone_at)), *policy_lines(report)]
    lines.append("trees follow by the next `gosync sync` or `gosync publish`")
    options.output.result("policy", DecisionReport(made, report), lines)


def _coming_day(text: str) -> date:
    day = parse_day(text)
    if day < SystemClock().now().date():
        raise UsageError(f"--until {text}: that day is over")
    return day


def _check_text(what: str, text: str) -> str:
    text = text.strip()
    if not text or len(text) > _MAX_REASON or not text.isprintable():
        raise UsageError(f"{what}: one line of 1 to {_MAX_REASON} characters")
    return text


def _who(by: str | None) -> str:
    """Return who decides: as named, else who ran sudo, else who is logged in."""
    if by is not None:
        return _check_text("--by", by)
    name = os.environ.get("SUDO_USER", "")
    with suppress(OSError, KeyError):
        name = name or getpass.getuser()
    if not name:
        raise UsageError("nobody is logged in", hint="say --by NAME")
    return name


def _line(each: Decision, *, is_over: bool) -> str:
    until = f" until {each.until}" if each.until else ""
    named = ", ".join((*each.licences, *each.vulnerabilities))
    only = f" for {named}" if named else ""
    over = f", undone by {printable(each.undone_by)}" if each.undone_by else ", ended"
    return (
        f"{each.kind.value:5} {each.modules}{only}{until}: {printable(each.reason)}"
        f" ({printable(each.by)}, {each.at[:10]}, {each.id})"
        + (over if is_over else "")
    )
