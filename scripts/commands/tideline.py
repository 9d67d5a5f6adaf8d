"""The one command, `tideline VERB ...`: finds the verb, runs it, and ends as docs/commands.md says."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from tideline.scripts.commands.exits import Exit, ends_well, heed_signals, open_what_is_closed
from tideline.scripts.commands.extras import is_checkout, lacks
from tideline.scripts.commands.release import release
from tideline.scripts.commands.verb_page import page
from tideline.scripts.parsers.verbs import BY_NAME, OF_CHECKOUT, VERBS, Audience, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_HELP = ("-h", "--help")


def main(argv: Sequence[str]) -> int:
    """Run a verb and return its exit status; 2 where there is no such verb, with the nearest one."""
    return ends_well(lambda: _run(argv), argv[0] if argv and argv[0] in BY_NAME else "tideline")


def _run(argv: Sequence[str]) -> int:
    if not argv:
        print("\n".join(overview()), file=sys.stderr)
        return Exit.USAGE
    name, rest = argv[0], argv[1:]
    if name in _OF_ALL:
        print(_OF_ALL[name]())
        return Exit.DONE
    if name not in BY_NAME:
        near = get_close_matches(name, BY_NAME, 1)
        meant = f"did you mean {near[0]}? " if near else ""
        print(f"tideline: there is no verb {name!r}; {meant}tideline --help tells all", file=sys.stderr)
        return Exit.USAGE
    if set(rest) & {*_HELP}:
        parse(name, rest)  # ends here, before anything heavy is imported
    if name in OF_CHECKOUT and not is_checkout():
        print(f"{name}: works in a checkout of Tideline alone, not where its wheel is installed", file=sys.stderr)
        return Exit.FAILED
    try:
        return int(import_module(BY_NAME[name].works_in).main(rest))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tideline"):
            raise
        print(f"{name}: {lacks(error.name)}", file=sys.stderr)
        return Exit.FAILED


def overview() -> list[str]:
    """Return the lines of `tideline --help`: the verbs by whom they are for."""
    lines = ["usage: tideline VERB ... (tideline VERB --help tells more, with examples), or tideline --version"]
    for audience in Audience:
        lines += ["", f"for the {audience}:"]
        lines += [f"  {verb.name:12}{verb.meaning}" for verb in VERBS if verb.audience is audience]
    return [*lines, "", "exit status:", *(f"  {each.value:<12}{each.meaning}" for each in Exit)]


def version() -> str:
    """Return the release, and which sources they are: as a job tells in its dead letters."""
    from tideline.udfs.settings.build import BUILD_ID  # reads every source

    return f"tideline {release()}, build {BUILD_ID}"


_OF_ALL = {
    "-h": lambda: "\n".join(overview()),
    "--help": lambda: "\n".join(overview()),
    "--version": version,
    "--markdown": page,
}


def command() -> int:
    """Run with the arguments of the process: what the installed `tideline` calls."""
    open_what_is_closed()
    heed_signals()
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(command())
