"""What can be laid over each other in the viewer: pictures, error maps and spectra."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gansr.report.markup import Markup, tag
from gansr.report.pictures.encode import data_uri
from gansr.report.pictures.maps import Scale, error_map, error_scale, palette, spectrum_map, spectrum_scale
from gansr.report.pictures.shot import Shot

PICTURE, ERROR, SPECTRUM = "picture", "error", "spectrum"
LR, HR = "LR", "HR"


@dataclass(frozen=True)
class Layers:
    """Everything that the shots of a page show, on scales that they share.

    Args:
        shots: what is shown
        reference: whom results are compared with in error maps: HR, or one of the results where no HR is known
    """

    shots: Sequence[Shot]
    reference: str = HR

    def errors(self, shot: Shot) -> dict[str, np.ndarray]:
        """Who made it -> where it differs from the reference."""
        truth = shot.hr if self.reference == HR else shot.results.get(self.reference)
        if truth is None:
            return {}
        return {name: error_map(one, truth) for name, one in shot.results.items() if name != self.reference}

    def spectra(self, shot: Shot) -> dict[str, np.ndarray]:
        """Who made it, or HR -> its spectrum."""
        return {name: spectrum_map(one) for name, one in _of_size(shot).items()}

    @property
    def scales(self) -> dict[str, Scale]:
        """Of error maps, where there are some, and of spectra."""
        errors = [one for shot in self.shots for one in self.errors(shot).values()]
        spectra = [one for shot in self.shots for one in self.spectra(shot).values()]
        found = {ERROR: error_scale(errors)} if errors else {}
        return found | ({SPECTRUM: spectrum_scale(spectra)} if spectra else {})

    def images(self, shot: Shot, scales: Mapping[str, Scale]) -> list[Markup]:
        """Each layer of one shot, out of sight: the viewer shows two of them."""
        small = {} if shot.lr is None else {LR: shot.lr}
        found = [_layer(PICTURE, name, data_uri(image)) for name, image in (small | _of_size(shot)).items()]
        maps = {ERROR: self.errors(shot), SPECTRUM: self.spectra(shot)}
        for view, images in maps.items():
            found += [_layer(view, name, coloured(image, scales[view])) for name, image in images.items()]
        return found

    @property
    def sources(self) -> list[str]:
        """All that can be chosen, LR first and HR last."""
        names = [name for shot in self.shots for name in shot.results]
        first = [LR] if any(shot.lr is not None for shot in self.shots) else []
        last = [HR] if any(shot.hr is not None for shot in self.shots) else []
        return list(dict.fromkeys([*first, *names, *last]))


def coloured(values: np.ndarray, scale: Scale) -> str:
    """A map in the page's colours, for `src`."""
    return data_uri(scale.colours(values), palette())


def colour_bar() -> str:
    """All colours from left to right, for `src`."""
    return data_uri(np.arange(256, dtype=np.uint8)[None], palette())


def _of_size(shot: Shot) -> dict[str, np.ndarray]:
    return dict(shot.results) | ({} if shot.hr is None else {HR: shot.hr})


def _layer(view: str, source: str, uri: str) -> Markup:
    return tag("img", src=uri, alt="", hidden=True, data_view=view, data_source=source)
