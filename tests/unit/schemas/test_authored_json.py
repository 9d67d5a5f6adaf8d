"""Files that people write: where each thing stands."""

from __future__ import annotations

import pytest

from tideline.schemas.authored_json import BadText, read_objects

_NESTED = """
{"a": [1, {"b": "}]{[,\\""},
       [2,
        3]],
 "c":
   {"d.e": null,
    "f": {}}}
"""


def test_every_key_and_entry_has_the_line_it_begins_on() -> None:
    """Contract: braces inside a text are text; a path that is not there leads to what is around it."""
    (found,) = read_objects(_NESTED)

    assert found.value == {"a": [1, {"b": '}]{[,"'}, [2, 3]], "c": {"d.e": None, "f": {}}}
    told = {path: found.line_of(path) for path in ("a", "a[1]", "a[1].b", "a[2][1]", "c.f", "c.f.gone", "gone", "")}
    assert told == {"a": 2, "a[1]": 2, "a[1].b": 2, "a[2][1]": 4, "c.f": 7, "c.f.gone": 7, "gone": 2, "": 2}


@pytest.mark.parametrize(
    "text", ['{"n": 1}\n{"n": 2}', '[{"n": 1},\n{"n": 2}]', '{"n":1}{"n":2}', ' [ {"n":1} , {"n":2} ] ']
)
def test_objects_stand_in_an_array_or_one_after_the_other(text: str) -> None:
    assert [each.value for each in read_objects(text)] == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("text", ["", " \n ", "[]", " [ ] "])
def test_a_file_may_hold_nothing(text: str) -> None:
    assert list(read_objects(text)) == []


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('{"a": 1}\n{"a": }', 2, "no JSON: Expecting value"),
        ('{"a": 1}\n\nb', 3, "no JSON: Expecting value"),
        ('{"a": 1},\n{"a": 2}', 1, "no JSON: Expecting value"),
        ('[{"a": 1}\n{"a": 2}]', 2, "without a comma"),
        ('[{"a": 1}', 1, "is not closed"),
        ('[{"a": 1},\n ', 1, "is not closed"),
        (" [ \n", 1, "is not closed"),
        ('[{"a": 1},\n]', 2, "no JSON: Expecting value"),
        ('[{"a": 1}]\n{"a": 2}', 2, "something follows the array"),
        ("[1]", 1, "1 is no activity; allowed: objects"),
        ('{"a": Infinity}', 1, "Infinity is no number"),
        ('{"a":' * 100_000, 1, "nested too deep"),
        ('{"a": ' + "9" * 5000 + "}", 1, "no JSON: "),
    ],
)
def test_what_is_no_json_is_told_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(BadText, match=what) as refused:
        list(read_objects(text))
    assert refused.value.line == line


def test_a_key_that_stands_twice_is_found_wherever_it_is() -> None:
    """Contract: of two values one would be dropped without a word; the same key in two objects is nothing."""
    (found,) = read_objects('{"a": {"b": 1,\n"b": 2}, "c": [{"b": 1}, {"b": 1}], "a": 3}')

    assert found.twice == ("a.b", "a")
