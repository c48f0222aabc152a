"""The configuration: a TOML file and GOSYNC_* variables, made into options.

``schema`` is the file's grammar, ``config`` what is made of it; ``load`` reads and
checks it, ``convert`` key by key; ``mistakes`` are what is wrong, ``lines`` where it
stands, ``references`` what is not there. ``upstreams`` parts URLs from their secrets;
``selects`` and ``toolchains`` make their sections into what sync takes, ``places``
paths, ``sizes`` and ``durations`` numbers; ``files`` reads with a limit. What a layer
needs to know it gets as that layer's own options; nothing below this room reads a
configuration.

    access      from the file's ``[access]`` and ``[requests]`` to what these need
    bundles     from the file's ``[[target]]`` and ``[bundle]`` to options of bundles
    admit       from the file's ``[[admit]]`` sections to scanners
    config      a checked configuration, and the options that lower rooms get of it
    convert     from a TOML document's values to the file's sections, key by key
    daemon      from the file's ``[daemon.jobs]`` and ``[hooks]`` to jobs and hooks
    durations   times as people write them: ``30m``, ``12h``, ``7d``, ``90s``
    duties      what the daemon is to do and whom it is to tell, as checked values
    files       reading the configuration's files, which have a limit
    houselog    from the file's ``[house_log]`` to a checksum database of the site's own
    lines       in which line of a TOML file a key stands
    load        finding, reading and checking the configuration
    making      from the file's sections to the checked configuration
    mistakes    what is wrong with a configuration: every mistake
    oldheads    ``publish.upper_tiles``, ``heads``, ``heads_since``, made into options
    origins     where the configuration names a module or a project: its file and line
    pages       ``publish.languages`` and ``pkgsite``, made into options
    places      files and folders that the configuration names
    references  what the configuration names, looked for: folders, projects, keys
    schema      what may stand in gosync.toml: one class a section, one attribute a key
    private     from the file's ``[[private]]`` to repositories of private modules
    policy      from the file's ``[policy]`` to the rules of what may come in
    scaling     from the file's ``[scale]`` to certificates of a sweep's scheduler
    selects     from the file's ``[[select]]`` sections to the policy
    serving     from the file's ``[serve]`` to how a tree is served
    sizes       sizes as people write them: ``10GiB``, ``4.3 GB``, ``500000``
    telling     what status.json and metrics say of a mirror
    toolchains  from the file's ``[toolchains]`` to versions of Go and platforms
    upstreams   from the file's ``[upstream]`` to addresses without secrets
    vulndb      from ``vulndb.source`` to what is selected and let in for it
    variables   ``GOSYNC_SECTION_KEY``: variables that override keys
    wanted      what a key's value must be, in plain words
"""

from __future__ import annotations

from gosync.config.config import Config
from gosync.config.load import (
    DEFAULT_FILES,
    examine_config,
    find_config,
    load_config,
    parse_config,
)

__all__ = [
    "DEFAULT_FILES",
    "Config",
    "examine_config",
    "find_config",
    "load_config",
    "parse_config",
]
