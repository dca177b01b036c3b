"""``python -m artextract``, which is the command ``artextract`` of the environment."""

from artextract.core.interpreter import NEEDED, require_environment, same_command

require_environment(same_command(), (*NEEDED, "typer"))

from artextract.cli.app import main  # noqa: E402

if __name__ == "__main__":
    main()
