"""User agents: which are of the go command, and how old it is. Pure.

The go command names itself since Go 1.27, ``GoCommand/1 (+https://go.dev/cmd/go)``;
before, it sent what every program in Go sends, ``Go-http-client/1.1`` or ``/2.0``. So
of an older go no more is known than that it is older, and that another program written
in Go may be meant. Which toolchain a client fetched tells more: the report has it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

_REMEMBERED: Final = 5_000
_MIRRORS: Final = (b"gosync/", b"GoModuleMirror/", b"Athens/", b"goproxy/")


class AgentKind(StrEnum):
    """Who asks."""

    GO = "go 1.27 or newer"
    OLD_GO = "go before 1.27, or another program in Go"
    MIRROR = "a mirror"
    NONE = "unsaid"
    UNKNOWN = "unknown"


class AgentKinds(dict[bytes, AgentKind]):
    """Kinds by User-Agent header."""

    def __missing__(self, agent: bytes) -> AgentKind:
        """Tell who an agent is that was not seen lately."""
        if len(self) >= _REMEMBERED:
            self.clear()
        kind = self[agent] = agent_kind(agent)
        return kind


def agent_kind(agent: bytes) -> AgentKind:
    """Return who sends such a User-Agent."""
    if agent in {b"", b"-"}:
        return AgentKind.NONE
    if agent.startswith(b"GoCommand/"):
        return AgentKind.GO
    if agent.startswith(b"Go-http-client/"):
        return AgentKind.OLD_GO
    return AgentKind.MIRROR if agent.startswith(_MIRRORS) else AgentKind.UNKNOWN
