"""The rules of a selection as text, for people who ask why it changed.

One line a rule, in the configuration's order::

    select rsc.io/*, golang.org/x/text@v0.3.0; pick newest; count 3; deps build
    toolchains 1.24.11; linux-amd64, linux-arm64
    project /srv/app; deps build

What a rule leaves at its default is not named. Which files a project has, what
upstreams offer and what was withdrawn are no rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec
from msgspec.structs import fields

from gosync.catalog.versions import Need
from gosync.gomod.deps import Deps
from gosync.site.options import SiteOptions
from gosync.site.policy import Select, Selector
from gosync.site.rules import EVERY_VERSION, VersionRule

MAX_TEXT_BYTES = 32 << 10


class SelectionRules(msgspec.Struct, frozen=True):
    """The rules of a selection.

    Attributes:
        text: As people read them; of many the first ones.
        fingerprint: A digest of all of them.
    """

    text: str
    fingerprint: str


def rules_of(options: SiteOptions) -> SelectionRules:
    """Return the rules that make a site's selection."""
    lines = list(_lines(options))
    whole = "\n".join(lines).encode()
    shown: list[str] = []
    left_bytes = MAX_TEXT_BYTES
    for line in lines:
        left_bytes -= len(line.encode()) + 1
        if left_bytes < 0:
            shown.append(f"... and {len(lines) - len(shown)} more")
            break
        shown.append(line)
    return SelectionRules("\n".join(shown), hashlib.sha256(whole).hexdigest())


def _lines(options: SiteOptions) -> Iterator[str]:
    for select in options.policy.selects:
        yield _joined(
            "select",
            _selectors(select),
            *_versions(select.versions),
            _deps(select.deps),
            "together" if select.together else "",
            ", ".join(f"tool {each}" for each in select.tools),
        )
    toolchains = options.toolchains
    if toolchains.versions:
        yield _joined(
            "toolchains",
            ", ".join(toolchains.versions),
            ", ".join(toolchains.platforms),
        )
    for project in options.projects:
        yield _joined("project", str(project.path), _deps(project.deps))
    for record in options.recorded:
        yield _joined("project", f"record {record}")
    if options.policy.private:
        yield _joined("private", ", ".join(options.policy.private))


def _joined(what: str, *parts: str) -> str:
    return f"{what} {'; '.join(filter(None, parts))}"


def _selectors(select: Select) -> str:
    return ", ".join(map(_selector, select.selectors))


def _selector(selector: Selector) -> str:
    query = f"@{selector.query}" if selector.query else ""
    return f"{selector.path}{query}{'/go.mod' if selector.need is Need.MOD else ''}"


def _versions(rule: VersionRule) -> Iterator[str]:
    for field in fields(rule):
        value = getattr(rule, field.name)
        if value != getattr(EVERY_VERSION, field.name):
            said = msgspec.json.encode(value, enc_hook=str).decode().strip('"')
            yield f"{field.name.replace('_', '-')} {said}"


def _deps(deps: Deps) -> str:
    return "" if deps is Deps.NONE else f"deps {deps.value}"
