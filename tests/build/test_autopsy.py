"""When a loss stops being finite: the images are named, the batch is saved, and all processes stop."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.build.autopsy import Autopsy, pictures
from gansr.build.feeding.data import training_batches, training_set
from gansr.data.batch import Paired
from gansr.models import weights
from gansr.options.load import load

Run = Callable[..., Any]


@pytest.fixture
def autopsy(tree: Run, options_file: Run) -> Callable[..., Autopsy]:
    """Makes the autopsy of one process of a run, whose options differ from the usual by `changes`."""

    def make(process: int = 0, processes: int = 1, **changes: Any) -> Autopsy:
        (options,) = load(options_file(tree(**changes)), ())
        accelerator: Any = SimpleNamespace(
            process_index=process, num_processes=processes, device=torch.device("cpu"), is_main_process=not process
        )
        return Autopsy(training_set(options), options, accelerator)

    return make


def drawn(autopsy: Autopsy, micro_batch: int) -> Paired:
    """The micro-batch as a run comes to it: after all those before."""
    batches = training_batches(autopsy.images, autopsy.options, autopsy.accelerator)(0)
    return next(islice(batches, micro_batch, None))


def assert_saved(folder: Path, batch: Paired) -> None:
    """The tensors to the last bit, and pictures of them."""
    found = weights.read(folder / "batch.safetensors").state
    assert found.keys() == {"lr", "hr"}
    for name, images in (("lr", batch.lr), ("hr", batch.hr)):
        assert torch.equal(found[name], images)
        for number, image in enumerate(images):
            pixels = np.asarray(Image.open(folder / f"{number}_{name}.png"))
            assert np.array_equal(pixels, (255 * image).round().byte().permute(1, 2, 0).numpy())


@pytest.mark.parametrize("lr", [False, True], ids=["HR alone", "pairs"])
@pytest.mark.parametrize(("process", "processes"), [(0, 1), (1, 2)])
def test_the_batch_saved_is_the_batch_drawn(
    autopsy: Callable[..., Autopsy], photos: Path, lr: bool, process: int, processes: int
) -> None:
    changes = {"data__train__lr": str(photos / "train/LR")} if lr else {}
    one = autopsy(process, processes, train__accumulate=2, **changes)
    text = one(7, ["loss/pixel"])
    folder = one.options.folder / "not_finite" / ("step_4" if processes == 1 else "step_4_process_1")
    assert text.endswith(f"The batch is saved in {folder}.")
    assert_saved(folder, drawn(one, 7))
    assert weights.read(folder / "batch.safetensors").metadata == {"micro_batch": "7", "not_finite": "loss/pixel"}


def test_the_images_named_are_those_in_the_batch(autopsy: Callable[..., Autopsy]) -> None:
    """The crops are looked for in the files, pixel by pixel."""
    one = autopsy(data__train__flips=False, data__train__rotations=False, train__batch=3)
    text = one(5, ["loss/pixel"])
    (folder,) = (one.options.folder / "not_finite").iterdir()
    lines = (folder / "images.txt").read_text().splitlines()
    assert len(lines) == 3
    for number, line in enumerate(lines):
        which, _, file = line.partition(": ")
        assert which == str(number) and file in text
        crop, whole = (np.asarray(Image.open(path)) for path in (folder / f"{number}_hr.png", file))
        windows = np.lib.stride_tricks.sliding_window_view(whole, crop.shape).reshape(-1, *crop.shape)
        assert (windows == crop).all((1, 2, 3)).any(), f"{file} does not hold crop {number}"


def test_pairs_are_named_as_pairs(autopsy: Callable[..., Autopsy], photos: Path) -> None:
    one = autopsy(data__train__lr=str(photos / "train/LR"), train__batch=1)
    text, index = one(0, ["loss/pixel"]), [photo.stem for photo in sorted((photos / "train/HR").iterdir())]
    assert any(f"{photos}/train/LR/{n}x2.png with {photos}/train/HR/{n}.png" in text for n in index)


def test_a_large_batch_is_named_in_part(autopsy: Callable[..., Autopsy]) -> None:
    one = autopsy(train__batch=10)
    text = one(0, ["loss/pixel"])
    assert text.count(".png") == 8 and " and 2 more. The batch is saved" in text
    assert len((one.options.folder / "not_finite/step_1/images.txt").read_text().splitlines()) == 10


def test_an_earlier_batch_of_the_same_step_makes_room(autopsy: Callable[..., Autopsy]) -> None:
    autopsy(train__batch=3)(0, ["loss/pixel"])
    one = autopsy(train__batch=1)
    one(0, ["loss/pixel"])
    names = {path.name for path in (one.options.folder / "not_finite/step_1").iterdir()}
    assert names == {"images.txt", "batch.safetensors", "0_lr.png", "0_hr.png"}


def test_what_cannot_be_saved_is_still_named(autopsy: Callable[..., Autopsy]) -> None:
    one = autopsy()
    one.options.folder.mkdir(parents=True)
    (one.options.folder / "not_finite").write_text("in the way")
    text = one(0, ["loss/pixel"])
    assert text.count(".png") == 2 and "The batch could not be saved: " in text


def test_a_full_disk(autopsy: Callable[..., Autopsy], small_disk: Path) -> None:
    one = autopsy(output=str(small_disk), data__train__crop=24, train__batch=200)
    text = one(0, ["loss/pixel"])
    assert text.count(".png") == 200 and "The batch could not be saved: " in text and "No space left" in text


def test_an_image_that_is_gone(autopsy: Callable[..., Autopsy], monkeypatch: pytest.MonkeyPatch) -> None:
    one: Any = autopsy(data__train__cache="none")
    monkeypatch.setattr(one.images, "files", [Path(f"gone/{file.name}") for file in one.images.files])
    text = one(0, ["loss/pixel"])
    assert "Its images: gone/" in text and "could not be saved: gone/" in text


def test_only_images_have_pictures() -> None:
    assert pictures(torch.zeros(2, 5, 2)) == pictures(torch.zeros(2, 4, 8, 8)) == []
    (grey,) = pictures(torch.full((1, 1, 2, 3), 0.5))
    assert grey.shape == (2, 3, 1) and (grey == 128).all()


def test_a_run_that_explodes(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    """From the first turn on the weights are beyond all measure; it is noticed two steps later."""
    path = options_file(tree(train__lr=1e30, log__every=4, validation__every=6, checkpoints__every=6))
    result = gansr("train", path)
    assert result.code == 2
    assert "step 4: the loss 'pixel' is no longer finite (first at step 2). Its images: " in result.err
    folder = tmp_path / "runs/tiny/not_finite/step_2"
    assert f"The batch is saved in {folder}. No checkpoint was made" in result.err
    (options,) = load(path, ())
    accelerator: Any = SimpleNamespace(process_index=0, num_processes=1, device=torch.device("cpu"))
    assert_saved(folder, drawn(Autopsy(training_set(options), options, accelerator), 1))
    assert not (tmp_path / "runs/tiny/checkpoints").exists()


TWO_PROCESSES = """
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from accelerate import Accelerator

