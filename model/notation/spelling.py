"""Names as people write them: the accepted word that is meant, or the nearest one to suggest."""

import re
from collections.abc import Iterable

from rapidfuzz.distance import OSA


def plain(word: str) -> str:
    """Return a word without case, blanks, hyphens and underscores: how two spellings of one name are compared."""
    return re.sub(r"[\s_-]+", "", word).lower()


def meant(word: str, words: Iterable[str]) -> str | None:
    """Return the accepted word that differs at most in case, blanks, hyphens or underscores, or None."""
    words = list(words)
    return word if word in words else next((each for each in words if plain(each) == plain(word)), None)


def nearest(word: str, words: Iterable[str], most: int = 2) -> str | None:
    """Return the accepted word that is near, or None: one that contains it, or that is at most so many letters away.

    A word that contains the one written goes before one that is a few letters away; the shortest such, if several.
    """
    words = list(words)
    if len(plain(word)) >= 3 and (around := [each for each in words if plain(word) in plain(each)]):
        return min(around, key=len)
    scored = [(OSA.distance(word, each), each) for each in words]
    close = [(distance, each) for distance, each in scored if distance <= most and distance < len(each)]
    return min(close)[1] if close else None


def suggest(word: str, words: Iterable[str], most: int = 2) -> str:
    """Return the end of a refusal: the nearest word as a question, or all that would be accepted."""
    words = list(words)
    near = nearest(word, words, most)
    return f"; did you mean {near}?" if near else f": choose one of {', '.join(words)}"
