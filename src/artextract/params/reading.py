"""params.yaml, read and validated; an error names the file, the key, and what was expected there.

A stage names the keys that it declares in dvc.yaml and can read no others, so that what DVC tracks is
what the code uses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError, create_model

from artextract.core.errors import ArtExtractError
from artextract.params.sections import Params
from artextract.params.yaml12 import read_yaml


def _explain(error: ValidationError, path: Path) -> ArtExtractError:
    """Turn pydantic's report into one line per key: key, what was expected, what was found."""
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "(file)"
        match item["type"]:
            case "extra_forbidden":
                lines.append(f"key `{key}` is unknown")
            case "missing":
                lines.append(f"key `{key}` is missing")
            case "string_type" if not isinstance(item["input"], dict | list):
                typed = ".".join(str(part) for part in item["loc"] if isinstance(part, str))
                lines.append(
                    f"key `{key}` takes text, and the value was read as {_read_as(item['input'])}. Quote it: "
                    f'in params.yaml "TEXT", on the command line -S \'{typed}="TEXT"\', in a list ["TEXT"]'
                )
            case _:
                expected = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
                found = item["input"]
                shown = "" if isinstance(found, dict) else f", found {found!r}"
                lines.append(f"key `{key}` {expected}{shown}")
    return ArtExtractError(
        "; ".join(lines),
        where=str(path),
        remedy="compare with the committed file: `git diff -- params.yaml`, `git restore params.yaml`",
    )


def _read_as(value: object) -> str:
    """What YAML took a text for that is not quoted."""
    match value:
        case None:
            return 'nothing (for no text write "")'
        case bool():
            return f"the truth value {str(value).lower()}"
        case int() | float():
            return f"the number {value!r}"
        case _:
            return f"a date, {value}"


def _text_keys() -> set[tuple[str, str]]:
    """Section and key of every parameter that is a text or a list of texts."""
    sections = {name: getattr(field.annotation, "model_fields", {}) for name, field in Params.model_fields.items()}
    return {
        (section, key)
        for section, fields in sections.items()
        for key, field in fields.items()
        if field.annotation is str or str(field.annotation).startswith(("list[str", "list[typing.Annotated[str"))
    }


def _some_of(keys: set[str]) -> type[Params]:
    """The schema of a file that holds these top-level keys only."""
    fields: dict[str, Any] = {name: (field.annotation, field) for name, field in Params.model_fields.items()}
    chosen = {name: field for name, field in fields.items() if name in keys}
    return cast(type[Params], create_model("Params", __config__=Params.model_config, **chosen))


def read_params(path: Path, keys: tuple[str, ...] | None = None) -> Params:
    """Read and validate params.yaml.

    Args:
        path: The file.
        keys: Top-level keys that must be there, and all others that are there are validated too; default: all. The
            file of a user's collection has no sections of task 1.

    Raises:
        ArtExtractError: Unreadable YAML, or an unknown, missing or ill-typed key; names the key and the file.
    """
    content = read_yaml(path, _text_keys())
    schema = Params if keys is None else _some_of({*keys, *content})
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise _explain(error, path) from None


class _Declared:
    """Params of which only the declared top-level keys can be read."""

    def __init__(self, params: Params, keys: tuple[str, ...]):
        self._params, self._keys = params, keys

    def __getattr__(self, key: str) -> Any:
        if key not in self._keys:
            raise AttributeError(f"params key {key!r} is not among the declared ones: {self._keys}")
        return getattr(self._params, key)


def load_params(*keys: str, path: Path | str = "params.yaml") -> Params:
    """Validate all that params.yaml holds and give access to the top-level ``keys`` alone, which must be there.

    A stage passes exactly the keys that dvc.yaml declares for it (a test compares the two).
    """
    unknown = set(keys) - set(Params.model_fields)
    if unknown:
        raise ValueError(f"no such params: {sorted(unknown)}")
    return cast(Params, _Declared(read_params(Path(path), keys), keys))
