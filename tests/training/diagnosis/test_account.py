"""What stopped being finite, and when."""

import pytest

from gansr.training.diagnosis.account import account


@pytest.mark.parametrize(
    ("first", "accumulate", "text"),
    [
        ({"loss/pixel": 0}, 1, "the loss 'pixel' is no longer finite (first at step 1)"),
        (
            {
                "loss/pixel": 9,
                "loss/content": 7,
                "share/content": 7,
                "loss/adversarial": 8,
                "loss/edge": 8,
                "logit/fake": 8,
            },
            1,
            "the loss 'content' is no longer finite (first at step 8; then 'adversarial' and 'edge' at step 9; then "
            "'pixel' at step 10)",
        ),
        (
            {"loss/a": 4, "loss/b": 4, "loss/c": 4},
            1,
            "the losses 'a', 'b' and 'c' are no longer finite (first at step 5)",
        ),
        (
            {"gradient/content": 10, "loss/content": 11},
            4,
            "'gradient/content' is no longer finite (first at step 3, micro-batch 3 of 4; then 'content' at step 3)",
        ),
    ],
)
def test_what_stopped_being_finite(first: dict[str, int], accumulate: int, text: str) -> None:
    assert account(first, accumulate) == text
