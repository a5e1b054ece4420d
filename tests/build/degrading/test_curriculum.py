"""Degradations that change with the step, and batches that are degraded mildly: functions of the number of a batch."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
import torch
from accelerate import Accelerator

from gansr.build.degrading import degradations
from gansr.build.examining.check import examine
from gansr.build.feeding.data import training_batches, training_set
from gansr.data.sampler import is_mild
from gansr.errors import OptionsError
from gansr.options.load import dump, validate

Make = Callable[..., Any]
SMALL, TO_SCALE = {"type": "matlab_bicubic"}, {"type": "resize_to_scale"}
RISING = {"from": 0, "to": 1, "over": 4}
TURNING = {"from": [1, 0], "to": [0, 1], "over": 4}


def batches(options: Any, count: int, start: int = 0) -> list[Any]:
    stream = training_batches(training_set(options), options, Accelerator(cpu=True))(start)
    taken = list(islice(stream, count))
    stream.close()  # pyright: ignore[reportAttributeAccessIssue]
    return taken


def blurred(sigma: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "gaussian", "sigma": sigma, "size": 9, **more}, SMALL]


def options_of(tree: Make, rows: Any, **more: Any) -> Any:
    return validate(tree(data__train__degradation=rows, data__train__margin=8, **more), "run.yml")


def test_a_range_follows_the_step(tree: Make) -> None:
    """Each batch is what a pipeline with the numbers of its step makes."""
    changing = batches(options_of(tree, blurred({"from": [0.1, 0.1], "to": [2, 4], "over": 4, "start": 1})), 8)
    for position, part in enumerate([0, 0, 0.25, 0.5, 0.75, 1, 1, 1]):
        sigma = [0.1 + 1.9 * part, 0.1 + 3.9 * part]
        (fixed,) = batches(options_of(tree, blurred(sigma)), 1, start=position)
        assert torch.equal(changing[position].lr, fixed.lr), position


def test_micro_batches_of_a_step_have_its_numbers(tree: Make) -> None:
    rows = blurred({"from": [0, 0], "to": [3, 3], "over": 2})
    changing = batches(options_of(tree, rows, train__accumulate=2), 4)
    fixed = batches(options_of(tree, blurred([0, 0])), 4)
    assert [torch.equal(one.lr, other.lr) for one, other in zip(changing, fixed, strict=True)] == [True] * 2 + [
        False
    ] * 2


def test_it_goes_on_where_it_stopped(tree: Make) -> None:
    options = options_of(tree, blurred({"from": [0, 0], "to": [3, 3], "over": 9}))
    whole = batches(options, 6)
    assert all(torch.equal(a.lr, b.lr) for a, b in zip(whole[3:], batches(options, 3, start=3), strict=True))


def test_a_resumed_run_is_bit_exact(gansr: Make, options_file: Make, tree: Make, tmp_path: Any) -> None:
    changes = {
        "data__train__degradation": blurred({"from": [0, 0], "to": [3, 3], "over": 3}, when=RISING),
        "data__train__mild": {"share": {"from": 1, "to": 0.2, "over": 4}},
        "data__train__augment": [{"type": "mixup", "when": {"from": 0.2, "to": 1, "over": 3}}, {"type": "blend"}],
        "data__train__margin": 8,
    }  # fmt: skip
    path, whole, parts = (
        options_file(tree(train__steps=4, validation__every=2, **changes)),
        tmp_path / "whole",
        tmp_path / "parts",
    )
    assert gansr("train", path, f"output={whole}").code == 0
    assert gansr("train", path, f"output={parts}", "train.steps=2").code == 0
    assert gansr("train", path, f"output={parts}").code == 0
    for name in ("last.safetensors", "log.jsonl"):
        assert (whole / "tiny" / name).read_bytes() == (parts / "tiny" / name).read_bytes()


def test_chances_weights_and_kinds_follow_the_step(tree: Make) -> None:
    plain = batches(options_of(tree, [SMALL]), 3, start=4)
    for rows in (
        blurred([3, 3], when=RISING),
        [{"type": "one_of", "branches": [[], [{"type": "defocus"}]], "weights": TURNING}, SMALL],
        [{"type": "shuffled", "operations": [{"type": "defocus", "when": RISING}]}, SMALL],
        [{"type": "quantise", "levels": [2, 2], "probability": RISING}, SMALL],
    ):  # fmt: skip
        options = options_of(tree, rows)
        assert torch.equal(batches(options, 1)[0].lr, batches(options_of(tree, [SMALL]), 1)[0].lr)
        later = batches(options, 3, start=4)
        assert all((a.lr != b.lr).flatten(1).any(1).all() for a, b in zip(later, plain, strict=True)), rows


def test_only_what_changes_is_made_anew(monkeypatch: pytest.MonkeyPatch, tree: Make) -> None:
    made: list[str] = []
    build = degradations.build

    def counting(row: Any, *arguments: Any, **context: Any) -> Any:
        made.append(row.type)
        return build(row, *arguments, **context)

    monkeypatch.setattr(degradations, "build", counting)
    rows = [{"type": "kernel_bank", "file": "x"}, *blurred({"from": [0, 0], "to": [3, 3], "over": 4})][1:]
    curriculum = degradations.Curriculum(options_of(tree, rows).data.train.degradation, 2, 8)
    found = [curriculum(step) for step in (0, 1, 2, 3, 4, 5, 6)]
    assert made == ["gaussian", "matlab_bicubic", *["gaussian"] * 4]
    assert found[4] is found[5] is found[6] and curriculum.last is found[4]


def test_saved_options_say_it_again(tree: Make) -> None:
    import yaml

    rows = blurred({"from": [0, 1], "to": [3, 3], "over": 4}, when=RISING)
    options = options_of(tree, rows, data__train__mild={"share": {"from": 1, "to": 0, "over": 4, "start": 2}})
    again = validate(yaml.safe_load(dump(options)), "saved")
    assert again.data.train == options.data.train
    examine(again)


def test_files_with_a_pipeline_may_have_ramps(tree: Make, tmp_path: Any) -> None:
    import yaml

    rows, file = blurred({"from": [0, 1], "to": [3, 3], "over": 4}, when=RISING), tmp_path / "fitted.yml"
    file.write_text(yaml.safe_dump({"scale": 2, "degradation": rows}))
    options = options_of(tree, str(file), data__train__mild={"share": 0.5, "degradation": str(file)})
    assert options == options_of(tree, rows, data__train__mild={"share": 0.5, "degradation": rows})
    examine(options)


def test_a_share_of_batches_is_mild(tree: Make) -> None:
    usual = batches(options_of(tree, blurred([3, 3])), 30)
    mild = batches(options_of(tree, "bicubic"), 30)
    mixed = batches(options_of(tree, blurred([3, 3]), data__train__mild={"share": 0.4}), 30)
    for position, batch in enumerate(mixed):
        assert torch.equal(batch.lr, (mild if is_mild(3, position, 0.4) else usual)[position].lr)
    assert 0 < sum(is_mild(3, position, 0.4) for position in range(30)) < 30


def test_the_share_of_mild_batches() -> None:
    drawn = [is_mild(7, number, 0.1) for number in range(4000)]
    assert abs(sum(drawn) / 4000 - 0.1) < 0.02
    assert drawn == [is_mild(7, number, 0.1) for number in range(4000)] != [is_mild(8, n, 0.1) for n in range(4000)]
    assert not any(is_mild(7, number, 0.0) for number in range(100)) and all(is_mild(7, n, 1.0) for n in range(100))
    assert all(is_mild(7, number, 0.5) for number in range(500) if drawn[number]), "a larger share has them all"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"degradation": blurred({"from": [0, 1], "to": [3, 1], "over": 10})},
            r"degradation\.0 \(type gaussian\): sigma is \(3, 1\); .* So it is at step 10, by a ramp",
        ),
        ({"degradation": blurred({"from": [0, 1], "to": 3, "over": 10})}, r"degradation\.0\.sigma: it goes from"),
        ({"degradation": blurred([0, 1], when={**RISING, "to": 2})}, r"degradation\.0\.when\.to: .* 1, found 2"),
        ({"degradation": blurred([0, 1], when={"from": 0, "to": 1})}, r"degradation\.0\.when\.over: is missing"),
        (
            {"degradation": [{"type": "blur", "sizes": {"from": [7, 7], "to": [7, 21], "over": 10}}, SMALL]},
            r"degradation\.0 \(type blur\): sizes\.1: expected a whole number.* at step 1, by a ramp",
        ),
        (
            {
                "degradation": [
                    {"type": "resize", "kinds": {"from": {"up": 0, "keep": 1}, "to": {"up": 1, "keep": 1}, "over": 100},
                     "factors": {"from": [0.2, 0.5], "to": [0.2, 1.5], "over": 100}},
                    TO_SCALE,
                ]
            },
            r"kinds has up; .*So it is at step 1, by a ramp",  # sound at both ends, not on the way
        ),
        (
            {"degradation": [{"type": "noise_patches", "folder": "x", "side": {"from": 8, "to": 9, "over": 3}}, SMALL]},
            r"degradation\.0 \(type noise_patches\): it reads files, once, so only its `when` may be a ramp",
        ),
        (
            {"degradation": [{"type": "one_of", "branches": [[SMALL], []], "weights": TURNING}]},
            r"it ends at another size than that of LR.*So it is at step 4, by a ramp",
        ),
        ({"degradation": "bicubic", "mild": {"share": 2}}, r"data\.train\.mild\.share: .*1, found 2"),
        ({"degradation": "bicubic", "mild": {}}, r"data\.train\.mild\.share: is missing"),
        ({"mild": {"share": 0.1}}, r"there is no data\.train\.degradation that it could be milder than"),
        (
            {"degradation": "bicubic", "mild": {"share": 0.1, "degradation": "bicubc"}},
            r"data\.train\.mild\.degradation: there is no preset 'bicubc'",
        ),
        (
            {"degradation": "bicubic", "mild": {"share": 1, "degradation": [{"type": "jpeg", "quality": [0, 9]}]}},
            r"data\.train\.mild\.degradation\.0 \(type jpeg\): quality is \(0, 9\)",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be(tree: Make, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        examine(validate(tree(**{f"data__train__{key}": value for key, value in changes.items()}), "run.yml"))
