"""The one command, `tideline VERB ...`: finds the verb, runs it, and ends as docs/commands.md says."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from tideline.scripts.commands.exits import Exit, ends_well, heed_signals
from tideline.scripts.commands.verb_page import page
from tideline.scripts.parsers.verbs import BY_NAME, VERBS, Audience, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = ("-h", "--help")


def main(argv: Sequence[str]) -> int:
    """Run a verb and return its exit status; 2 where there is no such verb, with the nearest one."""
    if not argv or argv[0] in _HELP:
        print("\n".join(overview()), file=sys.stdout if argv else sys.stderr)
        return Exit.DONE if argv else Exit.USAGE
    if list(argv) == ["--markdown"]:
        print(page(), end="")
        return Exit.DONE
    name, rest = argv[0], argv[1:]
    if name not in BY_NAME:
        near = get_close_matches(name, BY_NAME, 1)
        meant = f"did you mean {near[0]}? " if near else ""
        print(f"tideline: there is no verb {name!r}; {meant}tideline --help tells all", file=sys.stderr)
        return Exit.USAGE
    if set(rest) & {*_HELP}:
        parse(name, rest)  # ends here, before anything heavy is imported
    return ends_well(lambda: int(import_module(BY_NAME[name].works_in).main(rest)), name)


def overview() -> list[str]:
    """Return the lines of `tideline --help`: the verbs by whom they are for."""
    lines = ["usage: tideline VERB ... (tideline VERB --help tells more, with examples)"]
    for audience in Audience:
        lines += ["", f"for the {audience}:"]
        lines += [f"  {verb.name:12}{verb.meaning}" for verb in VERBS if verb.audience is audience]
    return [*lines, "", "exit status:", *(f"  {each.value:<12}{each.meaning}" for each in Exit)]


def command() -> int:
    """Run with the arguments of the process: what the installed `tideline` calls."""
    heed_signals()
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(command())
