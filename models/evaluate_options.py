"""The command line of `models/evaluate.py`, which can be read without what evaluates."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

BASELINES = ("pop", "spop", "item_knn", "markov", "vsknn", "ngram")
"""What an encoder is compared with, by name."""


def fill(parser: argparse.ArgumentParser) -> None:
    """Give a parser what evaluation takes."""
    parser.add_argument("--data", required=True, help="test sequences: a file or topic as for training")
    parser.add_argument("--train", required=True, help="training sequences, in the same format")
    parser.add_argument("--model", type=Path, help="artefact folder; without it only the baselines are scored")
    parser.add_argument("--target", choices=("last", "all"), default="last", help="events predicted (default: last)")
    parser.add_argument("--of", choices=("item", "category"), default="item", help="what is ranked (default: item)")
    parser.add_argument("--mask-seen", action="store_true", help="do not rank what the sequence already had")
    parser.add_argument("--baselines", default=",".join(BASELINES), help="names separated by commas, or none")
    parser.add_argument("--seed", type=int, default=1, help="of the bootstrap")
    parser.add_argument(
        "--workers", type=int, default=len(os.sched_getaffinity(0)), help="processes for the baselines (default: cores)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
