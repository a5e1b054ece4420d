"""From encoded images in a row to decoded ones that several threads cut crops from."""

import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np

from gansr.data.files.images import read_image
from gansr.data.loading.lanes import Lanes
from gansr.data.streaming.shards import Encoded
from gansr.data.streaming.stream import Stream
from gansr.errors import DataError


class Decoded(NamedTuple):
    """A sample's images, not to be written to."""

    name: str
    hr: np.ndarray  # uint8 (H, W, C)
    lr: np.ndarray | None  # uint8 (H/scale, W/scale, C)


@dataclass(frozen=True)
class Fit:
    """What images must be.

    Args:
        side: of the largest crop that is cut from HR
        scale: of LR to HR, where there is LR
        skip: leave out HR that is smaller, instead of refusing it
    """

    side: int
    scale: int
    skip: bool = False


@dataclass
class Visit:
    """An image of the row that is still to be cut from."""

    block: list[Encoded]  # in which others may take its place
    place: int
    uses: int
    decoding: "Future[Decoded] | None" = None


@dataclass
class Reader:
    """The images of one process from sample number `start` on, by number of visit. Any number of threads may ask.

    Shards are read by whoever first needs what comes next, one thread at a time; decoding happens in the thread that
    asks. An image is forgotten when all its samples were cut, so what is held does not grow.

    Args:
        stream: the row
        fit: what images must be
        rank: of the process
        world: how many there are
        start: number of its first sample
        lanes: how many samples each image gives
        tell: gets a sentence about the first image that is left out
    """

    stream: Stream
    fit: Fit
    rank: int
    world: int
    start: int
    lanes: Lanes
    tell: Callable[[str], None]
    visits: dict[int, Visit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        first = min(self.lanes.visit(self.start + lane) for lane in range(self.lanes.span))
        self.block = first // self.stream.mixed
        self.blocks = self.stream.blocks(self.rank, self.world, self.block)
        self.error: Exception | None = None
        self.said = False

    def __enter__(self) -> "Reader":
        # One decoder for all images: it reads files. Encoded images are small.
        self.folder = tempfile.TemporaryDirectory(prefix="gansr_streaming_")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with closing(self.blocks):  # pyright: ignore[reportArgumentType] - a generator
            self.folder.cleanup()

    def name(self, number: int) -> str:
        """The shard and the sample that the process's sample `number` comes from."""
        with self.lock:
            visit = self._visit(self.lanes.visit(number))
            return visit.block[visit.place].name

    def image(self, number: int) -> Decoded:
        """What the process's sample `number` is cut from; to be asked for once for each sample.

        Raises DataError for shards and images that cannot be read or do not fit.
        """
        turn = self.lanes.visit(number)
        with self.lock:
            visit = self._visit(turn)
            visit.uses -= 1
            if not visit.uses:
                del self.visits[turn]
            mine, visit.decoding = visit.decoding is None, visit.decoding or Future()
        if mine:
            try:
                visit.decoding.set_result(self._decoded(visit))
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for, by all who ask
                visit.decoding.set_exception(error)
        return visit.decoding.result()

    def _visit(self, turn: int) -> Visit:
        """An image of the row, after reading as far as it."""
        while turn >= self.block * self.stream.mixed:
            self._read_on()
        return self.visits[turn]

    def _read_on(self) -> None:
        if self.error is not None:  # whoever comes later cannot go on either
            raise self.error
        try:
            block = next(self.blocks)
        except Exception as error:
            self.error = error
            raise
        for place in range(len(block)):
            turn = self.block * self.stream.mixed + place
            if uses := self.lanes.uses(turn, self.start):
                self.visits[turn] = Visit(block, place, uses)
        self.block += 1

    def _decoded(self, visit: Visit) -> Decoded:
        """The image, or the next one of its block that is large enough."""
        block, place = visit.block, visit.place
        for encoded in (*block[place:], *block[:place]):
            found = self._decode(encoded)
            height, width, _ = found.hr.shape
            if min(height, width) >= self.fit.side:
                if not self.fit.skip:  # else it may have to stand in for another one
                    block[place] = block[place]._replace(hr=b"", lr=None)
                return found
            small = f"{encoded.name} is {width}x{height} (width x height), smaller than the crop of {self.fit.side}"
            if not self.fit.skip:
                raise DataError(f"data.train.streaming: {small}. Set crop to less, or small_images: skip.")
            self._say(f"{small}, and left out; so are others, without a word")
        raise DataError(
            f"data.train.streaming: of {len(block)} images around {block[place].name}, none is as large as the crop of "
            f"{self.fit.side}. Set crop to less."
        )

    def _decode(self, encoded: Encoded) -> Decoded:
        hr = self._read(encoded.hr, encoded.name, encoded.suffixes[0])
        if encoded.lr is None:
            return Decoded(encoded.name, hr, None)
        lr = self._read(encoded.lr, f"{encoded.name} (LR)", encoded.suffixes[1])
        expected = tuple(side // self.fit.scale for side in hr.shape[:2])
        if lr.shape[:2] != expected:
            raise DataError(
                f"data.train.streaming: {encoded.name}: LR is {lr.shape[1]}x{lr.shape[0]} and HR is "
                f"{hr.shape[1]}x{hr.shape[0]} (width x height). Expected an LR of {expected[1]}x{expected[0]} at "
                f"x{self.fit.scale}."
            )
        return Decoded(encoded.name, hr, lr)

    def _read(self, content: bytes, name: str, suffix: str) -> np.ndarray:
        path = Path(self.folder.name, f"{threading.get_ident()}{suffix}")
        path.write_bytes(content)
        try:
            image = read_image(path)
        except DataError as error:
            raise DataError(f"data.train.streaming: {str(error).replace(str(path), name)}") from error
        finally:
            path.unlink(missing_ok=True)
        image.flags.writeable = False
        return image

    def _say(self, text: str) -> None:
        with self.lock:
            said, self.said = self.said, True
        if not said:
            self.tell(text)
