"""Are hidden degradations found again? `python calibration.py PHOTOS WORK [REAL_LR]`, about five minutes on a core.

Of the photos (BSDS300's 200 for training) every other one is taken for sharp. The rest goes through degradations made
here by NumPy and Pillow, not by gansr's operations, and `gansr degrade --fit` gets to see the results only.
"""

import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console

from gansr.build.degrading.calibrate import Calibration, Request, run
from gansr.build.degrading.calibration_table import calibration_table
from gansr.data.calibration.samples import shape_distance, spectral_distance

HERE = Path(__file__).parent
HIDDEN = {
    "a": {"scale": 2, "widths": (1.2, 1.2), "sigma": 20.0},
    "b": {"scale": 2, "widths": (2.4, 1.0), "angle": 0.6, "sigma": 8.0, "quality": (60, 60)},
    "c": {"scale": 4, "blur": (0.5, 2.5), "shot": 0.001, "read": 2e-5, "quality": (70, 95), "compressed": 0.5},
}


def blurred(image: np.ndarray, along: float, across: float, angle: float) -> np.ndarray:
    """Correlate (H, W, 3) with an elongated Gaussian by FFT, mirrored at the border."""
    margin = 16
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    v, u = np.fft.fftfreq(padded.shape[0])[:, None], np.fft.fftfreq(padded.shape[1])[None]
    one, two = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
    response = np.exp(-2 * np.pi**2 * ((along * one) ** 2 + (across * two) ** 2))
    result = np.fft.ifft2(np.fft.fft2(padded, axes=(0, 1)) * response[..., None], axes=(0, 1)).real
    return result[margin:-margin, margin:-margin]


def degraded(image: np.ndarray, random: np.random.Generator, hidden: dict) -> tuple[np.ndarray, int | None]:
    """One LR image, uint8, and the quality of its JPEG."""
    width = random.uniform(*hidden["blur"]) if "blur" in hidden else None
    along, across = (width, width) if width is not None else hidden["widths"]
    large = blurred(image.astype(float), along, across, hidden.get("angle", 0.0))
    size = (image.shape[1] // hidden["scale"], image.shape[0] // hidden["scale"])
    planes = [Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
              for plane in np.moveaxis(large, 2, 0)]  # fmt: skip
    small = np.stack([np.asarray(plane, float) for plane in planes], 2)
    variance = hidden.get("sigma", 0) ** 2
    if "shot" in hidden:
        variance = 255**2 * (hidden["shot"] * small.clip(0, 255) / 255 + hidden["read"])
    noisy = small + random.normal(size=small.shape) * np.sqrt(variance)
    result, quality = noisy.round().clip(0, 255).astype(np.uint8), None
    if "quality" in hidden and random.random() < hidden.get("compressed", 1):
        file = io.BytesIO()
        low, high = hidden["quality"]
        quality = int(random.integers(low, high + 1))
        Image.fromarray(result).save(file, "JPEG", quality=quality)
        result = np.asarray(Image.open(file).convert("RGB"))
    return result, quality


def numbers(found: Calibration) -> dict:
    """What is kept."""
    folders = {"real": found.real, "bicubic": found.bicubic, "fitted": found.fit.output}
    return {
        "pipeline": found.fit.parameters.rows(found.scale),
        "decibels": {name: round(spectral_distance(found.real, folder), 3) for name, folder in folders.items()},
        "at equal contrast": {name: round(shape_distance(found.real, folder), 3) for name, folder in folders.items()},
        "noise": {name: folder.sigma.round(2).tolist() for name, folder in folders.items()},
        "compressed": {name: round(folder.compressed, 3) for name, folder in folders.items()},
    }


def main(photos: Path, work: Path, real_lr: Path | None = None) -> None:
    """Fit everything, print the tables and write numbers, pipelines and spectra beside this file."""
    files = sorted(photos.glob("*.jpg"))
    sharp = work / "sharp"
    sharp.mkdir(parents=True, exist_ok=True)
    for file in files[::2]:
        (sharp / file.name).write_bytes(file.read_bytes())
    sets = {name: (work / name, hidden["scale"]) for name, hidden in HIDDEN.items()}
    qualities: dict[str, list[int | None]] = {}
    for name, hidden in HIDDEN.items():
        (work / name).mkdir(exist_ok=True)
        random = np.random.default_rng(7)
        qualities[name] = []
        for file in files[1::2]:
            image = np.asarray(Image.open(file).convert("RGB"))
            height, width = (side // hidden["scale"] * hidden["scale"] for side in image.shape[:2])
            small, quality = degraded(image[:height, :width], random, hidden)
            qualities[name].append(quality)
            Image.fromarray(small).save(work / name / f"{file.stem}.png")
    if real_lr is not None:
        sets["real"] = (real_lr, 2)
    kept, console = {}, Console(width=120)
    for name, (folder, scale) in sets.items():
        found = run(Request(folder, sharp, work / f"{name}.yml", scale, 0))
        console.print(f"{name}: {HIDDEN.get(name, folder.name)}", calibration_table(found))
        kept[name] = {"hidden": HIDDEN.get(name), **numbers(found)}
        if name in qualities:
            read = [sample.compression and sample.compression.quality for sample in found.real.samples]
            pairs = list(zip(qualities[name], read, strict=True))
            kept[name]["qualities read right"] = f"{sum(one == two for one, two in pairs)} of {len(pairs)}"
            kept[name]["drawn"] = sum(one is not None for one in qualities[name])
            console.print({key: kept[name][key] for key in ("qualities read right", "drawn")})
        picture = Image.open(work / f"{name}.png").quantize(64)
        picture.save(HERE / f"{name}.png", optimize=True)
    (HERE / "numbers.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
