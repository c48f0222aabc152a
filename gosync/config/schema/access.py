"""Sections of access logs, and of what was asked for: ``[access]``, ``[requests]``."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gosync.access.rule import About, Per, RuleOutcome
from gosync.config.schema.section import Days, Name, Section

_PREFIX = msgspec.Meta(
    pattern="^(/[^/].*[^/])?$",
    extra={"form": 'a path with a slash before it and none behind it, like "/goproxy"'},
)


class AccessRuleSection(Section, frozen=True):
    """One ``[[access.rule]]``: what of a kind of requests is too much.

    Attributes:
        name: What alerts call it; a default rule's name takes that one's place.
        query: What is asked: "@latest", "list", "info", "mod", "zip", "query",
            "lookup", "tile", "sumdb" or "any".
        outcome: How it ends: "any", "served", "missing", "refused" or "failed".
        count: It fires when there are more than so many,
        window: within so long a time, like "1h",
        per: of one "address", "user" or "module".
        distinct: Whether each module counts once.
        about: "any" module, upstream.private's ("private"), or versions with
            "findings".
        outside: Whether only addresses outside of access.inside count.
        unknown_agent: Whether only clients count that are no go.
        without: It fires only for who asked for nothing of this kind on that day.
    """

    name: Name
    count: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    query: str = "any"
    outcome: RuleOutcome = RuleOutcome.ANY
    window: str = "1h"
    per: Per = Per.ADDRESS
    distinct: bool = False
    about: About = About.ANY
    outside: bool = False
    unknown_agent: bool = False
    without: str = ""


class AccessSection(Section, frozen=True):
    """``[access]``: how access logs are read, and what in them is an alert.

    Attributes:
        logs: The logs: files or patterns of names, of web servers and of gosync serve.
        prefix: What the tree is served below, like "/goproxy".
        inside: Networks of the site's own, beside the private ones.
        anonymous: Whether nobody's address is kept with what is not carried.
        default_rules: Whether the default rules are held against them, too.
        rule: Further rules.
        keep_days: How long the lines of sealed days are kept.
        key: The secret key that signs the seals; "" for none.
    """

    logs: tuple[str, ...] = ()
    prefix: Annotated[str, _PREFIX] = ""
    inside: tuple[str, ...] = ()
    anonymous: bool = False
    default_rules: bool = True
    rule: tuple[AccessRuleSection, ...] = ()
    keep_days: Days = 180
    key: str = ""


class RequestsSection(Section, frozen=True):
    """``[requests]``: what was asked for inside and is not carried.

    Attributes:
        modules_file: Where `gosync requests add` writes what is approved; a select
            names it, too.
        key: The secret key that signs what is exported; "" for none.
        trust: The public key that must have signed what is added; "" for none.
    """

    modules_file: str = ""
    key: str = ""
    trust: str = ""
