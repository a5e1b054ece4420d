"""Does a face prior help? Makes the faces of the experiment, and judges what networks made of them.

python faces.py prepare FACES LFW --judge NET --out FOLDER
python faces.py judge FOLDER --judge NET --seen NET --out TABLE.json NAME=WEIGHTS[,WEIGHTS...] ...

FACES holds face_landmarks.csv and its images; LFW is a folder of faces in the middle of 250x250 photos. A network is
judged on faces that were held out, by landmarks that `--judge` finds, a network that no loss has seen; `--seen` is the
one in the loss, for comparison.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gansr.build.making.networks import load_generator
from gansr.data.files.images import read_image, to_rgb
from gansr.data.sampler import permutation
from gansr.data.sets.landmarks import Box, crop_face, face_box, read_landmarks
from gansr.imaging.resize import enlarge_uint8, reduce_uint8
from gansr.inference.upscale import Upscaler
from gansr.metrics.fidelity.psnr import PSNR
from gansr.metrics.fidelity.ssim import SSIM
from gansr.models.features.landmark_net import landmark_network, landmarks, normalised_mean_error

SIDE, SCALE, HELD_OUT = 64, 4, 19
PLACES = {"train": 8, "test": 4}  # squares around each face: the first as framed, the others moved a little


def tensor(image: np.ndarray) -> torch.Tensor:
    """(H, W, 3) bytes -> (1, 3, H, W) bytes."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]


@torch.no_grad()
def find(network: torch.nn.Module, image: np.ndarray) -> np.ndarray:
    """Landmarks (68, 2) of a square face image, in its pixels."""
    size = network.input_size
    small = np.array(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))
    maps = network(tensor(small).float() / 255)[-1]
    return landmarks(maps, *image.shape[:2])[0].numpy()


def moved(box: Box, number: int, random: np.random.Generator) -> Box:
    """The square of one sample: moved by up to 6 % of its side, and up to 15 % larger or smaller."""
    if number == 0:
        return box
    x, y = random.uniform(-0.06, 0.06, 2) * box.side
    return Box(box.x + x, box.y + y, box.side * random.uniform(0.9, 1.15))


def prepare(faces: Path, lfw: Path, judge: Path, out: Path) -> None:
    """Write train/ and test/ of 64x64 faces, and the landmarks of the latter."""
    network = landmark_network(str(judge)).eval()
    points = read_landmarks(faces / "face_landmarks.csv")
    names = sorted(points)
    order = permutation(len(names), 0, 0)
    parts = {
        "test": [names[i] for i in sorted(order[:HELD_OUT])],
        "train": [names[i] for i in sorted(order[HELD_OUT:])],
    }
    random, kept = np.random.default_rng(0), {}
    for part, members in parts.items():
        (out / part).mkdir(parents=True, exist_ok=True)
        for name in members:
            image = to_rgb(read_image(faces / name))
            for number in range(PLACES[part]):
                box = moved(face_box(points[name]), number, random)
                cut, found = crop_face(image, points[name], box, SIDE)
                Image.fromarray(cut).save(out / part / f"{Path(name).stem}_{number}.png")
                if part == "test":
                    kept[f"{Path(name).stem}_{number}.png"] = found.tolist()
    for path in sorted(lfw.glob("*.jpg")):
        image = to_rgb(read_image(path))
        box = Box(125, 128, 135)
        for _ in range(2):  # once to find the face, once to frame it
            cut, _ = crop_face(image, np.zeros((1, 2)), box, SIDE)
            box = face_box(
                (find(network, cut) + 0.5) * (box.side / SIDE) + (box.x - box.side / 2, box.y - box.side / 2)
            )
        for number in range(3):
            cut, _ = crop_face(image, np.zeros((1, 2)), moved(box, number, random), SIDE)
            Image.fromarray(cut).save(out / "train" / f"{path.stem}_{number}.png")
    (out / "test.json").write_text(json.dumps(kept))


