"""Where programs are found."""

from __future__ import annotations

import pytest

from tideline.scripts.localstack.paths import FLINK_CONF, REPOSITORY, java


def test_java_is_that_of_java_home_before_the_one_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/opt/java")
    assert java() == "/opt/java/bin/java"
    monkeypatch.delenv("JAVA_HOME")
    assert java() == "java"


def test_the_repository_is_the_folder_itself_and_not_a_link_in_it() -> None:
    assert (REPOSITORY / "tideline" / "__init__.py").is_file()
    assert (FLINK_CONF / "config.yaml").is_file()
