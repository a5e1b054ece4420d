"""Every generator of the table learns from photos, alone and in a game."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor

from gansr.build.making import recipes as builders
from gansr.data.batch import Paired
from gansr.imaging.resize import enlarge, reduce
from gansr.models.generators import GENERATORS
from gansr.options.load import validate

CROP = 32


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Accelerate remembers its settings for the life of the process."""
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()
    yield


@pytest.fixture(scope="module")
def crops() -> Tensor:
    """Six crops of photographs that come with scikit-image."""
    data = pytest.importorskip("skimage.data", reason="its photographs are needed: the extra `quickstart`")
    photos = [torch.tensor(photo()).permute(2, 0, 1) / 255 for photo in (data.astronaut, data.coffee, data.chelsea)]
    random = torch.Generator().manual_seed(0)
    found = []
    for number in range(6):
        photo = photos[number % len(photos)]
        top, left = (int(torch.randint(side - CROP, (), generator=random)) for side in photo.shape[1:])
        found.append(photo[:, top : top + CROP, left : left + CROP])
    return torch.stack(found)


def wide(name: str) -> dict[str, int]:
    """Its weights begin near nothing: with eight features they do not get away from there in twenty steps."""
    return {"features": 32} if name == "msrresnet" else {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "recipe_name"),
    # The game has the same loss beside its own; of another library's networks it is enough. All of them at full size,
    # with both recipes: scripts/networks_learn.py.
    [(name, "paired") for name in GENERATORS if not name.startswith("spandrel/")]
    + [(name, "paired_gan") for name in GENERATORS],
)
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
            generator={"type": name, **small(name), **wide(name)},
            train__steps=20,
            train__lr=2e-4,
            train__ema=None,
        ),
        "run.yml",
    )
    made_of = builders.ingredients(options)
    recipe: Any = builders.recipe(options, made_of, Accelerator(cpu=True))
    small_crops = reduce(crops, scale) if scale > 1 else enlarge(reduce(crops, 2), 2)  # of HR itself nothing is learned
    batch = Paired(small_crops, crops)

    @torch.no_grad()
    def loss() -> float:
        return (made_of.networks["generator"](batch.lr) - batch.hr).abs().mean().item()

    before = loss()
    for step in range(20):
        report = recipe.step(batch, step)
    assert all(torch.as_tensor(value).isfinite().all() for value in report.values())
    assert loss() < before, "twenty steps, and no nearer to these crops"
