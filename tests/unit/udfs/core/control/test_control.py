import json
from typing import Any

import pytest

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.registry import shipped
from tideline.udfs.core.control.control import (
    Audience,
    Command,
    Control,
    LoadModel,
    PinPolicy,
    PublishPolicy,
    Republish,
    SetExamination,
    SetExperiment,
    SetGeneration,
    SetWeights,
    VariantSpec,
    decode_control,
    decode_for,
    encode_control,
)

_SHA256 = "0123456789abcdef" * 4
_COMMANDS: dict[str, Command] = {
    "model": LoadModel(2, "models/gru-2", _SHA256),
    "republish": Republish("after-drain-1"),
    "generation": SetGeneration(3),
    "weights": SetWeights(1.0, 5.0, 0.1),
    "policy": PinPolicy(12),
    "publish": PublishPolicy("after-drain-1"),
    "experiment": SetExperiment("spring", (VariantSpec("wild", "linucb:alpha=2", 100),), "popular"),
    "examination": SetExamination((1.0, 0.8, 0.35)),
}
_ARM = {"name": "wild", "policy": "linucb:alpha=2", "permille": 100}
_SHOWN_ARMS = (
    "argument.arms=[{'name': 'wild', 'policy': 'linucb:alpha=2', 'permille': 100}, {'name': 'wild',; allowed: "
)


def _json(kind: object, argument: object, **changes: Any) -> bytes:
    text = argument if isinstance(argument, str) else json.dumps(argument)
    return json.dumps({"kind": kind, "argument": text, "issued_ms": 1_700_000_000_000, **changes}).encode()


@pytest.mark.parametrize("command", [*_COMMANDS.values(), PinPolicy(None)], ids=lambda command: type(command).__name__)
def test_an_encoded_command_decodes_to_itself(command: Command) -> None:
    assert decode_control(encode_control(Control(command, 1_700_000_000_000))) == Control(command, 1_700_000_000_000)


def test_every_kind_of_the_schema_has_a_command() -> None:
    fields = {field["name"]: field["type"] for field in shipped().current["control"]["fields"]}
    assert fields["kind"]["symbols"] == list(_COMMANDS)


@pytest.mark.parametrize(("kind", "command"), _COMMANDS.items())
def test_a_command_may_be_written_as_json(kind: str, command: Command) -> None:
    argument = command._asdict() | ({"arms": [_ARM]} if kind == "experiment" else {})
    assert decode_control(_json(kind, argument)) == Control(command, 1_700_000_000_000)


def test_weights_from_before_there_was_a_cost_leave_it_out() -> None:
    argument = {"click": 1, "conversion": 2, "revenue": 3}
    assert decode_control(_json("weights", argument)) == Control(SetWeights(1.0, 2.0, 3.0, 0.0), 1_700_000_000_000)


def test_a_command_is_carried_out_by_whom_it_is_for_and_by_nobody_else() -> None:
    """Contract: each reader of the topic gets its own commands; what nobody may read is refused for all."""
    readers = {
        Audience.RANKERS: {"model", "generation", "weights", "policy", "experiment", "examination"},
        Audience.SHARDS: {"republish"},
        Audience.LEARNER: {"model", "publish", "experiment"},
    }
    for audience, its_own in readers.items():
        for kind, command in _COMMANDS.items():
            got = decode_for(audience, encode_control(Control(command, 1_700_000_000_000)))
            assert got == (Control(command, 1_700_000_000_000) if kind in its_own else None), (audience, kind)
        assert decode_for(audience, None) is None
        with pytest.raises(InvalidRecord):
            decode_for(audience, b"{}")


