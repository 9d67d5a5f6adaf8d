"""Makes linucb.npz: scores of LinUCB by MABWiser 2.7.4 and contextualbandits 0.3.30 on tests/support/peer_log.py.

    scripts/setup --peers
    PYTHONPATH=. .tideline/peers/bin/python tests/golden/peers/make.py

Batch by batch each library scores the events of a batch with what it has learned from the batches before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from contextualbandits.online import LinUCB
from mabwiser.mab import MAB, LearningPolicy

from tests.support.peer_log import ALPHA, ARMS, BATCH, EVENTS, KEPT, peer_log

log = peer_log()
x = log.x / 127.0
mabwiser = MAB(list(range(ARMS)), LearningPolicy.LinUCB(alpha=ALPHA, l2_lambda=1.0))
found: dict[str, list[np.ndarray[Any, Any]]] = {
    "mabwiser": [],
    "mabwiser_arms": [],
    "contextual": [],
    "contextual_arms": [],
}
for start in range(0, EVENTS, BATCH):
    here = slice(start, start + BATCH)
    if start:
        expected = mabwiser.predict_expectations(x[here])
        scores = np.array([[each[arm] for arm in range(ARMS)] for each in expected])
        found["mabwiser"].append(scores[:KEPT])
        found["mabwiser_arms"].append(scores.argmax(axis=1).astype(np.int8))
        # A second fit of one object adds to the first.
        contextual = LinUCB(
            nchoices=ARMS, alpha=ALPHA, lambda_=1.0, fit_intercept=False, use_float=False, method="chol"
        )
        contextual.fit(x[:start], log.arm[:start], log.click[:start])
        scores = contextual.decision_function(x[here])
        found["contextual"].append(scores[:KEPT])
        found["contextual_arms"].append(scores.argmax(axis=1).astype(np.int8))
    (mabwiser.partial_fit if start else mabwiser.fit)(log.arm[here], log.click[here], x[here])
np.savez_compressed(
    Path(__file__).with_name("linucb.npz"), **{name: np.concatenate(each) for name, each in found.items()}
)
