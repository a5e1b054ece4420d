"""A domain audit in words: what differs, and what is the matter."""

import math

import numpy as np

from gansr.data.unpaired.audit import Audit
from gansr.data.unpaired.look import Side

FEW = 10  # photos of a side, below which a discriminator learns what they show
GREY = 0.5  # difference of the shares of grey photos
BAD_HR = 75  # quality of JPEG, below which blocks can be seen
COLOURS = ("red", "green", "blue")
LEAST = {"brightness": 3.0, "contrast": math.log(1.1), "noise": 1.0, "fine": 1.0, "colour": 2.0, "blur": 0.35}
"""Smaller differences are not worth a word: levels, logarithm, levels, decibels, levels, LR pixels."""


def facts(audit: Audit) -> list[str]:
    """A sentence for each thing in which real LR differs from HR brought down, more than by chance."""
    if not audit.measurable:
        return []
    found = [_brightness(audit), _colour(audit), _contrast(audit), _noise(audit), _blur(audit), _fine(audit)]
    return [sentence for sentence in (*found, _jpeg(audit)) if sentence]


def warnings(audit: Audit) -> list[str]:
    """A sentence for each thing that is probably not as it should be."""
    sides = {"real LR": audit.real_lr, "HR": audit.hr}
    found = [_twins(audit), _larger(audit), _grey(audit)]
    found += [_few(name, side) for name, side in sides.items()]
    found += [_plain(name, side) for name, side in sides.items()]
    found += [_bad_hr(audit.hr), _alike(audit)]
    return [sentence for sentence in found if sentence]


def table(audit: Audit) -> list[tuple[str, ...]]:
    """Rows: statistic, of HR brought down, of real LR."""
    hr, real_lr = audit.hr, audit.real_lr
    rows: list[tuple[str, ...]] = [
        ("photos, of which are measured", *(f"{side.count}, {len(side.samples)}" for side in (hr, real_lr))),
        ("width x height, medians", *(f"{side.size[1]}x{side.size[0]}" for side in (hr, real_lr))),
        ("share of grey photos", *(f"{side.grey:.2f}" for side in (hr, real_lr))),
        ("share of JPEG files, or with traces of JPEG", *(f"{_share(side):.2f}" for side in (hr, real_lr))),
    ]
    if not audit.measurable:
        return rows
    colours = [" / ".join(f"{level:.1f}" for level in side.means.mean(0)) for side in (hr, real_lr)]
    contrasts = [f"{np.exp(side.contrast.mean()):.1f}" for side in (hr, real_lr)]
    return [
        *rows,
        ("mean R / G / B, levels", *colours),
        ("standard deviation, levels", *contrasts),
        ("noise, levels, median", *(f"{np.median(side.noise):.1f}" for side in (hr, real_lr))),
        ("power beyond 0.25 cycles per pixel, dB", *(f"{side.fine.mean():.1f}" for side in (hr, real_lr))),
        ("blur beyond bicubic, HR pixels", "0", f"{audit.blur:.2f}"),
    ]


def _brightness(audit: Audit) -> str:
    found = audit.difference("brightness")
    if not found.beyond(LEAST["brightness"]):
        return ""
    return f"real LR is {abs(found.value):.0f} levels {'brighter' if found.value > 0 else 'darker'}"


def _colour(audit: Audit) -> str:
    found = [audit.colour(channel) for channel in range(3)]
    words = [
        f"{abs(one.value):.0f} levels {'more' if one.value > 0 else 'less'} {name}"
        for one, name in zip(found, COLOURS, strict=True)
        if one.beyond(LEAST["colour"])
    ]
    return f"the colours of real LR have a cast: {', '.join(words)}" if words else ""


def _contrast(audit: Audit) -> str:
    found = audit.difference("contrast")
    if not found.beyond(LEAST["contrast"]):
        return ""
    percent = 100 * (math.exp(found.value) - 1)
    return f"real LR has {abs(percent):.0f} % {'more' if percent > 0 else 'less'} contrast"


