"""Alerts: all rules held against logs, request by request. Pure.

Which rules a request may concern is told by its kind and status alone, once for each
pair of them; requests that can concern none are not even shown (``watch``).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from typing import Final

from gosync.access.absences import Absences
from gosync.access.agents import AgentKind, AgentKinds
from gosync.access.records import ClientDay
from gosync.access.rows import AskedRequest
from gosync.access.rule import About, AccessRule, Per, RuleOutcome, kinds_of
from gosync.access.watch import Watch
from gosync.access.windows import Alert, Bursts
from gosync.gomod.patterns import PatternSet

MAX_ALERTS: Final = 10_000
_PRIVATE_NETWORKS: Final = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    *("169.254.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10"),
)
_REMEMBERED: Final = 50_000


class Surroundings:
    """What rules must know of the site."""

    def __init__(
        self,
        private: Iterable[str] = (),
        findings: Collection[tuple[str, str]] = (),
        inside: Iterable[str] = (),
    ) -> None:
        """Take it.

        Args:
            private: upstream.private's patterns.
            findings: Module and version of what has an open finding.
            inside: Networks that are the site's own, beside the private ones.
        """
        self.private = PatternSet(private)
        self.findings = findings
        self._with_findings = {module for module, _ in findings}
        networks = (*_PRIVATE_NETWORKS, *inside)
        self._inside = [ipaddress.ip_network(each, strict=False) for each in networks]
        self._outside: dict[bytes, bool] = {}
        self._is_private: dict[str, bool] = {}

    def is_private(self, module: str) -> bool:
        """Whether a module is one of the site's own."""
        known = self._is_private.get(module)
        if known is None:
            _bound(self._is_private)
            known = self._is_private[module] = self.private.match(module)
        return known

    def has_finding(self, request: AskedRequest) -> bool:
        """Whether what was asked for has an open finding."""
        return (request.module, request.version) in self.findings

    def is_watched(self, module: str) -> bool:
        """Whether rules may be about a module."""
        return module in self._with_findings or self.is_private(module)

    def is_outside(self, client: bytes) -> bool:
        """Whether an address is none of the site's; what is no address is not."""
        known = self._outside.get(client)
        if known is None:
            _bound(self._outside)
            known = self._outside[client] = self._find_outside(client)
        return known

    def _find_outside(self, client: bytes) -> bool:
        try:
            address = ipaddress.ip_address(client.decode("ascii"))
        except ValueError:
            return False
        return not any(address in network for network in self._inside)


def _bound(known: dict[bytes, bool] | dict[str, bool]) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()


class AlertFinder:
    """Finds what fires.

    Attributes:
        alerts: What fired, in the order in which it did.
        left_out: How many alerts there were beside these.
    """

    def __init__(self, rules: Iterable[AccessRule], around: Surroundings) -> None:
        self.alerts: list[Alert] = []
        self.left_out = 0
        self._around = around
        usable = [rule for rule in rules if _can_fire(rule, around)]
        self._absences = Absences(rule for rule in usable if rule.without)
        self._bursts = [Bursts(rule) for rule in usable if not rule.without]
        self._concerned: dict[tuple[str, int], list[Bursts]] = {}
        self._agents = AgentKinds()

    def watch(self) -> Watch:
        """Return which requests it must see."""
        rules = [each.rule for each in self._bursts]
        by_module = any(rule.about is not About.ANY for rule in rules)
        plain = [
            rule
            for rule in rules
            if rule.about is About.ANY
            and not rule.unknown_agent
            and rule.outcome in {RuleOutcome.ANY, RuleOutcome.SERVED}
        ]
        return Watch(
            self.see,
            kinds=frozenset().union(*(kinds_of(rule.query) for rule in plain)),
            modules=self._around.is_watched if by_module else None,
            unknown_agents=any(rule.unknown_agent for rule in rules),
            counted=self._absences.counted,
            day_over=self._day_over if self._absences else None,
        )

    @property
    def forgotten(self) -> dict[str, int]:
        """How many keys of a rule's were forgotten for want of memory."""
        return {
            each.rule.name: each.forgotten for each in self._bursts if each.forgotten
        }

    def see(self, request: AskedRequest) -> None:
        """Take a request."""
        pair = (request.kind, request.status)
        concerned = self._concerned.get(pair)
        if concerned is None:
            concerned = [each for each in self._bursts if each.rule.takes(*pair)]
            self._concerned[pair] = concerned
        for burst in concerned:
            rule = burst.rule
            by_address = rule.per is Per.ADDRESS
            key = request.client if by_address else _key(rule.per, request)
            if key and (burst.takes_all or self._means(rule, request)):
                alert = burst.see(key, request.time, request.module, request.path)
                if alert is not None:
                    self._note(alert)

    def sort(self) -> None:
        """Have the alerts in the order of their times, whoever found them when."""
        self.alerts.sort(key=lambda each: (each.until, each.rule, each.key, each.since))

    def _means(self, rule: AccessRule, request: AskedRequest) -> bool:
        """Whether a rule means a request, beside its kind and status."""
        around = self._around
        if rule.distinct and not request.module:
            return False
        if rule.about is About.PRIVATE and not around.is_private(request.module):
            return False
        if rule.about is About.FINDINGS and not around.has_finding(request):
            return False
        if rule.outside and not around.is_outside(request.client):
            return False
        unknown = AgentKind.UNKNOWN
        return not rule.unknown_agent or self._agents[request.agent] is unknown

    def _day_over(self, client: bytes, counts: ClientDay) -> None:
        for alert in self._absences.judge(client, counts):
            self._note(alert)

    def _note(self, alert: Alert) -> None:
        if len(self.alerts) < MAX_ALERTS:
            self.alerts.append(alert)
        else:
            self.left_out += 1


def _can_fire(rule: AccessRule, around: Surroundings) -> bool:
    if rule.about is About.PRIVATE:
        return bool(around.private)
    return rule.about is not About.FINDINGS or bool(around.findings)


def _key(per: Per, request: AskedRequest) -> bytes:
    if per is Per.ADDRESS:
        return request.client
    return request.user if per is Per.USER else request.module.encode()
