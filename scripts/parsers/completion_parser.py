"""What `tideline completion` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

SHELLS = ("bash", "zsh", "fish")


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Prints what completes `tideline` and `scripts/tideline` in a shell. Nothing of Tideline runs at the Tab key.",
        [
            'tideline completion bash   # in ~/.bashrc: eval "$(tideline completion bash)"',
            "tideline completion zsh    # into a file _tideline in a folder of $fpath",
            "tideline completion fish   # into ~/.config/fish/completions/tideline.fish",
        ],
    )
    parser.add_argument("shell", choices=SHELLS, help="whose words to print")
