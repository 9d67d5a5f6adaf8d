"""Commands to the running job, read from the control topic: what each says, and who carries it out."""

from collections.abc import Callable
from enum import Flag, auto
from typing import NamedTuple

import orjson

from tideline.schemas.errors import ConfigError, InvalidRecord, Reason
from tideline.schemas.fields import MAX_TS_MS, Fields
from tideline.schemas.records import CONTROL, MAX_VALUE_BYTES
from tideline.udfs.core.limits import LEAST_EXAMINED, MAX_ARMS, MAX_POSITIONS
from tideline.udfs.core.policies.by_name import make_policy

MAX_VERSION = 2**31 - 1
MAX_GENERATION = 2**16 - 1
MAX_PATH_CHARS = 1024
MAX_PLACEMENT_CHARS = 32
MAX_WEIGHT = 1e6
_SHA256_CHARS = 64
_MAX_POLICY_CHARS = 256
_PERMILLE = 1000
_RESERVED_NAMES = ("baseline", "holdout")
_HEX = set("0123456789abcdef")


class LoadModel(NamedTuple):
    """Serve this encoder from now on: the folder `path`, refused unless its model has this hash."""

    version: int
    path: str
    sha256: str


class Republish(NamedTuple):
    """Rank every user again and write the lists; `id` tells one command from the next."""

    id: str


class SetGeneration(NamedTuple):
    """Write lists of this generation from now on; a reader prefers the higher one."""

    generation: int


class SetWeights(NamedTuple):
    """Weigh the objectives like this from now on; each 0..1e6, in the unit of a click's worth."""

    click: float
    conversion: float
    revenue: float
    cost: float = 0.0
    """How much a unit of an activity's cost takes away."""


class PinPolicy(NamedTuple):
    """Rank with this policy version only; None: follow the learner again."""

    pinned: int | None


class PublishPolicy(NamedTuple):
    """Solve and publish every activity's policy row again from the sums; `id` tells one command from the next."""

    id: str


class VariantSpec(NamedTuple):
    """A policy on trial and the share of the users who get it, in thousandths."""

    name: str
    policy: str
    permille: int


class SetExperiment(NamedTuple):
    """Rank a share of the users by each of these policies from now on; no arms and no shadow: stop."""

    id: str
    arms: tuple[VariantSpec, ...]
    shadow: str | None
    """Policy that scores what is shown and is never shown itself."""


class SetExamination(NamedTuple):
    """Count an impression at each place as so much of one from now on, since not every place is always looked at.

    Places below the last one named weigh as it does; [1] counts every impression whole again. `after_click` is what an
    impression below its list's first click counts as instead, where lists are read from the top (a cascade).
    """

    places: tuple[float, ...] = (1.0,)
    after_click: float = 1.0
    placement: str | None = None
    """Name of the placement whose lists are meant; None: the default ones."""


Command = (
    PublishPolicy | LoadModel | Republish | SetGeneration | SetWeights | PinPolicy | SetExperiment | SetExamination
)


class Audience(Flag):
    """Who carries a command out. All of them read the topic, each passes over what is for others."""

    RANKERS = auto()
    SHARDS = auto()
    LEARNER = auto()


class Control(NamedTuple):
    """One validated control record."""

    command: Command
    issued_ms: int
    """When it was given, UTC epoch milliseconds."""


_CONTROL_NAMES = ("kind", "argument", "issued_ms")


def decode_control(value: bytes | None) -> Control | None:
    """Return the command of a control record, Avro or JSON; None where compaction left no value.

    Raises InvalidRecord (BAD_CONTROL), its detail naming field, value and what is allowed.
    """
    if value is None:
        return None
    fields = Fields(CONTROL.decode_authored(value, Reason.BAD_CONTROL), Reason.BAD_CONTROL)
    fields.exactly(_CONTROL_NAMES)
    kind = fields.choice("kind", tuple(_KINDS))
    its = _KINDS[kind]
    issued_ms = fields.moment("issued_ms")
    argument = _argument(fields.text("argument", MAX_VALUE_BYTES))
    argument = argument.completed(its.type._field_defaults)
    argument.exactly(its.type._fields)
    return Control(its.read(argument), issued_ms)


def decode_for(audience: Audience, value: bytes | None) -> Control | None:
    """Return what `decode_control` does, and None too where the command is for others.

    Raises InvalidRecord as `decode_control` does.

    >>> record = encode_control(Control(Republish("r1"), 1700000000000))
    >>> decode_for(Audience.SHARDS, record)
    Control(command=Republish(id='r1'), issued_ms=1700000000000)
    >>> decode_for(Audience.LEARNER, record) is None
    True
    """
    control = decode_control(value)
    return control if control is not None and audience in audience_of(control.command) else None


def audience_of(command: Command) -> Audience:
    """Return who carries a command out."""
    return next(its.audience for its in _KINDS.values() if isinstance(command, its.type))


