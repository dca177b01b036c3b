"""What DVC would run for some targets, in its order, and which stages each stage waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from artextract.core.errors import ArtExtractError


@dataclass(frozen=True)
class Plan:
    """Stages in the order in which ``dvc repro`` would run them.

    Attributes:
        needs: Address of each stage, and those that have to be done before it.
        files: The dvc.lock that holds each stage.
        root: Root of the repository.
    """

    needs: Mapping[str, frozenset[str]]
    files: Mapping[str, str]
    root: str

    def after(self, names: set[str]) -> set[str]:
        """Stages that cannot run without some others, directly or not."""
        found: set[str] = set()
        for name, needed in self.needs.items():  # what is needed comes first
            if needed & (names | found):
                found.add(name)
        return found - names


def plan(targets: Sequence[str]) -> Plan:
    """The plan of ``dvc repro TARGETS``.

    Args:
        targets: Stages; if empty, all of the dvc.yaml in the working directory.

    Raises:
        ArtExtractError: There is no repository of DVC here, or no such stage.
    """
    from dvc.dvcfile import LOCK_FILE, PROJECT_FILE
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    try:
        with Repo() as repo:
            graph = get_active_graph(repo.index.graph)
            steps = plan_repro(graph, collect_stages(repo, targets or [PROJECT_FILE]))
            chosen = set(steps)
            needs = {s.addressing: frozenset(n.addressing for n in graph.successors(s) if n in chosen) for s in steps}
            files = {stage.addressing: str(Path(stage.path).with_name(LOCK_FILE)) for stage in steps}
            return Plan(needs, files, repo.root_dir)
    except DvcException as error:
        raise ArtExtractError(str(error), remedy="`dvc stage list` lists the stages") from error
