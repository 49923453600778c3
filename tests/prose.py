"""The pages of both editions as a reader reads them: paragraphs, list items, captions and rows of tables."""

import re
from pathlib import Path

BOOK = Path(__file__).parents[1] / "book"
PAGES = sorted(BOOK.glob("*.md")) + sorted((BOOK / "zh").glob("*.md"))
SHOWN = {"glue:figure", "glue:table", "admonition", "attention", "caution", "danger", "dropdown", "error", "glossary"}
SHOWN |= {"hint", "important", "margin", "note", "seealso", "sidebar", "tip", "warning"}
SHOWN |= {"card", "grid", "grid-item", "grid-item-card", "tab-item", "tab-set"}


def blocks(markdown):
    """Return the paragraphs and table rows that a reader reads as prose, without code, options, labels and links."""
    markdown = re.sub(r"\A---\n.*?\n---\n|<!--.*?-->|\$\$.*?\$\$", "", markdown, flags=re.DOTALL)
    lines, fences = [], []
    for line in markdown.split("\n"):
        if fence := re.match(r"\s*(`{3,}|~{3,}|:{3,})\s*(?:\{([\w:-]+)\})?(.*)$", line):
            marks, name, argument = fence.groups()
            if not name and not argument.strip() and fences and marks.startswith(fences[-1][0]):
                fences.pop()
            else:
                fences.append((marks, name))
            lines.append(f"\n{argument}\n" if name in SHOWN and not name.startswith("glue") else "")
        elif all(name in SHOWN for _, name in fences) and not (fences and re.match(r"\s*:[\w-]+:", line)):
            lines.append(f"\n{line}" if re.match(r"\s*(?:\||[-*] |\d+\. )", line) else line)
    return [block for block in re.split(r"\n\s*\n", "\n".join(lines)) if block.strip()]
