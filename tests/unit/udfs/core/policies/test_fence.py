"""Who may write the policy topic, and who may go on."""

from __future__ import annotations

import json
from io import BytesIO

import fastavro
import pytest

from tests.support.doc_pages import ROOT
from tideline.schemas.errors import ConfigError
from tideline.schemas.records import wire_header
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.policies.fence import (
    Claim,
    check_entry,
    check_sole_claim,
    check_still_writer,
    decode_claim,
    epoch_of,
    is_claim,
)
from tideline.udfs.core.policies.policy_table import cold_row, encode_row


@pytest.mark.parametrize(
    ("newest", "restored", "may_begin"),
    [(None, False, False), (6, True, False), (6, False, True), (0, True, False)],
    ids=["empty topic", "from state", "told to begin anew", "rows without epoch, from state"],
)
def test_a_job_enters_where_nothing_is_lost_without_its_operators_word(
    newest: int | None, restored: bool, may_begin: bool
) -> None:
    """Contract: restarted by Flink, restored from any state, or begun anew on purpose, a job writes the policy."""
    check_entry("policy", 7, newest, restored=restored, may_begin=may_begin)


@pytest.mark.parametrize("restored", [False, True])
def test_a_job_that_flink_starts_again_finds_its_own_rows(restored: bool) -> None:
    """Contract: also before its first checkpoint, when it has no state yet."""
    check_entry("policy", 7, 7, restored=restored, may_begin=False, may_be_own=True)


@pytest.mark.parametrize("restored", [False, True])
@pytest.mark.parametrize("may_begin", [False, True])
def test_a_second_submission_with_the_same_epoch_is_refused(restored: bool, may_begin: bool) -> None:
    """Contract: readers could not tell the rows of the two apart, whatever state either has."""
    with pytest.raises(ConfigError, match=r"epoch=7 .*allowed: 8 or higher, for another submission with this one"):
        check_entry("policy", 7, 7, restored=restored, may_begin=may_begin)


@pytest.mark.parametrize("newest", [0, 6])
def test_a_job_without_state_is_refused_where_another_has_learned(newest: int) -> None:
    """Contract: the message says what would be lost, how to go on from it and how to begin anew all the same."""
    with pytest.raises(ConfigError, match=r"without_state='refuse'.*begin, for .policy. holds.*--latest, flink"):
        check_entry("policy", 7, newest, restored=False, may_begin=False)


@pytest.mark.parametrize("restored", [False, True])
def test_a_job_submitted_earlier_is_refused(restored: bool) -> None:
    """Contract: also from state, also told to begin anew: two of them would take turns."""
    with pytest.raises(ConfigError, match=r"epoch=7 .*8 or higher.*clock.*--epoch 9"):
        check_entry("policy", 7, 8, restored=restored, may_begin=True, may_be_own=restored)


def test_a_job_goes_on_until_another_takes_over() -> None:
    """Contract: then it ends with what to do; rows of former jobs and its own end nothing."""
    for newest in (0, 6, 7):
        check_still_writer("policy", 7, newest)
    with pytest.raises(ConfigError, match=r"submitted later writes 'policy', so this one ends.*--latest"):
        check_still_writer("policy", 7, 8)


@pytest.mark.parametrize(
    ("value", "epoch"), [(encode_row(cold_row()._replace(epoch=7), "a"), 7), (None, 0), (b"", 0), (b"of nobody", 0)]
)
def test_a_record_tells_the_epoch_of_who_wrote_it(value: bytes | None, epoch: int) -> None:
    """Contract: 0 of what is no policy record: whoever wrote it knew of no epochs."""
    assert epoch_of(value) == epoch


def test_a_standing_tells_its_epoch_as_a_row_does() -> None:
    """Contract: whichever of them is the last record of the topic."""
    assert epoch_of(encode_standing("a", Standing(epoch=7))) == 7
    assert epoch_of(encode_standing("a", Standing(epoch=7))[:-1]) == 0


@pytest.mark.parametrize("name", ["ledger_v2", "ledger_v3", "rule_costs_v1", "rule_costs_v2"])
def test_a_record_of_a_former_version_tells_its_epoch(name: str) -> None:
    """Contract: after an upgrade the last record of the topic may be one."""
    folder = ROOT / "schemas" / "versions"
    ids = {file: int(number) for number, file in json.loads((folder / "ids.json").read_bytes()).items()}
    body = BytesIO()
    record = {"days": [], "activity_id": "a", "epoch": 7} | dict.fromkeys(Standing._fields, 0)
    record |= {"epoch": 7, "stopped": False, "shares": []}
    fastavro.schemaless_writer(body, json.loads((folder / f"{name}.avsc").read_bytes()), record)
    assert epoch_of(wire_header(ids[f"{name}.avsc"]) + body.getvalue()) == 7


OWN, OTHER = Claim(7, "5f" * 16), Claim(7, "aa" * 16)


@pytest.mark.parametrize(
    "claims",
    [[], [OWN], [OTHER], [OTHER, OWN], [OWN, Claim(8, OTHER.job), Claim(6, OTHER.job)]],
    ids=["none", "its own", "one alone, read before its own is there", "one of before", "other epochs"],
)
def test_a_submission_goes_on_where_no_other_came_behind_it_with_its_epoch(claims: list[Claim]) -> None:
    """Contract: a claim of a higher epoch ends nobody either; its rows do."""
    check_sole_claim("policy", OWN, claims)


def test_of_two_submissions_with_one_epoch_the_former_ends_and_the_later_stays() -> None:
    """Contract: each reads the same topic; the message names the other job and what to give."""
    claims = [Claim(7, "former"), OWN, OTHER]
    check_sole_claim("policy", OTHER, claims)
    for former in claims[:2]:
        with pytest.raises(ConfigError, match=r"epoch=7 .*8 or higher: job .*goes on; without the option"):
            check_sole_claim("policy", former, claims)


def test_a_claim_is_its_key_and_no_other_record_has_such_a_one() -> None:
    """Contract: what cannot be read is passed over as one, and is nobody's."""
    assert decode_claim(OWN.key) == OWN
    assert is_claim(OWN.key)
    for broken in (b"writer|", b"writer|7", b"writer|7|", b"writer|-7|a", b"writer|\xff|a", "writer|\u0667|a".encode()):
        assert (is_claim(broken), decode_claim(broken)) == (True, None)
    for key in (b"costs", b"3|writer", b"ledger|writer", b"writer", b"", None):
        assert (is_claim(key), decode_claim(key)) == (False, None)
