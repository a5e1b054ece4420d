"""What was the matter in the course of a run, from the lines of its log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gansr.training.diagnosis.advice import advice
from gansr.training.diagnosis.values import group
from gansr.training.journal import LINES, LONG


@dataclass(frozen=True)
class Finding:
    """Something that was the matter, perhaps with pauses.

    Args:
        sentence: what was said the last time
        first: the first step at which it was so
        last: the last one
        lines: at how many lines of the log
        still: was it so at the last line of all?
    """

    sentence: str
    first: int
    last: int
    lines: int
    still: bool


def history(lines: Sequence[Mapping[str, float]], steps: int) -> list[Finding]:
    """What the console said as the run went on, in the order in which it came up.

    Args:
        lines: means of losses and the step of each, as log.jsonl has them
        steps: that the run shall take
    """
    found: dict[str, Finding] = {}
    gradients: dict[str, float] = {}
    means: dict[str, tuple[float, int]] = {}
    for number, line in enumerate(lines, start=1):
        gradients |= {f"gradient/{role}": value for role, value in group(line, "gradient/").items()}
        for name, value in line.items():
            if name.startswith(("domain/", "change/")):
                mean, count = means.get(name, (value, 0))
                means[name] = mean + (value - mean) / min(count + 1, LINES), count + 1
        steady = {name: mean for name, (mean, _) in means.items()}
        step = int(line["step"])
        for what, sentence in advice(gradients | dict(line) | steady, step / min(steps, LONG)).items():
            before = found.get(what)
            first, count = (before.first, before.lines) if before else (step, 0)
            found[what] = Finding(sentence, first, step, count + 1, still=number == len(lines))
    return list(found.values())
