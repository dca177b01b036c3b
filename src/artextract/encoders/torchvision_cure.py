"""Makes ``import torchvision`` work with a CPU-only torch.

The registry's torchvision for x86-64 Linux is built for CUDA. Beside a CPU build of torch its compiled operators do not
load, and the import stops with "operator torchvision::nms does not exist", and timm and sentence-transformers with it.
Declaring the two operator schemas that torchvision annotates at import is all that is missing; nothing here calls them.
Where torchvision is healthy nothing happens.
"""

from __future__ import annotations

import sys
from typing import Any

from artextract.encoders.no_compiler import no_compiler

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[object] = []  # a Library's operators vanish with it


def import_torchvision() -> bool:
    """Import torchvision, cured where it has to be.

    Returns:
        True where the cure was needed.
    """
    if "torchvision" in sys.modules:
        return bool(_libraries)
    import torch

    with no_compiler():
        _import(torch)
    return bool(_libraries)


def import_timm() -> None:
    """Import timm, and torchvision before it, cured where it has to be."""
    import_torchvision()
    with no_compiler():
        import timm  # noqa: F401


def _import(torch: Any) -> None:
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for schema in SCHEMAS:
            library.define(schema)
        _libraries.append(library)
        import torchvision  # noqa: F401
