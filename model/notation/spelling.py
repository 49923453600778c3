"""Names as people write them: the nearest accepted word to one that is not."""

from collections.abc import Iterable

from rapidfuzz.distance import OSA


def nearest(word: str, words: Iterable[str], most: int = 2) -> str | None:
    """Return the word at most that many letters away (and nearer than its own length), or None."""
    scored = [(OSA.distance(word, each), each) for each in words]
    close = [(distance, each) for distance, each in scored if distance <= most and distance < len(each)]
    return min(close)[1] if close else None


def suggest(word: str, words: Iterable[str], most: int = 2) -> str:
    """Return the end of a refusal: the nearest word as a question, or all that would be accepted."""
    words = list(words)
    near = nearest(word, words, most)
    return f"; did you mean {near}?" if near else f": choose one of {', '.join(words)}"
