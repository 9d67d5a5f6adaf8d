"""Contract: a Redis URL that could not work is refused before submission, and no message holds its password."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

from tideline.schemas.errors import ConfigError
from tideline.udfs.settings.connection.redis_url import mask_url, read_url
from tideline.udfs.settings.job_config import JobConfig
from tideline.udfs.settings.option_sources import describe, load
from tideline.udfs.settings.options import Refusal

SECRET = "hiddenword"
PROPERTIES = (
    "# login\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nssl.truststore.type=PEM\n"
    f'sasl.jaas.config=Module required \\\n  username="app" password="{SECRET}";\nssl.truststore.location=/etc/ca.pem\n'
)


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache",
        "redis://cache:6379/0",
        "redis://:p%2Fw@cache:6379/3",
        "rediss://app:pw@cache:6380?ssl_cert_reqs=none&ssl_check_hostname=false",
        "redis://cache?db=2&socket_timeout=1.5&protocol=3",
        "redis://[::1]:6379",
        "unix:///run/redis.sock?db=1",
        "unix://:pw@/run/redis.sock",
        "redis+cluster://cache:6380",
        "rediss+cluster://app:pw%2Bcluster@cache:6380/0?ssl_cert_reqs=none",
        "redis+sentinel://a,b:26380,[::1]:26381/main",
        "rediss+sentinel://app:pw@a:1,b:2/main/3?sentinel_password=s%26&ssl_cert_reqs=none",
    ],
)
def test_what_redis_py_reads_as_meant_is_taken(url: str) -> None:
    assert read_url(url) == url


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("redis://h?ssl_cert_reqs=none", "only with rediss://"),
        ("redis+cluster://h?ssl_cert_reqs=none", "only with rediss://"),
        ("redis+cluster://h/3", "one database"),
        ("redis+cluster://h?db=3", "behind . only"),
        ("unix+cluster:///run/x", "redis.cluster://"),
        ("unix+sentinel:///run/x", "redis.sentinel://"),
        ("redis+sentinel://h", "behind the sentinels /NAME"),
        ("redis+sentinel://h/", "behind the sentinels /NAME"),
        ("redis+sentinel://h/main/0/1", "behind the sentinels /NAME"),
        ("redis+sentinel://h/main/first", "behind the sentinels /NAME"),
        ("redis+sentinel:///main", "of up to 16 sentinels"),
        ("redis+sentinel://h:0/main", "ports from 1"),
        ("redis+sentinel://h:70000/main", "ports from 1"),
        ("redis+sentinel://h,/main", "of up to 16 sentinels"),
        ("redis+sentinel://h:1:2/main", "of up to 16 sentinels"),
        ("redis+sentinel://" + ",".join("h" * 17) + "/main", "of up to 16 sentinels"),
        ("redis+sentinel://h/main?db=3", "behind . only"),
        ("redis+sentinel://h/main?ssl_cert_reqs=none", "only with rediss://"),
        ("redis://h?sentinel_password=p", "behind . only"),
        (f"redis+sentinel://:57/{SECRET}@host/main", "percent-encode"),
        ("redis://h?ssl=true", "behind"),
        ("redis://h?foo=bar", "behind"),
        ("redis://h?db=abc", "whole numbers"),
        ("redis://h?db", "name=value"),
        ("redis://h?db=1&db=2", "once"),
        ("redis://h/abc", "whole number"),
        ("REDIS://h", "small letters"),
        (" redis://h", "nothing before"),
        ("redis://h ", "blanks"),
        ("redis://", "host"),
        ("redis://:6379", "host"),
        ("redis://h:0", "port"),
        ("redis://h:70000", "host:port"),
        ("rediss://h?ssl_cert_reqs=never", "required"),
        ("redis://h?socket_timeout=soon", "redis-py"),
        ("unix://host/run/x", "socket"),
        ("unix://", "socket"),
        (f"redis://:57#{SECRET}@host", "percent-encode"),
        (f"redis://:57/{SECRET}@host", "percent-encode"),
        (f"redis://:57?{SECRET}@host", "percent-encode"),
        (f"redis://:57@{SECRET}@host", "percent-encode"),
        (f"redis://:%5{SECRET}@host", "percent-encode"),
        (f"redis://:[{SECRET}@host", "percent-encode"),
    ],
)
def test_what_cannot_work_is_refused_with_what_is_allowed(url: str, advice: str) -> None:
    with pytest.raises(Refusal, match=advice) as refused:
        read_url(url)

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [f"redis://:{SECRET}@h/1", f"redis://{SECRET}@h", f"rediss://h?password={SECRET}", f"unix://u:{SECRET}@/run/r"],
)
def test_a_shown_url_holds_no_secret(url: str) -> None:
    assert SECRET not in mask_url(url)
    assert "***" in mask_url(url)


@pytest.mark.parametrize(
    ("option", "original"),
    [
        ("redis_url", f"redis://:{SECRET}@cache:6379/0"),
        ("redis_url", f"rediss://app:{SECRET}@cache?ssl_cert_reqs=none&db=3"),
        ("kafka_properties", PROPERTIES),
        ("token_keys", '{"1": "' + "5e" * 32 + '"}'),
    ],
)
def test_a_mutated_value_is_taken_or_refused_by_name_and_never_shown(
    option: str, original: str, tmp_path: Path
) -> None:
    """Contract: 500 texts with one to four mistakes: nothing but ConfigError, and no message holds the secret."""
    (tmp_path / "manifest.json").write_text("{}")
    environ = {
        "TIDELINE_BOOTSTRAP": "b:1",
        "TIDELINE_ENCODER": str(tmp_path),
        "TIDELINE_REDIS_URL": "redis://h",
        "TIDELINE_TOKEN_KEYS": '{"1": "' + "5e" * 32 + '"}',
    }
    chance = random.Random(7)
    for _ in range(150):
        text = _mutated(chance, original, 1 if SECRET in original else chance.randint(1, 4))
        try:
            shown = "\n".join(describe(load(JobConfig, [], environ | {f"TIDELINE_{option.upper()}": text})))
        except ConfigError as error:
            shown = str(error)
        assert SECRET not in shown, text
        assert "5e5e5e" not in shown, text


def _mutated(chance: random.Random, text: str, mistakes: int) -> str:
    """The text with characters put in, taken out or replaced, the secret itself left whole."""
    for _ in range(mistakes):
        at = chance.randrange(len(text))
        secret = text.find(SECRET)
        if secret <= at < secret + len(SECRET):
            continue
        put = chance.choice(["", *string.printable, "\ufeff", "é", "\ud800", "\0"])
        text = text[:at] + put + text[at + chance.randint(0, 1) :]
    return text
