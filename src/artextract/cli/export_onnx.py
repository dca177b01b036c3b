"""``artextract export-onnx``: the trained network as a file that runs without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export_onnx(
    model: Annotated[Path, typer.Option(metavar="FOLDER", help="holds model.safetensors and model.json")] = Path(
        "data/model"
    ),
    out: Annotated[Path, typer.Option(metavar="FILE", help="file to write")] = Path("model.onnx"),
    raw: Annotated[bool, typer.Option("--raw", help="probabilities before the temperature")] = False,
) -> None:
    """Write the trained network, its frozen networks included, as one ONNX file: an image in, probabilities out.

    The file is compared with torch before it is written. Class names and the size that images are resized to are in
    its metadata. Needs `pip install -r requirements-onnx.txt`.
    """
    from artextract.core.runtime import prepare_environment

    prepare_environment()
    from artextract.classification.prediction.confidence import read_confidence
    from artextract.classification.published.onnx_file import export_onnx as write
    from artextract.core.intact import require_intact

    require_intact(model)
    done = write(model, out, {} if raw else read_confidence(model))
    print(f"{done.path}: {done.path.stat().st_size:,} bytes; differs from torch by at most {done.difference:.1g}")
    for one in done.inputs:
        how = "squashed" if one["crop"] is None else f"centre crop of {one['crop']:g}"
        print(f"  {one['name']}: uint8 (n, 3, {one['size']}, {one['size']}), {one['interpolation']}, {how}")
