"""Adam over all weights of a network, at a cost of the items that a step is about, not of all there are.

Where negatives are drawn, a step touches a few thousand of maybe 50,000 item vectors: their gradient is sparse, only
their rows and moments move (lazy Adam). A dense step would spend more time on the others than on learning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from tideline.models.gru import GRUEncoder

CLIP = 1.0
"""Longest gradient, over all weights."""


class Optimiser:
    """Steps a network down its loss. The gradient is cut to length `CLIP`."""

    def __init__(self, network: GRUEncoder, learning_rate: float) -> None:
        by_row = [network.item.weight] if network.item.sparse else []
        dense = [weight for weight in network.parameters() if all(weight is not row for row in by_row)]
        self._weights = [*dense, *by_row]
        self._parts: list[torch.optim.Optimizer] = [torch.optim.Adam(dense, lr=learning_rate, fused=True)]
        if by_row:
            self._parts.append(torch.optim.SparseAdam(by_row, lr=learning_rate))

    def step(self, loss: Tensor, learning_rate: float) -> None:
        """Move the weights against the gradient of a loss."""
        for part in self._parts:
            part.zero_grad(set_to_none=True)
        loss.backward()
        self._clip()
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next steps depend on."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        for part, kept in zip(self._parts, state["parts"], strict=True):
            part.load_state_dict(kept)

    def _clip(self) -> None:
        values = []
        for weight in self._weights:
            if weight.grad is not None and weight.grad.is_sparse:
                weight.grad = weight.grad.coalesce()
                values.append(weight.grad.values())
            elif weight.grad is not None:
                values.append(weight.grad)
        length = torch.nn.utils.get_total_norm(values)
        torch._foreach_mul_(values, torch.clamp(CLIP / (length + 1e-6), max=1.0))
