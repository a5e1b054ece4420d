"""Made images beside real ones, without ground truth: are they alike, and did the network do what it is there for?"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gansr.training.diagnosis.values import Advice, group

UNLIKE = math.log(1.18)  # of energies: as much as chance makes of 50 photos and 100 others, in one of 100 draws
HALFWAY = 0.5  # of the way from source to real, in logarithms: what is left may not be more
NOTHING = 0.5  # levels of 255: what rounding to 8 bits changes is a quarter
DRIFT = 2.0  # levels of 255, in the mean of many images: side by side, this is seen in flat areas
CONTRAST = math.log(1.1)  # of what is coarse: side by side, pictures look washed out, or hard
POINT = 0.55  # sigma in HR pixels: of the four middle taps of an even kernel it is 0.5, of one tap 0
SETTLED = 0.5  # of the run: until then noise and kernel may still be on their way
CHANNELS = ("red", "green", "blue")
CONTEST = {"lr": "degrader", "clean": "inner"}  # part of a domain's name -> the contest about it, where there is one
LOSSES = {"degrader": "degrader_losses", "inner": "inner_losses"}  # its makers' losses


@dataclass(frozen=True)
class Domain:
    """Energies of high frequencies, in levels of 255, and colours.

    Args:
        name: of the domain
        made: of what a network made
        real: of real images
        source: of what it was made from; None where that was not reported
        shifts: channel -> mean of made minus that of its source
        apart: channel -> mean of made minus that of real
        contrast: of what was made and of its source, in levels of 255; None where that was not reported
    """

    name: str
    made: float
    real: float
    source: float | None
    shifts: Mapping[str, float]
    apart: Mapping[str, float]
    contrast: tuple[float, float] | None = None

    @property
    def off(self) -> float:
        """Logarithm of made over real."""
        return math.log(max(self.made, 1e-3) / max(self.real, 1e-3))

    @property
    def unlike(self) -> bool:
        """Do made images have much more or less fine detail than real ones?"""
        least = UNLIKE
        if self.source is not None:
            least = max(least, HALFWAY * abs(math.log(max(self.source, 1e-3) / max(self.real, 1e-3))))
        return abs(self.off) > least


def alike(values: Mapping[str, float], progress: float) -> bool:
    """Are made images as real ones in all domains, or is it too early to say? False where nothing tells."""
    found = list(_domains(values))
    return bool(found) and (progress < SETTLED or all(abs(domain.off) <= UNLIKE for domain in found))


def domains(values: Mapping[str, float], progress: float, won: bool = False) -> Advice:
    """Energy, colours, contrast, kernels, and networks that do nothing; nothing is said of beginners.

    Args:
        values: means of one log line, or better of several
        progress: how far the run has come, 0..1
        won: has a discriminator won? Then nobody learns from it what fine detail should be, and that is said already
    """
    if progress < SETTLED:
        return {}
    found = list(_domains(values))
    idle, point = _idle(values), _point(values, found)
    advice = idle | point
    for domain in found:
        advice |= _colours(domain, _losses(values, domain)) | _contrast(domain, _losses(values, domain))
        # One cause is told once: a kernel that is lost, or a network that does nothing, explains what is made.
        if not won and not point and not (idle and _untouched(domain)):
            advice |= _energy(domain, _losses(values, domain))
    return advice


def _domains(values: Mapping[str, float]) -> Iterator[Domain]:
    reported = group(values, "domain/")
    for name in dict.fromkeys(key.rpartition("/")[0] for key in reported):
        one = group(reported, f"{name}/")
        if {"energy_made", "energy_real"} <= one.keys():
            shifts = {channel: one[channel] for channel in CHANNELS if channel in one}
            apart = group(one, "apart_")
            pair = (one["contrast_made"], one["contrast_source"]) if "contrast_source" in one else None
            yield Domain(name, one["energy_made"], one["energy_real"], one.get("energy_source"), shifts, apart, pair)


def _losses(values: Mapping[str, float], domain: Domain) -> str:
    """The option of what the network learns from that makes images of this domain."""
    for part, title in CONTEST.items():
        if part in domain.name.split("_") and f"{title}/discriminator/accuracy" in values:
            return LOSSES[title]
    return "losses"


def _untouched(domain: Domain) -> bool:
    """Has what was made the fine detail of its source, to 2 %?"""
    return domain.source is not None and abs(domain.made - domain.source) <= 0.02 * domain.source


def _energy(domain: Domain, losses: str) -> Advice:
    """Is the fine detail of made images as strong as that of real ones?"""
    if not domain.unlike:
        return {}
    before = "" if domain.source is None else f" ({domain.source:.3g} in what they were made from)"
    if domain.off > 0:
        much, remedies = (
            "more",
            f"a lower {losses}.adversarial.weight or higher weights of what holds images to their source, a lower "
            f"train.lr, more steps",
        )
    else:
        much, remedies = (
            "less",
            f"a higher {losses}.adversarial.weight, a discriminator that sees fine detail (stride: 1, kernel: 3, or "
            f"through: [{{type: high_pass}}]), more steps",
        )
    return {
        f"energy/{domain.name}": f"made images of domain '{domain.name}' have {much} fine detail than real ones: an "
        f"energy of {domain.made:.3g}{before} against {domain.real:.3g}. Remedies: {remedies}."
    }


def _colours(domain: Domain, losses: str) -> Advice:
    """Does a network shift colours? What it made is compared with what the very same was before."""
    found: Advice = {}
    for channel, shift in domain.shifts.items():
        if abs(shift) <= DRIFT:
            continue
        side = "high" if shift > 0 else "low"
        cast = shift - domain.apart.get(channel, shift)  # real minus source, which show different things
        found[f"drift/{domain.name}/{channel}"] = (
            f"colours drift: made images of domain '{domain.name}' are {abs(shift):.1f} levels of 255 too {side} in "
            f"{channel}, against what they were made from (real images: {cast:+.1f}; a cast that the domain audit "
            f"found is meant to be learned). Remedies: a row in {losses} that keeps colours, {{type: l1, through: "
            f"[{{type: low_pass}}]}}, or a higher weight of it; a discriminator that looks through high_pass; "
            f"noise_mean, of noise."
        )
    return found


def _contrast(domain: Domain, losses: str) -> Advice:
    """Does a network make pictures flat or hard? What comes after it will learn the reverse."""
    if domain.contrast is None or min(domain.contrast) <= 0:
        return {}
    made, source = domain.contrast
    if abs(math.log(made / source)) <= CONTRAST:
        return {}
    return {
        f"contrast/{domain.name}": f"contrast drifts: what is coarse in made images of '{domain.name}' varies by "
        f"{made:.3g} levels of 255, by {source:.3g} in what they were made from, and a generator that learns from them "
        f"learns the reverse. Remedies: a row in {losses} that keeps what is coarse, {{type: l1, through: [{{type: "
        f"low_pass}}]}}, or a higher weight of it; a discriminator that looks through high_pass; HR whose contrast is "
        f"that of real LR, if the domain audit found another."
    }


def _idle(values: Mapping[str, float]) -> Advice:
    """Which networks do nothing?"""
    return {
        f"nothing/{name}": f"the {name} does nothing: it changes images by {moved:.2g} levels of 255 on average. "
        f"Remedies: a higher weight of its adversarial loss, lower weights of what holds images to their source "
        f"(identity, cycle, pixel), a higher learning rate. If the domain audit found no difference either, there is "
        f"nothing to do."
        for name, moved in group(values, "change/").items()
        if moved < NOTHING
    }


def _point(values: Mapping[str, float], found: list[Domain]) -> Advice:
    """Has a learned kernel become a single point before the noise was found?"""
    width = values.get("degrader/kernel_width", math.inf)
    for domain in found:
        if width <= POINT and "lr" in domain.name.split("_") and abs(domain.off) > UNLIKE:
            return {
                "kernel": f"the degrader's kernel is as narrow as it can be (sigma {width:.2f} HR pixels), and the "
                f"fine detail of what it makes is far from that of real images ({domain.made:.3g} against "
                f"{domain.real:.3g}): the kernel went before the noise was found, and it hardly comes back. Remedies, "
                f"in a new run: a lower degrader.kernel_pace, degrader.start_noise nearer to the noise that the domain "
                f"audit found, a lower degrader.lr."
            }
    return {}
