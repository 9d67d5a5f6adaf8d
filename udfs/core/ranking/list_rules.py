"""Rules of a whole list, as an operator writes them: how much a further entry of one value costs, or that it is banned.

`{"by": "category", "window": 0, "penalty": [0, 1, 3, "ban"], "relax": false}`: the first entry of a category costs
nothing, the second 1, the third 3, and a fourth is banned.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tideline.schemas.errors import ConfigError
from tideline.schemas.fields import MAX_NAME_CHARS
from tideline.udfs.core.limits import MAX_POSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

BAN = "ban"
MAX_RULES = 8
MAX_PENALTY = 1_000_000
PENALTIES_PER_SCORE = 1000
"""A penalty of 1 takes a thousandth from a score: with the default weights, one click in a thousand impressions."""
_LABEL = "label."
_KEYS = ("by", "penalty", "window", "relax")
_REQUIRED = _KEYS[:2]
_BY = f"category, kind, or {_LABEL}NAME with a name of 1 to {MAX_NAME_CHARS} characters"
_PENALTY = (
    f"2 to {MAX_POSITIONS + 1} whole numbers from 0 to {MAX_PENALTY}, the first 0 and none below the one before it; "
    f'"{BAN}" may be the last'
)

ALLOWED_RULES = (
    f'JSON: at most {MAX_RULES} rules {{"by": {_BY}; "penalty": {_PENALTY}; '
    f'"window": 0 or 2 to {MAX_POSITIONS}; "relax": true or false}}'
)


@dataclass(frozen=True, slots=True)
class ListRule:
    """One rule; an entry with several values, such as categories, counts for each and pays for the most frequent."""

    by: str
    """What entries are compared by: category, kind or label.NAME; an activity without a value is free."""
    penalty: tuple[int | str, ...]
    """What the n-th entry of a value pays in thousandths of score, the last for all further ones; BAN: not allowed."""
    window: int = 0
    """Entries are counted in any so many positions in a row; 0: in the whole list."""
    relax: bool = False
    """Where nothing may follow any more the ban is broken, in place of a list that ends there."""

    @property
    def limit(self) -> int:
        """Entries of one value after which it is banned; 0: it never is."""
        return len(self.penalty) - 1 if self.penalty[-1] == BAN else 0

    @property
    def numbers(self) -> tuple[int, ...]:
        """The penalties that are numbers."""
        return tuple(each for each in self.penalty if isinstance(each, int))


class ListRules(tuple[ListRule, ...]):
    """Rules in the order of their weight: of those that may be relaxed the last is broken first."""

    __slots__ = ()

    def __str__(self) -> str:
        """As JSON, as they are given."""
        return json.dumps([asdict(each) for each in self])


class Described(Protocol):
    """What rules compare of an activity."""

    @property
    def kind(self) -> str:
        """Its kind."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Its categories."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels by name."""


class Description(NamedTuple):
    """Kind, categories and labels without the activity, as a log has them."""

    kind: str
    categories: tuple[str, ...]
    labels: Mapping[str, str]


def values_of(activity: Described, by: str) -> tuple[str, ...]:
    """Return an activity's values by `by` of a rule, each once; none where it has none.

    >>> values_of(Description("coupon", ("tea", "milk"), {"provider": "p1"}), "label.provider")
    ('p1',)
    """
    if by == "category":
        return tuple(dict.fromkeys(activity.categories))
    if by == "kind":
        return (activity.kind,)
    value = activity.labels.get(by.removeprefix(_LABEL))
    return () if value is None else (value,)


def read_list_rules(raw: Any) -> ListRules:
    """Return the rules of JSON text, or of a list of tables.

    Raises:
        ConfigError: it names the rule, its key, the value and what is allowed.

    >>> (rule,) = read_list_rules('[{"by": "category", "penalty": [0, 40, "ban"]}]')
    >>> rule.numbers, rule.limit  # a second of a category costs 40, a third may not be
    ((0, 40), 2)
    """
    try:
        given = json.loads(raw) if isinstance(raw, str) else raw
    except (ValueError, RecursionError) as error:
        raise ConfigError("list_rules", raw, f"a JSON list of rules ({error})") from error
    if not isinstance(given, list) or len(given) > MAX_RULES:
        raise ConfigError("list_rules", raw, f"a list of at most {MAX_RULES} rules")
    return ListRules(_read_rule(f"list_rules[{at}]", each) for at, each in enumerate(given))


def _read_rule(key: str, given: Any) -> ListRule:
    if not isinstance(given, dict) or not set(_REQUIRED) <= given.keys() <= set(_KEYS):
        raise ConfigError(key, given, f"a table with {' and '.join(_REQUIRED)}, and perhaps {', '.join(_KEYS[2:])}")
    window, relax = given.get("window", 0), given.get("relax", False)
    if not _is_by(given["by"]):
        raise ConfigError(f"{key}.by", given["by"], _BY)
    if not _is_penalty(given["penalty"]):
        raise ConfigError(f"{key}.penalty", given["penalty"], _PENALTY)
    if type(window) is not int or window == 1 or not 0 <= window <= MAX_POSITIONS:
        raise ConfigError(f"{key}.window", window, f"0 for the whole list, or whole numbers from 2 to {MAX_POSITIONS}")
    rule = ListRule(given["by"], tuple(given["penalty"]), window, relax is True)
    if not isinstance(relax, bool) or (relax and not rule.limit):
        raise ConfigError(f"{key}.relax", relax, f'false, and true where the penalty ends with "{BAN}"')
    return rule


def _is_by(by: Any) -> bool:
    if not isinstance(by, str):
        return False
    return by in ("category", "kind") or (by.startswith(_LABEL) and 0 < len(by) - len(_LABEL) <= MAX_NAME_CHARS)


def _is_penalty(penalty: Any) -> bool:
    if not isinstance(penalty, list) or not 2 <= len(penalty) <= MAX_POSITIONS + 1:
        return False
    numbers = penalty[:-1] if penalty[-1] == BAN else penalty
    if not all(type(each) is int and 0 <= each <= MAX_PENALTY for each in numbers):
        return False
    return numbers[0] == 0 and numbers == sorted(numbers)
