"""The network against what its docstring says, written as plain loops."""

import numpy as np
import torch

from tideline.models.config import Config
from tideline.models.gru import GRUEncoder

ITEMS, CATEGORIES, STEPS = 11, 5, 9


def network() -> GRUEncoder:
    torch.manual_seed(3)
    made = GRUEncoder(Config(hidden=6, memory=7, item_width=5, category_width=4), ITEMS, CATEGORIES)
    torch.nn.init.normal_(made.memory_of_kind.weight)
    made.eval()
    return made


def events(batch: int) -> list[torch.Tensor]:
    rng = np.random.default_rng(4)
    indices = [rng.integers(0, most, (batch, STEPS)) for most in (ITEMS, CATEGORIES, 4)]
    return [*map(torch.from_numpy, indices), *torch.rand(3, batch, STEPS)]


def test_the_memory_is_the_decayed_sum_of_what_events_are_about() -> None:
    """Contract: m = .9 m + sqrt(.1) (W e * a), event after event."""
    made, given = network(), events(3)
    with torch.no_grad():
        found = made(*given)[0][..., 6:].numpy()
    item, category, kind = (column.numpy() for column in given[:3])
    tables = made.item.weight.detach().numpy(), made.category.weight.detach().numpy()
    weight, gain = made.to_memory.weight.detach().numpy(), made.memory_of_kind.weight.detach().numpy()
    for user in range(3):
        m = np.zeros(7)
        for step in range(STEPS):
            about = np.concatenate([tables[0][item[user, step]], tables[1][category[user, step]]])
            m = 0.9 * m + np.sqrt(0.1) * (weight @ about) * gain[kind[user, step]]
            np.testing.assert_allclose(found[user, step], m, atol=1e-6)


def test_one_step_after_the_other_is_all_steps_at_once() -> None:
    """Contract: h holds all that the next step needs."""
    made, given = network(), events(4)
    with torch.no_grad():
        whole_h, whole_x = made(*given)
        h = torch.zeros(4, made.state)
        for step in range(STEPS):
            one_h, x = made(*(column[:, step : step + 1] for column in given), h)
            h = one_h[:, 0]
            np.testing.assert_allclose(h.numpy(), whole_h[:, step].numpy(), atol=1e-6)
            np.testing.assert_allclose(x[:, 0].numpy(), whole_x[:, step].numpy(), atol=1e-6)
