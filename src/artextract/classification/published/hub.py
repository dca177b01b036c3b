"""A published network on the Hugging Face hub, or a server with the same interface: saved, pushed and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import ModelHubMixin, snapshot_download
from huggingface_hub.errors import HFValidationError

from artextract.classification.published.folder import FILES, WEIGHTS, check_network, copy_network
from artextract.core.errors import ArtExtractError


class PublishedNetwork(ModelHubMixin, library_name="artextract", pipeline_tag="image-classification"):
    """The folder of a network, with ``save_pretrained``, ``push_to_hub`` and ``from_pretrained``.

    Attributes:
        folder: Holds model.safetensors, model.json and README.md, and may hold calibration.json and evidence.
    """

    def __init__(self, folder: Path):
        """Take a folder.

        Raises:
            ArtExtractError: It holds no network.
        """
        check_network(folder)
        self.folder = folder

    def _save_pretrained(self, save_directory: Path) -> None:
        copy_network(self.folder, save_directory)

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None,
        cache_dir: str | Path | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        **model_kwargs: Any,
    ) -> PublishedNetwork:
        if Path(model_id).is_dir():
            return cls(Path(model_id))
        return cls(
            Path(
                snapshot_download(
                    model_id,
                    revision=revision,
                    cache_dir=cache_dir,
                    force_download=force_download,
                    local_files_only=local_files_only,
                    token=token,
                    allow_patterns=[*FILES, f"{WEIGHTS}/*"],
                )
            )
        )


def network_folder(source: str, revision: str | None = None) -> Path:
    """The folder of a network on this disk, or of one on the hub, which is downloaded.

    Args:
        source: A folder, or ``user/repository``.
        revision: Branch, tag or commit on the hub.

    Raises:
        ArtExtractError: There is no such folder, and nothing on the hub by this name can be had.
    """
    if Path(source).exists():
        check_network(Path(source))
        return Path(source)
    try:
        # from_pretrained would ask for a config.json first, which these folders do not have
        network = PublishedNetwork._from_pretrained(
            model_id=source, revision=revision, cache_dir=None, force_download=False, local_files_only=False, token=None
        )
    except HFValidationError as error:
        raise ArtExtractError(
            "there is no such folder, and it is no name on the hub", where=source, remedy="correct the path"
        ) from error
    except ArtExtractError:
        raise
    except Exception as error:  # the hub's client raises a dozen types
        reason = (str(error).splitlines() or [""])[0]
        raise ArtExtractError(
            f"there is no such folder, and the hub does not give it: {type(error).__name__}: {reason}",
            where=source,
            remedy="correct the path or name; the hub needs a network, or a filled cache (HF_HOME)",
        ) from error
    return network.folder


def push_folder(folder: Path, name: str) -> str:
    """Upload a published network.

    Args:
        folder: As ``folder.publish`` writes it.
        name: ``user/repository``; it is made where it does not exist.

    Returns:
        Address of the upload.

    Raises:
        ArtExtractError: The hub refuses it.
    """
    try:
        return str(PublishedNetwork(folder).push_to_hub(name))
    except Exception as error:  # the hub's client raises a dozen types
        reason = (str(error).splitlines() or [""])[0]
        raise ArtExtractError(
            f"cannot be uploaded: {type(error).__name__}: {reason}",
            where=name,
            remedy="log in with `hf auth login`, and name user/repository; HF_ENDPOINT chooses another server",
        ) from error
