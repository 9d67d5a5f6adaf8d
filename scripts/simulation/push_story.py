"""Messages in the demo's world: whom the job's own functions tell something, who comes back of it, who unsubscribes.

They are played beside the job and not by it. A job's wheel goes by the clock of the broker, in buckets of five minutes,
so that nothing is told ahead of its time; the demo's days pass in seconds, and all its activities ended in 2017. So
here every second household has a decision point a day, at an hour of its own between 9 and 20 o'clock UTC, which
`decide_point` decides by what `effects_of` makes of the points of two days before and more: the functions that the job
calls. Nothing of it is among the events that the demo's job learns from.

The truth, which is not known to them:

- Who visits the shop anyway does so at the visits that the demo's world has planned (`visits.py`).
- A message brings its household back for one more visit within the day with probability
  `c * TIRED ** recent`, at most `MOST`: c is its chance to click the likeliest of the offers that are open
  (`response.py`), `recent` the messages of the seven days before.
- Each message makes its household unsubscribe with probability `LEAVES * (1 + recent)`, a minute later.

What messages brought is estimated from the records and the visits alone, as `tideline push status` does, with a visit
for a unit of money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.analysis.push_log import DAY_MS, HOUR_MS, Bought, PushHistory
from tideline.scripts.audit.push_audit import PushPromises, broken_promises
from tideline.scripts.commands.push import status_of
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.profiles.kept_profile import KeptProfile
from tideline.udfs.core.push.effect_sums import NO_EFFECT_SUMS, PUSH_ROWS, effect_entries, merged_effects
from tideline.udfs.core.push.effects import Costs, effects_of, push_values, push_widths
from tideline.udfs.core.push.push_choice import Candidate, Decided, Point, PushTerms, decide_point
from tideline.udfs.core.push.push_prices import value_codes
from tideline.udfs.core.push.push_record import Made, record_of
from tideline.udfs.core.push.push_user import NOBODY, sent_in, with_unsubscribe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tideline.scripts.simulation.world import World
    from tideline.udfs.core.push.push_record import PushRecord
    from tideline.udfs.core.push.push_user import PushUser

TIRED, MOST = 0.8, 0.5
LEAVES = 0.004
EVERY = 2
"""One household in so many is asked: enough to say something, and over before the stack is up."""
_DAY, _WEEK, _HOURS = 1, 3, (9, 20)
_COSTS = Costs((0.0, 1.0, 0.0), 0.01, 1.0)
"""A visit is worth one, a message takes a hundredth of it, and who unsubscribes takes one away."""
_GOOD_FOR_MS, _LEAVES_AFTER_MS = 2 * HOUR_MS, 60_000
_KNOWN_AFTER_DAYS = 2
_NEVER_FADES = Decay(0)
_SPREAD = 20.0
_AGREED = KeptProfile(1, True, True, True, True, "UTC", (), ())


class PushStory(NamedTuple):
    """What became of the messages of a run."""

    status: dict[str, Any]
    """As `tideline push status --json` has it, in visits."""
    truly: int
    """Visits that messages brought in truth."""
    broken: dict[str, int]
    """Promises by name, as `push_audit` has them; none."""

    def figures(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        kept = ("sent", "withheld", "unsubscribed", "brought")
        return {name: self.status[name] for name in kept} | {"truly_brought": self.truly, "broken": self.broken}


class _Came(NamedTuple):
    """What came of the points of a day: of each, whether a message brought a visit, and whether its user left."""

    back: NDArray[np.bool_]
    left: NDArray[np.bool_]


class _Course:
    """The course of days: what is known of users, what was decided, what came of it."""

    def __init__(self, world: World, seed: int) -> None:
        self._world, self._seed = world, seed
        random = np.random.default_rng([seed, 7])
        self.at_ms = random.integers(_HOURS[0] * HOUR_MS, _HOURS[1] * HOUR_MS, len(world.users))
        self._x = _contexts(world)
        self.users: list[PushUser] = [NOBODY] * len(world.users)
        self.records: list[PushRecord] = []
        self.left_ms: dict[str, int] = {}
        self.visits_ms = _planned(world)
        self._rows: list[NDArray[Any]] = []
        self._sums = NO_EFFECT_SUMS
        self.truly = 0

    def play(self) -> None:
        """Play all days of the period."""
        begins_ms = self._world.slices[0].start_ms
        for number in range((self._world.slices[-1].end_ms - begins_ms) // DAY_MS - 1):
            if number >= _KNOWN_AFTER_DAYS:
                self._sums = merged_effects(
                    [self._sums, effect_entries(self._rows[number - _KNOWN_AFTER_DAYS], _NEVER_FADES)]
                )
            self._rows.append(self._told(begins_ms + number * DAY_MS, number))

    def _told(self, day_ms: int, number: int) -> NDArray[Any]:
        """Decide about everybody at his moment of a day; return the points as what is learned of them has it."""
        offer, chance = self._best(day_ms)
        made = [(at, each) for at, each in self._decided(day_ms, offer) if each.push_id is not None]
        who = np.array([at for at, _ in made], np.int64)
        sent = np.array([each.sent for _, each in made], np.bool_)
        recent = np.array([each.recent for _, each in made], np.int64)
        random = np.random.default_rng([self._seed, 8, number])
        likes, leaves = random.random((2, len(self.users)))
        pulled = np.minimum(chance[who] * TIRED**recent, MOST)
        came = _Came(sent & (likes[who] < pulled), sent & (leaves[who] < LEAVES * (1 + recent)))
        self._take(who, day_ms, came)
        return self._as_rows(made, who, day_ms, came)

    def _best(self, day_ms: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return of the offers open all that day the one that each spends most on, and his likeliest click."""
        offers = self._world.offers
        open_ = [each.activity.starts_ms <= day_ms and day_ms + DAY_MS <= each.activity.ends_ms for each in offers]
        rows = np.flatnonzero(open_)
        return rows[self._world.share[:, rows].argmax(axis=1)], self._world.clicks.click[:, rows].max(axis=1)

    def _decided(self, day_ms: int, offer: NDArray[np.int64]) -> list[tuple[int, Decided]]:
        day, found = day_ms // DAY_MS, []
        recent = np.array([sent_in(user, day, 7) for user in self.users])
        effects = effects_of(self._sums, _NEVER_FADES)
        values = push_values(effects, _COSTS, self._x, recent).tolist()
        widths = push_widths(effects, _COSTS, self._x, recent).tolist()
        terms = PushTerms(_DAY, _WEEK, 0, self._seed, effects.known)
        for at in range(0, len(self.users), EVERY):
            name = self._world.users[at]
            due_ms = day_ms + int(self.at_ms[at])
            point = Point(name, day, due_ms + _GOOD_FOR_MS, widths[at])
            candidates = [Candidate(self._world.offers[offer[at]].activity.activity_id, values[at])]
            self.users[at], decided = decide_point(self.users[at], _AGREED, point, candidates, terms)
            record = record_of(point, decided, Made(due_ms, due_ms, 1.0, 0, 0, self._x[at].tobytes()))
            if record is not None:
                self.records.append(record)
            found.append((at, decided))
        return found

    def _take(self, who: NDArray[np.int64], day_ms: int, came: _Came) -> None:
        """Let those come who come, and those leave who leave."""
        self.truly += int(came.back.sum())
        for at in who[came.back].tolist():
            self.visits_ms[at].append(day_ms + int(self.at_ms[at]) + HOUR_MS)
        for at in who[came.left].tolist():
            left_ms = day_ms + int(self.at_ms[at]) + _LEAVES_AFTER_MS
            self.left_ms[self._world.users[at]] = left_ms
            self.users[at] = with_unsubscribe(self.users[at], left_ms)

    def _as_rows(
        self, made: list[tuple[int, Decided]], who: NDArray[np.int64], day_ms: int, came: _Came
    ) -> NDArray[Any]:
        rows, at_ms = np.zeros(who.size, PUSH_ROWS), day_ms + self.at_ms[who]
        rows["ts_ms"], rows["decisions"], rows["x"], rows["unsubscribed"] = at_ms, 1, self._x[who], came.left
        for name in ("recent", "chance", "sent"):
            rows[name] = [getattr(each, name) for _, each in made]
        rows["value"] = value_codes(np.array([each.value for _, each in made], np.int64))
        rows["rewards"][:, 1] = [
            sum(begin < each <= begin + DAY_MS for each in self.visits_ms[at])
            for at, begin in zip(who.tolist(), at_ms.tolist(), strict=True)
        ]
        return rows

    def history(self) -> PushHistory:
        """Return what a log would have of it, with visits in the place of purchases."""
        visits = {
            name: [Bought(each, 1.0) for each in sorted(mine)]
            for name, mine in zip(self._world.users, self.visits_ms, strict=True)
        }
        records = sorted(self.records, key=lambda each: (each.told_ms, each.push_id))
        return PushHistory(records, {}, self.left_ms, visits, self._world.slices[-1].end_ms)


