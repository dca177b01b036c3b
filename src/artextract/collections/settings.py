"""The params.yaml of a user's collection: the repository's, with the sections that act there, and sensible values.

It is edited as text, so that the comments that explain each value come along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence

HEAD = """\
# Every number that the results of this collection depend on. Change one, then `dvc repro` in this folder, or try it out
# with `dvc exp run -S section.key=value`.

"""
FEW, MANY = 100, 2000  # works: below the first and above the second, values differ from the sample's


def blocks(text: str) -> dict[str, str]:
    """The top-level keys of params.yaml, each with the comments above it, and its text."""
    found: dict[str, str] = {}
    waiting: list[str] = []
    name = ""
    for line in text.splitlines(keepends=True):
        if key := re.match(r"(\w+):", line):
            name = key[1]
            scalar = not line.partition(":")[2].split("#")[0].strip() == ""
            found[name] = line if scalar else "".join(waiting) + line  # comments above a number are of the whole file
            waiting = []
        elif line.startswith((" ", "\t")) and not waiting:
            found[name] += line
        else:
            waiting.append(line)
    return found


def changed(block: str, values: Mapping[str, object]) -> str:
    """A section with other values; comments stay.

    Raises:
        KeyError: The section has no such key.
    """
    for key, value in values.items():
        pattern = rf'^(  {key}: )("[^"]*"|\[[^\]]*\]|\S+)'
        shown = str(value) if re.fullmatch(r"[a-z]+", str(value)) else json.dumps(value, ensure_ascii=False)
        block, count = re.subn(pattern, lambda found, shown=shown: found[1] + shown, block, count=1, flags=re.MULTILINE)
        if not count:
            raise KeyError(key)
    return block


def sensible(works: int) -> dict[str, dict[str, object]]:
    """Values that suit a collection of this size, by section and key.

    Judges ask fewer queries of a small collection, and say so by their wide intervals.
    """
    return {
        "relevance": {"min_queries": 20 if works >= FEW else 10},
        "tsne": {"perplexity": 30 if works > MANY else 15},
        "similarity": {"clusters": min(24, max(2, round((works / 3) ** 0.5)))},
    }


def own_values(works: int, labels: Sequence[str], encoder: str | None) -> dict[str, dict[str, object]]:
    """What differs from the repository's values, by section and key; arguments as of ``params_text``."""
    values: dict[str, dict[str, object]] = sensible(works)
    values["nga"] = {
        "source": "own", "max_failed_fraction": 0.99, "expected_paintings": 0, "max_objects": 0, "labels_file": "",
        "labels": list(labels),
    }  # fmt: skip
    values["explorer"] = {"parts": ["siamese", "similarity"]}  # task 1, and so its errors, has no part here
    if encoder is not None:
        values["image_encoder"] = {"name": encoder, "weights": "hub", "sha256": "", "layers": []}
    return values


def params_text(
    repository: str, keys: Collection[str], *, works: int, labels: Sequence[str], encoder: str | None = None
) -> str:
    """The text of a collection's params.yaml.

    Args:
        repository: Text of the repository's params.yaml.
        keys: Top-level keys that the collection's stages read.
        works: Number of works.
        labels: Columns of the table that are judges.
        encoder: A timm model that embeds the images, from the hub; default: the repository's.
    """
    values = own_values(works, labels, encoder)
    of = {name: block for name, block in blocks(repository).items() if name in keys}
    edited = {name: changed(block, values.get(name, {})).strip("\n") for name, block in of.items()}
    return HEAD + "\n\n".join(edited.values()) + "\n"


def completed(text: str, repository: str, keys: Collection[str], *, works: int) -> str:
    """A collection's params.yaml with what the repository has got since it was written; all else stays.

    Args:
        text: The collection's params.yaml.
        repository: Text of the repository's params.yaml.
        keys: Top-level keys that the collection's stages read.
        works: Number of works.
    """
    there, whole = blocks(text), blocks(params_text(repository, keys, works=works, labels=[]))
    for name in there.keys() & whole.keys():
        new = [
            line
            for line in whole[name].splitlines()
            if (key := _key(line)) and key not in map(_key, there[name].splitlines())
        ]
        if new:
            text = text.replace(there[name], there[name].rstrip("\n") + "\n" + "\n".join(new) + "\n", 1)
    missing = [key for key in keys if key not in there]
    if not missing:
        return text
    more = params_text(repository, missing, works=works, labels=[])
    return text.rstrip("\n") + "\n\n" + more.removeprefix(HEAD)


def _key(line: str) -> str:
    """The key of a section that a line sets, "" for any other line."""
    found = re.match(r"  (\w+):", line)
    return found[1] if found else ""
