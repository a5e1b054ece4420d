"""How many samples each shard has: what a resumed run must know to go on without reading all that came before.

The file is JSON as webdataset's own `widsindex` writes it: {"shardlist": [{"url": ..., "nsamples": ...}, ...]}.
"""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gansr.data.streaming.shards import count_samples, is_local
from gansr.errors import DataError

INDEX = "shards.json"


def counts_of(shards: Sequence[str], index: Path | None) -> dict[str, int]:
    """Shard -> its number of samples, of those that are known or can be looked up here.

    Local shards are counted once; `shards.json` beside them, or `index`, keeps the counts, and a shard of another size
    than then is counted anew. Raises DataError for a shard without samples or one that cannot be read, and for an index
    that is named and cannot be used.
    """
    local = [shard for shard in shards if is_local(shard)]
    path = index or (Path(local[0]).parent / INDEX if local else None)
    known = _read(path, strict=index is not None and not local) if path is not None else []
    counts = {shard: count for shard in shards if (count := _known(shard, known)) is not None}
    missing = [shard for shard in local if shard not in counts]
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = dict(zip(missing, pool.map(count_samples, map(Path, missing)), strict=True))
    counts |= found
    if empty := [shard for shard, count in counts.items() if not count]:
        raise DataError(f"data.train.streaming: {empty[0]} holds no sample; expected images in each shard.")
    if found and path is not None:
        _write(path, {shard: count for shard, count in counts.items() if shard in local})
    return counts


def _known(shard: str, entries: Sequence[dict[str, Any]]) -> int | None:
    """What an index says of a shard: by its whole name, or else by its last part; nothing if its size has changed."""
    last = shard.rpartition("/")[2]
    found = [one for one in entries if one["url"] == shard] or [
        one for one in entries if one["url"].rpartition("/")[2] == last
    ]
    if len(found) != 1:
        return None
    size = found[0].get("filesize")
    changed = size is not None and is_local(shard) and Path(shard).exists() and Path(shard).stat().st_size != size
    return None if changed else int(found[0]["nsamples"])


def _read(path: Path, strict: bool) -> list[dict[str, Any]]:
    try:
        entries = json.loads(path.read_text("utf-8"))["shardlist"]
        if all(isinstance(one["url"], str) and int(one["nsamples"]) >= 0 for one in entries):
            return entries
        raise ValueError("a number of samples is negative, or a name no text")
    except FileNotFoundError:
        if not strict:
            return []
        raise DataError(f"data.train.streaming.index: there is no file {path}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"data.train.streaming.index: {path} cannot be used: {error!r}. Expected JSON as "
            '{"shardlist": [{"url": "00.tar", "nsamples": 100}]}; remove it to have local shards counted.'
        ) from None


def _write(path: Path, counts: dict[str, int]) -> None:
    """Several processes may do it at once, with the same result. A folder that cannot be written to has no index."""
    entries = [
        {"url": Path(shard).name, "nsamples": count, "filesize": Path(shard).stat().st_size}
        for shard, count in counts.items()
    ]
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_text(json.dumps({"wids_version": 1, "shardlist": entries}, indent=1), "utf-8")
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)  # counted again next time
