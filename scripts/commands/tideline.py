"""The operator's command, `tideline GROUP ...`: each group is a module with a command line of its own."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS = {
    "model": ("tideline.scripts.commands.model", "train, evaluate, export, publish, roll back and list encoders"),
    "experiment": (
        "tideline.scripts.commands.experiment",
        "policies side by side on the running job: start, status, watch, stop",
    ),
    "list": ("tideline.scripts.commands.show_list", "one user's list, or the popular one, as a frontend reads it"),
    "report": ("tideline.scripts.commands.report", "what was shown and what came of it, as a page or JSON"),
    "export": ("tideline.scripts.commands.export_log", "what was shown and what came of it, as Parquet"),
    "ope": ("tideline.scripts.commands.ope", "what another policy would have earned, from a log of decisions"),
}
"""Module and meaning of each group. A module is imported when its group is used: not every one needs every package."""


def main(argv: Sequence[str]) -> int:
    """Run a group's command and return its exit status; 2 where there is no such group."""
    if argv and argv[0] in GROUPS:
        return int(import_module(GROUPS[argv[0]][0]).main(argv[1:]))
    wanted = bool(argv) and argv[0] in ("-h", "--help")
    lines = ["usage: tideline GROUP ... (GROUP --help tells more)", ""]
    lines += [f"  {name:12}{meaning}" for name, (_, meaning) in GROUPS.items()]
    print("\n".join(lines), file=sys.stdout if wanted else sys.stderr)
    return 0 if wanted else 2


def command() -> int:
    """Run with the arguments of the process: what the installed `tideline` calls."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(command())
