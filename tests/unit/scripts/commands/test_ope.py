"""`tideline ope`: files in, one JSON object out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.core_world import activity
from tests.support.ope_files import Captured, rows, run, write
from tideline.scripts.commands import ope
from tideline.scripts.parsers.verbs import parser_of
from tideline.udfs.core.counter_random import decision_seeds
from tideline.udfs.core.ranking.list_form import ListForm
from tideline.udfs.core.ranking.list_rules import read_list_rules
from tideline.udfs.core.ranking.ranking import Ranked, rank_scores
from tideline.udfs.core.ranking.rule_tables import compiled

GOLDEN = Path(__file__).parents[3] / "golden" / "ope"
OBP = json.loads((GOLDEN / "obp.json").read_text())["campaigns"]


@pytest.mark.parametrize("campaign", ["all", "men", "women"])
def test_the_truth_of_thompson_sampling_is_inside_the_intervals_from_the_random_log(
    campaign: str, capsys: Captured
) -> None:
    """Contract: IPS and DR from the random policy's log cover what Bernoulli Thompson sampling earned when it ran."""
    found = run(capsys, "--log", GOLDEN / f"obd_{campaign}.csv.gz", "--policy", GOLDEN / f"bts_{campaign}.csv.gz")
    assert found["refused"] is None
    for name in ("ips", "dr"):
        low, high = found["estimates"][name]["ci95"]
        assert low <= OBP[campaign]["truth"] <= high
    for name in ("ips", "snips"):
        assert found["estimates"][name]["value"] == pytest.approx(OBP[campaign][name], abs=1e-9)


def test_the_document_has_the_promised_shape(tmp_path: Path, capsys: Captured) -> None:
    found = run(capsys, "--log", write(tmp_path / "log.csv", rows(3_000)), "--policy", "uniform")
    assert set(found["estimates"]) == {"ips", "snips", "dm", "dr", "switch_dr", "dros", "replay"}
    assert all({"value", "ci95"} <= set(each) for each in found["estimates"].values())
    assert {"ess", "mean_weight", "max_weight", "support", "clipped"} <= set(found["diagnostics"])
    assert found["refused"] is None
    assert found["estimates"]["ips"]["value"] == pytest.approx(found["logged"]["value"])


def test_progress_is_not_on_standard_output(tmp_path: Path, capsys: Captured) -> None:
    """Contract: standard output is the one JSON object, or the summary for people."""
    log = write(tmp_path / "log.csv", rows(3_000))
    assert ope.main(["--log", str(log), "--policy", "uniform"]) == 0
    shown = capsys.readouterr()
    assert "fitting the reward model" in shown.err
    assert "ips" in shown.out
    assert "fitting" not in shown.out


def test_a_refusal_is_an_answer(tmp_path: Path, capsys: Captured) -> None:
    """Contract: exit status 3, no estimate, the reason in `refused`."""
    log = write(tmp_path / "log.csv", rows(2_000))
    for policy, reason in (("constant:a", "effective sample size"), ("constant:z", "missing support")):
        found = run(capsys, "--log", log, "--policy", policy)
        assert found["estimates"] == {}
        assert found["refused"].startswith("the log cannot answer this: ")
        assert reason in found["refused"]


def test_a_log_without_rows_cannot_say_anything(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "log.csv").write_text("action,reward,propensity\n")
    assert ope.main(["--log", str(tmp_path / "log.csv"), "--policy", "uniform"]) == 3
    assert "allowed: a file with rows" in capsys.readouterr().err


def test_the_keys_of_an_answer_are_those_that_are_told(tmp_path: Path, capsys: Captured) -> None:
    found = run(capsys, "--log", write(tmp_path / "log.csv", rows(500)), "--policy", "uniform")
    assert found.keys() == parser_of("ope").keys.keys()


