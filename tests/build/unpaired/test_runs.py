"""Every recipe without pairs, by the command line: from its options to files that are used."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from PIL import Image

from gansr.build.making import recipes as builders
from gansr.build.making.networks import load_degrader, load_generator
from gansr.data.batch import Unpaired
from gansr.models import weights
from gansr.options.load import validate

Run = Callable[..., Any]
RECIPES = (
    "learned_kernel_noise",
    "degradation_gan",
    "unpaired_cycle",
    "cincgan",
    "pseudo_supervision",
    "semi_cycle",
)
CLEANING = {"cincgan", "pseudo_supervision"}
LR_DEGRADERS_ALONE = {"pseudo_supervision"}  # no degrader makes LR of HR there

every_recipe = pytest.mark.parametrize("recipe", RECIPES)


def test_no_recipe_is_forgotten() -> None:
    from gansr.options.schema import RECIPE_OPTIONS

    # noise_injection has pairs and no network but those of `paired`: tests/build/degrading/test_harvest.py
    assert {name for name, options in RECIPE_OPTIONS.items() if options.unpaired} == {*RECIPES, "noise_injection"}


@every_recipe
def test_from_options_to_weights_that_are_used(
    gansr: Run, options_file: Run, tree: Run, photos: Path, tmp_path: Path, recipe: str
) -> None:
    path, run = options_file(tree(recipe)), tmp_path / "runs" / "tiny"
    checked = gansr("check", path)
    assert checked.code == 0 and checked.err == ""
    trained = gansr("train", path)
    assert trained.code == 0, trained.err
    assert "domain audit" in trained.out
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    last = {name: value for line in lines for name, value in line.items()}
    assert last["step"] == 6 and np.isfinite(list(last.values())).all()
    assert any(name.startswith("judge/psnr") for name in last)

    photo, large = photos / "train" / "LR" / "0x2.png", tmp_path / "large.png"
    used = gansr("upscale", photo, "-o", large, "--weights", run / "last.safetensors")
    assert used.code == 0, used.err
    found = np.asarray(Image.open(large))
    assert found.shape == (40, 48, 3)
    assert np.array_equal(found, _by_hand(run, photo, recipe))

    assert (run / "degrader.safetensors").exists() == (recipe not in LR_DEGRADERS_ALONE)


def _by_hand(run: Path, photo: Path, recipe: str) -> np.ndarray:
    """The generator's average, behind the cleaner's where there is one, from the files of the last checkpoint."""
    checkpoint = run / "checkpoints" / "step_00000006"
    image = torch.from_numpy(np.array(Image.open(photo))).permute(2, 0, 1)[None].float() / 255
    networks = [load_generator(checkpoint / "generator.average.safetensors").network]
    if recipe in CLEANING:
        networks.insert(0, load_generator(checkpoint / "cleaner.average.safetensors").network)
    with torch.no_grad():
        for network in networks:
            image = network.eval()(image)
    return (image[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()


@pytest.mark.parametrize("recipe", sorted(CLEANING))
def test_files_of_generators_hold_their_cleaner(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, recipe: str
) -> None:
    assert gansr("train", options_file(tree(recipe, train__steps=2, train__lr=0.05, train__ema=None))).code == 0
    run = tmp_path / "runs" / "tiny"
    whole = load_generator(run / "last.safetensors")
    assert whole.architecture.cleaner is not None and whole.architecture.cleaner["type"] == "translator"
    checkpoint = run / "checkpoints" / "step_00000002"
    cleaner = load_generator(checkpoint / "cleaner.safetensors").network
    alone = load_generator(checkpoint / "generator.safetensors").network
    lr = torch.rand(1, 3, 7, 9)
    with torch.no_grad():
        assert torch.equal(whole.network(lr), alone(cleaner(lr)))
        assert not torch.allclose(whole.network(lr), alone(lr)), "the cleaner does something"


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe not in LR_DEGRADERS_ALONE])
def test_what_was_learned_makes_pairs(gansr: Run, options_file: Run, tree: Run, tmp_path: Path, recipe: str) -> None:
    """The degrader of a run makes the LR of another one, which has pairs."""
    assert gansr("train", options_file(tree(recipe, train__steps=2, checkpoints__every=2))).code == 0
    run = tmp_path / "runs" / "tiny"
    shipped = weights.read(run / "degrader.safetensors")
    trained = weights.read(next(run.glob("checkpoints/*/degrader*.safetensors")))  # its average, where it has one
    assert shipped.state.keys() == trained.state.keys()
    assert all(torch.equal(shipped.state[name], trained.state[name]) for name in shipped.state)

    learned = {"type": "learned", "weights": str(run / "degrader.safetensors")}
    path = options_file(tree(name="pairs", data__train__degradation=learned, data__train__margin=8), "pairs.yml")
    result = gansr("train", path)
    assert result.code == 0, result.err
    assert (tmp_path / "runs" / "pairs" / "last.safetensors").exists()


def test_a_degrader_in_a_file_makes_what_it_made_in_its_run(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    assert gansr("train", options_file(tree("degradation_gan", train__lr=0.01))).code == 0
    file = tmp_path / "runs" / "tiny" / "degrader.safetensors"
    network = builders.ingredients(validate(tree("degradation_gan"), "run.yml")).networks["degrader"]
    hr = torch.rand(2, 3, 12, 10)
    with torch.no_grad():
        fresh = network(hr).lr
        weights.load_into(network, weights.read(file), str(file))
        assert torch.equal(load_degrader(file)(hr), network(hr).lr)
    assert not torch.allclose(fresh, network(hr).lr)


@every_recipe
@pytest.mark.parametrize(
    "changes",
    [
        {"train__ema": None},
        {"train__channels_last": False},
        {"train__gradient_checkpointing": True},
        {"train__diagnose_every": 2},
        {"train__discriminator_first": True, "pool": 2},
        {"penalties": {"r1": {"type": "r1"}, "lecam": {"type": "lecam", "weight": 0.1}}},
    ],
    ids=lambda changes: next(iter(changes)).rpartition("__")[2],
)
def test_switches(make: Run, recipe: str, changes: dict[str, Any]) -> None:
    """Two steps, and every network that learns has moved."""
    one = make(recipe, **changes)
    before = {id(p): p.detach().clone() for player in one.players for p in player.parameters}
    for number in range(2):
        report = one.step(batch(number), number)
        assert all(value.isfinite().all() for value in report.values()), report
    for player in one.players:
        for name, network in player.networks.items():
            assert any(not torch.equal(before[id(p)], p) for p in network.parameters()), name


def test_gradient_checkpointing_changes_no_number(make: Run) -> None:
    """Of generators that can; and it is noticed: the trunk is computed twice."""
    found, calls = [], []
    for thrift in (False, True):
        one = make("pseudo_supervision", train__gradient_checkpointing=thrift)
        seen: list[int] = []
        trunk = next(m for m in one.players[0].networks["generator"].modules() if type(m).__name__ == "Chain")
        next(iter(trunk.children())).register_forward_pre_hook(lambda *_, seen=seen: seen.append(1))
        torch.manual_seed(0)
        found.append({name: value.item() for name, value in one.step(batch(0), 0).items() if not value.dim()})
        calls.append(len(seen))
    assert found[0] == pytest.approx(found[1], rel=1e-5) and calls[1] > calls[0]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["cincgan", "learned_kernel_noise"])
def test_compiled_networks_step(make: Run, recipe: str) -> None:
    """Noise that compiled networks draw is other noise; without it, the numbers are those of plain networks."""
    reports = []
    for switch in (False, True):
        one = make(recipe, train__compile=switch)
        before = state(one)
        reports.append({name: value.item() for name, value in one.step(batch(0), 0).items() if not value.dim()})
        assert all(torch.tensor(value).isfinite() for value in reports[-1].values())
        assert any(not torch.equal(a, b) for a, b in zip(before, state(one), strict=True))
    assert reports[0].keys() == reports[1].keys()
    if recipe == "cincgan":
        assert reports[0] == pytest.approx(reports[1], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe != "cincgan"])
def test_micro_batches_add_up(make: Run, recipe: str) -> None:
    """Two micro-batches that are the same ask for what one of them does, and nobody moves before the second.

    By plain descent: Adam's division would hide a factor. Makers play first, against discriminators as they were.
    """
    plain: dict[str, Any] = {"train__optimizer": {"type": "sgd"}, "train__discriminator_first": False, "pool": None}
    given, ends = batch(0), []
    for accumulate in (1, 2):  # one after the other: Accelerate has one number for all
        one = make(recipe, accumulate, **plain)
        start = state(one)
        prepared = [network for player in one.players for network in player.prepared.values()]
        for number in range(accumulate):
            assert all(torch.equal(a, b) for a, b in zip(start, state(one), strict=True)), number
            torch.manual_seed(0)  # the same noise
            with one.players[0].accelerator.accumulate(*prepared):
                one.step(given, 0)
        ends.append([a - b for a, b in zip(state(one), start, strict=True)])
    assert sum(bool(change.any()) for change in ends[0]) > len(ends[0]) / 2
    for once, twice in zip(*ends, strict=True):
        torch.testing.assert_close(once, twice, rtol=1e-3, atol=1e-7)


def test_cincgan_refuses_micro_batches(gansr: Run, options_file: Run, tree: Run) -> None:
    result = gansr("check", options_file(tree("cincgan", train__accumulate=2)))
    assert result.code == 2 and result.err.count("\n") == 1
    assert "train.accumulate: recipe cincgan moves the cleaner twice in each step" in result.err


@pytest.fixture
def make(tree: Run) -> Run:
    """A recipe on one processor."""

    def made(recipe: str, accumulate: int = 1, **changes: Any) -> Any:
        for one in (AcceleratorState, GradientState, PartialState):
            one._reset_state()
        options = validate(tree(recipe, **changes), "run.yml")
        accelerator = Accelerator(cpu=True, gradient_accumulation_steps=accumulate)
        return builders.recipe(options, builders.ingredients(options), accelerator)

    return made


def batch(number: int) -> Unpaired:
    random = torch.Generator().manual_seed(number)
    return Unpaired(torch.rand(2, 3, 16, 16, generator=random), torch.rand(2, 3, 8, 8, generator=random))


def state(one: Any) -> list[torch.Tensor]:
    return [p.detach().clone() for player in one.players for p in player.parameters]


@pytest.mark.parametrize(
    ("quality", "said"), [(40, "degrader.jpeg: qualities 40 to 40"), (None, "degrader.jpeg: none")]
)
def test_a_degrader_has_the_jpeg_of_real_lr(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, quality: int | None, said: str
) -> None:
    """Measured before the networks are made, saved as numbers, and measured again when resumed: to the same ones."""
    folder = tmp_path / "real"
    folder.mkdir()
    for number in range(3):
        image = Image.fromarray(np.random.default_rng(number).integers(60, 200, (64, 64, 3), dtype=np.uint8))
        image = image.resize((96, 96), Image.Resampling.BICUBIC)
        if quality:
            image.save(folder / f"{number}.jpg", quality=quality)
        else:
            image.save(folder / f"{number}.png")
    changes = {"data__train__real_lr": str(folder), "degrader__jpeg": "measured"}
    path = options_file(tree("learned_kernel_noise", **changes, train__steps=3))
    assert gansr("check", path).code == 0
    result = gansr("train", path)
    assert result.code == 0, result.err
    assert said in result.out
    saved = yaml.safe_load((tmp_path / "runs" / "tiny" / "options.yml").read_text("utf-8"))
    assert saved["degrader"]["jpeg"] == ([40.0, 40.0] if quality else None)
    again = gansr("train", options_file(tree("learned_kernel_noise", **changes)))
    assert again.code == 0, again.err
    assert "changed since then: degrader" not in again.out
