// A box whose content is wider than itself can be reached and moved with the keyboard; any other is no stop on the way.
const boxes = ".glued, .glued .text_html, div.math, mjx-container[display], .pst-scrollable-table-container";
const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise; // formulas are boxes, too, once they are drawn
  document.querySelectorAll(boxes).forEach((box) => watcher.observe(box));
});

// A click on a column's head sorts the table by it, numbers as numbers; a second click the other way round.
const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const asE = (_, minus, digits) => `e${minus && "-"}${[...digits].map((each) => raised.indexOf(each)).join("")}`;

function value(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = parseFloat(text.replaceAll(",", "").replace(/ × 10(⁻?)([⁰¹²³⁴-⁹]+)/, asE));
  return Number.isNaN(number) ? text : number;
}

function compare(one, other) {
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
}

function makeSortable(table) {
  if (table.tHead?.rows.length !== 1 || table.tBodies[0].rows.length < 3) return;
  for (const head of table.tHead.rows[0].cells) {
    if (!head.textContent.trim()) continue;
    const button = document.createElement("button");
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const way = head.ariaSort === "ascending" ? -1 : 1;
      for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
      head.ariaSort = way === 1 ? "ascending" : "descending";
      const rows = [...table.tBodies[0].rows];
      rows.sort((one, other) => way * compare(value(one, head.cellIndex), value(other, head.cellIndex)));
      table.tBodies[0].append(...rows);
    });
  }
}
addEventListener("DOMContentLoaded", () => document.querySelectorAll("table.sortable").forEach(makeSortable));
