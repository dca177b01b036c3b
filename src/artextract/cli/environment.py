"""``artextract environment``: finish the environment after pip, and check that it is complete."""

from __future__ import annotations

import typer

app = typer.Typer(help="Finish or check the environment that the project runs in.", no_args_is_help=True)


@app.command("set-up")
def set_up() -> None:
    """Finish an environment after pip: the last step of `make setup`.

    Scripts and activation are tied to the place where the environment is; the command artextract and the page of
    `dvc plots` are written.
    """
    from artextract.environment.finish import finish

    finish()


@app.command("web-parts")
def web_parts() -> None:
    """Install the JavaScript parts of the explorer's page by npm; does nothing where they are there."""
    from artextract.environment.web import install

    install()


@app.command()
def check() -> None:
    """Check that the environment belongs to this place and holds every pinned package."""
    from artextract.environment.check import check as problems_of
    from artextract.environment.finish import ROOT

    for line in problems_of(ROOT):
        print(line)
