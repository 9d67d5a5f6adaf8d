"""The stories of alerts of messages."""

from __future__ import annotations

from tests.support.alert_story import Story, again, grow, own

_SENT, _EXPIRED, _FAILING, _UNCLEAR = (
    f'tideline_push_records_total{{fate="{fate}",instance="i"}}' for fate in ("sent", "expired", "failed", "unclear")
)

OF_MESSAGES: dict[str, tuple[Story, ...]] = {
    "TidelineMessagesNotSent": (
        Story(
            own(pushes_sent=grow((150, 9))) | {_SENT: grow((30, 9), (60, 0), (60, 9))},
            quiet=30,
            firing=85,
            recovered=100,
            reset=own(pushes_sent=again((40, 9))) | {_SENT: again((40, 9))},
        ),
    ),
    "TidelineMessagesExpire": (
        Story(
            {_SENT: grow((30, 95), (60, 90), (60, 95)), _EXPIRED: grow((30, 1), (60, 10), (60, 1))},
            quiet=30,
            firing=70,
            recovered=130,
            reset={_SENT: again((40, 95)), _EXPIRED: again((40, 1))},
            labels={},
        ),
    ),
    "TidelineMessagesFail": (
        Story(
            {
                _SENT: grow((30, 90), (60, 60), (60, 90)),
                _FAILING: grow((30, 5), (60, 20), (60, 5)),
                _UNCLEAR: grow((30, 5), (60, 20), (60, 5)),
            },
            quiet=30,
            firing=70,
            recovered=130,
            reset={_SENT: again((40, 90)), _FAILING: again((40, 5)), _UNCLEAR: again((40, 5))},
            labels={},
        ),
    ),
}
