"""The processes that one training consists of: each takes its share of every batch, and gradients are added up.

They are told apart as torchrun does it (``RANK``, ``WORLD_SIZE``, ``MASTER_ADDR``, ``MASTER_PORT``, ``LOCAL_RANK``):
gloo connects them on CPUs, NCCL on GPUs. With ``ARTEXTRACT_PROCESSES`` the stage starts its fellows on this machine
itself, by its own command. The global batch, its losses and its random choices are those of one process, so that only
the order of float additions differs. torch's DistributedDataParallel is not used: it divides by the number of
processes, where a batch here is divided by the labelled rows of each task.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from artextract.core.compute import device
from artextract.core.errors import ArtExtractError
from artextract.core.ranks import processes, rank, started_by_launcher, world_size

Made = TypeVar("Made")
READY = "artextract/ready"
LOOK_EVERY, PATIENCE = 0.05, 5.0  # seconds: between two looks at those that are awaited, and until a fellow is killed


@dataclass(frozen=True)
class Group:
    """This process among those of a training.

    Attributes:
        rank: Its number; 0 evaluates and writes.
        size: Number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """True for the process that evaluates and writes."""
        return self.rank == 0

    def part(self, rows: int) -> slice | None:
        """The share of a batch of so many rows; None where each process takes all of it: alone, or too few rows."""
        if self.size == 1 or rows < self.size:
            return None
        return slice(self.rank * rows // self.size, (self.rank + 1) * rows // self.size)

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes of a tensor without gradient; the tensor itself in a process that is alone."""
        if self.size == 1:
            return values
        with told():
            found = values.clone()
            torch.distributed.all_reduce(found)
        return found

    def add_gradients(self, net: nn.Module) -> None:
        """Let every parameter have the sum of its gradients in all processes."""
        gradients = [p.grad for p in net.parameters() if p.grad is not None]
        whole = self.total(torch.cat([gradient.reshape(-1) for gradient in gradients]))
        at = 0
        for gradient in gradients:
            gradient.copy_(whole[at : at + gradient.numel()].view_as(gradient))
            at += gradient.numel()

    def share_weights(self, net: nn.Module) -> None:
        """Let all processes have the leader's weights: on processors of several kinds the last digits drift apart."""
        with told():
            for tensor in net.state_dict().values():
                torch.distributed.broadcast(tensor, 0)

    def from_leader(self, make: Callable[[], Made]) -> Made:
        """What the leader makes, sent to all. Tensors are on the CPU; what the leader raises ends the others too."""
        if self.size == 1:
            return make()
        sent: list[Any] = [make() if self.leads else None]
        with told():
            torch.distributed.broadcast_object_list(sent, 0, device=device() if device().type == "cuda" else None)
        return sent[0]


ALONE = Group()


@contextmanager
def told() -> Iterator[None]:
    """Words in place of the traceback of a lost connection."""
    try:
        yield
    except RuntimeError as error:
        raise ArtExtractError(
            f"another process of this training has ended, or cannot be reached: {str(error).splitlines()[0]}",
            where="train_multitask",
            remedy="start the same command again: it goes on after the last finished epoch",
        ) from error


def choose_gpu() -> None:
    """On a machine with several GPUs, let this process use its own."""
    if device().type == "cuda" and started_by_launcher():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))


@contextmanager
def training_group() -> Iterator[Group]:
    """The processes of this training, connected while the block runs.

    Raises:
        ArtExtractError: One of them cannot be started or reached, or ended too early.
    """
    size = world_size() if started_by_launcher() else processes()
    if size == 1:
        yield ALONE
        return
    distributed: Any = torch.distributed  # its annotations leave out what it documents

    if device().type == "cuda" and not started_by_launcher() and size > torch.cuda.device_count():
        raise ArtExtractError(
            f"{size} processes and {torch.cuda.device_count()} GPUs", where="ARTEXTRACT_PROCESSES",
            remedy="set it to the number of GPUs, or less",
        )  # fmt: skip
    with ExitStack() as stack:
        with told():
            if started_by_launcher():
                store, number, _ = next(distributed.rendezvous("env://"))
                fellows: Sequence[subprocess.Popen[bytes]] = []
            else:
                store, number = distributed.TCPStore("127.0.0.1", 0, size, True, wait_for_workers=False), rank()
                fellows = stack.enter_context(_fellows(size, store.port))
            store.set(f"{READY}/{number}", "")
        _await(store, size, fellows)
        with told():
            backend = "nccl" if device().type == "cuda" else "gloo"
            distributed.init_process_group(backend, store=store, rank=number, world_size=size)
        stack.callback(distributed.destroy_process_group)
        yield Group(number, size)


@contextmanager
def _fellows(size: int, port: int) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
    """The other processes, started by the command of this one; they end with the block, and with this process.

    Args:
        size: Number of processes, this one included.
        port: Where they find this one.
    """
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(size)}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(1, size):
            own = {"RANK": str(number), "LOCAL_RANK": str(number)}
            started.append(subprocess.Popen(sys.orig_argv, env={**os.environ, **shared, **own}))
        yield started
        for fellow in started:
            fellow.wait()
    finally:
        for fellow in started:
            fellow.terminate()
        until = time.monotonic() + PATIENCE
        for fellow in started:
            try:
                fellow.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                fellow.kill()
                fellow.wait()


def _await(store: Any, size: int, fellows: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait until all processes have their data; one that ends before that is noticed."""
    keys = [f"{READY}/{number}" for number in range(size)]
    while not store.check(keys):
        for number, fellow in enumerate(fellows, start=1):
            if fellow.poll() is not None:
                raise ArtExtractError(
                    f"process {number} of {size} ended with status {fellow.returncode} before the training began",
                    where="ARTEXTRACT_PROCESSES",
                    remedy="what it says above is the reason; unset ARTEXTRACT_PROCESSES to train in one process",
                )
        time.sleep(LOOK_EVERY)
