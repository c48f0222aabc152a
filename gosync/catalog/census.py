"""Census: how many versions there are, by state and by what is carried of them.

A version of which only the ``.mod`` is carried serves graphs and no build, so it is
never counted together with whole ones. What is neither selected nor carried is of
no configuration any more and is not counted.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.version_sql import PUBLISHED_SUMS
from gosync.catalog.versions import State

_GROUPS = f"""
SELECT iif(selected = '', 'present', state), has_zip, withdrawn, denied,
    ({PUBLISHED_SUMS}), sum(versions)
FROM version_sums
WHERE (selected <> '' OR has_mod = 1) AND versions > 0
GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - own names

_state = reading_row(State)


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of versions.

    Attributes:
        present: All three files are here, and trees show them.
        go_mod_only: All that is needed is here, the ``.mod`` alone; trees show it.
            Of what is selected no more nothing is needed.
        go_mod_read: Of these trees show nothing: a ``.mod`` that was read to select.
        waiting: Selected and not here, by state: wanted, failed, rejected, gone, and
            omitted, which is meant to stay out.
        withdrawn: Selected or here, and nobody is to be given them any more.
        denied: The same of what the policy denies: at most their ``.mod`` is shown.
        shown_whole: Versions of which trees have all three files.
        shown_go_mods: Versions of which trees have the ``.mod`` alone, those that
            wait for their zip among them.
    """

    present: int = 0
    go_mod_only: int = 0
    go_mod_read: int = 0
    waiting: dict[State, int] = msgspec.field(default_factory=dict)
    withdrawn: int = 0
    denied: int = 0
    shown_whole: int = 0
    shown_go_mods: int = 0

    def document(self) -> dict[str, int]:
        """Return the numbers by state as JSON; they exclude each other."""
        states = (s for s in State if s not in (State.PRESENT, State.FORGOTTEN))
        return {
            "present": self.present,
            "go_mod_only": self.go_mod_only,
            "go_mod_read": self.go_mod_read,
            **{state.value: self.waiting.get(state, 0) for state in states},
            "withdrawn": self.withdrawn,
            "denied": self.denied,
        }


def take_census(connection: Connection, *, tried: int) -> Census:
    """Count the versions.

    Args:
        connection: The catalog.
        tried: How many of the wanted ones failed.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    numbers: Counter[str] = Counter()
    waiting: Counter[State] = Counter()
    for state, whole, withdrawn, denied, shown, count in connection.rows(_GROUPS):
        if shown:
            is_whole = whole and not denied
            numbers["shown_whole" if is_whole else "shown_go_mods"] += count
        if withdrawn:
            numbers["withdrawn"] += count
        elif denied:
            numbers["denied"] += count
        elif _state(state) is not State.PRESENT:
            waiting[_state(state)] += count
        elif whole:
            numbers["present"] += count
        else:
            numbers["go_mod_only" if shown else "go_mod_read"] += count
    waiting[State.WANTED] -= tried
    waiting[State.FAILED] += tried
    return Census(**numbers, waiting=dict(waiting))
