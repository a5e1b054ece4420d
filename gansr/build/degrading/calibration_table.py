"""What `gansr degrade --fit` shows to a person."""

from collections.abc import Callable

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gansr.build.degrading.calibrate import Calibration
from gansr.data.calibration.fit import NOISY
from gansr.data.calibration.samples import Folder, shape_distance, spectral_distance

SPREAD = "* percentiles 10 / 50 / 90 of the images. Noise of JPEG images is that of their brightness."
NOT_FITTED = (
    "Colours are shown and not fitted: they depend on what the photos show. Operations that no estimate is made of "
    "(motion blur, ringing, resizing after compression) are not in the pipeline."
)


def calibration_table(found: Calibration) -> RenderableType:
    """Statistics of real LR, of bicubic LR of the sharp photos, and of the fitted pipeline's output."""
    columns = {"real LR": found.real, "bicubic": found.bicubic, "fitted": found.fit.output}
    sizes = f"{len(found.real.samples)} real, {len(found.bicubic.samples)} sharp photos, x{found.scale}"
    table = Table("statistic", *columns, title=sizes, title_justify="left", box=box.SIMPLE_HEAD)
    for name, show in rows(found).items():
        table.add_row(name, *(show(folder) for folder in columns.values()))
    return Group(table, Text(SPREAD), *(Text(line, "yellow") for line in found.remarks), Text(NOT_FITTED), "")


def rows(found: Calibration) -> dict[str, Callable[[Folder], str]]:
    """Statistics by name, as texts."""
    return {
        "noise, levels of 255 *": lambda folder: _three(folder.sigma),
        "  correlation of channels": lambda folder: f"{folder.correlation:.2f}",
        "  share that grows with brightness": lambda folder: _if_noisy(folder, f"{folder.shot_share:.2f}"),
        "blur beyond bicubic, HR pixels *": lambda folder: _three(
            found.scale * np.sign(folder.blur) * np.sqrt(np.abs(folder.blur))
        ),
        "  along / across, all together": lambda folder: _axes(folder, found.scale),
        "JPEG, share of images": lambda folder: f"{folder.compressed:.2f}",
        "  quality *": _quality,
        "colour, means of R, G, B": lambda folder: _three(folder.colour[:3]),
        "  standard deviations": lambda folder: _three(folder.colour[3:]),
        "spectrum, dB from that of real LR": lambda folder: f"{spectral_distance(found.real, folder):.2f}",
        "  at equal contrast": lambda folder: f"{shape_distance(found.real, folder):.2f}",
    }


def _three(values: np.ndarray) -> str:
    return " / ".join(f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" for value in values)


def _axes(folder: Folder, scale: int) -> str:
    """Widths of what all images have in common; those below 0 are of images that are sharper than bicubic."""
    variances = np.linalg.eigvalsh(folder.covariance)[::-1]
    return " / ".join(f"{scale * np.sign(value) * np.sqrt(abs(value)):.2f}" for value in variances)


def _if_noisy(folder: Folder, text: str) -> str:
    return text if folder.sigma[1] > NOISY and folder.compressed < 1 else "-"


def _quality(folder: Folder) -> str:
    return _three(np.percentile(folder.qualities, (10, 50, 90))) if len(folder.qualities) else "-"
