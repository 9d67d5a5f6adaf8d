"""Losses of the next item against drawn negatives, each the mean over N predictions.

`positive` [N] are the scores of what came next, `negative` [N, K] those of the K drawn items, `same` [N, K] tells where
a drawn item is the one that came next: it is then no negative.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from torch import BoolTensor

BPR_PENALTY = 1.0
GBCE_CALIBRATION = 0.75


def sampled_cross_entropy(
    positive: Tensor, negative: Tensor, same: BoolTensor, log_q_positive: Tensor, log_q_negative: Tensor
) -> Tensor:
    """Return the cross-entropy with logQ correction: unbiased for the full softmax as K grows.

    `log_q_*` [N] and [K] are the logarithms of the expected number of draws of each item, K q. Formula: Bengio and
    Senecal 2008; both sides corrected by the one proposal the negatives come from.
    """
    corrected = (negative - log_q_negative).masked_fill(same, -torch.inf)
    wanted = (positive - log_q_positive)[:, None]
    return (torch.logsumexp(torch.cat([wanted, corrected], dim=1), dim=1) - wanted[:, 0]).mean()


def bpr_max(positive: Tensor, negative: Tensor, same: BoolTensor) -> Tensor:
    """Return BPR-max with its score regulariser (Hidasi and Karatzoglou 2018, eq. 10 and 12), penalty `BPR_PENALTY`.

    -ln sum_j s_j sigmoid(r_i - r_j) + penalty sum_j s_j r_j^2 with s the softmax over the negatives' scores.
    """
    weight = torch.softmax(negative.masked_fill(same, -torch.inf), dim=1)
    better = (weight * torch.sigmoid(positive[:, None] - negative)).sum(dim=1)
    penalty = (weight * negative * negative).sum(dim=1)
    return (BPR_PENALTY * penalty - torch.log(better + 1e-24)).mean()


def gbce(positive: Tensor, negative: Tensor, same: BoolTensor, items: int) -> Tensor:
    """Return generalised binary cross-entropy (Petrov and Macdonald 2023, eq. 12): sigma(s+)^beta for the positive.

    beta = a (t (1 - 1/a) + 1/a) with a the share of the other items that is drawn and t `GBCE_CALIBRATION`.
    """
    share = min(negative.shape[1] / max(items - 1, 1), 1.0)
    beta = share * (GBCE_CALIBRATION * (1.0 - 1.0 / share) + 1.0 / share)
    others = functional.softplus(negative).masked_fill(same, 0.0).sum(dim=1)
    return (beta * functional.softplus(-positive) + others).mean()


def expected_draws(counts: Tensor, alpha: float, draws: int) -> tuple[Tensor, Tensor]:
    """Return (cumulative shares to draw by, log of the expected draws) of items in proportion to counts**alpha."""
    weight = counts.double().clamp(min=0.0) ** alpha * (counts > 0)
    share = weight / weight.sum()
    return torch.cumsum(share, dim=0), (torch.log(share.clamp(min=1e-12)) + math.log(draws)).float()
