"""Where option values come from: a TOML file, over it the environment, over that the command line."""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.options import MASK, Option, Refusal, options_of

_FILE = "_file"
_Config = TypeVar("_Config")


class Given(NamedTuple):
    """A value, where it was given, in the words of that place, and the file of its own that holds it, if one does."""

    value: Any
    source: str
    file: str | None = None


class Loaded(NamedTuple, Generic[_Config]):
    """A configuration, and by option the file of its own that a value came from."""

    config: _Config
    files: Mapping[str, str]


def load(config: type[_Config], argv: Sequence[str], environ: Mapping[str, str]) -> _Config:
    """Builds a configuration: what `load_with_files` does, without the files."""
    return load_with_files(config, argv, environ).config


def load_with_files(config: type[_Config], argv: Sequence[str], environ: Mapping[str, str]) -> Loaded[_Config]:
    """Builds a configuration; nothing else reads options from the environment or the command line.

    Args:
        config: Dataclass whose fields are made by `tideline.udfs.settings.options.option`.
        argv: Command line without the program's name; `--config FILE` names the TOML file.
        environ: Environment; only names of options are looked at.

    Raises:
        ConfigError: A value is not allowed, a name is unknown, a needed one is missing, or a secret stands where
            others can read it.
    """
    options = options_of(config)
    given = read(config, argv, environ)
    for option in options.values():
        if option.default is MISSING and option.key not in given:
            raise ConfigError(option.key, None, f"{option.kind.allowed}; it has no default")
    files = {key: each.file for key, each in given.items() if each.file is not None}
    return Loaded(config(**{key: each.value for key, each in given.items()}), files)


def read(config: type, argv: Sequence[str], environ: Mapping[str, str]) -> dict[str, Given]:
    """Return the values that are given, each checked alone, with where each comes from; arguments as those of `load`.

    Raises:
        ConfigError: A value is not allowed, a name is unknown, or a secret stands where others can read it.
    """
    options = options_of(config)
    flags = _parse(options, argv)
    path = flags.pop("config", None)
    named = {option.environment: option.key for option in options.values()}
    named |= {option.environment + "_FILE": option.key + _FILE for option in options.values() if option.mask}
    from_environment = {key: environ[name] for name, key in named.items() if name in environ}
    values = {} if path is None else _read_layer(options, _read_toml(Path(path)), str, open_to_all=True)
    values = {key: each._replace(source=f"{each.source} in {path}") for key, each in values.items()}
    values |= _read_layer(options, from_environment, lambda key: f"TIDELINE_{key.upper()}", open_to_all=False)
    values |= _read_layer(options, flags, lambda key: f"--{key.replace('_', '-')}", open_to_all=True)
    return values


def describe(config: Any) -> list[str]:
    """One line `key = value` for each option, secrets masked."""
    return [f"{key} = {option.shown(getattr(config, key))}" for key, option in options_of(type(config)).items()]


def _parse(options: Mapping[str, Option], argv: Sequence[str]) -> dict[str, str]:
    parser = argparse.ArgumentParser(allow_abbrev=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--config", metavar="FILE", help="TOML file with any of the options below")
    for option in options.values():
        described = f"{option.doc} ({option.kind.allowed}; default {option.default_text})".replace("%", "%%")
        parser.add_argument(option.flag, metavar="VALUE", help=described)
        if option.mask:
            parser.add_argument(f"{option.flag}-file", metavar="FILE", help=f"file that holds {option.key}")
    known, unknown = parser.parse_known_args(argv)
    if unknown:
        key = unknown[0].partition("=")[0]
        spelled = key if re.fullmatch(r"--[a-z-]{1,40}", key) else "command line"
        _find(options, spelled.lstrip("-").replace("-", "_"), lambda _: spelled)
    return vars(known)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError("--config", str(path), f"a readable TOML file ({error})") from error


def _read_layer(
    options: Mapping[str, Option], raw: Mapping[str, Any], spell: Callable[[str], str], open_to_all: bool
) -> dict[str, Given]:
    """The values of one source; `open_to_all` where others could see a secret: process list, repository."""
    values: dict[str, Given] = {}
    for key, given in raw.items():
        option = _find(options, key, spell)
        if option.key in values:
            raise ConfigError(spell(key), MASK, f"one of {spell(option.key)} and {spell(option.key + _FILE)}")
        from_file = key != option.key
        content = read_secret_file(spell(key), given) if from_file else given
        try:
            value = option.kind.read(content)
            secret = option.secret(value)
        except (TypeError, ValueError) as error:
            shown = MASK if option.mask and not from_file else given
            allowed = error.allowed if isinstance(error, Refusal) else option.kind.allowed
            raise ConfigError(spell(key), shown, allowed) from None
        if secret and open_to_all and not from_file:
            raise ConfigError(spell(key), MASK, f"secrets only in {option.environment} or a file named by {key}{_FILE}")
        values[option.key] = Given(value, spell(key), str(given) if from_file else None)
    return values


def _find(options: Mapping[str, Option], key: str, spell: Callable[[str], str]) -> Option:
    if key in options:
        return options[key]
    named = options.get(key.removesuffix(_FILE))
    if named is not None and named.mask:
        return named
    near = get_close_matches(key, options, 1)
    allowed = f"perhaps {near[0]} was meant" if near else f"one of {', '.join(options)}"
    # the value may be a secret under a mistyped name
    raise ConfigError(spell(key), MASK, allowed)


def read_secret_file(spelled: str, path: Any) -> str:
    """Return the text of a file without the end of its last line.

    Raises:
        ConfigError: It cannot be read; a secret in the place of its name is not repeated.
    """
    try:
        return Path(str(path)).read_text(encoding="utf-8-sig").strip("\r\n")
    except (OSError, ValueError) as error:
        if isinstance(path, str) and re.fullmatch(r"[\w./~-]{1,200}", path):
            raise ConfigError(spelled, path, f"a readable text file ({error})") from error
    raise ConfigError(spelled, MASK, "the name of a readable text file, not what is in it")
