"""Section ``[house_log]``, made into a checksum database of the site's own."""

from __future__ import annotations

from functools import partial
from typing import Final

from gosync.config.mistakes import Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.schema import HouseLogSection
from gosync.errors import ConfigError
from gosync.folder.routes import sumdb_folder
from gosync.site.options import HouseLogSpec
from gosync.sumdb.names import Database
from gosync.sumdb.note import parse_verifier_key

NOTED: Final = "gosync.house-log"


def make_house_log(
    section: HouseLogSection,
    places: ConfigPaths,
    mistakes: Mistakes,
    *,
    database: Database | None,
) -> HouseLogSpec | None:
    """Return the log; what is wrong is noted.

    Args:
        section: The section.
        places: Where its paths count from.
        mistakes: Takes what is wrong.
        database: The public checksum database.
    """
    if not section.verifier:
        if section.key or section.witnesses:
            error = ConfigError(
                "is needed", hint="a key of the kind sumdb comes with one"
            )
            mistakes.add(("house_log", "verifier"), error)
        return None
    check = partial(_check, section.verifier, database)
    if not mistakes.attempt(("house_log", "verifier"), check, default=False):
        return None
    return HouseLogSpec(
        verifier=section.verifier,
        key=places.optional(("house_log", "key"), section.key),
        witnesses=tuple(
            places.path(("house_log", "witnesses", number), each)
            for number, each in enumerate(section.witnesses, start=1)
        ),
        noted=places.path(("house_log",), NOTED),
    )


def _check(verifier: str, database: Database | None) -> bool:
    name = parse_verifier_key(verifier).name
    sumdb_folder(name)
    if database is not None and name == database.name:
        raise ConfigError("has the name of upstream.sumdb", hint="give it its own")
    return True
