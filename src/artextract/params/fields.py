"""Kinds of values that sections of params.yaml are made of, and what all sections have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SOURCES = ("package", "hub", "none")  # of pretrained weights; anything else is a path


def is_path(weights: str) -> bool:
    """Tell whether ``weights`` is a file or folder of the user's, and no package, hub or none."""
    return weights not in SOURCES


def _weights(value: str) -> str:
    if is_path(value) and "/" not in value and "." not in value:  # a slip of the pen, and no path
        raise ValueError("weights is package, hub, none, or a path, which has a / or a file's suffix")
    return value


def _title_weights(value: str) -> str:
    if value == "none":
        raise ValueError("titles need pretrained weights: package, hub, or a path")
    return _weights(value)


Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
OpenFraction = Annotated[float, Field(gt=0, lt=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
FROM_SCRATCH = ("reference", "small")  # backbones of this project's own, without pretrained weights
Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
Weights = Annotated[str, AfterValidator(_weights)]
TitleWeights = Annotated[str, AfterValidator(_title_weights)]


class Section(BaseModel):
    """One section of params.yaml: every key must be there, none is unknown, and types are not converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