def encode_control(control: Control) -> bytes:
    """Return the Avro wire bytes of a control record."""
    kind = next(kind for kind, its in _KINDS.items() if isinstance(control.command, its.type))
    argument = orjson.dumps(_document(control.command)).decode()
    return CONTROL.encode({"kind": kind, "argument": argument, "issued_ms": control.issued_ms})


def _document(command: Command) -> dict[str, object]:
    document = command._asdict()
    if isinstance(command, SetExperiment):
        document["arms"] = [arm._asdict() for arm in command.arms]
    return document


def _argument(text: str) -> Fields:
    try:
        return Fields(orjson.loads(text), Reason.BAD_CONTROL, "argument.")
    except orjson.JSONDecodeError as error:
        raise InvalidRecord(Reason.BAD_CONTROL, f"argument is no JSON object: {error}") from error


def _load_model(argument: Fields) -> Command:
    sha256 = argument.text("sha256", _SHA256_CHARS)
    if len(sha256) != _SHA256_CHARS or not _HEX.issuperset(sha256):
        argument.refuse("sha256", f"{_SHA256_CHARS} lower-case hexadecimal digits")
    return LoadModel(argument.integer("version", 1, MAX_VERSION), argument.text("path", MAX_PATH_CHARS), sha256)


def _republish(argument: Fields) -> Command:
    return Republish(argument.identifier("id"))


def _set_generation(argument: Fields) -> Command:
    return SetGeneration(argument.integer("generation", 0, MAX_GENERATION))


def _set_weights(argument: Fields) -> Command:
    return SetWeights(*(argument.number(name, 0, MAX_WEIGHT) for name in SetWeights._fields))


def _pin_policy(argument: Fields) -> Command:
    if argument.given("pinned") is None:
        return PinPolicy(None)
    return PinPolicy(argument.integer("pinned", 0, MAX_TS_MS))


def _publish_policy(argument: Fields) -> Command:
    return PublishPolicy(argument.identifier("id"))


def _set_experiment(argument: Fields) -> Command:
    arms = argument.given("arms")
    if not isinstance(arms, list) or len(arms) > MAX_ARMS:
        argument.refuse("arms", f"a list of at most {MAX_ARMS}: name, policy, permille")
    found = tuple(_arm(Fields(arm, Reason.BAD_CONTROL, f"argument.arms[{at}].")) for at, arm in enumerate(arms))
    if sum(arm.permille for arm in found) > _PERMILLE or len({arm.name for arm in found}) < len(found):
        argument.refuse("arms", f"names that differ, shares of {_PERMILLE} at most together")
    shadow = None if argument.given("shadow") is None else _policy(argument, "shadow")
    if shadow is not None and make_policy(shadow).randomised:
        argument.refuse("shadow", "a policy that does not draw its scores: there would be none to keep")
    return SetExperiment(argument.identifier("id"), found, shadow)


def _set_examination(argument: Fields) -> Command:
    places = argument.numbers("places", MAX_POSITIONS, LEAST_EXAMINED, 1.0)
    after_click = argument.number("after_click", LEAST_EXAMINED, 1.0)
    if after_click < 1.0 and set(places) != {1.0}:
        argument.refuse("after_click", "1 where places weigh: one model or the other")
    placement = None if argument.given("placement") is None else argument.text("placement", MAX_PLACEMENT_CHARS)
    return SetExamination(places, after_click, placement)


def _arm(fields: Fields) -> VariantSpec:
    fields.exactly(VariantSpec._fields)
    name = fields.identifier("name")
    if name in _RESERVED_NAMES:
        fields.refuse("name", f"a name other than {', '.join(_RESERVED_NAMES)}")
    return VariantSpec(name, _policy(fields, "policy"), fields.integer("permille", 1, _PERMILLE))


def _policy(fields: Fields, name: str) -> str:
    text = fields.text(name, _MAX_POLICY_CHARS)
    try:
        make_policy(text)
    except ConfigError as error:
        fields.refuse(name, error.allowed)
    return text


class _Kind(NamedTuple):
    type: type[Command]
    read: Callable[[Fields], Command]
    audience: Audience


_KINDS: dict[str, _Kind] = {
    "model": _Kind(LoadModel, _load_model, Audience.RANKERS | Audience.LEARNER),
    "republish": _Kind(Republish, _republish, Audience.SHARDS),
    "generation": _Kind(SetGeneration, _set_generation, Audience.RANKERS),
    "weights": _Kind(SetWeights, _set_weights, Audience.RANKERS),
    "policy": _Kind(PinPolicy, _pin_policy, Audience.RANKERS),
    "publish": _Kind(PublishPolicy, _publish_policy, Audience.LEARNER),
    "experiment": _Kind(SetExperiment, _set_experiment, Audience.RANKERS | Audience.LEARNER),
    "examination": _Kind(SetExamination, _set_examination, Audience.RANKERS),
}
KINDS = tuple(_KINDS)
"""Every command by its name."""
