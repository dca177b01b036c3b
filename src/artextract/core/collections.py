"""Collections side by side: the sample at the root of the repository, and the user's own in ``collections/NAME``.

Every collection has the same folders below its root: data/, metrics/, plots/, and its own params.yaml and dvc.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.folders import repository

FOLDER = "collections"


def collection_names(root: Path | None = None) -> list[str]:
    """Names of the user's own collections.

    Args:
        root: Root of the repository; None = that of the running code.
    """
    folder = (root or repository()) / FOLDER
    return sorted(path.parent.name for path in folder.glob("*/dvc.yaml"))


def collection_root(name: str | None, root: Path | None = None) -> Path:
    """The folder that holds data/, metrics/ and plots/ of a collection.

    Args:
        name: Name of a collection of the user's; None = the repository's own (the sample or a profile).
        root: Root of the repository; None = that of the running code.

    Raises:
        ArtExtractError: There is no collection of this name.
    """
    root = root or repository()
    if name is None:
        return root
    names = collection_names(root)
    if name not in names:
        here = f"there are: {', '.join(names)}" if names else "there is none yet"
        raise ArtExtractError(
            f"no collection is called {name!r}; {here}", remedy="`artextract collection add FOLDER --name NAME`"
        )
    return root / FOLDER / name


@dataclass(frozen=True)
class Places:
    """Where the parts of a collection are.

    Attributes:
        root: Folder that holds data/, metrics/ and plots/.
        index: Folder of index.parquet and the shards.
        embeddings: Folder of images.npy and titles.npy.
        siamese: Folder of the siamese projection.
        params: The collection's params.yaml.
    """

    root: Path
    index: Path
    embeddings: Path
    siamese: Path
    params: Path


def places(given: str | None, embeddings: Path | None = None) -> Places:
    """The parts of a collection that a verb was given.

    Args:
        given: Name of a collection of the user's; or a folder with index.parquet and shards, whose other parts are
            those of the working directory; None = all of the working directory.
        embeddings: Folder of the embeddings, where they are elsewhere.

    Raises:
        ArtExtractError: It is neither.
    """
    root, index = Path(), Path("data/nga")
    if given is not None and given in collection_names():
        root = collection_root(given)
        index = root / index
    elif given is not None:
        index = Path(given)
        if not index.is_dir() and len(index.parts) == 1:
            collection_root(given)  # raises: it lists the names
    return Places(root, index, embeddings or root / "data/embeddings", root / "data/siamese", root / "params.yaml")
