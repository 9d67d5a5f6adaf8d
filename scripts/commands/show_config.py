"""Shows every option with its value and where it comes from, and checks them before submission: `tideline config`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.exits import Exit, failed
from tideline.scripts.parsers.job_options import options_from
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.settings.job_config import JobConfig, ReplayConfig
from tideline.udfs.settings.option_page import page
from tideline.udfs.settings.option_sources import Given, read
from tideline.udfs.settings.options import options_of
from tideline.udfs.settings.restart import EFFECTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tideline.udfs.settings.options import Option

_WIDTH = 18


def main(argv: Sequence[str]) -> int:
    """Print the options; 1 with the reason where the job would refuse them."""
    parser = parser_of("config")
    known, rest = parser.parse_known_args(argv)
    options_from(parser, rest)  # ends with usage where they have not this form
    if known.markdown:
        print(page(JobConfig, ReplayConfig, {key: effect.words for key, effect in EFFECTS.items()}), end="")
        return Exit.DONE
    kind = ReplayConfig if known.replay else JobConfig
    file = [] if known.config is None else ["--config", str(known.config)]
    try:
        given = read(kind, [*file, *rest], os.environ)
        faults = [*check(kind, given, known.without_secrets)]
    except ConfigError as error:
        return failed("config", error)
    rows = [_row(option, given.get(option.key), known.replay) for option in options_of(kind).values()]
    print(json.dumps(rows) if known.json else "\n".join(_lines(rows)))
    for fault in faults:
        print(f"config: {fault}", file=sys.stderr)
    return Exit.FAILED if faults else Exit.DONE


def check(kind: type, given: Mapping[str, Given], without_secrets: bool) -> Iterator[ConfigError]:
    """Yield what is missing; where nothing is, what contradicts each other."""
    values = {key: each.value for key, each in given.items()}
    missing = [option for option in options_of(kind).values() if option.default is MISSING and option.key not in given]
    for option in missing:
        if not (without_secrets and option.mask):
            yield ConfigError(option.key, None, f"{option.kind.allowed}; it has no default")
    if all(without_secrets and option.mask for option in missing):
        # of secrets that are not given, while the rest is checked
        stands_for: dict[str, Any] = {
            "redis_url": "redis://not-given:6379/0",
            "token_keys": {values.get("token_key_id", 1): b""},
        }
        try:
            kind(**{option.key: stands_for[option.key] for option in missing} | values)
        except ConfigError as error:
            yield error


def _row(option: Option, given: Given | None, replay: bool) -> dict[str, Any]:
    value = given.value if given else option.default
    effect = None if replay else EFFECTS[option.key].words
    return {
        "key": option.key,
        "value": None if value is MISSING or value is None else option.shown(value),
        "source": None if value is MISSING else given.source if given else "default",
        "allowed": option.kind.allowed,
        "meaning": option.doc,
        "on_restart": effect,
    }


def _lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        value = "(must be given)" if row["source"] is None else "-" if row["value"] is None else row["value"]
        source = "" if row["source"] in (None, "default") else f"   # {row['source']}"
        lines.append(f"{row['key']:{_WIDTH}} = {value}{source}")
    return lines
