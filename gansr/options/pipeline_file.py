"""A file with a pipeline alone, as `gansr degrade --fit` writes it: a scale, and the rows of a degradation."""

import json
from pathlib import Path

from pydantic import Field, ValidationError

from gansr.errors import OptionsError
from gansr.options.explain import explain
from gansr.options.images import DegradationRow, Scale, Strict
from gansr.options.reader import read

SUFFIXES = (".yml", ".yaml")


class PipelineFile(Strict):
    """What stands in the file."""

    scale: Scale = Field(description="that it was made for: a blur is as wide as so many HR pixels")
    degradation: tuple[DegradationRow, ...] = Field(min_length=1, description="operations one after another")


def is_pipeline(path: Path) -> bool:
    """Whether a YAML file has a pipeline at its top, and no recipe, as options of a run would."""
    tree = read(path)
    return "degradation" in tree and "recipe" not in tree


def read_pipeline(path: Path, scale: int | None = None) -> PipelineFile:
    """The pipeline in the file.

    Raises:
        OptionsError: no such file, anything but a scale and rows, or another scale than is asked for.
    """
    try:
        found = PipelineFile.model_validate_json(json.dumps(read(path), default=str), strict=True)
    except ValidationError as error:
        raise OptionsError(explain(error, PipelineFile, str(path))) from None
    if scale not in (None, found.scale):
        raise OptionsError(
            f"{path}: this pipeline was made for x{found.scale}, and x{scale} is asked for: its blur would have "
            f"another width. Fit one with gansr degrade --fit --scale {scale}, or take scale {found.scale}."
        )
    return found
