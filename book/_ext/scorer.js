// Order of what a search finds: pages of the reader's edition first, then chapters before notebooks and lists of changes.
Scorer.score = ([page, , , , score]) => {
  const chinese = page.startsWith("zh/") || page === "summary_zh";
  const own = chinese === document.documentElement.lang.startsWith("zh");
  const behind = /^(executed\/|changelog$|references$|status$)/.test(page);
  return score - (own ? 0 : 2000) - (behind ? 1000 : 0); // a page's own score stays below some hundreds
};
