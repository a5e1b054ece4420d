"""Writing what comes in pieces."""

from pathlib import Path
from typing import Protocol

from gansr.data.fetching.budget import MEGABYTE, Budget, Unpacked


class Source(Protocol):
    """What can be read in pieces."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, or fewer at the end."""
        ...


def write_pieces(source: Source, path: Path, archive: Path, budget: Budget, told: Unpacked) -> int:
    """Write a member to a new file below an existing folder; the number of bytes. Raises as `Budget.write`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("xb") as file:
        while piece := source.read(MEGABYTE):
            budget.write(len(piece), archive)
            file.write(piece)
            count += len(piece)
            told(len(piece))
    return count
