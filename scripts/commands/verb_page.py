"""The page that documents every verb: docs/commands.md is what `tideline --markdown` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.scripts.commands.exits import Exit
from tideline.scripts.parsers.verbs import DOORS, OF_CHECKOUT, VERBS, Audience, parser_of

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

_INTRO = """# Commands

<!-- scripts/tideline --markdown > docs/commands.md; a test compares. -->

Everything is a verb of one command: `scripts/tideline VERB` in a checkout, `tideline VERB` where the wheel is
installed. `--help` says what a verb takes, with examples. Verbs that are used every day have a door:
`scripts/stack up` is `scripts/tideline stack up`.

`scripts/tideline completion bash` prints what completes all of it (zsh and fish too); its `--help` says where to put
it.
"""
_INSTALLED = """
## Installed without a checkout

A wheel (`.venv/bin/uv build --wheel`) is enough for whoever talks to a deployment or reads a log. By itself it brings
neither Flink nor torch; what a verb needs more is an extra, which it names where that is missing.

| installed | what works |
|---|---|
| `tideline` | {clients} |
| `tideline[job]` | also `model evaluate` and `model publish`, and the job on a worker |
| `tideline[train]` | also `model train` and `model export` |
| a checkout and `scripts/setup` | also {of_checkout} |
"""
_EXITS = """
## Exit statuses

Of every verb. Reasons are on standard error, in one line; results are on standard output.

| status | meaning |
|---|---|
"""
_JSON = """
## JSON

With `--json` a verb prints one line: an object with these keys, or where it says "each" a list of such objects.
What stands without the flag does so without being asked.
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [_INTRO]
    for audience in Audience:
        parts.append(f"\n## For the {audience}\n\n| verb | door | what it does |\n|---|---|---|\n")
        parts += [
            f"| `{verb.name}` | {f'`scripts/{verb.name}`' if verb.name in DOORS else ''} | {verb.meaning} |\n"
            for verb in VERBS
            if verb.audience is audience
        ]
    parts += [_installed(), _EXITS, *(f"| {each.value} | {each.meaning} |\n" for each in Exit), _JSON]
    for verb in VERBS:
        parser = parser_of(verb.name)
        parts += [_keys(each) for each in (parser, *parser.sub_verbs().values()) if each.keys]
    return "".join(parts).rstrip("\n")


def _installed() -> str:
    clients = ", ".join(f"`{verb.name}`" for verb in VERBS if verb.name not in OF_CHECKOUT)
    return _INSTALLED.format(clients=clients, of_checkout=", ".join(f"`{name}`" for name in OF_CHECKOUT))


def _keys(parser: VerbParser) -> str:
    flag, each = "" if parser.always_json else " --json", ", each" if parser.is_list else ""
    rows = "".join(f"| `{key}` | {meaning} |\n" for key, meaning in parser.keys.items())
    return f"\n### `{parser.prog}{flag}`{each}\n\n| key | what it is |\n|---|---|\n{rows}"
