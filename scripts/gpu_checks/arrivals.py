"""Do batches arrive on the GPU as they were made, while it computes something else?"""

import contextlib
from itertools import islice
from pathlib import Path

import torch
from gpu_checks.cases import Case
from gpu_checks.runs import Row, session
from torch import Tensor

from gansr.build.feeding import data
from gansr.data.loading.loader import loaded
from gansr.data.sampler import CounterSampler

BUSY = 2048  # side of a matrix: the GPU multiplies some while copies are under way
WORKERS = 3


def arrive(case: Case, photos: Path, cpu: bool) -> Row:
    """Batches that threads sent aside, and used at once, beside the same batches made on the host.

    Nobody waits in between, and each batch is let go of when it was used once: a copy that is read before it is there,
    or whose memory is given to the next one too early, holds other bytes.
    """
    row = Row(case)
    with row.catching("arrivals"):
        options = case.options(photos)
        with session(options, cpu) as accelerator:
            images, device = data.open_images(options).train, accelerator.device
            sampler = CounterSampler(len(images), options.train.batch, options.seed)
            busy = torch.rand(8 if cpu else BUSY, 8 if cpu else BUSY, device=device)
            used: list[Tensor] = []
            with contextlib.closing(loaded(images, sampler, WORKERS, device)) as batches:
                for batch in islice(batches, case.steps):
                    busy = busy @ busy / busy.norm()
                    used.append(batch + 0)
                    del batch
            with contextlib.closing(loaded(images, sampler, 0, torch.device("cpu"))) as batches:
                same = [torch.equal(one.cpu(), other) for one, other in zip(used, batches, strict=False)]
            row.cells["arrived"] = f"{sum(same)} of {len(same)}"
            if not all(same):
                row.problems.append("batches are not what was sent")
            if used[0].device.type != device.type:
                row.problems.append(f"batches are on the {used[0].device.type}")
    return row
