"""Loading the configuration: found, read and checked.

Order: ``--config``, ``./gosync.toml``, ``/etc/gosync/gosync.toml``. Then each
``GOSYNC_SECTION_KEY`` variable replaces one key of a section; lists are split
at commas. Relative paths count from the file's folder.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from gosync.config.config import Config
from gosync.config.convert import Toml, convert_file
from gosync.config.files import read_text
from gosync.config.lines import KeyLines, line_of_error
from gosync.config.making import make_config
from gosync.config.mistakes import Key, Mistake, Mistakes
from gosync.config.places import ConfigPaths
from gosync.config.variables import override, variables
from gosync.errors import ConfigError, NoConfigError
from gosync.hint import Hint, advise, command

DEFAULT_FILES = (Path("gosync.toml"), Path("/etc/gosync/gosync.toml"))


def find_config(named: Path | None) -> Path:
    """Return the configuration file to read.

    Raises:
        ConfigError: if there is none.
    """
    candidates = DEFAULT_FILES if named is None else (named,)
    for path in candidates:
        try:
            if path.is_file():
                return path
        except OSError as exc:
            raise ConfigError(f"{path}: {exc.strerror}") from exc
    if named is not None and os.path.lexists(named):
        raise ConfigError(f"{named}: not a file", hint="name the gosync.toml itself")
    raise NoConfigError(
        f"no configuration: {', '.join(str(path) for path in candidates)} not found",
        hint=advise(
            "run {} to write one, or name it with --config FILE", command("init")
        ),
    )


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Read, override and check one configuration file.

    Raises:
        ConfigError: if anything in it is wrong; the message names file, line and key
            of the first mistake, the hint how many more there are.
    """
    config, found = examine_config(path, environ)
    if config is not None and not found:
        return config
    raise ConfigError(found[0].sentence, hint=_hint(found))


def _hint(found: Sequence[Mistake]) -> Hint | str | None:
    more = len(found) - 1
    if not more:
        return found[0].hint
    rest = advise("{} more: {}", str(more), command("config check"))
    return advise("{}; {}", found[0].hint, rest) if found[0].hint else rest


def examine_config(
    path: Path, environ: Mapping[str, str], *, look: bool = False
) -> tuple[Config | None, list[Mistake]]:
    """Read a configuration file and find everything that is wrong with it.

    Args:
        path: The file.
        environ: Where variables override keys.
        look: Whether to look for the files and folders that it names, too.

    Returns:
        The configuration, with defaults in the place of what is wrong, or None where
        the file is no TOML; and the mistakes in the order of the keys.

    Raises:
        ConfigError: if the file cannot be read.
    """
    text = read_text(path)
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        reason = f"not TOML: {exc}"
        line = line_of_error(exc)
        return None, [Mistake("", "", reason, file=str(path), line=line)]
    mistakes = Mistakes()
    base = path.parent.resolve()
    config = parse_config(values, environ, base=base, file=path, mistakes=mistakes)
    if look:
        from gosync.config.references import check_references  # noqa: PLC0415 - of one verb

        check_references(config, mistakes)
    lines = KeyLines(text) if mistakes.found else None
    names: dict[Key, str] = {key: name for name, key in variables(environ)}
    return config, [
        _placed(key, each, path, lines, names) for key, each in mistakes.found
    ]


def _placed(
    key: Key,
    mistake: Mistake,
    path: Path,
    lines: KeyLines | None,
    names: Mapping[Key, str],
) -> Mistake:
    """Return a mistake with its file and line, or the name of its variable."""
    if mistake.file:
        return mistake
    variable = names.get(key[:2])
    if variable is not None:
        return replace(mistake, key=variable, name=variable)
    line = None if lines is None else lines.of(key)
    return replace(mistake, file=str(path), line=line)


def parse_config(
    values: Toml,
    environ: Mapping[str, str],
    *,
    base: Path,
    file: Path | None = None,
    mistakes: Mistakes | None = None,
) -> Config:
    """Make a configuration of a TOML document's values.

    Args:
        values: The document.
        environ: Where variables override keys.
        base: The folder that relative paths count from.
        file: Where the document comes from.
        mistakes: Takes what is wrong; without it, the first mistake is raised.

    Raises:
        ConfigError: if a key or a value is wrong.
    """
    found = Mistakes() if mistakes is None else mistakes
    sections = convert_file(override(values, environ, found), found)
    config = make_config(sections, ConfigPaths(base, found), file, found)
    if mistakes is None:
        found.raise_first()
    return config
