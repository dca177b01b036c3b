"""Training of the classification network: one step, one epoch from JPEG files, one epoch over a frozen backbone."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from artextract.classification.network.backbones import make_backbone, preprocessing_of
from artextract.classification.network.inputs import Inputs, load_inputs
from artextract.classification.network.network import MultitaskNet, multitask_loss
from artextract.classification.network.tokens import tokens_of
from artextract.classification.network.trainer import Trainer
from artextract.classification.network.training_rows import Data
from artextract.core.compute import backend, bf16_pays, device, set_threads
from artextract.core.tasks import TASKS
from artextract.encoders.image import Preprocessing
from artextract.encoders.torchvision_cure import import_torchvision
from artextract.params.sections import Params
from benchmarks import works
from benchmarks.embedding import flops_of
from benchmarks.measure import Benchmark, Pair, Side, Size

CLASSES = {"style": 27, "genre": 10, "artist": 23}
BATCH = 64
SCRATCH: dict[str, Any] = {
    "backbone": "small", "weights": "none", "weights_sha256": "", "frozen": False, "token_dim": 0, "hidden": 96,
    "dropout": 0.2, "precision": "fast",
}  # fmt: skip


def _params(size: Size, **train: Any) -> Params:
    committed = works.params()
    if size.name == "tiny" and "backbone" in train:
        train["backbone"] = "reference"
    batch = 4 if size.name == "tiny" else BATCH
    section = committed.train.model_validate(committed.train.model_dump() | train)
    return committed.model_copy(update={"train": section, "batch_size": batch, "epochs": 100})


def _labels(n: int) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(0)
    return {task: torch.from_numpy(rng.integers(CLASSES[task], size=n)) for task in TASKS}


def _even() -> dict[str, torch.Tensor]:
    """Class weights that are all 1."""
    return {task: torch.ones(n, device=device()) for task, n in CLASSES.items()}


def _trainer(params: Params, inputs: Inputs) -> Trainer:
    tokens = inputs.array if params.train.frozen else None
    return Trainer(params, CLASSES, _even(), Path(tempfile.mkdtemp(dir=works.folder())), tokens)


def _network(params: Params, inputs: Inputs) -> MultitaskNet:
    """The network for such inputs, with random weights."""
    return MultitaskNet(params.train, CLASSES, inputs.array.shape[-1] if params.train.frozen else 0)


def _data(inputs: Inputs, labels: dict[str, torch.Tensor]) -> Data:
    """Inputs and their labels for the trainer, which expects the labels on its own device."""
    ids = [str(i) for i in range(len(inputs.array))]
    return Data(inputs, {task: values.to(device()) for task, values in labels.items()}, ids, None)


class _Paintings(Dataset[Any]):
    """The straightforward data set: each file is opened, decoded and transformed anew each time it is read."""

    def __init__(self, files: list[Path], labels: dict[str, torch.Tensor], preprocessing: Preprocessing):
        import_torchvision()
        from torchvision import transforms

        side = preprocessing.size
        self.files, self.labels = files, labels
        self.transform = transforms.Compose(
            [
                transforms.Resize((side, side)),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(preprocessing.mean, preprocessing.std),
            ]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> Any:
        image = self.transform(Image.open(self.files[row]).convert("RGB"))
        return image, {task: values[row] for task, values in self.labels.items()}


class _Loop:
    """The training loop of torch's tutorial: eager, fp32, AdamW with its default settings."""

    def __init__(self, params: Params, inputs: Inputs):
        self.net = _network(params, inputs).train().to(device())
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=params.lr)
        self.weights = _even()
        self.losses: list[float] = []

    def step(self, inputs: torch.Tensor, labels: dict[str, torch.Tensor]) -> None:
        inputs, labels = inputs.to(device()), {task: values.to(device()) for task, values in labels.items()}
        self.optimizer.zero_grad()
        loss, _ = multitask_loss(self.net(inputs), labels, self.weights)
        loss.backward()
        self.optimizer.step()
        self.losses.append(loss.item())


def _flops(params: Params, inputs: Inputs) -> float:
    """Floating-point operations of a step per image, trained part only: the forward pass, and twice that backward."""
    net = _network(params, inputs).eval().to(device())
    return 3 * flops_of(net, inputs.batch(np.arange(1)))


def _finite(loop: _Loop, sums: list[dict[str, float]]) -> str:
    ours = float(np.mean(list(sums[-1].values())))
    return f"loss naive {loop.losses[-1]:.2f}, ours {ours:.2f} (random labels)"


