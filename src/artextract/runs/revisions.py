"""Outputs of runs by name: a file, the working copy, a git revision, or a DVC experiment."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from artextract.core.errors import ArtExtractError
from artextract.core.intact import intact_content, require_intact

WORKSPACE = "workspace"


def output(given: str, tracked: str) -> Path | BinaryIO:
    """Output of a run: its path, or its content if it is in DVC's cache.

    Args:
        given: A file, ``workspace`` for the working copy, a git revision (branch, tag, commit), or the name of a DVC
            experiment. A file of that name comes first.
        tracked: Path of the output inside the repository, e.g. data/evaluation/predictions.parquet.

    Raises:
        ArtExtractError: There is no such file or revision, DVC's cache lacks the output of that revision, or it is
            damaged.
    """
    if Path(given).is_file() or Path(given).suffix == Path(tracked).suffix:
        return Path(given)
    if given == WORKSPACE:
        require_intact(Path(tracked))
        return Path(tracked)
    return BytesIO(_content(given, tracked))


def _content(revision: str, tracked: str) -> bytes:
    if not Path(".dvc").is_dir():
        raise ArtExtractError(
            "this is not the root of the repository", where=str(Path.cwd()), remedy="start the command there"
        )
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from scmrepo.exceptions import SCMError

    try:
        files = DVCFileSystem(".", rev=revision)
        return intact_content(cast(bytes, files.read_bytes(tracked)), files.info(tracked).get("md5"), tracked)
    except FileNotFoundError:
        raise ArtExtractError(
            f"{tracked} of this revision is not in DVC's cache",
            where=revision,
            remedy=f"`dvc pull` where a remote holds it, or check the revision out and `dvc repro` makes {tracked}",
        ) from None
    except (DvcException, SCMError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise ArtExtractError(
            f"neither a file, nor `{WORKSPACE}`, nor a git revision, nor an experiment ({said})",
            where=revision,
            remedy="`git branch --all` and `dvc exp list --all-commits` list the names",
        ) from error