from gansr.build.autopsy import Autopsy
from gansr.build.feeding.data import training_batches, training_set
from gansr.errors import TrainingError
from gansr.options.load import load
from gansr.training.loop import Intervals, Loop

accelerator = Accelerator(cpu=True)
(options,) = load(Path(sys.argv[1]), ())
images = training_set(options)


def step(batch, step):
    bad = step == 3 and accelerator.process_index == 1
    return {"loss/pixel": batch.hr.mean(), "loss/content": torch.tensor(float("nan" if bad else 1))}


def saved(step):
    raise AssertionError("nothing may be saved")


loop = Loop(
    accelerator,
    SimpleNamespace(players=(), step=step),
    lambda step: 1.0,
    training_batches(images, options, accelerator),
    Intervals(10, 5, 10, 10),
    lambda step, values: saved(step),
    saved,
    saved,
    autopsy=Autopsy(images, options, accelerator),
)
try:
    loop.run()
except TrainingError as error:
    print(f"process {accelerator.process_index} stops: {error}\\n", end="", flush=True)
accelerator.end_training()
"""


def test_two_processes_stop_when_one_is_bad(
    finished: Run, options_file: Run, tree: Run, autopsy: Callable[..., Autopsy], tmp_path: Path
) -> None:
    script, path = tmp_path / "two.py", options_file(tree())
    script.write_text(TWO_PROCESSES)
    result = finished("-m torch.distributed.run --standalone --nproc_per_node 2", script, path)
    assert result.code == 0, result.err
    folder = tmp_path / "runs/tiny/not_finite/step_4_process_1"
    says = "step 5: in process 1, the loss 'content' is no longer finite (first at step 4). Its images: "
    for process in (0, 1):
        (line,) = [line for line in result.out.splitlines() if line.startswith(f"process {process} stops: ")]
        assert says in line and f"The batch is saved in {folder}. No checkpoint was made" in line
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert_saved(folder, drawn(autopsy(1, 2), 3))
