"""What stopped being finite, in words."""

from collections.abc import Mapping


def account(first: Mapping[str, int], accumulate: int) -> str:
    """What stopped being finite, and when.

    Args:
        first: name of a reported value -> number of its first micro-batch that was not finite. Not empty.
        accumulate: micro-batches in a step.

    >>> account({"loss/pixel": 8, "loss/content": 7, "share/pixel": 8}, accumulate=1)
    "the loss 'content' is no longer finite (first at step 8; then 'pixel' at step 9)"
    """
    earliest = min(first.values())
    culprits = _plain([name for name, number in first.items() if number == earliest])
    later: dict[int, list[str]] = {}
    for name, number in sorted(first.items(), key=lambda item: item[1]):
        if number > earliest and name.startswith("loss/"):
            later.setdefault(number // accumulate + 1, []).append(name)
    kind = "the losses " if len(culprits) > 1 else "the loss "
    subject = kind if culprits[0].startswith("loss/") else ""
    when = f"first at step {earliest // accumulate + 1}"
    if accumulate > 1:
        when += f", micro-batch {earliest % accumulate + 1} of {accumulate}"
    then = "".join(f"; then {_listed(names)} at step {step}" for step, names in later.items())
    return f"{subject}{_listed(culprits)} {'are' if len(culprits) > 1 else 'is'} no longer finite ({when}{then})"


def _plain(names: list[str]) -> list[str]:
    """The losses, when there are any among the names: the rest follows from them."""
    return [name for name in names if name.startswith("loss/")] or names


def _listed(names: list[str]) -> str:
    *others, last = [f"'{name.removeprefix('loss/')}'" for name in names]
    return f"{', '.join(others)} and {last}" if others else last
