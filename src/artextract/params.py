"""params.yaml, typed and validated: one frozen section for each concern.

A stage asks for the keys that it declares in dvc.yaml and can read no others, so that what DVC tracks is
what the code uses.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from artextract.errors import ArtExtractError

Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
OpenFraction = Annotated[float, Field(gt=0, lt=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
FROM_SCRATCH = ("reference", "small")  # backbones of this project's own, without pretrained weights
Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Met(_Section):
    """The embedded sample of works of The Met."""

    sha256: Sha256


class MetSplit(_Section):
    """Classes and split of the sample."""

    min_works: Annotated[int, Field(ge=3)]  # one each for train, select or train, and val
    val_fraction: OpenFraction


class ArtGAN(_Section):
    """Where the ArtGAN lists and images come from, and how they are split."""

    source: Literal["met", "folder"]
    max_side: Annotated[int, Field(ge=64)]
    max_missing_fraction: Fraction
    select_fraction: OpenFraction
    near_duplicate_bits: Annotated[int, Field(ge=0, le=16)]
    guard: bool
    held_out_painters: Fraction


class ClassWeights(_Section):
    """How rare classes are weighted."""

    scheme: Literal["inverse", "sqrt_inverse", "effective", "none"]


class Train(_Section):
    """The network and its training."""

    backbone: str
    weights: Literal["package", "hub", "none"]
    weights_sha256: Sha256
    frozen: bool
    tuned_stages: Count
    backbone_lr: PositiveFloat
    views: Positive
    token_grid: Positive
    token_dim: Count
    recurrence: Literal["shared", "per_task", "attention", "none"]
    scan: Literal["rows", "snake"]
    mean_token: bool
    hidden: Positive
    dropout: Fraction
    weight_decay: Annotated[float, Field(ge=0)]
    label_smoothing: Fraction
    flip: bool
    crop: Fraction
    mixup: Annotated[float, Field(ge=0)]
    progressive: Annotated[float, Field(ge=0, le=1)]
    test_scale: Annotated[float, Field(ge=0.5, le=2)]
    ema: Fraction
    select_by: Literal["loss", "auc"]
    precision: Literal["fp32", "fast"]

    @model_validator(mode="after")
    def _fits_together(self) -> Train:
        if self.backbone in FROM_SCRATCH and (self.frozen or self.weights != "none"):
            raise ValueError(
                f"backbone `{self.backbone}` is trained from scratch: set train.weights=none, train.frozen=false "
                "and train.weights_sha256=''"
            )
        if self.tuned_stages and (self.frozen or self.weights == "none"):
            raise ValueError("tuned_stages needs a pretrained backbone that is not frozen: set train.frozen=false")
        if self.views > 1 and not (self.frozen or self.tuned_stages):
            raise ValueError("views are of a frozen part: set train.frozen=true or train.tuned_stages, or views=1")
        if self.views > 1 + self.flip and not self.crop:
            raise ValueError("without crop only the image and, with flip, its mirror image are views: set train.crop")
        if self.recurrence == "none" and not self.mean_token:
            raise ValueError("recurrence none leaves the mean token alone: set train.mean_token=true")
        if self.frozen and self.weights == "none":
            raise ValueError("a frozen backbone needs pretrained weights: train.weights=package or hub")
        return self


class Evaluate(_Section):
    """What is scored."""

    min_val_rows: Positive
    bootstrap: Positive
    probe: bool


class NGA(_Section):
    """Where the museum's tables and images come from."""

    source: Literal["met", "folder", "opendata"]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{7,40}$")]
    image_size: Annotated[str, Field(pattern=r"^!\d{2,4},\d{2,4}$")]
    max_side: Annotated[int, Field(ge=64)]
    max_failed_fraction: Fraction
    expected_paintings: Count
    max_objects: Count
    near_duplicate_bits: Annotated[int, Field(ge=0, le=16)]
    labels_file: str
    labels: list[Annotated[str, Field(min_length=1)]]

    @model_validator(mode="after")
    def _both(self) -> NGA:
        if bool(self.labels_file) != bool(self.labels):
            raise ValueError("labels_file and labels go together")
        return self


class ImageEncoder(_Section):
    """The pretrained network that embeds images."""

    name: str
    weights: Literal["package", "hub", "none"]
    sha256: Sha256
    layers: list[Count]
    batch_size: Positive
    precision: Literal["fp32", "fast"]