def test_a_log_without_propensities_is_refused(tmp_path: Path, capsys: Captured) -> None:
    plain = [{name: value for name, value in row.items() if name != "propensity"} for row in rows(2_000)]
    for content in (plain, rows(2_000, propensity="")):
        found = run(capsys, "--log", write(tmp_path / "log.csv", content), "--policy", "uniform")
        assert "no row has a propensity" in found["refused"]


@pytest.mark.parametrize("places", ["1,0", "1.2", ",".join(["1"] * 17)])
def test_places_nobody_can_look_at_are_refused_with_what_is_allowed(places: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        ope.main(["--log", "log.csv", "--policy", "linucb", "--places", places])
    assert "1 to 16 numbers from 0.01 to 1" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["6 digits", "3 digits", "float32", "exact"])
def test_rounding_of_a_files_own_precision_is_no_error(kind: str, tmp_path: Path, capsys: Captured) -> None:
    """Contract: a target of .333333 three times and propensities of few digits or single precision are answered."""
    propensity = {"6 digits": 0.333333, "3 digits": 0.333, "float32": np.float32(1 / 3), "exact": 1 / 3}[kind]
    path = tmp_path / "log.parquet"
    content = rows(1_500)
    columns = {name: [row[name] for row in content] for name in ("action", "reward")}
    kept = pa.array([propensity] * 1_500, pa.float32() if kind == "float32" else pa.float64())
    parquet.write_table(pa.table({**columns, "propensity": kept}), path)
    target = write(tmp_path / "target.csv", [dict.fromkeys(("p_a", "p_b", "p_c"), 0.333333)])
    for policy in ("uniform", target):
        assert run(capsys, "--log", path, "--policy", policy)["refused"] is None


def test_propensities_that_are_wrong_are_refused_however_few_digits_they_have(tmp_path: Path, capsys: Captured) -> None:
    found = run(capsys, "--log", write(tmp_path / "log.csv", rows(3_000, propensity=0.3)), "--policy", "uniform")
    assert "propensities are wrong" in found["refused"]


@pytest.mark.parametrize("reward", [0, 1])
def test_rewards_that_never_differ_have_an_interval(reward: int, tmp_path: Path, capsys: Captured) -> None:
    """Contract: no interval has no width; 3.7 of 3,000 may have been missed by chance, of 150 users 3.7 of these."""
    content = rows(3_000, reward=reward)
    plain = write(tmp_path / "log.csv", content)
    by_user = write(tmp_path / "user.csv", [row | {"user": at % 150} for at, row in enumerate(content)])
    for log, most in ((plain, 3.7 / 3_000), (by_user, 3.7 / 150)):
        for each in run(capsys, "--log", log, "--policy", "uniform")["estimates"].values():
            low, high = each["ci95"]
            assert high - low == pytest.approx(most, rel=0.05)
            assert min(abs(low - reward), abs(high - reward)) < 1e-9


def test_a_log_of_few_users_is_refused(tmp_path: Path, capsys: Captured) -> None:
    content = [row | {"user_id": f"u{at % 12}"} for at, row in enumerate(rows(3_000))]
    found = run(capsys, "--log", write(tmp_path / "log.csv", content), "--policy", "uniform")
    assert "12 users or decisions are too few" in found["refused"]


def test_propensities_that_ips_and_dr_disagree_about_are_doubted(tmp_path: Path, capsys: Captured) -> None:
    """Contract: shown by what x says and logged as if by lot: ips is too high, and both say so."""
    random = np.random.default_rng(3)
    content = []
    for _ in range(6_000):
        x = random.choice([-1.0, 1.0])
        action = "a" if random.random() < 0.5 + 0.3 * x else "b"
        likes = 0.3 + 0.2 * x if action == "a" else 0.3
        row = {"x_0": x, "action": action, "propensity": 0.5, "reward": int(random.random() < likes)}
        content.append(row)
    log = write(tmp_path / "log.csv", content)
    found = run(capsys, "--log", log, "--policy", "uniform")
    assert any("ips is" in line and "above dr" in line for line in found["warnings"])
    assert ope.main(["--log", str(log), "--policy", "uniform"]) == 0
    shown = capsys.readouterr()
    assert "warning: ips is" in shown.err
    assert "decide by dr" in shown.out


