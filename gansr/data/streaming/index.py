"""How many samples each shard has: what a resumed run must know to go on without reading all that came before.

The file is JSON as webdataset's own `widsindex` writes it: {"shardlist": [{"url": ..., "nsamples": ...}, ...]}.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gansr.data.streaming.shards import count_samples, is_local
from gansr.errors import DataError

INDEX = "shards.json"


def counts_of(shards: Sequence[str], index: Path | None) -> dict[str, int]:
    """Shard -> its number of samples, of those that are known or can be looked up here.

    Local shards are counted once; `shards.json` beside them, or `index`, keeps the counts and what else it says, and
    a shard of another size than then is counted anew. Raises DataError for a shard without samples or one that cannot
    be read, and for an index that is named and cannot be used.
    """
    local = [shard for shard in shards if is_local(shard)]
    path = index or (Path(local[0]).parent / INDEX if local else None)
    known = _read(path, strict=index is not None and not local) if path is not None else {}
    said = _said_of(shards, known.get("shardlist", []), path, by_name=index is not None)
    counts = {shard: int(one[0]["nsamples"]) for shard, one in said.items() if len(one) == 1 and _still(shard, one[0])}
    missing = [shard for shard in local if shard not in counts]
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = dict(zip(missing, pool.map(count_samples, map(Path, missing)), strict=True))
    counts |= found
    if empty := [shard for shard, count in counts.items() if not count]:
        raise DataError(f"data.train.streaming: {empty[0]} holds no sample; expected images in each shard.")
    if found and path is not None:
        outdated = {id(one) for shard in found for one in said[shard]}
        kept = [one for one in known.get("shardlist", []) if id(one) not in outdated]
        _write(path, known, kept, found)
    return counts


def _said_of(
    shards: Sequence[str], entries: Sequence[dict[str, Any]], path: Path | None, by_name: bool
) -> dict[str, list[dict[str, Any]]]:
    """Shard -> what an index says of it: by the place where it is, or else, where no other one has it, by its name."""
    folder = path.parent if path is not None else Path()
    places, names = defaultdict(list), defaultdict(list)
    for one in entries:
        places[_place(one["url"], folder)].append(one)
        names[_name(one["url"])].append(one)
    alike = Counter(map(_name, shards))
    found = {shard: places[_place(shard, Path())] for shard in shards}
    for shard in shards if by_name else ():
        if alike[_name(shard)] == 1:
            found[shard] = found[shard] or names[_name(shard)]
    return found


def _place(shard: str, folder: Path) -> str:
    return os.path.abspath(folder / shard) if is_local(shard) else shard  # noqa: PTH100, takes .. out


def _name(shard: str) -> str:
    return shard.rpartition("/")[2]


def _still(shard: str, said: dict[str, Any]) -> bool:
    """Is a shard as large as an index says, if it does?"""
    size = said.get("filesize")
    return size is None or not is_local(shard) or not Path(shard).exists() or Path(shard).stat().st_size == size


def _read(path: Path, strict: bool) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text("utf-8"))
        if all(isinstance(one["url"], str) and int(one["nsamples"]) >= 0 for one in known["shardlist"]):
            return known
        raise ValueError("a number of samples is negative, or a name no text")
    except FileNotFoundError:
        if not strict:
            return {}
        raise DataError(f"data.train.streaming.index: there is no file {path}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"data.train.streaming.index: {path} cannot be used: {error!r}. Expected JSON as "
            '{"shardlist": [{"url": "00.tar", "nsamples": 100}]}; remove it to have local shards counted.'
        ) from None


def _write(path: Path, known: dict[str, Any], kept: list[dict[str, Any]], counts: dict[str, int]) -> None:
    """Several processes may do it at once, with the same result. A folder that cannot be written to has no index."""
    beside = path.parent.absolute()
    entries = [
        {
            "url": Path(shard).name if Path(shard).parent.absolute() == beside else str(Path(shard).absolute()),
            "nsamples": count,
            "filesize": Path(shard).stat().st_size,
        }
        for shard, count in counts.items()
    ]
    text = json.dumps({"wids_version": 1} | known | {"shardlist": kept + entries}, indent=1)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_text(text, "utf-8")
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)  # counted again next time
