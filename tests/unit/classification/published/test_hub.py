"""A published network goes to a hub and comes back; weights: hub works for all three kinds of network.

The hub is a small one on loopback. Every process here refuses, and counts, connections to anything else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artextract.core.fingerprint import sha256_file
from artextract.encoders.torchvision_cure import import_torchvision
from artextract.encoders.weights import weights_hash
from tests.conftest import ROOT
from tests.fake_hub import FakeHub, fake_hub
from tests.published_toys import toy_run
from tests.tiny_models import TIMM, tiny_sentence_transformer, tiny_timm
from tests.toys import one_thread, painting  # noqa: F401

pytestmark = pytest.mark.slow
LOOPBACK_ONLY = """
import json, socket, sys
refused = []
real = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "localhost"):
        refused.append(str(address))
        raise OSError("refused: not loopback")
    return real(self, address)
socket.socket.connect = connect
"""


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as running:
        yield running


def talk(hub: FakeHub, home: Path, code: str, *words: object, **more: str) -> Any:
    """Run code in a process that talks to the hub; it prints JSON on its last line."""
    environment = os.environ | hub.environment(home) | {"PYTHONPATH": f"{ROOT}/src:{ROOT}", "ARTEXTRACT_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", f"{LOOPBACK_ONLY}\n{code}\nassert not refused, refused", *map(str, words)],
        env=environment | more,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


ROUND_TRIP = """
import os
from pathlib import Path
from artextract import load
from artextract.cli.app import run
from artextract.classification.published.hub import PublishedNetwork
from artextract.core.errors import ArtExtractError
os.chdir(sys.argv[1])
picture = sys.argv[2]
token, os.environ["HF_TOKEN"] = os.environ["HF_TOKEN"], "wrong"
refused_status = run(["publish", "out", "--name", "toy", "--push", "museum/toy"])
try:
    load("museum/toy")
except ArtExtractError as error:
    absent = str(error)
os.environ["HF_TOKEN"] = token
assert run(["publish", "out", "--name", "toy", "--push", "museum/toy"]) == 0
assert run(["publish", "out", "--name", "toy", "--push", "museum/toy"]) == 0  # again
here, there = load("out"), load("museum/toy")
assert there.folder.resolve() != here.folder.resolve() and "snapshots" in str(there.folder)
for one, other in zip(here.look_at([picture]), there.look_at([picture]), strict=True):
    assert all((one.p[task] == other.p[task]).all() for task in one.p)
PublishedNetwork.from_pretrained("museum/toy").save_pretrained("again")
PublishedNetwork.from_pretrained("again")
print(json.dumps([refused_status, absent]))
"""


def test_push_and_pull_give_the_same_network(hub: FakeHub, tmp_path: Path):
    """And without a token nothing goes up, and what is not there is said."""
    toy_run(tmp_path)
    (tmp_path / "a.jpg").write_bytes(painting(2, 3))
    status, absent = talk(hub, tmp_path / "home", ROUND_TRIP, tmp_path, tmp_path / "a.jpg")
    assert status == 2 and "museum/toy: there is no such folder, and the hub does not give it" in absent
    assert sorted(hub.repositories) == ["museum/toy"]
    pushed = hub.repositories["museum/toy"]
    names = ["README.md", "SHA256SUMS", "calibration.json", "model.json", "model.safetensors"]
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == names
    for name in names:
        assert pushed[name] == (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert any(request.startswith("PUT lfs/") for request in hub.seen) and hub.unknown == []


WEIGHTS = """
from pathlib import Path
from artextract.encoders.embed import embed_collection
from artextract.encoders.title import embed_titles
from artextract.encoders.weights import weights_hash
from artextract.classification.network.inputs import load_inputs
from artextract.params.sections import ImageEncoder, TitleEncoder
from tests.tiny_models import TIMM
from tests.toys import toy_collection, toy_params
work, commit, sha256 = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
reader, index = toy_collection(work / "shards", ["train", "val", "train"])
image = ImageEncoder(name=TIMM, weights="hub", sha256="", layers=[], batch_size=2, precision="fp32")
vectors, identity = embed_collection(reader, image)
titles = TitleEncoder(
    name="museum/tiny-titles", weights="hub", revision=commit, sha256=sha256, batch_size=2, precision="fp32"
)
rows, titled = embed_titles(["hay", "the sea"], titles)
params = toy_params(backbone=TIMM, weights="hub", frozen=True, layers=[1]).train
tokens = load_inputs(reader, index, range(3), params)
print(json.dumps({
    "image": identity["weights_sha256"], "shape": vectors.shape, "titles": rows.tolist(),
    "file": titled["weights_sha256"], "train": tokens.backbone_sha256, "tokens": list(tokens.array.shape),
}))
"""


@pytest.mark.long
def test_weights_from_the_hub_really_run(hub: FakeHub, tmp_path: Path):
    import_torchvision()
    import timm

    config = timm.get_pretrained_cfg(TIMM)
    assert config is not None and config.hf_hub_id
    net = tiny_timm(tmp_path / "timm", seed=1)
    hub.add_folder(str(config.hf_hub_id), tmp_path / "timm")
    titles = tiny_sentence_transformer(tmp_path / "titles", seed=1)
    commit = hub.add_folder("museum/tiny-titles", tmp_path / "titles")
    sha256 = sha256_file(tmp_path / "titles/model.safetensors")
    found = talk(hub, tmp_path / "home", WEIGHTS, tmp_path, commit, sha256, ARTEXTRACT_CACHE=str(tmp_path / "cache"))
    net.reset_classifier(0)
    assert found["image"] == found["train"] == weights_hash(net) and found["shape"] == [3, net.num_features]
    assert found["tokens"][:2] == [3, 16] and found["file"] == sha256
    expected = titles.encode(["hay", "the sea"], normalize_embeddings=True)
    assert abs(expected - found["titles"]).max() < 1e-6
