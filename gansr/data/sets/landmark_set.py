"""Faces to learn landmarks from: each sample is a face turned, scaled, shifted, mirrored and spoilt by chance.

Everything random about a sample comes from its number (see `sampler`), as for all training data.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch.utils.data import Dataset

from gansr.data.batch import Faces
from gansr.data.batches import channels_first, floats
from gansr.data.files.images import read_image, to_rgb
from gansr.data.loading.loader import loaded
from gansr.data.sampler import CounterSampler, Ticket, sample_generator
from gansr.data.sets.landmarks import Framing, crop_face, face_box, flip_order
from gansr.errors import DataError

REACH = 1.9
"""Side of what is kept of an image, in crops: turned by 30 degrees, enlarged and shifted, a crop stays inside."""

DENSITY = 1.25
"""Pixels that are kept for each of the crop: the turned crop is interpolated from them."""


class FaceSet(Dataset[tuple[np.ndarray, np.ndarray]]):
    """Faces of a folder and their landmarks, held in memory at about the size at which they are used.

    A sample is (uint8 (size, size, 3), float32 (P, 2)). With `spoil` it is drawn by the sample's number; without,
    it is the face as `framing` frames it. Mirroring needs an order of points that is known: 68 of them.
    Raises DataError for an image that is missing or has no landmarks.
    """

    def __init__(
        self,
        folder: Path,
        landmarks: Mapping[str, np.ndarray],
        names: Sequence[str],
        size: int,
        seed: int = 0,
        framing: Framing = "tight",
        spoil: bool = False,
    ):
        self.size, self.seed, self.spoil = size, seed, spoil
        self.reach = REACH if spoil else 1.0
        kept = round(size * self.reach * DENSITY) if spoil else size
        self.faces = [_read_face(folder, name, landmarks, framing, self.reach, kept) for name in names]

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, ticket: Ticket) -> tuple[np.ndarray, np.ndarray]:
        image, points = self.faces[ticket.index]
        if not self.spoil:
            return image, points.astype(np.float32)
        random = sample_generator(self.seed, ticket.number)
        order = flip_order(len(points))
        image, points = place(image, points, self.size, self.reach, random)
        if order is not None and random.random() < 0.5:
            image, points = mirror(image, points, order)
        return spoiled(image, random), points.astype(np.float32)


def _read_face(
    folder: Path, name: str, landmarks: Mapping[str, np.ndarray], framing: Framing, reach: float, size: int
) -> tuple[np.ndarray, np.ndarray]:
    if name not in landmarks:
        raise DataError(f"{folder / name}: there are no landmarks of this image.")
    points = landmarks[name]
    box = face_box(points, framing)
    image = to_rgb(read_image(folder / name))
    height, width = image.shape[:2]
    if not (0 <= box.x < width and 0 <= box.y < height):
        raise DataError(
            f"{folder / name} is {width}x{height} (width x height), but its landmarks lie around "
            f"({box.x:.0f}, {box.y:.0f}). They seem to belong to another size of this image."
        )
    return crop_face(image, points, box._replace(side=box.side * reach), size)


def place(
    image: np.ndarray, points: np.ndarray, size: int, reach: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Turn by up to 30 degrees, scale by 0.8 to 1.25, shift by up to a tenth, and cut size x size from the middle.

    `image` shows `reach` times what the crop shows when nothing is moved.
    """
    angle, zoom = math.radians(random.uniform(-30, 30)), math.exp(random.uniform(math.log(0.8), math.log(1.25)))
    shift = random.uniform(-0.1, 0.1, size=2) * size
    step = image.shape[0] / (reach * size) / zoom  # pixels of the image for each of the crop
    turn = step * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = image.shape[0] / 2 - turn @ (size / 2 + shift)
    affine = (*turn[0], middle[0], *turn[1], middle[1])  # of corners, not of centres, as Pillow has it
    cut = Image.fromarray(image).transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
    return np.array(cut), (points + 0.5 - middle) @ np.linalg.inv(turn).T - 0.5


def mirror(image: np.ndarray, points: np.ndarray, order: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The face in a mirror: what was its left eye is its right one, so the points change places."""
    mirrored = points * (-1, 1) + (image.shape[1] - 1, 0)
    return image[:, ::-1], mirrored[list(order)]


def spoiled(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Other colours, and what super-resolution leaves: blur, lost detail, noise; sometimes a part is covered."""
    height, width = image.shape[:2]
    picture = Image.fromarray(np.ascontiguousarray(image))
    kind, strength = random.random(), random.uniform(1, 5)
    if kind < 0.4:
        method = random.choice(np.array([Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC]))
        small = picture.resize((round(width / strength), round(height / strength)), Image.Resampling(int(method)))
        picture = small.resize((width, height), Image.Resampling.BICUBIC)
    elif kind < 0.6:
        picture = picture.filter(ImageFilter.GaussianBlur(strength / 2))
    levels = np.asarray(picture, dtype=np.float32)
    grey = levels.mean(axis=-1, keepdims=True)
    levels = grey + random.uniform(0, 1.4) * (levels - grey)
    levels = levels * random.uniform(0.85, 1.15, size=3).astype(np.float32)
    levels = (levels - 128) * random.uniform(0.6, 1.4) + 128 + random.uniform(-40, 40)
    noise = random.standard_normal(levels.shape, dtype=np.float32) * random.uniform(0, 8) * (random.random() < 0.5)
    levels = levels + noise
    covered, (tall, wide) = random.random(), random.uniform(0.1, 0.35, size=2)
    top, left = (random.uniform(0, 1, size=2) * (height, width)).astype(int)
    if covered < 0.3:
        levels[top : top + round(tall * height), left : left + round(wide * width)] = random.uniform(0, 255, size=3)
    return levels.round().clip(0, 255).astype(np.uint8)


def face_batches(
    faces: FaceSet, *, batch: int, seed: int, start: int = 0, workers: int = 0, device: torch.device
) -> Iterator[Faces]:
    """Batches `start`, `start + 1`, ... without end; they depend on `batch`, `seed` and `start` alone."""
    sampler = CounterSampler(len(faces), batch, seed, start=start)
    for image, points in loaded(faces, sampler, workers, device):
        yield Faces(floats(channels_first(image, device)), points.to(device, non_blocking=True))


def all_faces(faces: FaceSet, device: torch.device) -> Faces:
    """Every face once, in order, in one batch."""
    samples = [faces[Ticket(index, index)] for index in range(len(faces))]
    image, points = (torch.from_numpy(np.stack(part)) for part in zip(*samples, strict=True))
    return Faces(floats(channels_first(image, device)), points.to(device))
