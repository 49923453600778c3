"""Makes pages of the book with Jupyter Book's own command, some seconds sooner: python book/pages.py build book ..."""

import sys

# Seconds of every start go into its grammars, for formats that the schema of the settings lacks.
sys.modules["rfc3987_syntax"] = None

from jupyter_book.cli.main import main  # noqa: E402

if __name__ == "__main__":
    main()
