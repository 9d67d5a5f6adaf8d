"""Encoders from training to the live job: `tideline model`."""

from __future__ import annotations

import json
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tideline.models import registry
from tideline.schemas.errors import ConfigError, InvalidRecord, ModelError, Unavailable
from tideline.scripts.commands.control import send_command
from tideline.scripts.commands.exits import failed
from tideline.scripts.commands.extras import lacks
from tideline.scripts.commands.target import read_target
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from tideline.scripts.commands.target import Target

PASSED_ON = ("train", "export", "evaluate")


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when done, 1 when a model was refused or nothing could be done, 2 for a bad command line."""
    arguments = parse("model", argv)
    if arguments.command in PASSED_ON:
        return _pass_on(arguments.command, list(argv[1:]))
    try:
        _check_registry(arguments.registry)
        return _RUN[arguments.command](arguments)
    except (ConfigError, InvalidRecord, ModelError, OSError, StackError, Unavailable) as error:
        return failed(f"model {arguments.command}", error)


def _check_registry(root: Path) -> None:
    if not root.is_dir():
        raise ConfigError("--registry", str(root), "a folder that is there, of model folders")


def _pass_on(command: str, argv: list[str]) -> int:
    """Run the command line of models/train.py or models/evaluate.py."""
    if command == "evaluate":
        from tideline.models import evaluate

        return evaluate.main(argv)
    if find_spec("torch") is None:
        print(f"model {command}: {lacks('torch')}", file=sys.stderr)
        return 1
    from tideline.models import train

    return int(train.main([*argv, "--resume", "--minutes", "0"] if command == "export" else argv))


def publish(arguments: argparse.Namespace) -> int:
    """Let a model through the gates; tell the live job to load it, then make it current. Refused, nothing changes."""
    from tideline.models.gates import Trial, judge

    root: Path = arguments.registry
    target = _target(arguments)
    trial = Trial(
        arguments.data, arguments.train, arguments.target, arguments.of, arguments.most_us, arguments.slowdown
    )
    present = registry.current(root)
    undone = _described(root / arguments.name, root).get("undone")
    if undone:
        print(f"warning: {arguments.name} is not fully trained; its time limit left undone: {undone}", flush=True)
    refused = []
    for verdict in judge(root / arguments.name, None if present is None else root / present, trial):
        print(f"{'passed ' if verdict.passed else 'REFUSED'} {verdict.gate:8} {verdict.detail}", flush=True)
        if not verdict.passed:
            refused.append(verdict.gate)
    if refused:
        print(f"{arguments.name} is refused by: {', '.join(refused)}; {present or 'nothing'} stays current")
        return 1
    _tell_job(target, root / arguments.name)
    registry.publish(root, arguments.name)
    print(f"{arguments.name} is current, {present or 'nothing'} was")
    return 0


def rollback(arguments: argparse.Namespace) -> int:
    """Tell the live job to load the previous model and make it current again."""
    root: Path = arguments.registry
    target = _target(arguments)
    previous = registry.previous(root)
    if previous is None:
        raise ModelError(registry.Refusal.POINTER, f"{root} has no previous model")
    _tell_job(target, root / previous)
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
    if not models:
        print(f"model list: no model in {root}", file=sys.stderr)
    for model in models:
        metrics = "  ".join(f"{name} {value:.4f}" for name, value in model.get("metrics", {}).items())
        mark = "  NOT FULLY TRAINED" if model.get("undone") else ""
        told = model.get("refused", metrics) + mark
        print(f"{model['name']:20} {model.get('version', ''):>5} {model['state']:9} {told}")
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
        "undone": manifest.training.get("undone", ""),
    }


def _target(arguments: argparse.Namespace) -> Target | None:
    return None if arguments.registry_only else read_target(arguments)


def _tell_job(target: Target | None, folder: Path) -> None:
    """Tell the live job to load a model, unless only the registry is to change."""
    if target is None:
        return
    send_command(target, "model", {"path": str(folder.resolve())}, int(time.time() * 1000))
    print(f"{folder.name} is told to the job by topic {target.topics.control}")


_RUN = {"publish": publish, "rollback": rollback, "list": list_models}
