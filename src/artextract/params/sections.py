"""The sections of params.yaml, typed, frozen, and each checked in itself; ``params_file`` reads them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from artextract.params.fields import (
    FROM_SCRATCH,
    Contact,
    Count,
    Fraction,
    OpenFraction,
    Positive,
    PositiveFloat,
    Section,
    Sha256,
    TitleWeights,
    WebBase,
    WebBaseOrNone,
    Weights,
)


class Met(Section):
    """The embedded sample of works of The Met."""

    sha256: Sha256


class MetSplit(Section):
    """Classes and split of the sample."""

    min_works: Annotated[int, Field(ge=3)]  # one each for train, select or train, and val
    val_fraction: OpenFraction


class ArtGAN(Section):
    """Source of the ArtGAN lists and images, and their split."""

    source: Literal["met", "folder"]
    max_side: Annotated[int, Field(ge=64)]
    max_missing_fraction: Fraction
    select_fraction: OpenFraction
    near_duplicate_bits: Annotated[int, Field(ge=0, le=16)]
    guard: bool
    held_out_painters: Fraction
    min_judged_side: Count

    @model_validator(mode="after")
    def _something_is_judged(self) -> ArtGAN:
        if self.min_judged_side > self.max_side:
            raise ValueError("min_judged_side is above max_side: no stored image would be judged")
        return self


class ClassWeights(Section):
    """Weights of rare classes."""

    scheme: Literal["inverse", "sqrt_inverse", "effective", "none"]


class Network(Section):
    """A frozen network that is seen by the heads beside the backbone."""

    name: str
    weights: Weights
    sha256: Sha256
    layers: list[Count]
    size: Count
    min_side: Count


class Train(Section):
    """The network and its training."""

    backbone: str
    weights: Weights
    weights_sha256: Sha256
    frozen: bool
    tuned_stages: Count
    backbone_lr: PositiveFloat
    layers: list[Count]
    min_side: Count
    networks: list[Network]
    framing: Literal["centre", "whole"]
    head: Literal["gru", "linear"]
    combine: Literal["joined", "averaged"]
    members: Positive
    seed: Count
    views: Positive
    token_grid: Positive
    token_dim: Count
    recurrence: Literal["shared", "per_task", "attention", "second_order", "none"]
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
            raise ValueError("a frozen backbone needs pretrained weights: train.weights=package, hub or a path")
        if (self.networks or self.head == "linear") and not self.frozen:
            raise ValueError("networks and head=linear are for a frozen backbone: set train.frozen=true")
        if self.head == "linear" and self.members > 1:
            raise ValueError("head=linear is the same for every seed: set train.members=1")
        if self.combine == "averaged" and self.head != "linear":
            raise ValueError("combine=averaged is for one linear head per network: set train.head=linear")
        return self


class Evaluate(Section):
    """Scores of a trained network."""

    min_val_rows: Positive
    blocks: Annotated[int, Field(ge=2)]
    permutations: Positive
    abstain_error: OpenFraction
    probe: bool


class NGA(Section):
    """Source of the museum's tables and images."""

    source: Literal["met", "folder", "opendata", "own"]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{7,40}$")]
    tables_base: WebBase
    images_base: WebBaseOrNone
    contact: Contact
    image_size: Annotated[str, Field(pattern=r"^!\d{2,4},\d{2,4}$")]
    max_side: Annotated[int, Field(ge=64)]
    max_failed_fraction: Fraction
    expected_paintings: Count
    max_objects: Count
    near_duplicate_bits: Annotated[int, Field(ge=0, le=16)]
    classifications: list[Annotated[str, Field(min_length=1)]]
    labels_file: str
    labels: list[Annotated[str, Field(min_length=1)]]

    @model_validator(mode="after")
    def _both(self) -> NGA:
        if self.source == "own" and self.labels_file:
            raise ValueError('labels of a collection of your own are columns of its table: set labels_file to ""')
        if self.source != "own" and bool(self.labels_file) != bool(self.labels):
            raise ValueError("labels_file and labels go together")
        if self.labels_file and self.source != "folder":
            raise ValueError("labels_file is a file next to your own tables: it needs source=folder")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels names a column twice")
        return self


class ImageEncoder(Section):
    """The pretrained network that embeds images."""

    name: str
    weights: Weights
    sha256: Sha256
    layers: list[Count]
    batch_size: Positive
    precision: Literal["fp32", "fast", "auto"]


class TitleEncoder(Section):
    """The pretrained network that embeds titles."""

    name: str
    weights: TitleWeights
    revision: str
    sha256: Sha256
    batch_size: Positive
    precision: Literal["fp32", "fast"]


class Relevance(Section):
    """Judges of similarity."""

    title_cosine: OpenFraction
    period_years: PositiveFloat
    terms_overlap: OpenFraction
    min_queries: Positive
    max_queries: Annotated[int, Field(ge=0)]
    whitened_components: Positive
    csls_neighbours: Positive
    neighbours: Positive
    bootstrap: Positive


class Splits(Section):
    """Parts that are held out: objects, artists, titles."""

    held_out_fraction: OpenFraction
    select_fraction: OpenFraction
    folds: Annotated[int, Field(ge=2)]
    title_cosine: OpenFraction
    max_cluster: OpenFraction


class TSNE(Section):
    """Maps of the embedding spaces."""

    perplexity: PositiveFloat
    works: Positive


class Similarity(Section):
    """Pictures of the embedding spaces."""

    map_works: Positive
    clusters: Annotated[int, Field(ge=2)]
    examples: Positive


class Explorer(Section):
    """The folder that a browser shows the collection from."""

    title: str
    parts: list[Literal["siamese", "similarity", "classification"]]
    pictures: bool
    show_all: bool
    neighbours: Positive
    thumbnail: Annotated[int, Field(ge=16, le=256)]
    words: Positive


class Siamese(Section):
    """Pairs, network and training of the projection."""

    head: Literal["closed_form", "trained"]
    subject: OpenFraction
    positive_quantile: OpenFraction
    negative_quantile: OpenFraction
    max_pairs_per_artist: Positive
    hard_negatives: Count
    hard_weight: Annotated[float, Field(ge=1)]
    mined_works: Annotated[int, Field(ge=100)]
    components: Positive
    rank: Positive
    hidden: Positive
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
            raise ValueError("negative_quantile must be below positive_quantile")
        return self


class Params(Section):
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
    tsne: TSNE
    similarity: Similarity
    explorer: Explorer
    siamese: Siamese