def _noise(audit: Audit) -> str:
    found = audit.difference("noise")
    if found.value < 0 or not found.beyond(LEAST["noise"]):
        return ""  # less of it means that detail is missing, which is said elsewhere
    real, small = (np.median(side.noise) for side in (audit.real_lr, audit.hr))
    return f"real LR has noise of {real:.1f} levels, HR brought down of {small:.1f}"


def _blur(audit: Audit) -> str:
    width = abs(audit.blur) / audit.scale
    if width < LEAST["blur"] or min(len(side.samples) for side in (audit.hr, audit.real_lr)) < FEW:
        return ""
    if audit.blur > 0:
        return f"real LR is blurred by about {audit.blur:.1f} HR pixels beyond what bicubic does"
    return "real LR is sharper than HR brought down: perhaps it was sharpened, or HR is not sharp"


def _fine(audit: Audit) -> str:
    found = audit.difference("fine")
    if not found.beyond(LEAST["fine"]):
        return ""
    reason = "noise or sharpening" if found.value > 0 else "blur, or noise that was removed"
    return (
        f"real LR has {abs(found.value):.1f} dB {'more' if found.value > 0 else 'less'} power in its finest detail "
        f"than HR brought down, which tells of {reason}"
    )


def _jpeg(audit: Audit) -> str:
    side = audit.real_lr
    if not len(side.qualities):
        return ""
    share = "all of real LR is" if _share(side) == 1 else f"{100 * _share(side):.0f} % of real LR is"
    return f"{share} JPEG, of quality {np.median(side.qualities):.0f} (median)"


def _twins(audit: Audit) -> str:
    twins, seen = audit.twins, len(audit.real_lr.looks)
    if twins.example is None:
        return ""
    example = f"for example {twins.example[0]} and {twins.example[1]}"
    if twins.same_size:
        copies = f", {twins.copies} of them byte for byte" if twins.copies else ""
        return (
            f"{twins.same_size} of {seen} real LR photos look like the very same images as HR{copies}: is real_lr the "
            f"HR folder? {_capital(example)}"
        )
    return (
        f"{twins.count} of {seen} real LR photos show the same scenes as HR photos ({example}). Where there are pairs, "
        f"recipe paired with data.train.lr learns more from them"
    )


def _larger(audit: Audit) -> str:
    (height, width), (hr_height, hr_width) = audit.real_lr.size, audit.hr.size
    if height * width <= hr_height * hr_width:
        return ""
    return (
        f"real LR photos ({width}x{height}) are larger than HR photos ({hr_width}x{hr_height}), medians of width and "
        f"height: are the folders exchanged? At x{audit.scale}, things should be {audit.scale} times smaller in LR"
    )


def _grey(audit: Audit) -> str:
    one, other = audit.real_lr.grey, audit.hr.grey
    if abs(one - other) <= GREY:
        return ""
    return (
        f"{100 * one:.0f} % of real LR and {100 * other:.0f} % of HR are grey: a discriminator tells them apart by "
        f"that alone. Take photos of one kind"
    )


def _few(name: str, side: Side) -> str:
    if side.count >= FEW:
        return ""
    number = "is one photo" if side.count == 1 else f"has {side.count} photos"
    return (
        f"{name} {number} only: a discriminator learns what they show instead of how they look, and what is measured "
        f"of them holds for no others. Some dozens are needed"
    )


def _plain(name: str, side: Side) -> str:
    plain = len(side.looks) - len(side.samples)
    return f"{plain} of {len(side.looks)} photos of {name} show one colour only; they are not measured" if plain else ""


def _bad_hr(side: Side) -> str:
    bad = int((side.qualities < BAD_HR).sum())
    if bad * 2 < len(side.looks):
        return ""
    return f"{bad} of {len(side.looks)} HR photos are JPEG of a quality below {BAD_HR}: their blocks will be learned"


def _alike(audit: Audit) -> str:
    if not audit.measurable or facts(audit) or min(audit.hr.count, audit.real_lr.count) < FEW:
        return ""
    return (
        "nothing was found that tells real LR from HR brought down by bicubic: recipe paired without LR files does the "
        "same with less"
    )


def _share(side: Side) -> float:
    return len(side.qualities) / len(side.looks)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
