"""Has papermill take names alone as parameters: it writes the keys of a -f file into a cell as they come, as code.

An entry point of the installed project, which every papermill of its environment loads when it starts.
"""

from keyword import iskeyword

import click
from papermill.engines import NBClientEngine
from papermill.exceptions import PapermillException
from papermill.translators import PythonTranslator, papermill_translators

ENGINE = NBClientEngine  # papermill's own: an entry point must name one, and is here to be loaded


class NotAName(PapermillException, click.UsageError):
    """A parameter whose name is no name."""


class NamedParameters(PythonTranslator):
    """Writes parameters as assignments to names; values it quotes, as papermill does."""

    @classmethod
    def assign(cls, name, str_val):
        """Return the line that gives a parameter its value; refuse what is no plain name."""
        if not isinstance(name, str) or not name.isidentifier() or iskeyword(name) or name.startswith("_"):
            shown = repr(name) if len(repr(name)) < 60 else f"{repr(name)[:60]}..."
            raise NotAName(f"{shown} is no name of a parameter; nothing was run")
        return super().assign(name, str_val)


papermill_translators.register("python", NamedParameters)
