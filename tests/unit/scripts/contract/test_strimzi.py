"""Contract: Strimzi makes of the resources the topics and the login that `scripts/topics` and operate.md ask for."""

from __future__ import annotations

from tests.support.doc_pages import ROOT
from tests.support.secure_broker import documented_rights
from tideline.schemas.topics import SPECS, Topics
from tideline.scripts.contract.strimzi import resources
from tideline.udfs.io.kafka_rights import Right

_RIGHTS = documented_rights((ROOT / "docs" / "operate.md").read_text(), NAME="july")


def test_each_topic_is_made_as_the_code_makes_it() -> None:
    """Contract: name, partitions and settings; a number of partitions is taken only where any number will do."""
    for partitions in (None, 16):
        made = {each["spec"]["topicName"]: each["spec"] for each in resources(Topics(), partitions, "k")[:-1]}
        for role, name in Topics().by_role().items():
            layout = SPECS[role]
            count = partitions if partitions and layout.any_partitions else layout.partitions
            assert made.pop(name) == {"topicName": name, "partitions": count, "config": dict(layout.config)}
        assert made == {}


def test_the_login_may_do_what_the_page_says_and_nothing_else() -> None:
    """Contract: the rows of the job in the table of rights, one that sends too; Describe goes with each."""
    user = resources(Topics(), None, "k")[-1]["spec"]
    given = {
        Right(operation, each["resource"]["type"], each["resource"]["name"])
        for each in user["authorization"]["acls"]
        for operation in each["operations"]
        if operation != "Describe"
    }
    assert given == {*_RIGHTS["the job"], *_RIGHTS["the job with option push"]}
    assert user["authentication"] == {"type": "scram-sha-512"}


def test_a_topic_whose_name_kubernetes_does_not_take_keeps_it() -> None:
    """Contract: the resource has a name that is allowed, the topic its own."""
    found = resources(Topics(clickstream="Shop_Clicks."), None, "k")[0]
    assert (found["metadata"]["name"], found["spec"]["topicName"]) == ("shop-clicks", "Shop_Clicks.")
