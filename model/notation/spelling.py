"""Names and numbers as people write them: the accepted word that is meant, or the nearest; bad words, shortened."""

import re
import unicodedata
from collections.abc import Iterable

from rapidfuzz.distance import OSA

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
LONGEST = 60  # letters of a word that a message repeats
BLANKS = re.compile(r"[\s_\-\u2010-\u2015]+")  # blanks, underscores, hyphens and the dashes that stand for them


def number(word: str) -> float:
    """Return the number that a word says, nan where it says none: 1e9 is one; 1_000, 1,024 and nan are not."""
    return float(word) if NUMBER.fullmatch(word := word.strip()) else float("nan")


def plain(word: str) -> str:
    """Return a word without case, blanks, hyphens and underscores: how two spellings of one name are compared."""
    return BLANKS.sub("", unicodedata.normalize("NFKC", word)).casefold()


def meant(word: str, words: Iterable[str]) -> str | None:
    """Return the accepted word that differs at most in case, blanks, hyphens or underscores, or None."""
    words = list(words)
    return word if word in words else next((each for each in words if plain(each) == plain(word)), None)


def part_of(word: str, words: Iterable[str]) -> list[str]:
    """Return the accepted words of which this one is a whole part, or several in their order: H100 of hgx-h100."""
    parts = _parts(word)
    return [each for each in words if parts and _in_order(parts, _parts(each))]


def nearest(word: str, words: Iterable[str], most: int = 2) -> str | None:
    """Return the accepted word that is near, or None: one that contains it, or that is at most so many letters away.

    A word of which the one written is a whole part goes first, then one that contains it, then one that is a few
    letters away; the shortest such, if several.
    """
    words = list(words)
    if len(plain(word)) >= 3:
        for around in (part_of(word, words), [each for each in words if plain(word) in plain(each)]):
            if around:
                return min(around, key=len)
    word = word[: 4 * LONGEST]
    scored = [(min(OSA.distance(word, each), OSA.distance(plain(word), plain(each))), each) for each in words]
    close = [(distance, each) for distance, each in scored if distance <= most and distance < len(each)]
    return min(close)[1] if close else None


def suggest(word: str, words: Iterable[str], most: int = 2) -> str:
    """Return the end of a refusal: the nearest words as a question, or all that would be accepted."""
    words = list(words)
    return guess(word, words, most) or f": choose one of {', '.join(words)}"


def guess(word: str, words: Iterable[str], most: int = 2) -> str:
    """Return the nearest words as a question, or nothing where none is near."""
    words = list(words)
    several = part_of(word, words) or [each for each in words if len(plain(word)) >= 3 and plain(word) in plain(each)]
    if 1 < len(several) < 5:
        return f"; did you mean {', '.join(several[:-1])} or {several[-1]}?"
    close = min(most, max(2, len(plain(word)) // 3))
    near = _sharing(word, words) or nearest(word, words, close) or _held_in(word, words)
    return f"; did you mean {near}?" if near else ""


def shortened(word: object) -> str:
    """Return what a message repeats of a word: the first letters of a long one, and how many it has."""
    text = str(word)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} letters)"


def _parts(word):
    return [part for part in BLANKS.split(unicodedata.normalize("NFKC", word).casefold().strip()) if part]


def _in_order(parts, whole):
    """Tell whether parts stand in whole, in this order, others between them or not."""
    rest = iter(whole)
    return all(part in rest for part in parts)


def _sharing(word, words):
    """Return the accepted word that has more parts in common with the one written than any other has, or None.

    NVIDIA GB200 NVL72 is gb200-nvl72, whatever else ends in nvl72; DGX GB200 is no hgx-b200, two letters away.
    """
    parts = {part for part in _parts(word) if len(part) > 1}
    scored = sorted(((len(parts & set(_parts(each))), each) for each in words), reverse=True)
    best, *rest = scored or [(0, "")]
    return best[1] if best[0] > (rest[0][0] if rest else 0) else None


def _held_in(word, words):
    """Return the longest accepted word that the one written holds, in its parts, or whose last part it holds; None.

    H100 SXM and DGX H100 are near hgx-h100, DeepSeek V3.2 near deepseek-v3.
    """
    parts = _parts(word)
    held = [each for each in words if plain(word).startswith(plain(each)) or _parts(each)[-1] in parts]
    return max(held, key=len) if held else None
