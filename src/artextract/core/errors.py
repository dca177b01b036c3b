"""The one exception type that users see: it names what is wrong, where, and the remedy."""

from artextract.core.text import clean


class ArtExtractError(Exception):
    """A problem that the user can solve: bad input, a missing file, an impossible parameter.

    Stages print its message without a traceback and exit with status 2.
    """

    def __init__(self, problem: str, *, where: str | None = None, remedy: str | None = None):
        """Compose the message; names of files and cells of tables in it are cleaned (``core.text``).

        Args:
            problem: What is wrong, in one sentence.
            where: File, row or key that it was found in.
            remedy: What the user can do about it.
        """
        problem = clean(problem, lines=True)
        where, remedy = (clean(text, lines=True) if text else text for text in (where, remedy))
        self.problem, self.where, self.remedy = problem, where, remedy
        lines = [f"{where}: {problem}" if where else problem]
        if remedy:
            lines.append(f"Remedy: {remedy}")
        super().__init__("\n".join(lines))
