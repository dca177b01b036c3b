"""Where a picture belongs on the maps of the explorer, which stay as they are."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from artextract.explorer.placing import ExistingMap, place
from artextract.explorer.positions import Frame
from artextract.search.find import BY_IMAGE
from artextract.serving.folder import Explorer
from artextract.serving.spaces import Spaces

# A picture is drawn by its nearest works and pushed away by all others. A sample of these pushes as they do, and takes
# 0.3 s where all of 100,000 take 40 s.
NEAR, SAMPLE = 50, 2000


class Places:
    """The maps on which an image has a place: not that of titles."""

    def __init__(self, explorer: Explorer, spaces: Spaces):
        """Nothing is read yet.

        Args:
            explorer: The collection's explorer.
            spaces: The collection's spaces.
        """
        self._explorer, self._spaces = explorer, spaces

    @cached_property
    def _maps(self) -> dict[str, tuple[Frame, np.ndarray]]:
        """Each map's frame, and the positions of all works in units of t-SNE (n, 2)."""
        maps = self._explorer.manifest().get("maps", [])
        if not maps:
            return {}
        framed = np.fromfile(self._explorer.folder / "data" / "positions.bin", dtype="<f4")
        framed = framed.reshape(len(maps), self._explorer.works, 2)
        frames = {one["key"]: Frame.read(one["frame"]) for one in maps}
        there = set(BY_IMAGE) & set(self._spaces.there())
        return {k: (f, f.outside(xy)) for (k, f), xy in zip(frames.items(), framed, strict=True) if k in there}

    @cached_property
    def _sample(self) -> np.ndarray:
        """Rows of the works that stand for those that are not near."""
        works = self._explorer.works
        return np.sort(np.random.default_rng(0).permutation(works)[:SAMPLE])

    def of(self, vector: np.ndarray) -> dict[str, list[float]]:
        """The places of an image embedding (1, d), in the units of positions.bin."""
        places = {}
        for key, (frame, positions) in self._maps.items():
            index, query = self._spaces.compared(key, vector)
            near = index.nearest(query, NEAR)[0][0]
            rows = np.union1d(self._sample, near[near >= 0])
            existing = ExistingMap(np.asarray(index.vectors[rows]), positions[rows])
            places[key] = [round(float(value), 5) for value in frame.inside(place(query, existing))[0]]
        return places
