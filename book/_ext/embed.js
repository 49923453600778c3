// What is to be copied into another page names the whole address: the one that this page was read from.
for (const field of document.querySelectorAll(".embed textarea[data-place]")) {
  const place = new URL(field.dataset.place, location.href).href;
  field.value = field.value.replace(/src="[^"]*"/, () => `src="${place.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`);
  field.addEventListener("focus", () => field.select());
}
