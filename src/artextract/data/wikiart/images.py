"""The image of each listed path: in which of the user's folders it is, and under which name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from artextract.data.images.decode import UnreadableImage
from artextract.data.images.sources import ImageSource
from artextract.data.wikiart.names import resolve


@dataclass(frozen=True)
class ListedImages:
    """The images of the listed paths.

    Attributes:
        sources: The folders or archives, in the user's order.
        places: Listed path to the number of its source and the file's name there, for those that are at hand.
        sizes: Listed path to the size of that file in bytes.
        renamed: Listed path to the file's name, where that is another name than the list says.
        ambiguous: Listed path to the several files that it could be; none of them is taken.
    """

    sources: Sequence[ImageSource]
    places: Mapping[str, tuple[int, str]]
    sizes: Mapping[str, int]
    renamed: Mapping[str, str]
    ambiguous: Mapping[str, list[str]]

    def reader(self, path: str) -> Callable[[], bytes]:
        """A function that reads one listed image; it can be pickled, and holds nothing of the others.

        It raises FileNotFoundError for an image that is in no source, UnreadableImage where several files could be
        meant or the archive's member is broken, and OSError where the file cannot be read.
        """
        if path in self.ambiguous:
            return partial(_raise, UnreadableImage, "ambiguous", " | ".join(self.ambiguous[path]))
        if path not in self.places:
            return partial(_raise, FileNotFoundError, path)
        number, name = self.places[path]
        return self.sources[number].reader(name)


def _raise(kind: Callable[..., Exception], *arguments: str) -> bytes:
    raise kind(*arguments)


def locate(paths: Sequence[str], sources: Sequence[ImageSource]) -> ListedImages:
    """Find each listed image in the first source that has it, under its own name or a renamed one (see ``resolve``).

    An image that is in several sources is taken from the first one, whatever the others hold: a broken file there is
    reported, and no file of another source takes its place.

    Args:
        paths: Listed paths.
        sources: Folders or archives, in the order in which they are searched.
    """
    places: dict[str, tuple[int, str]] = {}
    sizes: dict[str, int] = {}
    renamed: dict[str, str] = {}
    ambiguous: dict[str, list[str]] = {}
    for number, source in enumerate(sources):
        available = source.sizes()
        found = resolve(paths, available)
        new = {path: name for path, name in found.files.items() if path not in places}
        places |= {path: (number, name) for path, name in new.items()}
        sizes |= {path: available[name] for path, name in new.items()}
        renamed |= {path: name for path, name in found.renamed.items() if path in new}
        for path, names in found.ambiguous.items():
            ambiguous.setdefault(path, names)
    return ListedImages(
        sources, places, sizes, renamed, {path: names for path, names in ambiguous.items() if path not in places}
    )
