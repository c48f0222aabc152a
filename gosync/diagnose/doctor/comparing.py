"""The stage go: what the real go makes of the question, sends and gets, beside doctor.

Go runs twice. First as the user would run it, for the outcome. Then for one ``.info``
alone, with a relay as its first module proxy and as its web proxy: the relay says 404
and hears which header fields go sends; then go goes on to the user's own proxies, and
the relay passes the bytes through and hears how TLS begins. Doctor begins TLS through
the same relay. Hosts on loopback are asked by go without any web proxy, so of their TLS
nothing is heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from gosync.diagnose.doctor.certificates import cipher_names
from gosync.diagnose.doctor.diagnosis import (
    ComparedTrait,
    Conclusion,
    FaultFoundError,
)
from gosync.diagnose.doctor.dialling import NetOrigin
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.lines import LineOpener
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.diagnose.doctor.tlshello import ClientHello, ServerHello
from gosync.diagnose.doctor.tlsrelay import HeardConnection, TlsRelay
from gosync.diagnose.doctor.web import HEADERS, Web
from gosync.diagnose.doctor.withgo import GoAnswer, ask_go, ask_info

_FIELDS = ("user-agent", "accept-encoding")


class GoComparison:
    """Asks the real go and compares.

    Attributes:
        traits: What both send and get.
    """

    def __init__(
        self, command: str, settings: GoSettings, opener: LineOpener, web: Web
    ) -> None:
        """Prepare to compare.

        Args:
            command: The go command.
            settings: The machine's settings.
            opener: Who opens connections as this machine is set up.
            web: Who asked so far.
        """
        self._command = command
        self._settings = settings
        self._opener = opener
        self._web = web
        self.traits: tuple[ComparedTrait, ...] = ()

    def compare(
        self, subject: str, stage: StageDraft, so_far: Conclusion
    ) -> GoAnswer | None:
        """Ask go, and note what it sends and gets.

        Args:
            subject: ``MODULE`` or ``MODULE@VERSION``.
            stage: Where it is noted.
            so_far: What doctor concludes by itself.

        Returns:
            Go's answer where it is another than doctor's.
        """
        environment = self._settings.environment
        answer = ask_go(self._command, subject, environment)
        stage.saw(say("go mod download: {ok}", ok="ok" if answer.ok else answer.line))
        heard = self._listen(subject)
        for each in _cut_off(heard):
            stage.saw(
                say(
                    "{host} takes the beginning of TLS from doctor and not from "
                    "go: something filters by it",
                    host=each.origin.host,
                )
            )
        self.traits = (*self.traits, *_traits_of(heard), *self._answers(stage))
        return answer if answer.ok == so_far.is_fault else None

    def _listen(self, subject: str) -> list[tuple[HeardConnection, HeardConnection]]:
        """Return how go and doctor begin TLS with each host that go asks."""
        with TlsRelay(self._opener.reach) as relay:
            ask_info(self._command, subject, self._settings, relay.address)
            by_go = {each.origin: each for each in reversed(relay.heard)}
            self.traits = tuple(_fields(relay.requests))
            for origin in by_go:
                self._opener.begin_tls(origin, relay.address)
            later = relay.heard
        by_doctor = {each.origin: each for each in later}
        return [(by_go[each], by_doctor[each]) for each in reversed(by_go)]

    def _answers(self, stage: StageDraft) -> Iterator[ComparedTrait]:
        """Yield the status that go's name gets and doctor's, for the first question."""
        asked = next((each for each in self._web.asked if "://" in each), "")
        agent = next((each.go for each in self.traits if each.trait == _FIELDS[0]), "")
        with suppress(FaultFoundError):
            if asked.startswith("http") and agent:
                ours = self._web.get(asked, limit_bytes=1).status
                named = {"User-Agent": agent}
                as_go = self._web.get(asked, limit_bytes=1, headers=named).status
                if ours != as_go:
                    stage.saw(
                        say(
                            "{asked}: {ours} to doctor, {as_go} to {agent}",
                            asked=asked,
                            ours=ours,
                            as_go=as_go,
                            agent=agent,
                        )
                    )
                host = NetOrigin.of(asked).host
                yield ComparedTrait(host, "status", str(as_go), str(ours))


def _fields(requests: Iterable[dict[str, str]]) -> Iterator[ComparedTrait]:
    ours = {name.lower(): value for name, value in HEADERS.items()}
    first = next(iter(requests), None)
    for name in _FIELDS if first is not None else ():
        yield ComparedTrait("http", name, (first or {}).get(name, ""), ours[name])


def _cut_off(
    heard: Iterable[tuple[HeardConnection, HeardConnection]],
) -> Iterator[HeardConnection]:
    """Yield go's connections that ended after its hello, where doctor's did not."""
    for go, doctor in heard:
        if go.client is not None and go.server is None and doctor.server is not None:
            yield go


def _traits_of(
    heard: Iterable[tuple[HeardConnection, HeardConnection]],
) -> Iterator[ComparedTrait]:
    for go, doctor in heard:
        left, right = _hello(go.client, go.server), _hello(doctor.client, doctor.server)
        for trait, value in left.items():
            yield ComparedTrait(go.origin.netloc, trait, value, right[trait])


def _hello(client: ClientHello | None, server: ServerHello | None) -> dict[str, str]:
    """Return what two hellos say, trait by trait."""
    return {
        "SNI": client.server_name if client else "",
        "TLS offered": " ".join(client.versions) if client else "",
        "ALPN offered": " ".join(client.protocols) if client else "",
        "cipher suites": " ".join(map(_cipher, client.ciphers)) if client else "",
        "JA3": client.ja3 if client else "",
        "TLS taken": server.version if server else "none",
        "cipher suite taken": _cipher(server.cipher) if server else "none",
    }


def _cipher(number: int) -> str:
    return cipher_names().get(number, f"0x{number:04x}")