def judge(folder: Path, nets: dict[str, Path], models: dict[str, list[Path]], out: Path) -> None:
    """Print and save means over the held-out faces, and each face's numbers."""
    networks = {name: landmark_network(str(path)).eval() for name, path in nets.items()}
    points = json.loads((folder / "test.json").read_text())
    images = {name: to_rgb(read_image(folder / "test" / name)) for name in sorted(points)}
    results, psnr, ssim = {}, PSNR(SCALE), SSIM(SCALE)
    for title in ["HR", "bicubic", *models]:
        runs = models.get(title, [None])
        rows = {name: [] for name in images}
        for weights in runs:
            upscale = Upscaler(load_generator(weights).network, SCALE, torch.device("cpu")) if weights else None
            for name, hr in images.items():
                lr = reduce_uint8(tensor(hr), SCALE)
                large = hr if title == "HR" else enlarge_uint8(lr, SCALE)[0].permute(1, 2, 0).numpy()
                sr = upscale(lr[0].permute(1, 2, 0).numpy()) if upscale else large
                row = {}
                for net, network in networks.items():
                    found = torch.from_numpy(find(network, sr))[None]
                    row[net] = normalised_mean_error(found, torch.tensor(points[name], dtype=found.dtype)[None]).item()
                    of_hr = torch.from_numpy(find(network, hr))[None]
                    row[f"{net}, from HR's"] = normalised_mean_error(found, of_hr).item()
                if title != "HR":
                    row |= {"PSNR": psnr(tensor(sr)[0], tensor(hr)[0]), "SSIM": ssim(tensor(sr)[0], tensor(hr)[0])}
                rows[name].append(row)
        results[title] = rows
        keys = next(iter(rows.values()))[0]
        means = {key: float(np.mean([row[key] for found in rows.values() for row in found])) for key in keys}
        print(title, {key: round(value, 4) for key, value in means.items()}, flush=True)
    compare(results, list(models), list(nets))
    out.write_text(json.dumps(results))


def compare(results: dict, titles: list[str], nets: list[str]) -> None:
    """Each model against the first: mean difference with a 95 % interval, resampling whole people."""
    random = np.random.default_rng(0)
    first = titles[0]
    people = sorted({name.rpartition("_")[0] for name in results[first]})
    for title in titles[1:]:
        for key in [*nets, *(f"{net}, from HR's" for net in nets), "PSNR", "SSIM"]:
            difference = np.array(
                [
                    np.mean(
                        [
                            b[key] - a[key]
                            for name in results[first]
                            if name.rpartition("_")[0] == person
                            for a, b in zip(results[first][name], results[title][name], strict=True)
                        ]
                    )
                    for person in people
                ]
            )
            draws = random.choice(difference, (10_000, len(people))).mean(axis=1)
            low, high = np.percentile(draws, [2.5, 97.5])
            better = int((difference < 0).sum())
            print(
                f"{title} - {first}, {key}: {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}], "
                f"lower for {better} of {len(people)}"
            )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    one = commands.add_parser("prepare")
    one.add_argument("faces", type=Path)
    one.add_argument("lfw", type=Path)
    one.add_argument("--judge", type=Path, required=True)
    one.add_argument("--out", type=Path, required=True)
    two = commands.add_parser("judge")
    two.add_argument("folder", type=Path)
    two.add_argument("--judge", type=Path, required=True)
    two.add_argument("--seen", type=Path, required=True)
    two.add_argument("--out", type=Path, required=True)
    two.add_argument("models", nargs="+", metavar="NAME=WEIGHTS,...")
    asked = parser.parse_args()
    if asked.command == "prepare":
        prepare(asked.faces, asked.lfw, asked.judge, asked.out)
        return
    models = {name: [Path(p) for p in paths.split(",")] for name, paths in (m.split("=", 1) for m in asked.models)}
    judge(asked.folder, {"judge": asked.judge, "seen": asked.seen}, models, asked.out)


if __name__ == "__main__":
    main()
