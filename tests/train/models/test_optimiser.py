"""Steps of the optimiser."""

import copy

import numpy as np
import pytest
import torch

from tideline.models.config import Config
from tideline.models.gru import GRUEncoder
from tideline.models.optimiser import CLIP, Optimiser

ITEMS = 40


def network(negatives: int) -> GRUEncoder:
    torch.manual_seed(1)
    return GRUEncoder(Config(hidden=6, memory=5, item_width=4, category_width=3, negatives=negatives), ITEMS, 3)


def loss(net: GRUEncoder, which: list[int], scale: float = 1.0) -> torch.Tensor:
    at = torch.tensor(which)[None]
    nothing = torch.zeros(at.shape)
    h = net.states(at, torch.ones_like(at), torch.zeros_like(at), nothing, nothing, nothing)
    scores = net.item_scores(net.item_map(h[0]), torch.tensor([1, 2, 3]))
    return scale * torch.nn.functional.cross_entropy(scores, torch.zeros(len(which), dtype=torch.int64))


def test_the_first_step_by_rows_is_the_dense_one() -> None:
    """Contract: lazy Adam moves the touched rows as Adam does; the clipping looks at both kinds of gradient."""
    dense, by_row = network(0), network(2)
    for net in (dense, by_row):
        net.eval()
        Optimiser(net, 0.01).step(loss(net, [5, 6, 5], 100.0), 0.01)
    for one, other in zip(dense.parameters(), by_row.parameters(), strict=True):
        assert one.detach().numpy() == pytest.approx(other.detach().numpy(), abs=1e-5)


def test_only_the_items_of_a_step_are_moved() -> None:
    net = network(2).eval()
    optimiser = Optimiser(net, 0.01)
    optimiser.step(loss(net, [5, 6]), 0.01)
    before = net.item.weight.detach().clone()
    optimiser.step(loss(net, [7]), 0.01)
    moved = (net.item.weight.detach() != before).any(dim=1)
    assert np.flatnonzero(moved.numpy()).tolist() == [1, 2, 3, 7]


def test_a_gradient_is_cut_to_its_longest() -> None:
    net = network(2).eval()
    optimiser = Optimiser(net, 0.01)
    optimiser.step(loss(net, [5, 6], 1e6), 0.0)
    squares = [weight.grad.to_dense().square().sum() for weight in net.parameters() if weight.grad is not None]
    assert torch.stack(squares).sum().sqrt().item() == pytest.approx(CLIP, rel=1e-4)


@pytest.mark.parametrize("negatives", [0, 2])
def test_a_state_that_was_kept_goes_on_as_the_one_that_made_it(negatives: int) -> None:
    net = network(negatives).eval()
    optimiser = Optimiser(net, 0.01)
    optimiser.step(loss(net, [5, 6]), 0.01)
    other, kept = copy.deepcopy(net), copy.deepcopy(optimiser.state_dict())
    resumed = Optimiser(other, 0.5)
    resumed.load_state_dict(kept)
    optimiser.step(loss(net, [5, 8]), 0.01)
    resumed.step(loss(other, [5, 8]), 0.01)
    assert torch.equal(net.item.weight, other.item.weight)
