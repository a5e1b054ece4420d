"""Weights files of trained degraders: what they say, who reads them, and LR that is made by them."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from gansr.build.bring import bring
from gansr.build.degrading.degradations import pipeline
from gansr.build.feeding.data import training_batches, training_set
from gansr.build.making.networks import (
    describe_degrader,
    load_degradation,
    load_degrader,
    load_generator,
    load_look,
)
from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.learned import learned
from gansr.errors import OptionsError, WeightsError
from gansr.imaging.resize import reduce
from gansr.models.architecture import Architecture, architecture
from gansr.models.degraders import DEGRADERS
from gansr.models.generators import GENERATORS
from gansr.models.weights import describe, read, write
from gansr.options.component import Component
from gansr.options.images import DegradationRow
from gansr.options.load import validate

NOISY = {"features": 4, "blocks": 1, "noise_channels": 1, "zero_tail": False}
Make = Callable[..., Any]


def degrade(path: Path, scale: int, hr: Tensor, seed: int = 0) -> Tensor:
    operation = learned(str(path), load_look, scale=scale)
    return operation(Canvas.of(hr), Draws(len(hr), seed)).image


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., tuple[Path, nn.Module]]:
    def make(scale: int = 2, type: str = "translator", **arguments: Any) -> tuple[Path, nn.Module]:
        torch.manual_seed(0)
        options = Component.model_validate({"type": type, **(arguments or NOISY)})
        network = DEGRADERS[type](scale, **(arguments or NOISY)).eval()
        path = tmp_path / f"{type}_{scale}.safetensors"
        write(path, network.state_dict(), describe(describe_degrader(options, scale), step=5))
        return path, network

    return make


def test_a_file_says_what_it_is(save: Make) -> None:
    path, network = save()
    found = architecture(read(path).metadata)
    assert found == Architecture("translator", 2, NOISY | {"channels": 3}, kind="degrader")
    loaded, hr = load_degrader(path), torch.rand(2, 3, 8, 12)
    assert loaded.reduces == 2 and not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    made = []
    for one in (loaded, lambda hr: network(hr).lr):
        torch.manual_seed(1)
        made.append(one(hr))
    assert torch.equal(*made) and made[0].shape == (2, 3, 4, 6)


def test_old_files_are_of_generators() -> None:
    assert architecture({"architecture": '{"type": "msrresnet", "scale": 2, "arguments": {}}'}).kind == "generator"
    assert architecture({"architecture": '{"type": "a", "scale": 2, "arguments": {}, "kind": "b"}'}) is None
    assert architecture({"architecture": '{"type": "a", "scale": 2, "arguments": {}, "cleaner": 3}'}) is None


def test_degraders_are_no_generators(save: Make, tmp_path: Path) -> None:
    """Not even one of scale 1 whose weights a generator has too."""
    path, _ = save(1, features=4, blocks=1)
    for read_it in (load_generator, lambda path: bring(path, tmp_path / "new.safetensors")):
        with pytest.raises(
            WeightsError, match=r"the weights of the degrader \{type: translator.*scale 1, which makes LR"
        ):
            read_it(path)


def test_what_is_no_degrader(save: Make, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    write(path, {"a": torch.zeros(1)}, {})
    with pytest.raises(WeightsError, match=r"expected the file of a trained degrader.*does not say its network"):
        load_degrader(path)
    write(path, {"a": torch.zeros(1)}, describe(Architecture("srcnn", 1, {})))
    with pytest.raises(WeightsError, match=r"this one is of the generator \{type: srcnn\}"):
        load_degrader(path)
    for arguments in ({}, {"type": "evil:Net"}):
        type = "dsgan" if arguments else "evil:Net"
        write(path, {"a": torch.zeros(1)}, describe(Architecture(type, 2, arguments, kind="degrader")))
        with pytest.raises(WeightsError, match="'evil:Net', which is not one of gansr's"):
            load_degrader(path)
    write(path, {"a": torch.zeros(1)}, describe(Architecture("dsgan", 2, {"blcks": 1}, kind="degrader")))
    with pytest.raises(OptionsError, match=r"other\.safetensors: degrader .*Did you mean 'blocks'"):
        load_degrader(path)


class TestLearned:
    def test_it_makes_lr_of_hr_by_itself(self, save: Make) -> None:
        path, network = save(2, "dsgan", features=4, blocks=1)
        hr = torch.rand(2, 3, 8, 12)
        made = learned(str(path), load_look, scale=2)(Canvas.of(hr), Draws(2, 0))
        torch.testing.assert_close(made.image, network(hr).lr.clamp(0, 1))
        assert made.height.tolist() == [4, 4] and made.width.tolist() == [6, 6] and made.full
        assert not made.image.requires_grad

    def test_what_it_draws_is_the_batchs_own(self, save: Make) -> None:
        """Whatever was drawn before, in another process or an earlier run; and nothing else notices."""
        path, _ = save()
        hr = torch.rand(2, 3, 8, 12)
        torch.manual_seed(1)
        one, after = degrade(path, 2, hr, seed=5), torch.rand(3)
        torch.manual_seed(1)
        assert torch.equal(torch.rand(3), after)
        assert torch.equal(degrade(path, 2, hr, seed=5), one) and not torch.equal(degrade(path, 2, hr, seed=6), one)

    def test_one_of_scale_1_changes_the_look_of_bicubic_lr(self, save: Make) -> None:
        path, network = save(1, features=4, blocks=1, zero_tail=False)
        hr = torch.rand(2, 3, 16, 12)
        torch.testing.assert_close(degrade(path, 4, hr), network(reduce(hr, 4)).lr.clamp(0, 1), atol=1e-6, rtol=1e-5)

    def test_of_another_scale(self, save: Make) -> None:
        path, _ = save(2)
        with pytest.raises(OptionsError, match="is a degrader of scale 2; expected one of scale 4, or 1"):
            degrade(path, 4, torch.rand(1, 3, 8, 8))

    def test_behind_what_resizes(self, save: Make) -> None:
        path, _ = save(2)
        rows = [{"type": "matlab_bicubic"}, {"type": "learned", "weights": str(path)}]
        operation = pipeline([DegradationRow.model_validate(row) for row in rows], 2)
        with pytest.raises(OptionsError, match="is a degrader, which makes LR of HR by itself"):
            operation(Canvas.of(torch.rand(1, 3, 8, 8)), Draws(1, 0))

    def test_a_run_trains_on_it(self, save: Make, tree: Make) -> None:
        path, _ = save(2)
        degradation = {"type": "learned", "weights": str(path)}
        options = validate(tree(scale=2, data__train__degradation=degradation, data__train__margin=8), "run.yml")
        whole, resumed = taken(options, 0, 3), taken(options, 2, 1)
        assert torch.equal(whole[2].lr, resumed[0].lr) and not torch.equal(whole[1].lr, whole[2].lr)
        assert whole[0].lr.shape[-1] == whole[0].hr.shape[-1] // 2


def taken(options: Any, start: int, count: int) -> list[Any]:
    """Batches from a step on. PyTorch's own numbers are others each time, as in another process."""
    torch.manual_seed(start)
    stream = training_batches(training_set(options), options, Accelerator(cpu=True))(start)
    found = list(islice(stream, count))
    stream.close()  # pyright: ignore[reportAttributeAccessIssue]
    return found


def test_the_way_back_of_a_cycle(save: Make, tmp_path: Path) -> None:
    path, network = save(2, "dsgan", features=4, blocks=1)
    hr = torch.rand(1, 3, 8, 12)
    torch.testing.assert_close(load_degradation(str(path), 2)(hr), network(hr).lr)
    with pytest.raises(WeightsError, match="a degrader of scale 2; expected one of scale 4, as the run's, or 1"):
        load_degradation(str(path), 4)
    look, network = save(1, features=4, blocks=1, zero_tail=False)
    torch.testing.assert_close(load_degradation(str(look), 2)(hr), network(reduce(hr, 2)).lr)
    torch.testing.assert_close(load_degradation(str(look), 1)(hr), network(hr).lr)
    plain = tmp_path / "plain.safetensors"
    write(plain, GENERATORS["srcnn"](1).state_dict(), describe(Architecture("srcnn", 1, {})))
    assert load_degradation(str(plain), 2)(hr).shape == (1, 3, 4, 6)