def test_a_record_without_value_commands_nothing() -> None:
    assert decode_control(None) is None


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (_json("restart", {}), "kind='restart'; allowed: model, republish"),
        (_json(1, {}), "kind=1; allowed: model"),
        (_json("experiment", {"id": "e", "arms": [_ARM] * 3, "shadow": None}), f"{_SHOWN_ARMS}a list of at most 2"),
        (_json("experiment", {"id": "e", "arms": [_ARM] * 2, "shadow": None}), f"{_SHOWN_ARMS}names that differ"),
        (_json("experiment", {"id": "e", "arms": {}, "shadow": None}), "argument.arms={}; allowed: a list"),
        (
            _json("experiment", {"id": "e", "arms": [], "shadow": "thompson"}),
            "argument.shadow='thompson'; allowed: a policy that does not draw",
        ),
        (
            _json("experiment", {"id": "e", "arms": [_ARM | {"policy": "best"}], "shadow": None}),
            "argument.arms[0].policy='best'; allowed: ",
        ),
        (
            _json("experiment", {"id": "e", "arms": [_ARM | {"name": "holdout"}], "shadow": None}),
            "argument.arms[0].name='holdout'; allowed: a name other than baseline, holdout",
        ),
        (_json("republish", {"id": "r"}, issued_ms=-1), "issued_ms=-1"),
        (_json("republish", {"id": "r"}, issued_ms=1_700_000_000), "issued_ms=1700000000; allowed: whole milliseconds"),
        (_json("republish", {"id": "a|b"}), "argument.id='a|b'; allowed: 1..64 of A-Z"),
        (
            _json("experiment", {"id": "e", "arms": [_ARM | {"name": "*"}], "shadow": None}),
            "argument.arms[0].name='*'; allowed: 1..64 of A-Z",
        ),
        (_json("experiment", {"id": "e|x", "arms": [], "shadow": None}), "argument.id='e|x'; allowed: 1..64 of A-Z"),
        (_json("republish", {"id": "r"}, user="x"), "user='x'; allowed: only the fields"),
        (_json("republish", "{"), "argument is no JSON object"),
        (_json("republish", "[]"), "argument=[]; allowed: an object"),
        (_json("republish", {}), "argument.id=(missing)"),
        (_json("republish", {"id": "a b"}), "argument.id='a b'"),
        (_json("republish", {"id": "r", "at": 1}), "argument.at=1; allowed: only the fields id"),
        (_json("model", {"version": 0, "path": "p", "sha256": _SHA256}), "argument.version=0"),
        (_json("model", {"version": 1, "path": "", "sha256": _SHA256}), "argument.path=''"),
        (_json("model", {"version": 1, "path": "p", "sha256": "AB" * 32}), "argument.sha256="),
        (_json("model", {"version": 1, "path": "p", "sha256": "ab"}), "argument.sha256='ab'; allowed: 64 lower"),
        (_json("generation", {"generation": -1}), "argument.generation=-1"),
        (_json("generation", {"generation": 65_536}), "argument.generation=65536; allowed: a whole number of 0..65535"),
        (_json("generation", {"generation": 1.5}), "argument.generation=1.5"),
        (_json("weights", {"click": 1, "conversion": -1, "revenue": 0}), "argument.conversion=-1"),
        (_json("weights", {"click": 1, "conversion": True, "revenue": 0}), "argument.conversion=True"),
        (_json("examination", {"placement": 3}), "argument.placement=3"),
        (_json("examination", {"placement": "x" * 33}), "argument.placement="),
        (_json("examination", {"places": []}), "argument.places=[]; allowed: 1..16 numbers of 0.01..1"),
        (_json("examination", {"places": [1] * 17}), "argument.places=[1, 1"),
        (_json("examination", {"places": [1, 0]}), "argument.places=[1, 0]"),
        (_json("examination", {"places": [1, True]}), "argument.places=[1, True]"),
        (_json("examination", {"after_click": 0}), "argument.after_click=0; allowed: a number of 0.01..1"),
        (_json("examination", {"places": [1, 0.5], "after_click": 0.5}), "argument.after_click=0.5; allowed: 1 where"),
        (_json("publish", {}), "argument.id=(missing)"),
        (_json("policy", {}), "argument.pinned=(missing)"),
        (_json("policy", {"pinned": "12"}), "argument.pinned='12'"),
        (b"", "empty: "),
        (b'{"kind":', "bad_json: "),
        (b"\x00\x00\x00\x00\x03\x02", "truncated: "),
    ],
)
def test_a_bad_order_is_refused_with_field_value_and_what_is_allowed(value: bytes, detail: str) -> None:
    """Contract: an command that is not understood changes nothing."""
    with pytest.raises(InvalidRecord) as caught:
        decode_control(value)
    assert caught.value.reason is Reason.BAD_CONTROL
    assert caught.value.detail.startswith(detail)