def push_story(world: World, seed: int) -> PushStory:
    """Return what becomes of the messages to households of a world: the same for the same seed."""
    course = _Course(world, seed)
    course.play()
    broken = broken_promises(course.records, course.left_ms, PushPromises(_DAY, _WEEK, _HOURS))
    return PushStory(status_of(course.history(), DAY_MS, 0.0), course.truly, broken)


def push_lines(story: PushStory) -> list[str]:
    """Return it as lines of text."""
    told, brought = story.status, story.status["brought"]
    between = "too little came to say how many"
    if brought["low"] is not None:
        between = f"{brought['total']:,.0f} (between {brought['low']:,.0f} and {brought['high']:,.0f})"
    return [
        f"messages, decided by the job's functions beside it: {told['sent']:,} sent, {told['withheld']:,} withheld by "
        f"chance; visits that they brought back: {between}, in truth {story.truly:,}",
        f"{told['unsubscribed']:,} households unsubscribed and were told no more; "
        f"{story.broken.get('told_twice', 0) or 'none'} told twice, {sum(story.broken.values())} promises broken",
    ]


def _planned(world: World) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in world.users]
    for part in world.slices:
        for visit in part.visits:
            found[visit.household].append(visit.ts_ms)
    return found


def _contexts(world: World) -> NDArray[np.int8]:
    """Return what may be known of each household: how often it came before, and how much of its money is for one."""
    before = np.bincount(
        np.searchsorted(np.array(world.users, np.int64), world.columns.user[world.past]), minlength=len(world.users)
    )
    x = np.zeros((len(world.users), DIM), np.int8)
    x[:, 0] = CONSTANT_X
    for at, trait in enumerate((np.log1p(before), np.log(0.01 + world.share.max(axis=1))), 1):
        x[:, at] = np.clip(np.rint(_SPREAD * (trait - trait.mean()) / (trait.std() or 1.0)), -127, 127)
    return x
