"""params.yaml as plain values, read by the rules of YAML 1.2; light enough for stages that must start at once."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from artextract.core.errors import ArtExtractError

DEEPEST = 50  # lists and mappings inside each other: PyYAML takes 19 s to refuse three thousand open brackets


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses what is nested too deeply."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:
        """A bracket or brace opens."""
        if self.flow_level >= DEEPEST:
            raise yaml.YAMLError(f"more than {DEEPEST} lists or mappings are inside each other")
        super().fetch_flow_collection_start(TokenClass)


class _YAML12Loader(BoundedLoader):
    """PyYAML follows YAML 1.1, where ``1e-05`` (as DVC writes it after ``-S lr=1e-5``) is a string."""


_YAML12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$"),
    list("-+0123456789."),
)


def _construct_unique(loader: _YAML12Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    """Refuse a key that appears twice: YAML would silently keep the last one."""
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            line = node.start_mark.line + 1
            raise ArtExtractError(f"key `{key}` appears twice in the section that starts at line {line}")
    return {loader.construct_object(k): loader.construct_object(v, deep=True) for k, v in node.value}


_YAML12Loader.add_constructor("tag:yaml.org,2002:map", _construct_unique)


def _keep_texts(root: yaml.Node | None, text_keys: Collection[tuple[str, str]]) -> None:
    """Whole numbers under a key that takes text stay as they were typed: a commit id may be 1234567 or 0123456."""
    for section, values in root.value if isinstance(root, yaml.MappingNode) else ():
        for key, value in values.value if isinstance(values, yaml.MappingNode) else ():
            if (section.value, key.value) in text_keys:
                for node in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if node.tag == "tag:yaml.org,2002:int":
                        node.tag = "tag:yaml.org,2002:str"


def _load(text: str, text_keys: Collection[tuple[str, str]]) -> Any:
    loader = _YAML12Loader(text)
    try:
        root = loader.get_single_node()
        _keep_texts(root, text_keys)
        return None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def read_yaml(path: Path, text_keys: Collection[tuple[str, str]] = ()) -> dict[str, Any]:
    """Read a YAML file that holds keys.

    Args:
        path: The file.
        text_keys: Section and key of values that are text (or lists of text), even if they look like a whole number.

    Raises:
        ArtExtractError: There is no such file, it is not YAML, or a key appears twice; names the file.
    """
    try:
        content = _load(path.read_text(encoding="utf-8"), text_keys)
    except FileNotFoundError:
        raise ArtExtractError(
            "there is no such file", where=str(path), remedy="start stages from the repository's root"
        ) from None
    except ArtExtractError as error:
        raise ArtExtractError(error.problem, where=str(path)) from None
    except Exception as error:  # besides YAMLError PyYAML raises what its constructors do: `2026-13-45` a ValueError
        raise ArtExtractError(f"not readable as YAML: {error}", where=str(path)) from error
    if not isinstance(content, dict):
        raise ArtExtractError("holds no keys", where=str(path), remedy=f"`git restore {path.name}`")
    return content
