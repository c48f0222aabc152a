"""A pass whose first mirror never answers, beside one without it: what that costs.

Both ways to be silent: one that takes connections and requests, one that drops each
packet. The mirror after the "|" answers; all is loopback. Then one of three mirrors
turns bad in the middle of a pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.measure import GOSYNC, run
from tests.bench.setting import Setting
from tests.bench.table import Row, within
from tests.bench.upstream import nginx, write_config
from tests.simulator.line import Line, LineFaults, answered, dropping, turning

_MOST_SECONDS = 3.0
_MOST_LOST_SECONDS = 2.0


def silent_first(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    corpus = setting.shaped
    lost: dict[str, list[float]] = {}
    with ExitStack() as stack:
        good, _ = stack.enter_context(nginx(corpus.root, setting.room("hole-nginx")))
        mute = stack.enter_context(Line(LineFaults(silent=True)).serving()).url
        dark = stack.enter_context(dropping())
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


def turning_mirrors(setting: Setting) -> Iterator[Row]:
    """Measure what one of three mirrors that turns bad in mid-pass costs."""
    corpus, fair = setting.shaped, LineFaults()
    middle = len(corpus.modules)  # of some three requests for each version

    def sync(name: str, *faults: LineFaults) -> float:
        with ExitStack() as stack:
            room = setting.room(f"turn-{name}")
            good, _ = stack.enter_context(
                nginx(corpus.root, setting.room(f"turn-nginx-{name}"))
            )
            before = good.removeprefix("http://")
            lines = [
                stack.enter_context(Line(fair, before=before).serving())
                for _ in range(3)
            ]
            config = write_config(
                room,
                url="|".join(each.url for each in lines),
                sumdb=corpus.verifier_key,
                modules=corpus.modules,
            )
            marks = zip((lines[0], lines[1]), (middle, middle // 4), strict=True)
            turns = zip((answered(*mark) for mark in marks), faults, strict=False)
            stack.enter_context(turning(lines[0], *turns))
            return run((*GOSYNC, "sync", "--config", config), cwd=room).wall_seconds

    ways = {
        "dies": (LineFaults(dead=True),),
        "hangs": (LineFaults(silent=True),),
        "turns to pages of HTML": (LineFaults(page=True),),
        "dies and comes back": (LineFaults(dead=True), fair),
    }
    lost: dict[str, list[float]] = {}
    for number in range(setting.runs):
        alone = sync(f"alone-{number}")
        for place, (name, faults) in enumerate(ways.items()):
            seconds = sync(f"{place}-{number}", *faults)
            lost.setdefault(name, []).append(max(0.001, seconds - alone))
    for name, more in lost.items():
        yield within(
            f"a sync of {len(corpus.modules)} versions, one of whose three mirrors"
            f" {name}: more by",
            more,
            limit=_MOST_LOST_SECONDS,
            unit="s",
        )
