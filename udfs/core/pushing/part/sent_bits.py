"""Pushes that were sent, as bits: message by message, an activity that came before only referred to.

Of a message: days since the one before it; whether it is plain, as nearly all are: the first of its day, with up to
four activities of which one stands on top, not known to have failed. Of one that is not: its number, days until it
failed, how many activities, for each whether it stood below. Then each one's tag, or how far back it was new.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tideline.udfs.core.push.push_user import Push

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.pushing.part.bits import BitsReader, BitsWriter

_TAG_BITS = 24
_FIRST_DAY, _NEXT_DAY, _BACK, _COUNT = 3, 1, 2, 2
"""Low bits of numbers, by what most users have."""
_PLAIN_MOST = 4


def write_pushes(bits: BitsWriter, pushes: Sequence[Push], newest: int) -> None:
    """Append pushes, of users whose newest day is this one."""
    order = sorted(pushes, key=lambda each: (each.day, each.number, each.failed))
    messages = [(key, list(some)) for key, some in groupby(order, lambda each: (each.day, each.number, each.failed))]
    bits.number(len(messages), _COUNT)
    if not messages:
        return
    bits.signed(newest - order[0].day, _FIRST_DAY)
    before, tags = order[0].day, list[int]()
    for (day, number, failed), some in messages:
        bits.number(day - before, _NEXT_DAY)
        before = day
        below = [each.also for each in some]
        if number == failed == 0 and len(some) <= _PLAIN_MOST and below.count(False) == 1:
            bits.fixed(1 | (len(some) - 1) << 1 | below.index(False) << 3, 5)
        else:
            bits.fixed(0, 1)
            bits.number(number)
            bits.number(failed)
            bits.number(len(some) - 1)
            bits.fixed(sum(each << at for at, each in enumerate(below)), len(some))
        for each in some:
            if each.activity in tags:
                back = len(tags) - 1 - tags.index(each.activity)
                bits.fixed(1, 1)
                bits.number(back, _BACK)
            else:
                bits.fixed(each.activity << 1, _TAG_BITS + 1)
                tags.append(each.activity)


def read_pushes(bits: BitsReader, newest: int) -> tuple[Push, ...]:
    """Return what `write_pushes` has appended, by day and number."""
    messages = bits.number(_COUNT)
    if not messages:
        return ()
    found: list[Push] = []
    day, tags = newest - bits.signed(_FIRST_DAY), list[int]()
    for _ in range(messages):
        day += bits.number(_NEXT_DAY)
        if bits.fixed(1):
            told = bits.fixed(4)
            number, failed, count = 0, 0, (told & 3) + 1
            below = ~(1 << (told >> 2))
        else:
            number, failed, count = bits.number(), bits.number(), bits.number() + 1
            below = bits.fixed(count)
        for at in range(count):
            if bits.fixed(1):
                tag = tags[-1 - bits.number(_BACK)]
            else:
                tag = bits.fixed(_TAG_BITS)
                tags.append(tag)
            found.append(Push(day, number, tag, bool(below >> at & 1), failed))
    return tuple(sorted(found))
