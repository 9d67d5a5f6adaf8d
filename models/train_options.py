"""The command line of `models/train.py`, which is there without torch too."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

TEXT = "Train the encoder; needs scripts/setup --train."


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="models/train.py", description=TEXT)
    fill(parser)
    return parser.parse_args(argv)


def fill(parser: argparse.ArgumentParser) -> None:
    """Give a parser what training takes."""
    parser.add_argument("--data", required=True, help="CSV or Parquet file, kafka://HOST:PORT/TOPIC, or its archive")
    parser.add_argument("--config", type=Path, metavar="FILE.properties", help="login and TLS of that Kafka")
    parser.add_argument("--out", type=Path, required=True, help="model folder; its name is the model's name")
    parser.add_argument("--params", type=Path, help="JSON file of parameters, see models/config.py")
    parser.add_argument(
        "--minutes",
        type=minutes,
        metavar="M",
        help="safety stop: after so long write the best weights so far, marked as not fully trained (no limit)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and the order of training (1)")
    parser.add_argument("--version", type=int, default=1, help="1..65535, written into every list")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="where to train (auto)")
    parser.add_argument("--threads", type=int, default=2, help="torch threads on the CPU")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint beside DIR")
    parser.add_argument("--valid-from-ms", type=int, help="hold out the targets from this time on")


def minutes(text: str) -> float:
    """Return a time limit; raises ValueError where it is none."""
    found = float(text)
    if not 0.0 <= found < math.inf:
        raise ValueError(text)
    return found
