"""Contracts: dvc.yaml declares exactly the code and the params that each stage reads."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from artextract.core.fingerprint import code_closure
from artextract.params.sections import Params
from artextract.runs.ablations import read_ablations
from tests.closure import NOT_TRACKED, ROOT, SPLIT_ROOMS, closure, imported, rooms
from tests.unit.params_toys import with_overrides

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
SOURCES = yaml.safe_load((ROOT / "data/sources/dvc.yaml").read_text())["stages"]
NAMES = [
    "prepare_artgan",
    "compute_class_weights",
    "train_multitask",
    "evaluate_auc",
    "fetch_nga",
    "embed_images",
    "embed_titles",
    "train_siamese",
    "similarity_eval",
    "explorer",
]


def outs_of(stage: dict) -> list[str]:
    return [next(iter(o)) if isinstance(o, dict) else o for kind in ("outs", "metrics") for o in stage.get(kind, [])]


def metrics_of(stage: dict) -> list[str]:
    return [next(iter(o)) if isinstance(o, dict) else o for o in stage.get("metrics", [])]


def loaded_params(stage: str) -> list[str]:
    """The literal arguments of load_params(...) in a stage."""
    tree = ast.parse((ROOT / "stages" / f"{stage}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load_params":
            return [ast.literal_eval(arg) for arg in node.args]
    raise AssertionError(f"{stage} does not call load_params")


def attributes(paths: list[str]) -> set[str]:
    trees = (ast.parse((ROOT / path).read_text()) for path in paths)
    return {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_the_ten_stages_in_order_each_with_a_description():
    assert list(STAGES) == NAMES
    assert all(stage["desc"] and stage["cmd"] == f"python -m stages.{name}" for name, stage in STAGES.items())


def code_of(stage: str) -> list[str]:
    return [dep for dep in STAGES[stage]["deps"] if dep.startswith(("src/", "stages/"))]


@pytest.mark.parametrize("name", NAMES)
def test_declared_code_is_the_stage_and_the_rooms_that_it_enters(name: str):
    wanted = [*rooms(name), f"stages/{name}.py"]
    assert sorted(code_of(name)) == wanted, "print the right list with `python -m tests.closure`"


@pytest.mark.parametrize("name", NAMES)
def test_the_closure_lies_inside_the_declared_rooms(name: str):
    free = {"src/artextract/__init__.py", "stages/__init__.py"}  # a version and a check of the environment
    free |= {f"src/artextract/{folder}/__init__.py" for folder in SPLIT_ROOMS}  # only docstrings, as tested below
    outside = [
        path
        for path in closure(name)
        if path not in free
        and not path.startswith(NOT_TRACKED)
        and not any(path == dep or path.startswith(f"{dep}/") for dep in code_of(name))
    ]
    assert outside == []


def test_rooms_have_no_code_of_their_own():
    for path in (ROOT / "src/artextract").rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        allowed = 6 if path.parent.name == "artextract" else 1  # the package has a version, and `load` with its imports
        assert len(body) == allowed and ast.get_docstring(ast.parse(path.read_text())), path


@pytest.mark.long
def test_the_two_ways_to_compute_a_closure_agree():
    for path in sorted((ROOT / "src/artextract").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        if name.startswith("artextract.params"):
            continue
        found = {str(file.relative_to(ROOT)) for file in code_closure(name).values()}
        seen, todo = set(), [path]
        while todo:
            file = todo.pop()
            if file not in seen:
                seen.add(file)
                todo += imported(file)
        expected = {str(file.relative_to(ROOT)) for file in seen}
        assert found <= expected, name  # imports for a type checker only never run
        schema = {file for file in expected if file.startswith(NOT_TRACKED)}  # and modules that only the schema imports
        rest = (
            expected - found - schema - {f"src/artextract/{n}.py" for n in ("__init__", "core/__init__", "core/errors")}
        )
        assert not rest or any("if TYPE_CHECKING" in (ROOT / file).read_text() for file in expected), (name, rest)


def test_the_schema_can_refuse_a_value_but_never_change_one():
    """No defaults and no methods but validators: DVC does not watch the schema, so it must not change a result."""
    tree = ast.parse((ROOT / "src/artextract/params/sections.py").read_text())
    for section in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for node in section.body:
            if isinstance(node, ast.AnnAssign):
                assert node.value is None, f"{section.name}: {ast.unparse(node)}"
            elif isinstance(node, ast.FunctionDef):
                decorators = [ast.unparse(d) for d in node.decorator_list]
                assert decorators == ["model_validator(mode='after')"], f"{section.name}.{node.name}"
                returned = [ast.unparse(n) for n in ast.walk(node) if isinstance(n, ast.Return)]
                assert returned == ["return self"], f"{section.name}.{node.name}"


@pytest.mark.parametrize("name", NAMES)
def test_declared_params_are_those_that_the_stage_asks_for(name: str):
    assert sorted(STAGES[name]["params"]) == sorted(loaded_params(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_a_declared_section_is_read(name: str):
    read = attributes(closure(name))
    for key in STAGES[name]["params"]:
        section = Params.model_fields[key].annotation
        fields = getattr(section, "model_fields", {})
        unread = set(fields) - read
        assert not unread, f"{name} declares {key} but never reads {sorted(unread)}"


@pytest.mark.parametrize("name", NAMES)
def test_data_dependencies_are_outs_of_other_stages(name: str):
    by_people = {"data/names/clusters.yaml"}  # in git: names that people give to clusters
    produced = by_people | {
        out for other, stage in (STAGES | SOURCES).items() if other != name for out in outs_of(stage)
    }
    for dep in STAGES[name]["deps"]:
        if dep not in code_of(name):
            assert any(dep == out or dep.startswith(f"{out}/") for out in produced), dep


def test_both_sources_are_looked_at_at_every_run_and_their_records_are_the_samples():
    for name, stage in SOURCES.items():
        assert stage["always_changed"] and stage["cmd"] == f"python -m stages.source {name}" and stage["desc"]
        assert outs_of(stage) == [f"data/sources/{name}.json"]
        assert json.loads((ROOT / f"data/sources/{name}.json").read_text()) == {"source": "met"}


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_stays_thin_and_says_what_it_reads_and_writes(name: str):
    text = (ROOT / "stages" / f"{name}.py").read_text()
    doc = ast.get_docstring(ast.parse(text)) or ""
    assert "Reads:" in doc and "Writes:" in doc
    main = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == "main")
    assert main.end_lineno is not None and main.end_lineno - main.lineno < 45


def test_only_the_headline_is_declared_as_metrics():
    """The full tables are plain outs in git: as metrics they would make ``dvc exp show`` hundreds of columns wide."""
    assert {name: metrics_of(stage) for name, stage in STAGES.items() if metrics_of(stage)} == {
        "evaluate_auc": ["metrics/auc.json"],
        "train_siamese": ["metrics/gain.json"],
        "similarity_eval": ["metrics/ndcg.json"],
    }
    tables = [out for stage in STAGES.values() for out in outs_of(stage) if out.startswith(("metrics/", "plots/"))]
    kept_in_git = {
        next(iter(out))
        for stage in STAGES.values()
        for out in (*stage["outs"], *stage.get("metrics", []))
        if isinstance(out, dict) and next(iter(out.values())).get("cache") is False
    }
    assert set(tables) == kept_in_git


@pytest.mark.parametrize("name", ["train_multitask", "train_siamese"])
def test_a_training_draws_no_figures(name: str):
    rooms_that_draw = ("pictures", "classification/evaluation", "similarity/evaluation")
    drawing = tuple(f"src/artextract/{room}" for room in rooms_that_draw)
    assert not [path for path in closure(name) if path.startswith(drawing)]


def test_params_yaml_names_no_machine():
    text = (ROOT / "params.yaml").read_text() + (ROOT / "dvc.yaml").read_text()
    for word in ("device:", "workers:", "threads:", "/home", "/root", "/tmp"):
        assert word not in text


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("artextract", ("torch", "dvc", "pandas")),
        ("artextract.data.outside.record", ("torch", "dvc", "pandas", "numpy", "pydantic")),  # at every `dvc repro`
        ("artextract.cli.app", ("torch", "dvc", "pandas", "numpy", "PIL", "pydantic")),
    ],
)
def test_a_module_loads_nothing_slow_at_its_import(module: str, unwanted: tuple[str, ...]):
    code = f"import {module}, sys; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "src", check=True)
    assert done.stdout.strip() == "[]"


SLOW = (
    "torch",
    "timm",
    "torchvision",
    "transformers",
    "sentence_transformers",
    "openvino",
    "sklearn",
    "scipy",
    "matplotlib",
)


def loaded(modules: list[str], unwanted: tuple[str, ...]) -> list[str]:
    """Those packages that are loaded by importing some modules in a fresh process."""
    code = f"import sys, {', '.join(modules)}; print(*[m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return done.stdout.split()


def test_stages_load_nothing_slow_before_their_parameters_are_read():
    """A mistake in params.yaml, a missing input, or a second run is told at once, and not after seconds of imports."""
    assert loaded([f"stages.{name}" for name in NAMES], (*SLOW, "numpy", "pandas", "pyarrow", "PIL", "dvc")) == []
    for name in NAMES:
        main = next(
            node
            for node in ast.parse((ROOT / f"stages/{name}.py").read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name == "main"
        )
        assert "load_params" in ast.unparse(main.body[1]), f"{name}: the parameters come first, then imports"


WITHOUT_TORCH = ("prepare_artgan", "compute_class_weights", "fetch_nga", "similarity_eval")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "unwanted"),
    [
        # loaded inside functions where they are needed; scipy's graphs are part of what finds near-duplicates
        (NAMES, ("timm", "torchvision", "transformers", "sentence_transformers", "openvino", "sklearn", "matplotlib")),
        (WITHOUT_TORCH, ("torch",)),
    ],
    ids=["all", "without torch"],
)
def test_the_code_of_stages_loads_no_package_that_it_may_not_need(names: list[str], unwanted: tuple[str, ...]):
    trees = [ast.parse((ROOT / f"stages/{name}.py").read_text()) for name in names]
    imports = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert loaded(sorted({node.module for node in imports if node.module}), unwanted) == []


def test_a_stage_outside_of_the_environment_stops_with_advice(tmp_path: Path):
    # -S: without site-packages, like a system Python in which nothing is installed
    command = [sys.executable, "-S", "-m", "stages.prepare_artgan"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={"PATH": ""})
    assert done.returncode != 0
    assert "source .venv/bin/activate" in done.stderr and "Traceback" not in done.stderr


def test_a_stage_reports_a_bad_parameter_without_a_traceback(tmp_path: Path):
    text = (ROOT / "params.yaml").read_text().replace("lr: 1e-3 ", "lr: fast ")
    (tmp_path / "params.yaml").write_text(text)
    command = [sys.executable, "-m", "stages.train_multitask"]
    env = {"PYTHONPATH": str(ROOT), "PATH": "", "ARTEXTRACT_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 2
    assert "params.yaml" in done.stderr and "`lr`" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("name", read_ablations(ROOT / "profiles/ablations.yaml"))
def test_ablations_of_the_wikiart_profile_are_valid(name: str):
    profile = shlex.split((ROOT / "profiles/wikiart-gru.args").read_text(), comments=True)
    changes = read_ablations(ROOT / "profiles/ablations.yaml")[name]
    with_overrides(profile + [part for change in changes for part in ("-S", change)])


@pytest.mark.parametrize("path", sorted((ROOT / "profiles").glob("*.args")), ids=lambda p: p.stem)
def test_profiles_name_existing_params_with_valid_values(path: Path):
    with_overrides(shlex.split(path.read_text(), comments=True))


def test_the_documented_command_for_the_reference_network_builds_it():
    from artextract.classification.network.network import MultitaskNet

    text = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
    start = text.index("dvc exp run -S train.backbone=reference")
    command = text[start : text.index("```", start)].replace("\\\n", " ").split()
    net = MultitaskNet(with_overrides(command[3:]).train, {"style": 27, "genre": 10, "artist": 23})
    assert sum(parameter.numel() for parameter in net.parameters()) == 46_300