_RULES = '[{"by": "category", "penalty": [0, "ban"]}]'
_CATEGORIES, _RATES = "aaaabbcd", np.array([0.30, 0.28, 0.26, 0.24, 0.10, 0.08, 0.05, 0.02])


def _ruled(lists: int, exploration: float) -> Ranked:
    shop = [activity(f"a{at}", categories=(each,)) for at, each in enumerate(_CATEGORIES)]
    form = ListForm(3, exploration, compiled(read_list_rules(_RULES), shop))
    scores = np.tile(_RATES, (lists, 1))
    numbers = np.arange(lists)
    seeds = decision_seeds(numbers.astype(np.uint64), numbers, numbers, 5)
    return rank_scores(scores, np.ones(scores.shape, np.bool_), seeds, form)


def _ruled_log(path: Path, lists: int = 6_000, exploration: float = 0.7) -> Path:
    """A log of lists with at most one of a category, as the job makes and exports them."""
    found, clicks = _ruled(lists, exploration), np.random.default_rng(2).random((lists, 3))
    order, explored = found.order, found.explored[:, None] >> np.arange(3) & 1
    share = exploration / found.feasible
    table = {
        "decision_id": np.repeat(np.arange(lists).astype(str), 3),
        "position": np.tile(np.arange(3), lists),
        "action": np.char.add("a", order.astype(str)).ravel(),
        "propensity": np.where(explored, share, 1 - exploration + share).ravel(),
        "eligible": np.full(3 * lists, 8),
        "feasible": found.feasible.ravel(),
        "reward": (clicks < _RATES[order]).ravel().astype(int),
        "about": [json.dumps({"kind": "x", "categories": [_CATEGORIES[at]], "labels": {}}) for at in order.ravel()],
    }
    parquet.write_table(pa.table(table), path)
    return path


def test_a_policy_is_judged_under_the_list_rules_that_held(tmp_path: Path, capsys: Captured) -> None:
    """Contract: uniform over what the rules allowed earns what it earns when it runs, entry by entry and as a list."""
    log = _ruled_log(tmp_path / "log.parquet")
    found = run(capsys, "--log", log, "--policy", "uniform", "--list-rules", _RULES)
    assert found["refused"] is None
    categories = np.array(list(_CATEGORIES))
    free = [~np.isin(categories, categories[order[:place]]) for order in _ruled(6_000, 0.7).order for place in range(3)]
    entry, whole = float(np.mean([_RATES[each].mean() for each in free])), 3 * _RATES[_ruled(40_000, 1.0).order].mean()
    for each, truth in ((found["estimates"]["ips"], entry), (found["estimates"]["dr"], entry),
                        (found["lists"]["rips"], whole), (found["lists"]["cascade_dr"], whole)):  # fmt: skip
        assert each["ci95"][0] <= truth <= each["ci95"][1]
    assert found["diagnostics"]["mean_weight"] == pytest.approx(1.0, abs=0.03)


def test_a_log_of_ruled_lists_says_nothing_without_its_rules(tmp_path: Path, capsys: Captured) -> None:
    """Contract: no answer from false propensities: rules that are missing, others than held, or that cannot be."""
    log = _ruled_log(tmp_path / "log.parquet", 500)
    found = run(capsys, "--log", log, "--policy", "uniform")
    assert found["refused"].endswith("1,500 rows are of lists in which a list rule had a say: name the rules")
    other = _RULES.replace("category", "kind")
    assert (
        "show what the list rules ban there"
        in run(capsys, "--log", log, "--policy", "uniform", "--list-rules", other)["refused"]
    )
    assert ope.main(["--log", str(log), "--policy", "uniform", "--list-rules", _RULES.replace("category", "size")]) == 1
    assert "list_rules[0].by='size'" in capsys.readouterr().err
