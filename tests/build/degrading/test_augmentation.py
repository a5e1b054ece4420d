"""Augmentation in options: batches are functions of their number, with all that may be in them."""

from collections.abc import Callable
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from gansr.build.examining.check import examine
from gansr.build.feeding.data import training_batches, training_set
from gansr.data.augmentation import BATCH_AUGMENTATIONS
from gansr.errors import OptionsError
from gansr.options.load import validate

Make = Callable[..., Any]
ALL = [{"type": name, "when": 0.5} for name in BATCH_AUGMENTATIONS]


def batches(options: Any, count: int, start: int = 0, rank: int = 0, world: int = 1) -> list[Any]:
    process: Any = SimpleNamespace(process_index=rank, num_processes=world, device=torch.device("cpu"))
    stream = training_batches(training_set(options), options, Accelerator(cpu=True) if world == 1 else process)(start)
    taken = list(islice(stream, count))
    stream.close()  # pyright: ignore[reportAttributeAccessIssue]
    return taken


def options_of(tree: Make, augment: Any, **more: Any) -> Any:
    changes = {"data__train__degradation": "blur_bicubic", "data__train__margin": 8, "train__batch": 4} | more
    return validate(tree(data__train__augment=augment, **changes), "run.yml")


def test_batches_are_functions_of_their_number(tree: Make) -> None:
    options = options_of(tree, ALL, data__train__sharpen=True)
    taken, plain = batches(options, 5), batches(options_of(tree, [], data__train__sharpen=True), 5)
    assert all(torch.equal(a.lr, b.lr) for a, b in zip(taken[3:], batches(options, 2, start=3), strict=True))
    changed = torch.cat([(a.hr != b.hr).flatten(1).any(1) for a, b in zip(taken, plain, strict=True)])
    assert changed.float().mean() > 0.7, "1 - 1/32 are, of those that five out of six rows change"
    for batch in taken:
        assert batch.lr.shape == (4, 3, 8, 8) and batch.hr.shape == batch.sharp.shape == (4, 3, 16, 16)
        for image in (batch.lr, batch.hr, batch.sharp):
            assert image.is_contiguous(memory_format=torch.channels_last) and image.dtype == torch.float32
            assert image.min() >= 0 and image.max() <= 1
    examine(options)


def test_of_two_processes_each_has_its_own_draws(tree: Make) -> None:
    """What needs no other sample is as one process with their batches together has it."""
    rows = [{"type": "blend", "when": 0.5}, {"type": "permute_channels"}, {"type": "colour_jitter"}]
    (whole,) = batches(options_of(tree, rows, data__train__degradation=None), 1)
    half = options_of(tree, rows, data__train__degradation=None, train__batch=2)
    halves = [batches(half, 1, 0, rank, 2)[0] for rank in (0, 1)]
    assert torch.equal(whole.hr, torch.cat([half.hr for half in halves]))
    assert torch.equal(whole.lr, torch.cat([half.lr for half in halves]))


def test_rows_do_not_move_each_others_draws(tree: Make) -> None:
    jitter = {"type": "permute_channels", "when": 0.5}
    alone = batches(options_of(tree, [{"type": "cutblur", "when": 0}, jitter]), 3)
    behind = batches(options_of(tree, [{"type": "cutblur", "when": 1}, jitter]), 3)
    assert all(torch.equal(a.hr, b.hr) for a, b in zip(alone, behind, strict=True))
    assert not all(torch.equal(a.lr, b.lr) for a, b in zip(alone, behind, strict=True))


def test_numbers_follow_the_step(tree: Make) -> None:
    rising = {"from": 0, "to": 1, "over": 2}
    options = options_of(tree, [{"type": "blend", "when": rising, "least": 0.2}], train__accumulate=2)
    plain = batches(options_of(tree, []), 6)
    changed = [(a.hr != b.hr).flatten(1).any(1) for a, b in zip(batches(options, 6), plain, strict=True)]
    assert not torch.cat(changed[:2]).any() and torch.cat(changed[4:]).all()
    fixed = batches(options_of(tree, [{"type": "blend", "least": 0.5}]), 1, start=1)
    ramp = {"from": 0, "to": 1, "over": 2}
    assert torch.equal(batches(options_of(tree, [{"type": "blend", "least": ramp}]), 2)[1].hr, fixed[0].hr)


