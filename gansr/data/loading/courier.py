"""Batches from the threads that make them to the device that learns from them."""

from typing import Any, NamedTuple

import torch

from gansr.data.loading.collate import collated, with_each


class Sent(NamedTuple):
    """A batch on its way."""

    batch: Any  # as `collated` makes it
    arrived: Any  # the event of its arrival; None where there is nothing to wait for


class Courier:
    """Sends batches to a device without waiting for it.

    On a CUDA device the copies have a stream of their own, so they run while the device computes, from memory that is
    pinned. Whoever takes a batch has its own stream wait for the copy; the host waits for nothing. Other devices get
    their copies from the thread that takes the batch.
    """

    def __init__(self, device: torch.device):
        self.device = device
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def prepare(self) -> None:
        """For threads that send: CUDA's current device is one of each thread, and at first not this one."""
        if self.stream is not None:
            torch.cuda.set_device(self.stream.device)

    def send(self, samples: list[Any]) -> Sent:
        """Make a batch of the samples, and begin to copy it."""
        batch = collated(samples, pinned=self.stream is not None)
        if self.stream is None:
            return Sent(batch, None)
        with torch.cuda.stream(self.stream):
            # PyTorch gives pinned memory to no one else before the copies that were begun from it are done.
            batch = with_each(batch, lambda tensor: tensor.to(self.device, non_blocking=True))
            return Sent(batch, self.stream.record_event())

    def received(self, sent: Sent) -> Any:
        """The batch, for use in the current stream of the thread that calls."""
        if sent.arrived is None:
            return with_each(sent.batch, lambda tensor: tensor.to(self.device, non_blocking=True))
        stream = torch.cuda.current_stream(self.device)
        stream.wait_event(sent.arrived)
        with_each(sent.batch, lambda tensor: (tensor.record_stream(stream), tensor)[1])  # else it were reused too early
        return sent.batch
