"""Every generator of the table learns from photos, alone and in a game."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor

from gansr.build import recipes as builders
from gansr.data.batch import Paired
from gansr.imaging.resize import reduce
from gansr.models.generators import GENERATORS
from gansr.options.load import validate

CROP = 48


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Accelerate remembers its settings for the life of the process."""
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()
    yield


@pytest.fixture(scope="module")
def crops() -> Tensor:
    """Forty crops of photographs that come with scikit-image."""
    data = pytest.importorskip("skimage.data", reason="its photographs are needed: the extra `quickstart`")
    photos = [torch.tensor(photo()).permute(2, 0, 1) / 255 for photo in (data.astronaut, data.coffee, data.chelsea)]
    random = torch.Generator().manual_seed(0)
    found = []
    for number in range(40):
        photo = photos[number % len(photos)]
        top, left = (int(torch.randint(side - CROP, (), generator=random)) for side in photo.shape[1:])
        found.append(photo[:, top : top + CROP, left : left + CROP])
    return torch.stack(found)


@pytest.mark.slow
@pytest.mark.parametrize("recipe_name", ["paired", "paired_gan"])
@pytest.mark.parametrize("name", GENERATORS)
def test_twenty_steps_help(
    name: str,
    recipe_name: str,
    crops: Tensor,
    tree: Callable[..., Any],
    small: Callable[[str], dict[str, Any]],
    scales: Callable[[str], tuple[int, ...]],
) -> None:
    scale = 4 if 4 in scales(name) else scales(name)[0]
    options = validate(
        tree(
            recipe_name,
            scale=scale,
            generator={"type": name, **small(name)},
            train__steps=20,
            train__lr=2e-4,
            train__ema=None,
        ),
        "run.yml",
    )
    made_of = builders.ingredients(options)
    recipe: Any = builders.recipe(options, made_of, Accelerator(cpu=True))
    batches = [Paired(reduce(hr, scale), hr) for hr in crops.split(8)]

    @torch.no_grad()
    def loss() -> float:
        return torch.stack([(made_of.networks["generator"](b.lr) - b.hr).abs().mean() for b in batches]).mean().item()

    before = loss()
    for step in range(20):
        report = recipe.step(batches[step % len(batches)], step)
    assert all(torch.as_tensor(value).isfinite().all() for value in report.values())
    assert loss() < before, "twenty steps over forty crops, and no nearer to them"
