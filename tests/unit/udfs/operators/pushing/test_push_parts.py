"""Parts are taken off states and put back in front of them."""

from __future__ import annotations

from tests.unit.udfs.core.pushing.part.test_push_part import PART, STATE
from tideline.udfs.core.pushing.part.push_part import NO_PART, encode_part
from tideline.udfs.core.users.erased_mark import marked
from tideline.udfs.operators.pushing.push_parts import PushParts

DATA = encode_part(PART)


def test_a_part_is_in_front_again_whatever_became_of_the_state() -> None:
    """Contract: who has none stays as he is, byte for byte."""
    parts = PushParts()
    assert parts.taken(["a", "b", "c", "d"], [DATA + STATE, STATE, None, DATA]) == [STATE, STATE, None, None]
    assert (parts.of("a"), parts.of("b"), parts.of("d")) == (PART, NO_PART, PART)
    parts.put("c", PART)
    found = parts.joined(["a", "b", "c", "d"], [STATE + b"!", STATE, STATE, b""])
    assert found == [DATA + STATE + b"!", STATE, DATA + STATE, DATA]
    assert parts.of("a") == NO_PART


def test_who_was_erased_meanwhile_has_none() -> None:
    """Contract: by another mark than before; one of long ago takes nothing away."""
    parts = PushParts()
    parts.taken(["a", "b", "c"], [DATA + STATE, DATA + marked(5, STATE), DATA + marked(5, STATE)])
    found = parts.joined(["a", "b", "c"], [marked(9, b""), marked(5, STATE), marked(9, STATE)])
    assert found == [marked(9, b""), DATA + marked(5, STATE), marked(9, STATE)]


def test_who_is_loaded_again_has_what_is_kept_of_him_now() -> None:
    """Contract: nothing of an earlier load is left, whether he has a part, a mark or neither by now."""
    parts = PushParts()
    parts.taken(["a", "b", "c"], [DATA + marked(5, STATE), DATA + STATE, DATA + STATE])
    assert parts.taken(["a", "b"], [STATE, DATA + marked(6, STATE)]) == [STATE, marked(6, STATE)]
    assert (parts.of("a"), parts.of("b"), parts.of("c")) == (NO_PART, PART, PART)
    assert parts.joined(["a", "b", "c"], [STATE, marked(6, STATE), STATE]) == [
        STATE,
        DATA + marked(6, STATE),
        DATA + STATE,
    ]