def _step(size: Size) -> Pair:
    set_threads()
    params = _params(size, **SCRATCH)
    preprocessing = preprocessing_of(make_backbone(params.train))
    side, batch = preprocessing.size, params.batch_size
    pixels = np.random.default_rng(0).integers(0, 256, (batch, 3, side, side), dtype=np.uint8)
    labels = _labels(batch)
    images = preprocessing.normalise(torch.from_numpy(pixels)).contiguous()
    data = _data(Inputs(pixels, preprocessing, ""), labels)
    loop, trainer, losses = _Loop(params, data.inputs), _trainer(params, data.inputs), []
    steps = {"tiny": 1, "quick": 2, "full": 8}[size.name]

    def naive() -> None:
        for _ in range(steps):
            loop.step(images, labels)

    def ours() -> None:
        losses.extend(trainer._train_epoch(epoch, data) for epoch in range(steps))

    precision = "bf16" if bf16_pays() else "fp32"
    count = steps * batch
    return Pair(
        Side(naive, count), Side(ours, count), lambda: _finite(loop, losses), _flops(params, data.inputs), precision,
        backend("fast"), device().type,
    )  # fmt: skip


def _epoch(size: Size, large: bool) -> Pair:
    set_threads()
    params = _params(size, **SCRATCH)
    n = min(size.images, 48) if large else size.images
    files = works.large_jpegs(n) if large else works.paths(n)
    reader, index = works.shards(n)
    labels = _labels(n)
    inputs = load_inputs(reader, index, range(n), params.train)
    data = _data(inputs, labels)
    loop, trainer, losses = _Loop(params, inputs), _trainer(params, inputs), []
    loader = DataLoader(_Paintings(files, labels, inputs.preprocessing), batch_size=params.batch_size, shuffle=True)

    def naive() -> None:
        for images, batch in loader:
            loop.step(images, batch)

    def ours() -> None:
        losses.append(trainer._train_epoch(len(losses), data))

    precision = "bf16" if bf16_pays() else "fp32"
    return Pair(
        Side(naive, n), Side(ours, n), lambda: _finite(loop, losses), _flops(params, inputs), precision,
        backend("fast"), device().type,
    )  # fmt: skip


def _frozen(size: Size) -> Pair:
    set_threads()
    params, n = _params(size, layers=[]), size.images
    reader, index = works.shards(n)
    labels = _labels(n)
    inputs = load_inputs(reader, index, range(n), params.train)
    data = _data(inputs, labels)
    backbone, loop = make_backbone(params.train).eval().to(device()), _Loop(params, inputs)
    trainer = _trainer(params, inputs)
    losses: list[dict[str, float]] = []
    paintings = _Paintings(works.paths(n), labels, inputs.preprocessing)
    loader = DataLoader(paintings, batch_size=params.batch_size, shuffle=True)

    def naive() -> None:
        for images, batch in loader:
            with torch.no_grad():
                tokens = tokens_of(backbone(images.to(device())), params.train.token_grid)
            loop.step(tokens, batch)

    def ours() -> None:
        losses.append(trainer._train_epoch(len(losses), data))

    return Pair(
        Side(naive, n), Side(ours, n), lambda: _finite(loop, losses), _flops(params, inputs), "fp32",
        backend("fp32"), device().type,
    )  # fmt: skip


_FIRST = "torch's tutorial: Dataset with Image.open and transforms, DataLoader, eager fp32, AdamW"
BENCHMARKS = [
    Benchmark(
        "train_step", "images", "training step of the small CNN + GRU, batch 64",
        "eager fp32, AdamW with default settings", "Trainer: bf16 autocast, channels last, fused AdamW", _step,
    ),
    Benchmark(
        "train_epoch", "images", "training epoch of the small CNN + GRU from JPEGs of 0.3 megapixels", _FIRST,
        "Trainer over pixels that are decoded once into a memory-mapped uint8 file", partial(_epoch, large=False),
    ),
    Benchmark(
        "train_epoch_large", "images", "training epoch of the small CNN + GRU from JPEGs of 1.5 megapixels", _FIRST,
        "Trainer over pixels that are decoded once into a memory-mapped uint8 file", partial(_epoch, large=True),
    ),
    Benchmark(
        "frozen_epoch", "images", "training epoch of the head over a frozen EfficientNet-Lite2",
        "torch's transfer learning tutorial: the frozen backbone runs in every epoch",
        "Trainer over the backbone's tokens, which are computed once", _frozen,
    ),
]  # fmt: skip
