"""What evaluation takes can be read without what evaluates."""

from __future__ import annotations

import argparse

from tideline.models import evaluate
from tideline.models.evaluate_options import BASELINES, fill


def test_every_baseline_is_compared_with_unless_others_are_named() -> None:
    """Contract: the names are those that evaluation has, in its order."""
    parser = argparse.ArgumentParser()
    fill(parser)

    assert parser.parse_args(["--data", "a", "--train", "b"]).baselines.split(",") == list(evaluate.BASELINES)
    assert tuple(evaluate.BASELINES) == BASELINES
