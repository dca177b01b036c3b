"""What a network makes of some pictures, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Seen:
    """What the network makes of n images.

    Attributes:
        raw: Probabilities (n, classes) of each task before the temperature; float64.
        p: The same, calibrated where a temperature is known.
        unsure: Per task, boolean (n,), or None where no threshold is known.
        vectors: What the heads saw, float32 (n, d).
    """

    raw: dict[str, np.ndarray]
    p: dict[str, np.ndarray]
    unsure: dict[str, np.ndarray | None]
    vectors: np.ndarray

    def __len__(self) -> int:  # noqa: D105
        return len(self.vectors)
