"""Makes the golden files of the off-policy evaluation with obp 0.5.7 and the small Open Bandit Dataset.

    python -m venv obp
    obp/bin/pip install "numpy<2.2" "pandas<2.3" scikit-learn scipy tqdm pyyaml matplotlib seaborn torch
    obp/bin/pip install --no-deps --ignore-requires-python obp==0.5.7
    PYTHONPATH=. obp/bin/python tests/golden/ope/make.py FOLDER_OF_OBD_SMALL

Of each campaign it writes the log of the random policy as a CSV that `tideline ope` reads (x_...: the four hashed user
features, one column per value but one, as obp encodes them), the probabilities of Bernoulli Thompson sampling by
position (obp: 100,000 draws) as a file for `--policy`, and the click rate that this policy had when it ran; of obp its
estimates from inputs that the tests make again.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml
from obp import ope
from obp.dataset import SyntheticSlateBanditDataset, linear_behavior_policy_logit, logistic_reward_function
from obp.policy import BernoulliTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERE = Path(__file__).parent
CAMPAIGNS = ("all", "men", "women")
LIMIT = 3.0


def inputs(log: pd.DataFrame, probabilities: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the target's probabilities [N, K] and a made-up reward model [N, K]; the tests do the same."""
    arms = probabilities.shape[1] - 1
    chances = probabilities.to_numpy()[log["position"], 1:]
    random = np.random.default_rng(5)
    return chances, random.random((len(log), arms)) * 0.01


def campaign(folder: Path, name: str) -> dict[str, float]:
    """Write the files of a campaign; return obp's estimates and the truth."""
    raw = pd.read_csv(folder / f"random_{name}.csv.gz", index_col=0)
    bts = pd.read_csv(folder / f"bts_{name}.csv.gz", index_col=0)
    users = pd.get_dummies(raw.filter(regex="^user_feature"), drop_first=True).astype(int)
    users.columns = [f"x_{at}" for at in range(users.shape[1])]
    log = pd.DataFrame(
        {
            "ts_ms": pd.to_datetime(raw["timestamp"], format="ISO8601").astype("int64") // 1_000_000,
            "action": raw["item_id"],
            "position": raw["position"] - 1,
            "reward": raw["click"],
            "propensity": raw["propensity_score"],
        }
    ).join(users)
    _write(f"obd_{name}.csv.gz", log)
    prior = yaml.safe_load((folder / "prior_bts.yaml").read_text())[name]
    arms = int(raw["item_id"].max()) + 1
    policy = BernoulliTS(
        n_actions=arms,
        len_list=3,
        alpha=np.array(prior["alpha"]),
        beta=np.array(prior["beta"]),
        random_state=12345,
    )
    dist = policy.compute_batch_action_dist(n_rounds=1, n_sim=100_000)[0].T
    table = pd.DataFrame(dist, columns=[f"p_{arm}" for arm in range(arms)])
    table.insert(0, "position", range(3))
    _write(f"bts_{name}.csv.gz", table)
    return {"truth": float(bts["click"].mean())} | _estimates(log, table)


def _estimates(log: pd.DataFrame, table: pd.DataFrame) -> dict[str, float]:
    chances, model = inputs(log, table)
    given = {
        "reward": log["reward"].to_numpy(),
        "action": log["action"].to_numpy(),
        "pscore": log["propensity"].to_numpy(),
        "position": np.zeros(len(log), int),
        "action_dist": chances[:, :, None],
        "estimated_rewards_by_reg_model": model[:, :, None],
    }
    parts = {
        "ips": ope.InverseProbabilityWeighting(),
        "snips": ope.SelfNormalizedInverseProbabilityWeighting(),
        "dm": ope.DirectMethod(),
        "dr": ope.DoublyRobust(),
        "switch_dr": ope.SwitchDoublyRobust(lambda_=LIMIT),
        "dros": ope.DoublyRobustWithShrinkage(lambda_=LIMIT),
    }
    found = {name: float(each.estimate_policy_value(**given)) for name, each in parts.items()}
    first = np.zeros_like(chances)
    first[:, 0] = 1.0
    found["replay_first"] = float(
        ope.ReplayMethod().estimate_policy_value(**given | {"action_dist": first[:, :, None]})
    )
    return found


def slates() -> dict[str, object]:
    """Return a few of obp's synthetic lists with all inputs, and its estimates from them."""
    data = SyntheticSlateBanditDataset(
        n_unique_action=6,
        len_list=3,
        dim_context=2,
        reward_type="binary",
        reward_structure="cascade_additive",
        click_model=None,
        behavior_policy_function=linear_behavior_policy_logit,
        base_reward_function=logistic_reward_function,
        random_state=1,
    )
    log = data.obtain_batch_bandit_feedback(n_rounds=60, return_pscore_item_position=True)
    random = np.random.default_rng(2)
    logits = random.normal(size=(60, 6))
    scores = data.obtain_pscore_given_evaluation_policy_logit(
        action=log["action"], evaluation_policy_logit_=logits, return_pscore_item_position=True
    )
    _, item, cascade = scores
    chances = data.calc_evaluation_policy_action_dist(action=log["action"], evaluation_policy_logit_=logits)
    model = random.random(60 * 3 * 6)
    given = {
        "slate_id": log["slate_id"],
        "action": log["action"],
        "reward": log["reward"],
        "position": log["position"],
        "pscore_item_position": log["pscore_item_position"],
        "pscore_cascade": log["pscore_cascade"],
        "evaluation_policy_pscore_item_position": item,
        "evaluation_policy_pscore_cascade": cascade,
        "q_hat": model,
        "evaluation_policy_action_dist": chances,
    }
    return {
        "given": {k: np.asarray(v).tolist() for k, v in given.items()},
        "values": {k: float(v) for k, v in _of_slates(given).items()},
    }


def _of_slates(given: dict[str, object]) -> dict[str, float]:
    """Return the estimates from lists of three of six actions."""
    return {
        "independent": ope.SlateIndependentIPS(len_list=3).estimate_policy_value(
            **{k: v for k, v in given.items() if "cascade" not in k}
        ),
        "rips": ope.SlateRewardInteractionIPS(len_list=3).estimate_policy_value(
            **{k: v for k, v in given.items() if "item" not in k}
        ),
        "cascade_dr": ope.SlateCascadeDoublyRobust(len_list=3, n_unique_action=6).estimate_policy_value(**given),
    }


def _write(name: str, table: pd.DataFrame) -> None:
    text = io.StringIO()
    table.to_csv(text, index=False)
    (HERE / name).write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


if __name__ == "__main__":
    golden = {name: campaign(Path(sys.argv[1]), name) for name in CAMPAIGNS}
    (HERE / "obp.json").write_text(json.dumps({"campaigns": golden, "limit": LIMIT, "slates": slates()}) + "\n")
