"""Which parameters a search may change, and to what: a small YAML file of ranges and lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.core.errors import ArtExtractError
from artextract.params.yaml12 import read_yaml

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

REMEDY = "one `KEY: {low: A, high: B}`, with `log: true` or `step: C`, or `KEY: {choices: [A, B]}` per line"


@dataclass(frozen=True)
class Space:
    """Parameters and what they may be.

    Attributes:
        distributions: Keys of params.yaml, with dots, and the values that are tried.
        start: The value of each in params.yaml.
    """

    distributions: Mapping[str, BaseDistribution]
    start: Mapping[str, Any]

    @property
    def holds_start(self) -> bool:
        """Whether what params.yaml says is one of the points of the space."""
        from optuna.distributions import CategoricalDistribution

        return all(
            self.start[key] in of.choices if isinstance(of, CategoricalDistribution) else _inside(of, self.start[key])
            for key, of in self.distributions.items()
        )


def _inside(distribution: BaseDistribution, value: Any) -> bool:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return numeric and distribution._contains(distribution.to_internal_repr(value))


def read_space(path: Path, params: Path) -> Space:
    """Read a space.

    Args:
        path: The file, as profiles/optimise.yaml.
        params: params.yaml, which must have all its keys.

    Raises:
        ArtExtractError: There is no such file, it is no space, or a key is unknown.
    """
    if not path.is_file():
        raise ArtExtractError("there is no such file", where=str(path), remedy="profiles/optimise.yaml is one")
    content, known = read_yaml(path), read_yaml(params)
    if not content:
        raise ArtExtractError("holds no parameters", where=str(path), remedy=REMEDY)
    start = {str(key): _value(known, str(key), path) for key in content}
    return Space({str(key): _distribution(entry, f"{path}, `{key}`") for key, entry in content.items()}, start)


def _value(tree: Any, key: str, path: Path) -> Any:
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            raise ArtExtractError(f"params.yaml has no key `{key}`", where=str(path), remedy="`section.name` is a key")
        tree = tree[part]
    if isinstance(tree, dict | list):
        raise ArtExtractError(f"`{key}` is no single value", where=str(path), remedy="name one value: `section.name`")
    return tree


def _distribution(entry: Any, where: str) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    try:
        if set(entry) == {"choices"}:
            return CategoricalDistribution([_plain(value) for value in entry["choices"]])
        if not {"low", "high"} <= set(entry) <= {"low", "high", "log", "step"}:
            raise ValueError("unknown words")
        whole = all(isinstance(entry[name], int) for name in ("low", "high"))
        return (IntDistribution if whole else FloatDistribution)(**entry)
    except (TypeError, ValueError, KeyError) as error:
        raise ArtExtractError(f"is neither a range nor a list: {error}", where=where, remedy=REMEDY) from error


def _plain(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise ValueError(f"{value!r} is no single value")
    return value


def as_text(value: Any) -> str:
    """A value as ``-S key=value`` takes it: numbers to four digits, since more would say nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
