"""A trained network as one object: pictures in, names with probabilities out."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from artextract.classification.network.inputs import Inputs, evaluation_views, predict
from artextract.classification.network.saved_network import load_model, read_record
from artextract.classification.prediction.confidence import calibrated, read_confidence, unsure
from artextract.classification.prediction.features import Decoded, Extractor, Stored, head_inputs, joined
from artextract.classification.prediction.seen import Seen
from artextract.classification.prediction.table import answers
from artextract.classification.published.sums import check_sums
from artextract.core.compute import set_threads
from artextract.core.errors import ArtExtractError
from artextract.core.intact import require_intact
from artextract.core.tasks import TASKS
from artextract.data.images.decode import normalise
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import read_regular
from artextract.data.images.rgb import to_rgb
from artextract.data.images.shards import Images

CHUNK = 64  # images that a network sees at a time
MAX_SIDE = 640  # pixels on the longer side of a stored image: the default of artgan.max_side

Picture = str | Path | bytes | Image.Image


class Predictor:
    """A trained network, loaded once.

    Attributes:
        folder: Folder of the network.
        classes: Names of the classes of each task.
        confidence: Temperature and threshold of each task, where they are known.
        max_side: Pictures are reduced to this many pixels on the longer side, as for the training.
    """

    def __init__(self, folder: Path | str, *, max_side: int = MAX_SIDE):
        """Load a network.

        Args:
            folder: Holds model.safetensors and model.json, and may hold calibration.json and evidence.
            max_side: As ``artgan.max_side`` in the training.

        Raises:
            ArtExtractError: The folder holds no network, a file in it is damaged, or its frozen networks are not the
                ones it was trained on.
        """
        set_threads()
        require_intact(Path(folder))
        check_sums(Path(folder))
        self.folder, self.max_side = Path(folder), max_side
        self.record = read_record(self.folder)
        self.classes = self.record.classes
        self.confidence = read_confidence(self.folder)
        self._extractor = Extractor(self.record.train)
        self._net = load_model(self.folder, self.record, self._extractor.sha256)

    @cached_property
    def views(self) -> int:
        """How many times the trained part sees an image: as it is, and mirrored where the training mirrored images."""
        mirrored = self.record.train.flip and not self._extractor.stages
        return evaluation_views(self.record.train) if self._extractor.stages else 1 + int(mirrored)

    def look(self, images: Images) -> Seen:
        """Run the network on images in memory, all at once: at most ``CHUNK`` of them."""
        logits, vectors = self.run(self._extractor.inputs(images))
        raw = {task: torch.softmax(logits[task], 1).double().cpu().numpy() for task in TASKS}
        fitted = {task: self.confidence.get(task, {}) for task in TASKS}
        return Seen(
            raw,
            {task: calibrated(raw[task], fitted[task]) for task in TASKS},
            {task: unsure(raw[task], fitted[task]) for task in TASKS},
            vectors,
        )

    def run(self, inputs: Inputs) -> tuple[dict[str, Tensor], np.ndarray]:
        """Logits (n, classes) of each task, and what the heads see, float32 (n, d); all images at once."""
        with head_inputs(self._net) as seen:
            logits = predict(self._net, inputs, len(inputs.array), self.record.train)
        return logits, joined(seen, self.views)

    def look_at(self, pictures: Iterable[Picture]) -> Iterator[Seen]:
        """Run the network on pictures, some at a time.

        Args:
            pictures: Paths, bytes of image files, or images of Pillow.

        Raises:
            ArtExtractError: A picture cannot be read.
        """
        stored = (self.stored(picture) for picture in pictures)
        while chunk := list(islice(stored, CHUNK)):
            yield self.look(Stored(chunk))

    def look_decoded(self, images: Sequence[Image.Image]) -> Seen:
        """Run the network on images that are stored and decoded already, all at once."""
        return self.look(Decoded(images))

    def predict(self, pictures: Iterable[Picture], top: int = 3) -> pd.DataFrame:
        """Style, genre and artist of pictures.

        Args:
            pictures: Paths, bytes of image files, or images of Pillow.
            top: How many answers of each task get a column.

        Returns:
            One row per picture, in their order; see ``table.answers``.

        Raises:
            ArtExtractError: A picture cannot be read.
        """
        named: list[str] = []

        def noted() -> Iterator[Picture]:
            for number, picture in enumerate(pictures):
                named.append(name_of(picture, number))
                yield picture

        tables = [answers(seen, self.classes, top) for seen in self.look_at(noted())]
        if not tables:
            return pd.DataFrame({"path": pd.Series(dtype=str)})
        table = pd.concat(tables, ignore_index=True)
        table.insert(0, "path", named)
        return table

    def vectors(self, pictures: Iterable[Picture]) -> np.ndarray:
        """What the linear heads see of pictures: float32 (n, d); see ``predict`` for the arguments."""
        return np.concatenate([seen.vectors for seen in self.look_at(pictures)])

    def stored(self, picture: Picture) -> bytes:
        """A picture as the training stored its images: upright RGB, of at most ``max_side`` pixels.

        Raises:
            ArtExtractError: It cannot be read.
        """
        try:
            return normalise(_bytes_of(picture), self.max_side)[0]
        except (OSError, UnreadableImage) as error:
            raise ArtExtractError(
                f"cannot be read as a picture: {error}", where=name_of(picture, 0), remedy="give another file"
            ) from None


def name_of(picture: Picture, number: int) -> str:
    """A picture's name in tables: its path, or its number where it has none."""
    if isinstance(picture, str | Path):
        return str(picture)
    return str(getattr(picture, "filename", "")) or f"picture {number + 1}"


def _bytes_of(picture: Picture) -> bytes:
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, str | Path):
        return read_regular(Path(picture))
    buffer = io.BytesIO()
    to_rgb(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
