"""Frozen networks with random weights: toys have them, and params.yaml must not."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from artextract.params.sections import Train


@pytest.fixture(autouse=True)
def _toys_are_not_validated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe that is read where it was written gives the parameters back as they were."""
    written: dict[str, Train] = {}

    def dump(self: Train) -> str:
        text = BaseModel.model_dump_json(self)
        written[text] = self
        return text

    def load(cls: type[Train], text: str) -> Train:
        return written[text] if text in written else BaseModel.model_validate_json.__func__(cls, text)  # type: ignore[attr-defined]

    monkeypatch.setattr(Train, "model_dump_json", dump)
    monkeypatch.setattr(Train, "model_validate_json", classmethod(load))
