"""Tables of metrics and experiments fit a screen: this project's dvc.yaml and params.yaml with cheap stages."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.checkouts import Checkout, copy_of_this_checkout
from tests.closure import ROOT

pytestmark = pytest.mark.slow
SCREEN = 120
HEADLINE = {
    "metrics/auc.json": [f"{task}.{name}" for task in ("style", "genre", "artist") for name in ("auc", "ci")],
    "metrics/ndcg.json": ["ndcg"],
    "metrics/gain.json": ["gain", "gain.ci"],
}
# The narrowest table that DVC itself makes: without the changed outs, which DVC counts as dependencies.
NARROW = ("dvc", "exp", "show", "--no-pager", "--only-changed", "--drop", r".*/|Created|Executor|.*\.ci$")
STAGE = f'''"""Writes all outs of a stage at once; what depends on lr or train.hidden differs with them."""
import json, pathlib, sys, yaml
name = sys.argv[1]
stage = yaml.safe_load(pathlib.Path("dvc.yaml").read_text())["stages"][name]
params = yaml.safe_load(pathlib.Path("params.yaml").read_text())
training = name in ("train_multitask", "evaluate_auc")
mark = f"{{params['lr']}} {{params['train']['hidden']}}" if training else name
score = round(0.5 + 10 * float(params["lr"]) + params["train"]["hidden"] / 1e4, 4) if training else 0.2046
for out in stage["outs"] + stage.get("metrics", []):
    path = pathlib.Path(out if isinstance(out, str) else next(iter(out)))
    path.parent.mkdir(parents=True, exist_ok=True)
    if str(path) in {HEADLINE!r}:
        path.write_text(json.dumps(dict.fromkeys({HEADLINE!r}[str(path)], score)))
    elif path.suffix:
        path.write_text(mark)
    else:
        path.mkdir(exist_ok=True)
        for file in ("index.parquet", "labels.json", "projected.npy", "splits.parquet"):
            (path / file).write_text(mark)
'''


def with_cheap_stages(project: Checkout) -> None:
    """Every stage runs ``STAGE``; only the three headline files are metrics."""
    config = yaml.safe_load((project.folder / "dvc.yaml").read_text())
    writers = {"evaluate_auc": "auc", "similarity_eval": "ndcg", "train_siamese": "gain"}
    for name, stage in config["stages"].items():
        stage["cmd"] = f"python cheap.py {name}"
        stage["deps"] = [dep for dep in stage["deps"] if dep.startswith("data/")]
        others = [out for out in stage.pop("metrics", []) if next(iter(out)) not in HEADLINE]
        stage["outs"] += others
        if name in writers:
            stage["metrics"] = [{f"metrics/{writers[name]}.json": {"cache": False}}]
    (project.folder / "dvc.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (project.folder / "cheap.py").write_text(STAGE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Two finished experiments and one in the queue."""
    checkout = copy_of_this_checkout(tmp_path_factory.mktemp("experiments"))
    with_cheap_stages(checkout)
    checkout.env |= {"COLUMNS": "1000", "PYTHONPATH": str(checkout.folder / "src")}
    checkout.run("dvc", "repro", "--quiet", "--force")
    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "cheap stages")
    for name, change in {"lr3e4": "lr=3e-4", "hidden128": "train.hidden=128"}.items():
        checkout.run("dvc", "exp", "run", "--quiet", "-n", name, "-S", change)
        checkout.run("git", "restore", ".")
    checkout.run("dvc", "exp", "run", "--quiet", "--queue", "-S", "lr=3e-3")
    yield checkout
    checkout.run("dvc", "queue", "stop", "--kill", check=False)


def lines_of(output: str) -> list[str]:
    return [line.rstrip() for line in output.splitlines() if line.strip()]


@pytest.mark.long
def test_the_experiments_are_there(project: Checkout):
    main = json.loads(project.run("dvc", "exp", "show", "--json"))[1]
    states = [experiment.get("executor") or {} for experiment in main["experiments"]]
    assert len(states) == 3 and [state.get("state") for state in states].count("queued") == 1


@pytest.mark.long
def test_at_most_twelve_numbers_are_metrics(project: Checkout):
    shown = json.loads(project.run("dvc", "metrics", "show", "--json"))[""]["data"]
    assert {name: list(file["data"]) for name, file in shown.items()} == HEADLINE
    assert sum(map(len, HEADLINE.values())) <= 12


@pytest.mark.long
@pytest.mark.parametrize(
    "command",
    [("dvc", "metrics", "show"), ("dvc", "metrics", "diff", "main", "lr3e4"), ("artextract",), NARROW],
    ids=["metrics show", "metrics diff", "artextract experiments", "exp show"],
)
def test_a_table_fits_a_screen_of_120_columns(project: Checkout, command: tuple[str, ...]):
    if command == ("artextract",):
        command = ("python", "-m", "artextract", "experiments")
    lines = lines_of(project.run(*command))
    assert len(lines) > 3 and max(map(len, lines)) <= SCREEN, "\n".join(lines)


@pytest.mark.long
def test_lr_is_the_first_number_of_the_experiments(project: Checkout):
    lines = lines_of(project.run("python", "-m", "artextract", "experiments"))
    assert lines[0].split()[:4] == ["experiment", "state", "lr", "train.hidden"]
    assert {line.split()[0] for line in lines[1:]} >= {"workspace", "main", "lr3e4", "hidden128"}


@pytest.mark.long
def test_the_narrowest_table_of_dvc_has_what_was_changed_and_what_came_of_it(project: Checkout):
    header = next(line for line in lines_of(project.run(*NARROW)) if "Experiment" in line)
    columns = ["Experiment", "State", "style.auc", "genre.auc", "artist.auc", "gain", "ndcg", "lr", "train.hidden"]
    assert header.split() == columns


def test_the_trained_network_is_an_artifact_of_the_model_registry():
    from dvc.repo import Repo

    with Repo(str(ROOT)) as repo:
        (artifact,) = repo.artifacts.read()["dvc.yaml"].values()
    outs = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["train_multitask"]["outs"]
    assert artifact.path in outs and artifact.type == "model" and artifact.labels and artifact.desc
