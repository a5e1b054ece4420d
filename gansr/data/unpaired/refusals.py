"""What two sides of unpaired images may not be."""

from collections.abc import Sequence
from pathlib import Path

from gansr.data.files.folders import channels_of
from gansr.errors import DataError

HR, REAL_LR = "data.train.hr", "data.train.real_lr"


def refuse_sides(hr: Sequence[Path], real_lr: Sequence[Path]) -> None:
    """Raise DataError if a file is on both sides, or if one side is grey and the other has colours.

    Reads headers only.
    """
    _refuse_shared_files(hr, real_lr)
    grey = [all(count == 1 for count in channels_of(side)) for side in (hr, real_lr)]
    if grey[0] != grey[1]:
        one, other = (HR, REAL_LR) if grey[0] else (REAL_LR, HR)
        raise DataError(
            f"{one} holds greyscale files only, and {other} holds files with colours: to tell the sides apart, a "
            f"discriminator would look at nothing else. Choices: photos of one kind, or files of {other} converted to "
            f"greyscale."
        )


def _refuse_shared_files(hr: Sequence[Path], real_lr: Sequence[Path]) -> None:
    """Folders are searched with all that is nested in them: real LR in a folder within that of HR is on both sides."""
    sharp = {file.resolve() for file in hr}
    shared = [file for file in real_lr if file.resolve() in sharp]
    if not shared:
        return
    if len(shared) == len(sharp) == len(real_lr):
        raise DataError(
            f"{REAL_LR} and {HR} are the same {len(shared)} files, for example {shared[0]}: there is nothing to learn. "
            f"Let {REAL_LR} name a folder of real LR photos."
        )
    raise DataError(
        f"{len(shared)} of {len(real_lr)} files of {REAL_LR} are found in {HR} too, for example {shared[0]}. Folders "
        f"are searched with all that is nested in them: let neither lie within the other."
    )
