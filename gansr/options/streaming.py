"""Training images from tar files, as options. Plain data, as `images` is."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt

from gansr.options.component import Strict

Part = Annotated[str, Field(pattern=r"^[\w-]+(\.[\w-]+)*$")]


class StreamingOptions(Strict):
    """Shards of WebDataset, read one after another."""

    shards: str | tuple[str, ...] = Field(
        min_length=1, description="tar files or URLs of such, with ranges as in photos/{00..63}.tar"
    )
    index: Path | None = Field(
        default=None, description="JSON with each shard's number of samples; omitted: shards.json beside local shards"
    )
    hr: Part | None = Field(
        default=None,
        description="what HR images are called behind a sample's name, as hr in 0001.hr.png; omitted: 0001.png",
    )
    lr: Part | None = Field(default=None, description="the same of their LR, as lr in 0001.lr.png; omitted: LR is made")
    mixed: PositiveInt = Field(default=64, description="images in a row that are shuffled; shards always are")

    @property
    def all_shards(self) -> tuple[str, ...]:
        """The shards as they are written, always as a tuple."""
        return (self.shards,) if isinstance(self.shards, str) else self.shards


FILES_ONLY = {
    "hr": "it names folders",
    "lr": "it names folders; streaming.lr says which images of a shard are LR",
    "keep_lr": "it keeps LR of files",
    "real_lr": "it names folders, and shards have one side",
    "pairs": "they stand beside photos in folders",
    "importance": "maps belong to images in folders",
}
"""What cannot stand beside `streaming`, and why."""
