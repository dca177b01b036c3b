"""Kinds of values that sections of params.yaml are made of, and what all sections have in common."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from artextract.core.text import is_clean

HUB = "hub"
SOURCES = ("package", HUB, "none")  # of pretrained weights, or hub@REVISION; anything else is a path


def is_path(weights: str) -> bool:
    """Tell whether ``weights`` is a file or folder of the user's, and no package, hub or none."""
    return weights not in SOURCES and not weights.startswith(f"{HUB}@")


def _weights(value: str) -> str:
    if value.startswith(f"{HUB}@") and not re.fullmatch(r"[\w.-]{1,100}", value.partition("@")[2], re.ASCII):
        raise ValueError("weights is hub@REVISION: a commit of the hub, or a branch or tag, which may move")
    if is_path(value) and "/" not in value and "." not in value:  # a slip of the pen, and no path
        raise ValueError("weights is package, hub, none, or a path, which has a / or a file's suffix")
    return value


def _title_weights(value: str) -> str:
    if value == "none":
        raise ValueError("titles need pretrained weights: package, hub, or a path")
    if value.startswith(f"{HUB}@"):
        raise ValueError("the revision of the title encoder is title_encoder.revision: set weights to hub")
    return _weights(value)


_HOST = r"(https://[a-z0-9.-]+|http://(127\.0\.0\.1|localhost|\[::1\]))(:\d{1,5})?"


def _web_base(value: str) -> str:
    if not re.fullmatch(_HOST + r"(/[\w.~-]+)*/?", value, re.ASCII):
        raise ValueError(
            "a base address is https://HOST/PATH; http:// is for this machine alone (127.0.0.1, localhost)"
        )
    return value


def _web_base_or_none(value: str) -> str:
    return _web_base(value) if value else value


def _contact(value: str) -> str:
    if not re.fullmatch(r"https?://[!-'*-;=?-~]+|[\w.+-]+@[\w-]+(\.[\w-]+)+", value, re.ASCII):
        raise ValueError("contact is the address of a web page (https://...) or of a mailbox, in one piece")
    return value


Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
OpenFraction = Annotated[float, Field(gt=0, lt=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
FROM_SCRATCH = ("reference", "small")  # backbones of this project's own, without pretrained weights
Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
WebBase = Annotated[str, AfterValidator(_web_base)]
WebBaseOrNone = Annotated[str, AfterValidator(_web_base_or_none)]
Contact = Annotated[str, AfterValidator(_contact)]
Weights = Annotated[str, AfterValidator(_weights)]
TitleWeights = Annotated[str, AfterValidator(_title_weights)]


class Section(BaseModel):
    """One section of params.yaml: every key must be there, none is unknown, and types are not converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @field_validator("*", mode="after")
    @classmethod
    def _visible(cls, value: object) -> object:
        """Refuse text with characters that cannot be seen or that command a terminal: it is shown on pages."""
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and not is_clean(text):
                raise ValueError("holds a line break, or a character that is hidden or commands something")
        return value
