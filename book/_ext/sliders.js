// Brings the figures of model/views/sliders.py to life: Vega draws in place of the still picture, sliders set its signals.
function begin(figure) {
  const [stage, still, controls] = [".stage", ".still", "fieldset"].map((name) => figure.querySelector(name));
  const specification = JSON.parse(figure.querySelector("script").textContent);
  const view = new vega.View(vega.parse(specification), { renderer: "svg", container: stage, hover: false });
  const inputs = [...controls.querySelectorAll("input")];

  function set(input) {
    const stop = JSON.parse(input.dataset.stops)[input.value];
    const words = `${stop.toLocaleString("en-US", { maximumFractionDigits: 6 })} ${input.dataset.unit}`.trim();
    input.setAttribute("aria-valuetext", words);
    input.parentElement.querySelector(".shown").textContent = words;
    view.signal(input.dataset.signal, stop);
  }

  stage.setAttribute("role", "img"); // one picture, whose parts say nothing on their own
  stage.setAttribute("aria-label", specification.description);
  stage.removeAttribute("aria-roledescription");
  inputs.forEach(set);
  stage.hidden = controls.hidden = false;
  still.hidden = true;
  figure.view = view;
  for (const input of inputs) {
    input.addEventListener("input", () => {
      set(input);
      view.runAsync();
    });
  }
  controls.querySelector("button").addEventListener("click", () => {
    for (const input of inputs) {
      input.value = input.defaultValue;
      set(input);
    }
    view.runAsync();
  });
  new ResizeObserver(() => {
    if (stage.clientWidth) view.width(stage.clientWidth).runAsync();
  }).observe(stage);
}
document.querySelectorAll(".slider-figure").forEach(begin);
