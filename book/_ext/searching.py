"""Makes Chinese words found: the search index holds each character and each pair of neighbours, as a query is split.

Chinese writes no blanks between words. Without this a whole clause would be one word of the index.
"""

import re

from sphinx.search.en import SearchEnglish

HAN = "㐀-鿿"
LATIN = re.compile("[A-Za-z]")
RUN = re.compile(rf"[{HAN}]+|[^\W{HAN}]+")


class EnglishAndChinese(SearchEnglish):
    """English words by their stems, runs of Chinese characters by pairs."""

    js_splitter_code = f"""
function splitQuery(query) {{
  const runs = query.match(/[{HAN}]+|(?:(?![{HAN}])[\\p{{Letter}}\\p{{Number}}_\\p{{Emoji_Presentation}}])+/gu) ?? [];
  const pairs = (run) => [...run].slice(1).map((character, place) => [...run][place] + character);
  return runs.flatMap((run) => (/^[{HAN}]{{2}}/u.test(run) ? pairs(run) : [run]));
}}
"""

    def stem(self, word):
        """Return the stem of an English word, and what has no Latin letter as it is, which a stemmer takes long to."""
        return super().stem(word) if LATIN.search(word) else word.lower()

    def split(self, text):
        """Return the words of a text; of Chinese ones also the single characters, which a reader may ask for."""
        words = []
        for run in RUN.findall(text):
            words += [*run, *map("".join, zip(run, run[1:], strict=False))] if re.match(f"[{HAN}]", run) else [run]
        return words


def setup(app):
    app.add_search_language(EnglishAndChinese)  # in place of its parent: their language is "en"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
