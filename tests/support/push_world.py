"""A shop whose pushes are learned by the job's own learner: decisions, what comes of them, the record, decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.support.opened_learner import Opened
from tideline.scripts.benchmarks.offline.push.uplift import Shop, shop_of
from tideline.udfs.core.policies.arm_key import PUSH_KEY
from tideline.udfs.core.profiles.kept_profile import KeptProfile
from tideline.udfs.core.push.effects import push_values, push_widths
from tideline.udfs.core.push.learned.push_feedback import PUSH_FEEDBACK, encode_push_rows
from tideline.udfs.core.push.learned.push_known import NOTHING_KNOWN, PushKnown, decode_known
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.push.push_choice import Candidate, Decided, Point, PushTerms, decide_point
from tideline.udfs.core.push.push_prices import value_codes
from tideline.udfs.core.push.push_user import NOBODY, PushUser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tests.support.flink_states import MemoryContext

FLAGS = (
    "--push", '{"week": 7, "zones": ["UTC"], "cost": 0.004}', "--salt", "s", "--publish-ms", "60000",
    "--half-life-days", "0",
)  # fmt: skip
SETTINGS = read_push(FLAGS[1])
WEIGHTS = (0.0, 1.0, 0.0, 0.0)
"""A purchase is worth one."""
DAY_MS = 86_400_000
FIRST_DAY = 20_000
_AGREED = KeptProfile(1, True, True, True, True, "UTC", (), ())
_SALT, _NEVER_MS = 5, 2**62


class Course(NamedTuple):
    """What a course of days left: all rows that were told, the last record, how many were sent."""

    rows: NDArray[Any]
    known: PushKnown
    sent: int
    points: int


class PushWorld:
    """Users who have a decision point a day each, some of them every day."""

    def __init__(self, seed: int, users: int) -> None:
        """Know nothing yet."""
        self.random = np.random.default_rng(seed)
        self.shop: Shop = shop_of(self.random, users)
        self.users: list[PushUser] = [NOBODY] * users

    def play(self, feed: Callable[[bytes], bytes | None], days: int, points: int, *, backwards: bool = False) -> Course:
        """Return what becomes of so many days of so many points.

        `feed` tells the learner of some, and returns the record that is published then; `backwards`: what came of a
        point is told before the point.
        """
        known, every, sent = NOTHING_KNOWN, [], 0
        for day in range(FIRST_DAY, FIRST_DAY + days):
            who = self.random.choice(len(self.users), points, replace=False)
            made = self._decided(who.tolist(), day, known)
            drawn = [(at, each) for at, each in zip(who.tolist(), made, strict=True) if each.push_id is not None]
            rows = self._rows(drawn, day)
            sent += int(rows["sent"].sum())
            told = [encode_push_rows(piece) for piece in (rows, self._outcomes(rows, drawn))]
            for part in reversed(told) if backwards else told:
                record = feed(part)
                known = known if record is None else decode_known(record, day)
            every += told
        return Course(decoded(every), known, sent, days * points)

    def _decided(self, who: list[int], day: int, known: PushKnown) -> list[Decided]:
        recent = [sum(day - 7 < each.day for each in self.users[number].pushes) for number in who]
        asked = known.effects, SETTINGS.costs(WEIGHTS), self.shop.x[who], np.array(recent)
        values, widths = push_values(*asked), push_widths(*asked)
        price = known.price(SETTINGS, day * DAY_MS)
        terms = PushTerms(1, SETTINGS.week, price, _SALT, known.effects.known)
        made = []
        for number, value, width in zip(who, values.tolist(), widths.tolist(), strict=True):
            point = Point(f"u{number}", day, _NEVER_MS, width)
            candidates = [Candidate("sale", value)]
            self.users[number], decided = decide_point(self.users[number], _AGREED, point, candidates, terms)
            made.append(decided)
        return made

    def _rows(self, drawn: Sequence[tuple[int, Decided]], day: int) -> NDArray[Any]:
        rows = np.zeros(len(drawn), PUSH_FEEDBACK)
        made = [each for _, each in drawn]
        rows["ts_ms"], rows["decisions"] = day * DAY_MS + np.arange(len(drawn)), 1
        rows["x"] = self.shop.x[[at for at, _ in drawn]]
        for name in ("recent", "chance", "sent"):
            rows[name] = [getattr(each, name) for each in made]
        rows["value"] = value_codes(np.array([each.value for each in made], np.int64))
        return rows

    def _outcomes(self, rows: NDArray[Any], drawn: Sequence[tuple[int, Decided]]) -> NDArray[Any]:
        """Return what came of points, as it is told later."""
        later, who = rows.copy(), np.array([at for at, _ in drawn], np.int64)
        later["decisions"] = 0
        chance = self.shop.anyway[who] + rows["sent"] * self.shop.effect[who]
        later["rewards"][:, 1] = self.random.random(who.size) < chance
        some: NDArray[Any] = later[later["rewards"].any(axis=1)]
        return some

    def share_of_best(self, score: NDArray[Any], cost: float) -> float:
        """Return what the fifth with the highest scores truly gains, of what the best fifth does."""
        gain = self.shop.effect - cost
        fifth = score.size // 5
        return float(gain[np.argsort(-score, kind="stable")[:fifth]].sum() / np.sort(gain)[-fifth:].sum())


def decoded(parts: Sequence[bytes]) -> NDArray[Any]:
    """Return the rows of parts, one after the other."""
    return np.concatenate([np.frombuffer(part, PUSH_FEEDBACK, offset=1) for part in parts])


def learner(context: MemoryContext, *, restored: bool = False) -> Callable[[bytes], bytes | None]:
    """Return how the operator of a job that pushes is fed; `restored`: it begins anew from its states each time."""
    operator = Opened(context, *FLAGS)
    return lambda part: (Opened(context, *FLAGS) if restored else operator).feed([part]).get(PUSH_KEY)
