"""Makes Chinese words found, chapters before notebooks, and gives the Chinese edition a search page of its own words.

The search index holds each character and each pair of neighbours, as a query is split: Chinese writes no blanks between
words, and without this a whole clause would be one word of the index.
"""

import re
from pathlib import Path

from halves import SEARCH, is_chinese
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


SAID = {  # what the search itself writes, by the English words that it looks up
    "Searching": "搜尋中",
    "Preparing search...": "準備搜尋……",
    "Search Results": "搜尋結果",
    "Search finished, found ${resultCount} page(s) matching the search query.": "找到 ${resultCount} 頁。",
    "Search finished, found one page matching the search query.": "找到一頁。",
    "Your search did not match any documents. Please make sure that all words are spelled correctly and that you've "
    "selected enough categories.": "找不到相符的頁面。請換個說法，或少用幾個詞。",
    ", in ": "，見 ",
}


def add_page(app):
    """Yield the Chinese search page, as Sphinx asks for it: its name, what its template is given, the template."""
    if app.builder.name == "html":
        catalogue = {"messages": SAID, "plural_expr": "0", "locale": "zh_TW"}
        yield SEARCH, {"meta": {"lang": "zh-Hant"}, "search_words": catalogue}, f"{SEARCH}.html"


def lead_to_it(app, pagename, templatename, context, doctree):
    """Have the search field of a Chinese page ask the Chinese search page."""
    if app.builder.name == "html" and is_chinese(pagename):
        pathto = context["pathto"]
        context["pathto"] = lambda name, *rest: pathto(SEARCH if name == "search" else name, *rest)


def setup(app):
    app.config.html_search_scorer = str(Path(__file__).with_name("scorer.js"))
    app.connect("html-collect-pages", add_page)
    app.connect("html-page-context", lead_to_it)
    app.add_search_language(EnglishAndChinese)  # in place of its parent: their language is "en"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
