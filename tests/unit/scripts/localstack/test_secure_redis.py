"""Contract: a stack's logins of Redis are those of the docs. The server is in tests/contract/test_secured_redis.py."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.doc_pages import ROOT
from tideline.scripts.localstack.secure_redis import ADMIN, RULES, url


def test_the_job_and_frontends_have_the_documented_rights() -> None:
    """Contract: the lines of docs/operate.md, and for a replay SCAN beside the job's."""
    page = (ROOT / "docs" / "operate.md").read_text()
    documented = dict(re.findall(r"^ACL SETUSER (\w+) (.*)$", page, re.MULTILINE))
    assert {"tideline", "frontend"} == documented.keys()
    assert documented | {"replay": f"{documented['tideline']} +scan +mget", ADMIN: RULES[ADMIN]} == RULES


def test_a_password_of_any_characters_is_part_of_the_url() -> None:
    assert url(7, "job", "a/b@c", Path("/ca.pem")) == "rediss://job:a%2Fb%40c@127.0.0.1:7/0?ssl_ca_certs=/ca.pem"
