"""What `tideline model` takes; training and evaluation take what `models/train.py` and `models/evaluate.py` do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.models import evaluate_options, train_options
from tideline.scripts.parsers.verb_parser import add_json, add_target

if TYPE_CHECKING:
    from tideline.scripts.parsers.verb_parser import VerbParser

ARTEFACTS = Path(__file__).resolve().parents[2] / "models" / "artefacts"
_KEYS = {
    "name": "of the folder",
    "version": "written into every list; absent where the model is refused",
    "state": "current, previous or empty",
    "metrics": "of its training",
    "hidden": "size of its memory",
    "data": "what it was trained on",
    "range": "from when to when",
    "code_version": "of the code that trained it",
    "sha256": "of the model's file",
    "undone": "what of its training a time limit left undone; empty where nothing",
    "refused": "why it cannot be used; absent where it can",
}
_FIGURES = {
    "gru": "by metric {value, ci95}; absent without --model",
    "baselines": "the same by baseline",
    "differences": "the same of the GRU minus each baseline, paired; empty without --model",
    "targets": "predicted",
    "unknown_targets": "how many of them training does not have",
    "targets_in_training": "how many of them are events of training too",
    "sequences": "that have a target",
    "skipped_sequences": "that have none",
    "items": "ranked",
    "target": "last or all",
    "of": "item or category",
    "mask_seen": "whether what a sequence already had was left out",
}


def fill(parser: VerbParser) -> None:
    """Describe the verb."""
    parser.tells(
        "Encoders from training to the live job. A registry is a folder of model folders; it must be at the same path\n"
        "for every worker.",
        ["tideline model list", "tideline model publish demo-2 --data test.csv --train train.csv"],
    )
    verbs = parser.verbs(metavar="train|export|evaluate|publish|rollback|list")
    train = verbs.add_parser("train", help="train an encoder; needs scripts/setup --train")
    train.tells(train_options.TEXT, ["tideline model train --data train.csv --out models/artefacts/mine"])
    train_options.fill(train)
    export = verbs.add_parser("export", help="end an interrupted training: write the best weights so far")
    export.tells(
        "Ends an interrupted training: writes the best weights so far. Takes what train was given.",
        ["tideline model export --data train.csv --out models/artefacts/mine"],
    )
    train_options.fill(export)
    judge = verbs.add_parser("evaluate", help="figures beside baselines")
    judge.tells(
        "Ranks all items for every target. Exit status 3: the test file has nothing to predict.",
        ["tideline model evaluate --data test.csv --train train.csv --model models/artefacts/demo-2"],
        _FIGURES,
    )
    evaluate_options.fill(judge)
    _publish(verbs.add_parser("publish", help="through every gate, then into the live job"))
    back = verbs.add_parser("rollback", help="the previous model again")
    back.tells(None, ["tideline model rollback", "tideline model rollback --registry-only"])
    listing = verbs.add_parser("list", help="versions, metrics, current and previous")
    listing.is_list = True
    listing.tells(None, ["tideline model list --json"], _KEYS)
    add_json(listing)
    for each in (verbs.choices["publish"], back, listing):
        each.add_argument("--registry", type=Path, default=ARTEFACTS, metavar="DIR", help="folder of model folders")
    for each in (verbs.choices["publish"], back):
        add_target(each)
        each.add_argument("--registry-only", action="store_true", help="tell no job")


def _publish(gated: VerbParser) -> None:
    gated.tells(
        "Lets a model through every gate, has the live job load it and makes it current; refused, nothing changes.",
        ["tideline model publish demo-2 --data test.csv --train train.csv"],
    )
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
