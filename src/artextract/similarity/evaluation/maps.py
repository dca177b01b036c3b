"""t-SNE maps of embedding spaces, as a table and as figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from artextract.core.compute import ROWS
from artextract.core.progress import progress
from artextract.data.images.shards import ShardReader
from artextract.pictures.sheets import thumbnail_map
from artextract.pictures.style import GRID, INK, MANY_POINTS, new_figure, readable, save
from artextract.similarity.ranking.spaces import principal_directions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PCA_DIMENSIONS = 50
DECOMPOSED = 20_000  # works up to which they are decomposed themselves; of more, their covariance is
SAME = 1e-6  # rows that differ by less are equal but for rounding

PALETTE = ["#b5432a", "#2f6f8f", "#7a6a1f", "#5d8a4a", "#7d4f86", "#d08a2c", "#3b3f8c", "#a8577e"]
ARRANGED = {"image": "how it looks", "title": "what its titles say", "siamese": "look and subject together"}
Maps = dict[str, tuple[np.ndarray, float]]  # space: positions (n, 2) and trustworthiness, from ``tsne_maps``


def first_theme(index: pd.DataFrame) -> pd.Series:
    """One theme per work for colouring; "none" for works without a theme."""

    def first(themes: Any) -> str:
        return str(themes[0]) if len(themes) else "none"

    return index["themes"].map(first)


def map_table(index: pd.DataFrame, rows: np.ndarray, maps: Maps, **columns: pd.Series) -> pd.DataFrame:
    """Positions of works on maps.

    Args:
        index: id, title and themes of all works.
        rows: The works that are on the maps (n,).
        maps: Space to positions of these works.
        columns: Further columns, with a value for each of all works.

    Returns:
        One row per space and work: id, title, theme, the given columns, space, x, y.
    """
    frame = index.assign(theme=first_theme(index), **columns)[["id", "title", "theme", *columns]].iloc[rows]
    parts = [frame.assign(space=space, x=xy[:, 0], y=xy[:, 1]) for space, (xy, _) in maps.items()]
    return pd.concat(parts, ignore_index=True)


def plot_maps(maps: Maps, themes: pd.Series, path: Path, held_out: Mapping[str, np.ndarray] | None = None) -> None:
    """t-SNE maps next to each other, coloured by theme, with the trustworthiness of each in its title.

    Args:
        maps: Space to positions (n, 2) and trustworthiness.
        themes: One theme per work.
        path: PNG to write; an SVG of the same name is written beside it.
        held_out: For spaces that were trained on some of the works, the works that their training has not seen,
            boolean (n,). These works are ringed in the panel of that space, and a line below the panel says so.
    """
    held_out = held_out or {}
    figure, axes = new_figure(1, len(maps), 6.5 * len(maps), 6)
    common = common_themes(themes)
    for axis, (space, (positions, trust)) in zip(axes[0], maps.items(), strict=True):
        map_panel(axis, space, positions, themes, common, held_out.get(space))
        axis.set_title(f"{space} embedding (t-SNE, trustworthiness {trust:.2f})")
    axes[0][-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), title="theme")
    save(figure, path)


def common_themes(themes: pd.Series) -> list[str]:
    """The themes that have a colour of their own: the most frequent ones."""
    return [theme for theme, _ in Counter(themes[themes != "none"]).most_common(len(PALETTE))]


def map_panel(
    axis: Axes, space: str, positions: np.ndarray, themes: pd.Series, common: list[str], held_out: np.ndarray | None
) -> None:
    """One map, coloured by theme.

    Args:
        axis: Where to draw.
        space: Its name, for the line below it.
        positions: (n, 2).
        themes: One theme per work.
        common: Themes that have a colour, see ``common_themes``.
        held_out: Works to ring, boolean (n,), or None.
    """
    other = ~themes.isin(common).to_numpy()
    many = len(positions) > MANY_POINTS  # as shapes, they would make an SVG of several megabytes
    grey: Any = {"s": 18, "color": GRID, "edgecolors": INK, "linewidths": 0.2, "rasterized": many}
    axis.scatter(*positions[other].T, label="other or none", **grey)
    for theme, colour in zip(common, PALETTE, strict=False):
        chosen = (themes == theme).to_numpy()
        axis.scatter(*positions[chosen].T, s=24, color=colour, label=readable(theme), linewidths=0, rasterized=many)
    if held_out is not None:
        ring: Any = {"s": 70, "facecolors": "none", "edgecolors": INK, "linewidths": 0.9, "rasterized": many}
        axis.scatter(*positions[held_out].T, **ring)
        axis.set_xlabel(f"Ringed: works held out from the {space} training.", loc="left")
    axis.set(xticks=[], yticks=[])


def sample_rows(n: int, most: int, seed: int) -> np.ndarray:
    """All rows, or ``most`` of them drawn at random where there are more; sorted, int64."""
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False)) if n > most else np.arange(n)


def reduce(embedding: np.ndarray, seed: int) -> np.ndarray:
    """The first principal components, at most 50; (n, d')."""
    from sklearn.decomposition import PCA

    dimensions = min(PCA_DIMENSIONS, *embedding.shape)
    if len(embedding) > DECOMPOSED:
        mean, axes, _ = principal_directions(embedding, None, dimensions)
        parts = (embedding[i : i + ROWS] - mean for i in range(0, len(embedding), ROWS))
        return np.concatenate([(part @ axes.T).astype(np.float32) for part in parts])
    return PCA(dimensions, svd_solver="full", random_state=seed).fit_transform(embedding)


def tsne_map(embedding: np.ndarray, perplexity: float, seed: int) -> tuple[np.ndarray, float]:
    """Two-dimensional t-SNE after PCA, started from PCA.

    Args:
        embedding: (n, d).
        perplexity: Lowered to (n - 1) / 3 where there are few works.
        seed: Seed of the algorithm.

    Returns:
        Positions (n, 2), and the trustworthiness of the map over the ten nearest neighbours, 0 to 1. Where all rows
        are the same, all positions are too.
    """
    from sklearn.manifold import TSNE, trustworthiness

    if len(embedding) < 3:  # t-SNE needs neighbours; one or two works are next to each other, and nothing can be wrong
        return np.eye(2, dtype=np.float32)[: len(embedding)], 1.0
    if np.ptp(embedding, axis=0).max() < SAME:  # t-SNE would start from 0 / 0
        return np.zeros((len(embedding), 2), dtype=np.float32), 1.0
    reduced = reduce(embedding, seed)
    perplexity = min(perplexity, (len(embedding) - 1) / 3)
    positions = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
    neighbours = min(10, (len(embedding) - 1) // 2)
    return positions, float(trustworthiness(embedding, positions, n_neighbors=neighbours, metric="cosine"))


def tsne_maps(
    spaces: Mapping[str, np.ndarray], rows: np.ndarray, perplexity: float, seed: int
) -> dict[str, tuple[np.ndarray, float]]:
    """``tsne_map`` of the same rows in any number of spaces; name to positions and trustworthiness."""
    todo = progress(spaces.items(), "t-SNE", "map", total=len(spaces))
    return {name: tsne_map(vectors[rows], perplexity, seed) for name, vectors in todo}


def draw_map(reader: ShardReader, rows: np.ndarray, positions: np.ndarray, path: Path, space: str = "image") -> None:
    """The paintings themselves at their places on a map.

    Args:
        reader: Images of the whole collection.
        rows: Works to show (m,): placing them takes time and memory that grow with the square of their number.
        positions: Positions of these works (m, 2).
        path: JPEG to write.
        space: The space that the map is of: image, title or siamese.
    """
    images = []
    for row in rows:
        image = reader.image(int(row))
        image.thumbnail((160, 160))
        images.append(image)
    subtitle = f"t-SNE of the {space} embedding; neighbours on this map are alike to the network."
    if len(rows) < len(reader):
        subtitle += f" {len(rows):,} of {len(reader):,} works, drawn at random."
    thumbnail_map(images, positions, f"The collection, arranged by {ARRANGED[space]}", subtitle, path)
