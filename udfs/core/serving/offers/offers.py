"""What a deployment ranks: its settings, and the activities it offers with all that follows from them alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.limits import MAX_POSITIONS
from tideline.udfs.core.lists.activity_tags import ActivityTags, without_clashes
from tideline.udfs.core.pairs.affinity import content_of
from tideline.udfs.core.ranking.placed import placed_of
from tideline.udfs.core.ranking.rule_tables import compiled
from tideline.udfs.core.rewards.attribution_settings import WORTH_LIMIT
from tideline.udfs.core.rule_costs.steps import RuleClass
from tideline.udfs.core.variants.drawing import VariantTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.lists.token_keys import TokenKeys
    from tideline.udfs.core.pairs.affinity import Content
    from tideline.udfs.core.policies.base import Policy
    from tideline.udfs.core.policies.cold_start import Weights
    from tideline.udfs.core.push.learned.push_settings import PushSettings
    from tideline.udfs.core.ranking.list_rules import ListRule
    from tideline.udfs.core.ranking.placed import Placed
    from tideline.udfs.core.ranking.placements import Placement
    from tideline.udfs.core.ranking.rule_tables import RuleTables


@dataclass(frozen=True, slots=True)
class RankSettings:
    """The settings of a deployment that ranking reads."""

    policy: Policy
    keys: TokenKeys
    salt: int
    """The deployment's number in every seed."""
    list_size: int
    exploration_permille: int
    """Chance in a thousand that a position explores."""
    attribution_ms: int
    weights: Weights
    worth_limit: float = WORTH_LIMIT
    """Largest worth of one conversion."""
    holdout_permille: int = 0
    """Users in a thousand whose lists are in random order."""
    generation: int = 1
    """First part of a list's version, until a command changes it."""
    list_rules: tuple[ListRule, ...] = ()
    """Rules that every list obeys, whoever it is for and however it was ranked."""
    placements: Sequence[Placement] = ()
    """Lists of each user beside the default one, in the order in which they are made."""
    least_clicks: float = 0.0
    """Share of the clicks they could have that lists keep; 0: whatever the weights leave."""
    push: PushSettings | None = None
    """How users are sent messages; None: not at all."""
    lifted: tuple[RuleClass, ...] = ()
    """Classes of rules that do not hold."""


class Offers(NamedTuple):
    """The known activities; those of them that can be ranked as a catalogue, their tags, content, rules, placements."""

    activities: Mapping[str, Activity]
    catalogue: Catalogue
    tags: ActivityTags
    content: Content
    rules: RuleTables
    variants: VariantTable | None
    placed: tuple[Placed, ...] = ()

    @classmethod
    def of(cls, activities: Mapping[str, Activity], settings: RankSettings) -> Offers:
        """Derive catalogue and tags; of two activities with one tag or number the second is not ranked."""
        positions = MAX_POSITIONS + sum(each.size for each in settings.placements)
        catalogue = Catalogue.of(without_clashes(activities.values(), settings.keys), positions)
        tags = ActivityTags.of([each.activity_id for each in catalogue.activities], settings.keys)
        ruled, capped = (each not in settings.lifted for each in (RuleClass.LIST_RULES, RuleClass.CAPS))
        rules = compiled(settings.list_rules if ruled else (), catalogue.activities)
        variants = VariantTable.of(catalogue.activities, settings.salt)
        placed = placed_of(settings.placements, catalogue.activities, rules, own_rules=ruled, capped=capped)
        return cls(activities, catalogue, tags, content_of(catalogue.activities), rules, variants, placed)

    def at(self, placement: int) -> Placed | None:
        """Return a placement by its number; None for the default list."""
        return next((each for each in self.placed if each.placement.number == placement), None)

    def unranked(self) -> frozenset[str]:
        """Return the activities that are known and not ranked."""
        return frozenset(self.activities.keys() - self.catalogue.reward_value.keys())