class TitleEncoder(_Section):
    """The pretrained network that embeds titles."""

    name: str
    weights: Literal["package", "hub"]
    revision: str
    sha256: Sha256
    batch_size: Positive
    precision: Literal["fp32", "fast"]


class Relevance(_Section):
    """How similarity is judged."""

    title_cosine: OpenFraction
    period_years: PositiveFloat
    terms_overlap: OpenFraction
    min_queries: Positive
    whitened_components: Positive
    csls_neighbours: Positive
    neighbours: Positive
    bootstrap: Positive


class Splits(_Section):
    """What is held out: objects, artists, titles."""

    held_out_fraction: OpenFraction
    select_fraction: OpenFraction
    folds: Annotated[int, Field(ge=2)]
    title_cosine: OpenFraction
    max_cluster: OpenFraction


class Similarity(_Section):
    """Baselines of the evaluation, and pictures of the embedding space."""

    tsne_perplexity: PositiveFloat
    tsne_works: Positive
    map_works: Positive
    clusters: Annotated[int, Field(ge=2)]
    examples: Positive


class Siamese(_Section):
    """Pairs, network and training of the projection."""

    positive_quantile: OpenFraction
    negative_quantile: OpenFraction
    max_pairs_per_artist: Positive
    hard_negatives: Count
    hard_weight: Annotated[float, Field(ge=1)]
    components: Positive
    rank: Positive
    hidden: Positive
    beta: PositiveFloat
    ridge: PositiveFloat
    temperature: PositiveFloat
    dropout: Fraction
    anchor: Annotated[float, Field(ge=0)]
    lr: PositiveFloat
    epochs: Positive
    batch_size: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _quantiles_are_ordered(self) -> Siamese:
        if self.negative_quantile >= self.positive_quantile:
            raise ValueError("negative_quantile must lie below positive_quantile")
        return self


class Params(_Section):
    """The whole of params.yaml."""

    seed: Count
    lr: PositiveFloat
    epochs: Positive
    batch_size: Positive
    met: Met
    met_split: MetSplit
    artgan: ArtGAN
    class_weights: ClassWeights
    train: Train
    evaluate: Evaluate
    nga: NGA
    image_encoder: ImageEncoder
    title_encoder: TitleEncoder
    relevance: Relevance
    splits: Splits
    similarity: Similarity
    siamese: Siamese


class _YAML12Loader(yaml.SafeLoader):
    """PyYAML follows YAML 1.1, where ``1e-05`` (as DVC writes it after ``-S lr=1e-5``) is a string."""


_YAML12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$"),
    list("-+0123456789."),
)


def _construct_unique(loader: _YAML12Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    """Refuse a key that stands twice: YAML would silently keep the last one."""
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            line = node.start_mark.line + 1
            raise ArtExtractError(f"key `{key}` stands twice in the section at line {line}")
    return {loader.construct_object(k): loader.construct_object(v, deep=True) for k, v in node.value}


_YAML12Loader.add_constructor("tag:yaml.org,2002:map", _construct_unique)


def _explain(error: ValidationError, path: Path) -> ArtExtractError:
    """Turn pydantic's report into one line a key: key, what was expected, what was found."""
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "(file)"
        match item["type"]:
            case "extra_forbidden":
                lines.append(f"key `{key}` is unknown")
            case "missing":
                lines.append(f"key `{key}` is missing")
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


def read_params(path: Path) -> Params:
    """Read and validate the whole of params.yaml.

    Raises:
        ArtExtractError: Unreadable YAML, or an unknown, missing or ill-typed key; names the key and the file.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_YAML12Loader)
    except FileNotFoundError:
        raise ArtExtractError(
            "there is no such file", where=str(path), remedy="start stages from the repository's root"
        ) from None
    except ArtExtractError as error:
        raise ArtExtractError(error.problem, where=str(path)) from None
    except Exception as error:  # besides YAMLError PyYAML raises what its constructors do: `2026-13-45` a ValueError
        raise ArtExtractError(f"not readable as YAML: {error}", where=str(path)) from error
    if not isinstance(content, dict):
        raise ArtExtractError("holds no keys", where=str(path), remedy="`git restore params.yaml`")
    try:
        return Params.model_validate(content)
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
    """Validate all of params.yaml and give access to the top-level ``keys`` alone.

    A stage passes exactly the keys that dvc.yaml declares for it (a test compares the two).
    """
    unknown = set(keys) - set(Params.model_fields)
    if unknown:
        raise ValueError(f"no such params: {sorted(unknown)}")
    return cast(Params, _Declared(read_params(Path(path)), keys))
