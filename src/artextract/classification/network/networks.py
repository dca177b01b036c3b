"""The frozen networks that the heads see: the backbone, and those of ``train.networks``."""

from __future__ import annotations

import dataclasses

from artextract.classification.network.backbones import TimmBackbone
from artextract.classification.network.frozen import Part, token_part
from artextract.core.compute import on_device
from artextract.encoders.image import Preprocessing
from artextract.params.sections import Network, Train


def networks_of(params: Train) -> list[Network]:
    """The backbone of a frozen training as a network like the others, then the others."""
    backbone = Network(
        name=params.backbone,
        weights=params.weights,
        sha256=params.weights_sha256,
        layers=params.layers,
        size=0,
        min_side=params.min_side,
    )
    return [backbone, *params.networks]


def load_part(network: Network, params: Train, grid: int) -> Part:
    """A pretrained network as tokens; see ``weights.timm_model`` for errors.

    Args:
        network: Its name, weights, stages and size of the images.
        params: framing is used.
        grid: Rows and columns of tokens.
    """
    model = on_device(TimmBackbone(network.name, network.weights, network.sha256).eval()).model
    preprocessing = framed(Preprocessing.of(model), network.size, params.framing)
    return token_part(model, preprocessing, network.layers, grid, network.name)


def framed(preprocessing: Preprocessing, size: int, framing: str) -> Preprocessing:
    """A preprocessing with another size of the images, or one that shows the whole image.

    Args:
        preprocessing: That of the weights.
        size: Pixels, square; 0 leaves it as it is.
        framing: ``centre`` leaves it as it is; ``whole`` squashes the whole image to a square.
    """
    crop = None if framing == "whole" else preprocessing.crop
    return dataclasses.replace(preprocessing, size=size or preprocessing.size, crop=crop)
