"""Through whom a sender sends, by its options; what it does is in tests/contract/scripts/sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.push_sender import carrier_of
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.sending.carriers import LogLines, Mail, Webhook

if TYPE_CHECKING:
    from pathlib import Path


def test_the_options_say_through_whom(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    hook = ["--webhook", "http://hook.example/send", "--secret-file", str(tmp_path / "secret")]
    mail = ["--smtp", "localhost:25", "--from", "shop@shop.example", "--to", "{user_id}@shop.example"]
    for argv, kind in ((["--to-log", str(tmp_path / "sent")], LogLines), (hook, Webhook), (mail, Mail)):
        assert isinstance(carrier_of(parse("push_sender", argv)), kind)


@pytest.mark.parametrize(
    ("argv", "key"),
    [
        (["--webhook", "http://hook.example/send"], "--secret-file"),
        (["--webhook", "http://hook.example/send", "--secret-file", "absent"], "--secret-file"),
        (["--webhook", "http://hook.example/send", "--secret-file", "/dev/null"], "--secret-file"),
        (["--webhook", "ftp://hook.example/send", "--secret-file", "FILE"], "--webhook"),
        (["--smtp", "localhost:25"], "--smtp"),
        (["--smtp", "localhost:25", "--from", "a@b", "--to", "all@shop.example"], "--to"),
        (["--to-log", "/proc/absent/sent"], "--to-log"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_before_anything_is_sent(
    argv: list[str], key: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("s3cret")
    given = [str(tmp_path / "secret") if each == "FILE" else each for each in argv]
    with pytest.raises(ConfigError) as refused:
        carrier_of(parse("push_sender", given))
    assert refused.value.key == key