def test_with_maps_of_importance(tree: Make, photos: Any, tmp_path: Any) -> None:
    """Maps that are the green of their images still are, after whatever mixes samples."""
    for file in (photos / "train" / "HR").iterdir():
        Image.open(file).getchannel("G").save(tmp_path / file.name)
    rows = [{"type": "mixup", "when": 0.5}, {"type": "cutmix", "when": 0.5}, {"type": "cutblur", "when": 0.5}]
    options = options_of(tree, rows, data__train__importance=str(tmp_path))
    for batch in batches(options, 4):
        assert torch.equal(batch.importance, batch.hr[:, 1:2])
    examine(options)


def test_a_run_with_everything(gansr: Make, options_file: Make, tree: Make, photos: Any) -> None:
    changes = {
        "data__train__degradation": "real_esrgan",
        "data__train__margin": 8,
        "data__train__sharpen": True,
        "data__train__mild": {"share": 0.3},
        "data__train__pairs": {"hr": str(photos / "train" / "HR"), "lr": str(photos / "train" / "LR"), "share": 0.5},
        "data__train__augment": ALL,
        "losses": {"pixel": {"type": "l1", "target": "sharp"}},
        "train__steps": 2,
    }
    path = options_file(tree(**changes))
    assert gansr("check", path).code == 0
    result = gansr("train", path)
    assert result.code == 0, result.err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"augment": [{"type": "cutmx"}]}, r"train\.augment\.0: there is no type 'cutmx'\. Did you mean 'cutmix'"),
        ({"augment": [{"type": "blend"}, {"type": "mixup", "alpha": -1}]}, r"augment\.1 \(type mixup\): alpha is -1"),
        ({"augment": [{"type": "mixup", "when": 1.5}]}, r"data\.train\.augment\.0\.when: .*1, found 1\.5"),
        ({"augment": [{"type": "mixup", "apha": 1}]}, r"apha: there is no such key\. Did you mean 'alpha'\? .*when"),
        ({"augment": [{"type": "cutblur"}]}, r"\(type cutblur\): without data\.train\.degradation, .* all LR is"),
        ({"augment": [{"type": "cutmix", "side": {"from": [1, 1], "to": [1, 2], "over": 9}}]}, r"at step 9, by a ramp"),
        ({"augment": [{"type": "cutmix", "side": [0.1]}]}, r"augment\.0 \(type cutmix\): side\.1: is missing"),
        ({"pairs": {"hr": "a", "lr": "b", "share": 1.5}}, r"data\.train\.pairs\.share: .*1, found 1\.5"),
        ({"pairs": {"hr": "a", "lr": "b"}}, r"data\.train\.pairs\.share: is missing"),
        ({"pairs": {"hr": "a", "lr": "b", "share": 0.5}, "lr": "c"}, r"they stand beside photos alone"),
        ({"pairs": {"hr": "a", "lr": {3: "b"}, "share": 0.5}}, r"data\.train\.pairs\.lr has folders for \[3\]"),
        ({"pairs": {"hr": "a", "lr": "b", "share": 0.5}, "scales": [1, 2]}, r"pairs\.lr: with several scales"),
    ],
)  # fmt: skip
def test_what_cannot_be(tree: Make, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        examine(validate(tree(**{f"data__train__{key}": value for key, value in changes.items()}), "run.yml"))


def test_one_image_is_no_company(tree: Make) -> None:
    with pytest.raises(OptionsError, match=r"mixup mixes samples of a batch, and train\.batch is 1"):
        examine(options_of(tree, [{"type": "mixup"}], train__batch=1))


def test_folders_of_pairs_are_checked(tree: Make, photos: Any, tmp_path: Any) -> None:
    pairs = {"hr": str(photos / "train" / "HR"), "lr": str(tmp_path / "none"), "share": 0.5}
    from gansr.errors import DataError

    with pytest.raises(DataError, match=r"data\.train\.pairs\.lr"):
        training_set(validate(tree(data__train__pairs=pairs), "run.yml"))
    pairs["hr"] = str(photos / "judge" / "HR")
    with pytest.raises(DataError, match=r"data\.train\.pairs: .*smaller than the crop"):
        training_set(validate(tree(data__train__pairs=pairs, data__train__crop=32), "run.yml"))


def test_the_autopsy_names_pairs(tree: Make, photos: Any) -> None:
    from gansr.build.autopsy import sources
    from gansr.data.sampler import Ticket

    pairs = {"hr": str(photos / "train" / "HR"), "lr": str(photos / "train" / "LR"), "share": 0.5}
    images = training_set(validate(tree(data__train__pairs=pairs), "run.yml"))
    named = [sources(images, Ticket(0, number)) for number in range(20)]
    assert any(" with " in name and "LR" in name for name in named) and any(name.endswith("HR/0.png") for name in named)
