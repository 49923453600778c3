// A box whose content is wider than itself can be reached and moved with the keyboard; any other is no stop on the way.
const boxes = ".glued, .glued .text_html, div.math, .pst-scrollable-table-container";
const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
addEventListener("load", () => document.querySelectorAll(boxes).forEach((box) => watcher.observe(box)));
