"""How well rows that no fit has seen are met: a reader's own measurements, held back."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class HeldBack:
    """Rows held back from the fit: how many, mean absolute error of their times, share inside their 5 to 95 %.

    error_study, inside_study: the same by the study alone; all None where no row is held back, shares also without
    intervals. fitted: rows that the fit took; file: theirs; rule: which are held back.
    """

    file: str
    fitted: int
    rows: int
    rule: str
    error: float | None = None
    inside: float | None = None
    error_study: float | None = None
    inside_study: float | None = None

    def record(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)

    def from_file(self) -> str:
        """Return which rows were fitted, in words."""
        return f"{_rows(self.fitted)} of {self.file}"

    def words(self) -> str:
        """Return what a person reads of it, one line."""
        if not self.rows or self.error is None or self.error_study is None:
            return f"held back: no row; {self.rule}"
        both = (self.error, self.inside), (self.error_study, self.inside_study)
        own, study = (f"{error:.1%}" + ("" if inside is None else f", {inside:.0%} inside") for error, inside in both)
        return f"held back: {_rows(self.rows)}, mean error {own} (by the study alone {study}); {self.rule}"


def _rows(number: int) -> str:
    return f"{number} row{'' if number == 1 else 's'}"
