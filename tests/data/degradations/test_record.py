"""What was done to each sample is written down, and only for whoever asks."""

import torch

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.pipeline import Pipeline, named, one_of, shuffled, sometimes
from gansr.data.degradations.record import Record


def test_values_are_readable():
    record = Record(3)
    draws = Draws(3, 0, record=record)
    draws.begin("blur")
    draws.note(kind=(torch.tensor([1, 0, 1]), ["round", "long"]), size=torch.tensor([7, 9, 11]))
    draws.note(torch.tensor([True, False, False]), sigma=torch.tensor([[1.23456, 2.0]] * 3))
    draws.note(grey=(torch.tensor([True, False, True]), ("no", "yes")))
    draws.begin("jpeg")
    draws.note(quality=torch.tensor([30.0, 66.66666, 95.0]))
    draws.only(torch.tensor([True, True, False]))
    assert record.samples == [
        [
            {"type": "blur", "kind": "long", "size": 7, "sigma": [1.235, 2.0], "grey": "yes"},
            {"type": "jpeg", "quality": 30.0},
        ],
        [{"type": "blur", "kind": "round", "size": 9, "grey": "no"}, {"type": "jpeg", "quality": 66.67}],
        [{"type": "blur", "kind": "long", "size": 11, "grey": "yes"}],
    ]


def step(number):
    """Notes what it adds to a pixel."""

    def operation(canvas, draws):
        drawn = draws.whole(1, 9)
        draws.note(added=drawn)
        return canvas.with_image(canvas.image * 10 + drawn[:, None, None, None])

    return named(operation, f"step {number}")


def test_the_record_is_of_what_each_sample_went_through():
    """Whatever the ways: a pixel says what was done, and the record says it too."""
    inner = shuffled([step(1), sometimes(step(2), 0.5), step(3)])
    operation = Pipeline((one_of([inner, step(4), Pipeline(())], [2, 1, 1]), step(5)))
    record = Record(300)
    made = operation(Canvas.of(torch.zeros(300, 1, 1, 1)), Draws(300, 0, record=record)).image.flatten()
    for pixel, operations in zip(made.tolist(), record.samples, strict=True):
        assert f"{round(pixel)}" == "".join(str(row["added"]) for row in operations)
    found = {tuple(row["type"][-1] for row in operations) for operations in record.samples}
    assert {("5",), ("4", "5"), ("1", "3", "5"), ("3", "1", "5")} < found and len(found) == 2 + 2 + 6
    again = operation(Canvas.of(torch.zeros(300, 1, 1, 1)), Draws(300, 0)).image.flatten()
    assert torch.equal(made, again), "whether someone writes it down or not"
