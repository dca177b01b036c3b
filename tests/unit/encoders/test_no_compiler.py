"""Imports without torch's compiler, each case in a process of its own: an import cannot be undone."""

from __future__ import annotations

import pytest

from tests.unit.encoders.test_torchvision_cure import python

IMPORTED = """
import sys, torch
from artextract.encoders.torchvision_cure import import_timm
import_timm()
import timm
model = timm.create_model("test_efficientnet").eval()
with torch.inference_mode():
    model(torch.zeros(2, 3, 160, 160))
print("torch._dynamo" in sys.modules)
"""


def said(code: str) -> list[str]:
    done = python(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_timm_is_imported_and_its_networks_run_without_the_compiler():
    after = """
from torchvision.ops import roi_align
asked = sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu")
print(type(asked).__name__, torch._dynamo.is_compiling(), torch.compiler.disable(len) is not len)
"""
    assert said(IMPORTED + after) == ["False", "bool", "False", "True"], "who asks for the compiler gets it"


@pytest.mark.slow
def test_an_import_that_wants_more_of_the_compiler_gets_it():
    wants = """
import sys, torch
from artextract.encoders.no_compiler import no_compiler
with no_compiler():
    plain = torch.compiler.disable(len) is len and torch.compiler.disable()(len) is len
    from torch._dynamo import config
    print(plain, config is sys.modules["torch._dynamo.config"], torch.compiler.disable(len) is len)
with no_compiler():
    print(sys.modules["torch._dynamo"].config is config)
"""
    assert said(wants) == ["True", "True", "False", "True"]


def test_nothing_stays_where_an_import_fails(monkeypatch: pytest.MonkeyPatch):
    import sys

    from artextract.encoders.no_compiler import COMPILER, UTILS, no_compiler

    kept = {name: sys.modules[name] for name in (COMPILER, UTILS) if name in sys.modules}
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError), no_compiler():
        assert not hasattr(sys.modules[UTILS], "__wrapped__"), "who looks through all modules brings nothing in"
        raise ImportError
    assert COMPILER not in sys.modules and UTILS not in sys.modules
