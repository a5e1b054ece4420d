"""What the numbers of a run say, in words: pure functions of what is reported."""

from collections.abc import Mapping

from gansr.training.diagnosis.contests import contests
from gansr.training.diagnosis.domains import DRIFT, domains
from gansr.training.diagnosis.speed import speed
from gansr.training.diagnosis.values import Advice, group

IGNORED_GRADIENT = 1e-3  # of all gradients: below what one batch's gradient differs from the next one's
DOMINATES = 100.0  # times the next term: the others together are a correction of a percent


def advice(values: Mapping[str, float], progress: float = 1.0) -> Advice:
    """What to look into, judging by the means of one log line.

    Known names: `share/ROLE` (part of the weighted sum of losses, 0..1), `gradient/ROLE` (norm on the generator; of
    unknown ones the shares are judged), `loss/ROLE`, and `colour/red|green|blue` (mean sr - hr in levels of 255). Of
    each contest `loss/discriminator`, `discriminator/accuracy`, `logit/real`, `logit/fake`, the latter three perhaps
    with `/NAME`, all perhaps after `degrader/`, `inner/` or `returning/`. Of runs without pairs `domain/NAME/...` and
    `change/NETWORK` (see `recipes/watch.py`), and `degrader/kernel_width`; `speed/waiting_for_data` and
    `speed/seconds_per_step`. What is absent is not judged.

    Args:
        values: by name
        progress: how far the run has come, 0..1; of made images little is said in the first half

    Returns:
        Sentences, which hold the numbers, by keys that stay the same from line to line.
    """
    games = contests(values, progress)
    won = any(what.startswith("won") for what in games)
    return games | _balance(values) | _idle(values) | _colours(values) | domains(values, progress, won) | speed(values)


def _balance(values: Mapping[str, float]) -> Advice:
    """Does every term of the generator's loss have a say?"""
    shares, gradients = group(values, "share/"), group(values, "gradient/")
    says = gradients or shares
    says = {role: value for role, value in says.items() if shares.get(role) != 0}  # at a weight of 0, it is meant to
    if not gradients:
        says.pop("adversarial", None)  # many objectives are means of logits: near 0 says nothing of their gradient
    total = sum(says.values())
    if len(says) < 2 or total <= 0:
        return {}
    found: Advice = {}
    what = "gradients" if gradients else "weighted losses"
    part = says.get("adversarial", total) / total
    if part < IGNORED_GRADIENT:
        found["ignored"] = (
            f"the generator ignores the discriminator: the adversarial term is {part:.1e} of all {what}. Remedy: a "
            f"higher losses.adversarial.weight, unless it is still rising."
        )
    (most, highest), (next_role, second) = sorted(says.items(), key=lambda item: -item[1])[:2]
    if highest >= DOMINATES * second and not (found and next_role == "adversarial"):
        found["dominates"] = (
            f"of all {what}, that of '{most}' ({highest:.3g}) is more than {DOMINATES:.0f} times the next, that of "
            f"'{next_role}' ({second:.3g}): the others hardly count. Remedy: a lower losses.{most}.weight, or higher "
            f"weights for the others."
        )
    return found


def _idle(values: Mapping[str, float]) -> Advice:
    """Does a loss find nothing to complain of, at no step since the last line?"""
    return {
        f"idle/{role}": f"the loss '{role}' is exactly 0: it teaches nothing. A face loss may see no face (its gate), "
        f"a hinge may be content, a map of importance may be empty."
        for role, value in group(values, "loss/").items()
        if value == 0
    }


def _colours(values: Mapping[str, float]) -> Advice:
    """Does a channel drift away from the ground truth?"""
    return {
        f"colour/{channel}": f"colours drift: {channel} is {abs(shift):.1f} levels of 255 too "
        f"{'high' if shift > 0 else 'low'} on average. Remedies: a higher weight of the pixel loss, or a pixel "
        f"loss through a blur, which leaves colours and nothing else."
        for channel, shift in group(values, "colour/").items()
        if abs(shift) > DRIFT
    }
