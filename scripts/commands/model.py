"""Encoders from training to the live job: `tideline model COMMAND --help` tells more.

    train --data FILE --out DIR ...                     models/train.py; needs scripts/setup --train
    export --data FILE --out DIR ...                    end an interrupted training: write the best weights so far
    evaluate --data TEST --train TRAIN --model DIR ...  figures beside baselines, models/evaluate.py
    publish NAME --data TEST --train TRAIN ...          through every gate, then into the live job
    rollback                                            the previous model again
    list [--json]                                       versions, metrics, current and previous

A registry is a folder of model folders; it must be at the same path for every worker.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError

from tideline.models import registry, train_options
from tideline.schemas.errors import ConfigError, InvalidEvent, ModelError
from tideline.schemas.topics import Topics
from tideline.scripts.commands.control import send_order
from tideline.scripts.localstack import Stack, StackError
from tideline.udfs.settings.options import argument, brokers

if TYPE_CHECKING:
    from collections.abc import Sequence

ARTEFACTS = Path(__file__).resolve().parents[2] / "models" / "artefacts"
PASSED_ON = ("train", "export", "evaluate")


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when done, 1 when a model was refused or nothing could be done, 2 for a bad command line."""
    if argv and argv[0] in PASSED_ON:
        return _pass_on(argv[0], list(argv[1:]))
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (ConfigError, InvalidEvent, KafkaError, ModelError, OSError, StackError) as error:
        print(f"model {arguments.command}: {error}", file=sys.stderr)
        return 1


def _pass_on(command: str, argv: list[str]) -> int:
    """Run the command line of models/train.py or models/evaluate.py."""
    if command == "evaluate":
        from tideline.models import evaluate

        return evaluate.main(argv)
    if find_spec("torch") is None:
        train_options.arguments(argv)  # --help and a bad command line need no torch
        print(f"model {command}: torch is not installed; run scripts/setup --train", file=sys.stderr)
        return 1
    from tideline.models import train

    return int(train.main([*argv, "--resume", "--minutes", "0"] if command == "export" else argv))


def publish(arguments: argparse.Namespace) -> int:
    """Let a model through the gates; order it from the live job, then make it current. Refused, nothing changes."""
    from tideline.models.gates import Trial, judge

    root: Path = arguments.registry
    trial = Trial(
        arguments.data, arguments.train, arguments.target, arguments.of, arguments.most_us, arguments.slowdown
    )
    present = registry.current(root)
    refused = []
    for verdict in judge(root / arguments.name, None if present is None else root / present, trial):
        print(f"{'passed ' if verdict.passed else 'REFUSED'} {verdict.gate:8} {verdict.detail}", flush=True)
        if not verdict.passed:
            refused.append(verdict.gate)
    if refused:
        print(f"{arguments.name} is refused by: {', '.join(refused)}; {present or 'nothing'} stays current")
        return 1
    _order(arguments, root / arguments.name)
    registry.publish(root, arguments.name)
    print(f"{arguments.name} is current, {present or 'nothing'} was")
    return 0


def rollback(arguments: argparse.Namespace) -> int:
    """Order the previous model from the live job and make it current again."""
    root: Path = arguments.registry
    previous = registry.previous(root)
    if previous is None:
        raise ModelError(registry.Refusal.POINTER, f"{root} has no previous model")
    _order(arguments, root / previous)
    registry.publish(root, previous)
    print(f"{previous} is current again; rolling back once more undoes it")
    return 0


def list_models(arguments: argparse.Namespace) -> int:
    """Print every model of the registry."""
    root: Path = arguments.registry
    models = [_described(path.parent, root) for path in sorted(root.glob(f"*/{registry.MANIFEST}"))]
    if arguments.json:
        print(json.dumps(models))
        return 0
    for model in models:
        metrics = "  ".join(f"{name} {value:.4f}" for name, value in model.get("metrics", {}).items())
        print(f"{model['name']:20} {model.get('version', ''):>5} {model['state']:9} {model.get('refused', metrics)}")
    return 0


def _described(folder: Path, root: Path) -> dict[str, Any]:
    state = {registry.current(root): "current", registry.previous(root): "previous"}.get(folder.name, "")
    try:
        manifest = registry.verify(folder)
    except ModelError as error:
        return {"name": folder.name, "state": state, "refused": str(error)}
    return {
        "name": folder.name,
        "version": manifest.version,
        "state": state,
        "metrics": manifest.training.get("metrics", {}).get("gru", {}),
        "hidden": manifest.hidden,
        "data": manifest.training.get("data"),
        "range": manifest.training.get("range"),
        "code_version": manifest.code_version,
        "sha256": manifest.sha256,
    }


def _order(arguments: argparse.Namespace, folder: Path) -> None:
    """Order a model from the live job, unless only the registry is to change."""
    if arguments.registry_only:
        return
    bootstrap = arguments.bootstrap or Stack.attach(arguments.stack).kafka_bootstrap
    send_order(bootstrap, arguments.topic, "model", {"path": str(folder.resolve())}, int(time.time() * 1000))
    print(f"{folder.name} ordered from the job by topic {arguments.topic}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tideline model", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    for name in PASSED_ON:
        commands.add_parser(name, add_help=False)

    gated = commands.add_parser("publish", help="through every gate, then into the live job")
    gated.add_argument("name", help="a model folder of the registry")
    gated.add_argument("--data", type=Path, required=True, metavar="TEST", help="sequences to predict")
    gated.add_argument("--train", type=Path, required=True, metavar="TRAIN", help="what the model was trained on")
    gated.add_argument("--target", choices=("last", "all"), default="last", help="events predicted (default: last)")
    gated.add_argument("--of", choices=("item", "category"), default="item", help="what is ranked (default: item)")
    gated.add_argument(
        "--most-us", type=float, default=2.0, metavar="US", help="an event of a step may cost (2.0 at batch 128)"
    )
    gated.add_argument(
        "--slowdown", type=float, default=2.0, metavar="X", help="times the present model's cost it may have (2.0)"
    )
    gated.set_defaults(run=publish)

    back = commands.add_parser("rollback", help="the previous model again")
    back.set_defaults(run=rollback)

    listing = commands.add_parser("list", help="versions, metrics, current and previous")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=list_models)

    for command in (gated, back, listing):
        command.add_argument("--registry", type=Path, default=ARTEFACTS, metavar="DIR", help="folder of model folders")
    for command in (gated, back):
        command.add_argument("--stack", default="default", help="the local stack whose broker to use")
        command.add_argument(
            "--bootstrap", type=argument(brokers()), metavar="HOST:PORT", help="somebody else's broker"
        )
        command.add_argument("--topic", default=Topics().control)
        command.add_argument("--registry-only", action="store_true", help="order nothing from a job")
    return parser
