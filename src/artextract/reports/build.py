"""Builds the report: one HTML file that needs no network and no script."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from artextract.core.collections import collection_root
from artextract.core.folders import repository
from artextract.reports import against, cards, classification, limits, provenance, siamese, similarity, summary
from artextract.reports.blocks import Section
from artextract.reports.snapshot import Snapshot, revision, workspace
from artextract.runs.revisions import WORKSPACE

TEMPLATES = Path(__file__).parent / "templates"


def open_run(name: str, root: Path, repository: Path) -> Snapshot:
    """The files of a run.

    Args:
        name: ``workspace``, a git revision, or the name of an experiment.
        root: Root of the collection.
        repository: Root of the repository.

    Raises:
        ArtExtractError: There is no such run.
    """
    if name == WORKSPACE:
        return workspace(root)
    return revision(name, repository, root.relative_to(repository).as_posix())


def report(name: str = WORKSPACE, other: str | None = None, collection: str | None = None) -> str:
    """The report of a run as HTML.

    Args:
        name: ``workspace``, a git revision, or the name of an experiment.
        other: Another run to compare with.
        collection: Name of a collection of the user's; None = the repository's own.

    Raises:
        ArtExtractError: There is no such run or collection.
    """
    top = repository()
    root = collection_root(collection, top)
    run = open_run(name, root, top)
    commit = provenance.commit_of(top, name)
    earlier = "" if commit is None else commit.sha if name == WORKSPACE else commit.parent
    before = open_run(earlier, root, top) if earlier else None
    compared = [against.section(run, open_run(other, root, top))] if other else []
    called = collection or "the repository's own"
    sections = [
        *compared,
        provenance.section(run, commit, before, called),
        classification.section(run),
        similarity.section(run),
        siamese.section(run),
        limits.section(run),
        cards.model_card(run),
        cards.data_card(run),
    ]
    return render(summary.title(run, collection), summary.sentences(run, commit), sections)


def render(title: str, sentences: list[str], sections: list[Section]) -> str:
    """The page.

    Args:
        title: Heading.
        sentences: What a reader in a hurry should know.
        sections: In reading order.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = with_code
    style = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))  # our own file  # nosec B704
    page = environment.get_template("report.html")
    return page.render(title=title, sentences=sentences, sections=sections, style=style)


def with_code(text: str) -> Markup:
    """Text with the words between backticks as code; everything else is escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # nosec B704
