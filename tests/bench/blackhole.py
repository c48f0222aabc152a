"""A pass whose first mirror never answers, beside one without it: what that costs.

Both ways to be silent: one that takes connections and requests, one that drops each
packet. The mirror after the "|" answers; all is loopback.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import nginx, write_config
from tests.simulator.line import Line, LineFaults

_MOST_SECONDS = 3.0


def silent_first(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    corpus = setting.shaped
    lost: dict[str, list[float]] = {}
    with ExitStack() as stack:
        good, _ = stack.enter_context(nginx(corpus.root, setting.room("hole-nginx")))
        mute = stack.enter_context(Line(LineFaults(silent=True)).serving()).url
        dark = stack.enter_context(_dropping())
        for number in range(setting.runs):

            def sync(name: str, url: str, number: int = number) -> float:
                folder = setting.room(f"hole-{name}-{number}")
                config = write_config(
                    folder, url=url, sumdb=corpus.verifier_key, modules=corpus.modules
                )
                command = (*GOSYNC, "sync", "--config", config)
                return run(command, cwd=folder).wall_seconds

            alone = sync("alone", good)
            for name, first in (("mute", mute), ("dark", dark)):
                seconds = sync(name, f"{first}|{good}")
                lost.setdefault(name, []).append(max(0.001, seconds - alone))
    told = {"mute": "never answers", "dark": "drops all packets"}
    for name, more in lost.items():
        yield within(
            f"a sync of {len(corpus.modules)} versions whose first mirror"
            f" {told[name]}: more by",
            more,
            limit=_MOST_SECONDS,
            unit="s",
        )


@contextmanager
def _dropping() -> Iterator[str]:
    """Give a URL where nobody takes a connection, nor refuses one."""
    with ExitStack() as stack:
        hole = stack.enter_context(socket.socket())
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for _ in range(3):  # its queue is full from here on
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(hole.getsockname())
        yield f"http://127.0.0.1:{hole.getsockname()[1]}"
