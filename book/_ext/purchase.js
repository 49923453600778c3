// Compares two machines at a buyer's own prices, as model/studies/purchase.py does, and draws what each of them costs.
// The throughputs, value and draws at each stop of the speed, come from a search that was made beforehand.
const held = globalThis.purchase;
const INK = ["#0072b2", "#d55e00"], DASHES = ["", "7 3"], HEIGHT = 300, LEFT = 56, BELOW = 46;

const spoken = {}; // another language's words for those below, where the page brings them
const say = (english, ...parts) => (spoken[english] ?? english).replace(/\{(\d)\}/g, (_, place) => parts[place - 1]);
const over = (first, second) => (first === second ? 1 : first / second);
const cost = (rent, busy, rate) => (rent * 1e6) / (rate * 3600 * busy);

function ends(value, drawn) {
  const sorted = [...drawn].sort((one, other) => one - other);
  const [low, high] = held.interval.map((share) => sorted[Math.round(share * (sorted.length - 1))]);
  return [Math.min(low, value), Math.max(high, value)];
}

function crossings(gain) {
  const logs = gain.map(Math.log), at = held.speeds.map(Math.log), found = [];
  for (let here = 0; here + 1 < logs.length; here++) {
    const [one, other] = logs.slice(here, here + 2);
    if (one * other < 0 && Number.isFinite(one) && Number.isFinite(other))
      found.push(Math.exp(at[here] + ((at[here + 1] - at[here]) * one) / (one - other)));
  }
  return found.length ? [found[0], found.at(-1)] : [NaN, NaN];
}

function compare(deal) {
  const pair = [deal.first, deal.second].map((name) => held.throughputs[[name, deal.model, deal.lengths].join("|")]);
  const rents = [deal.firstRent, deal.secondRent], place = held.speeds.indexOf(deal.speed);
  const curves = pair.map((each, side) =>
    held.speeds.map((speed, stop) => {
      const [low, high] = ends(each.value[stop], each.draws[stop]);
      return [each.value[stop], high, low].map((rate) => cost(rents[side], deal.busy, rate));
    }));
  const along = held.speeds.map((_, stop) => over(pair[0].value[stop] / rents[0], pair[1].value[stop] / rents[1]));
  const drawn = pair[0].draws[place].map((rate, draw) => over(rate / rents[0], pair[1].draws[place][draw] / rents[1]));
  const [low, high] = ends(along[place], drawn);
  return { curves, first: curves[0][place], second: curves[1][place], gain: [along[place], low, high],
    gaining: drawn.filter((each) => each > 1).length / drawn.length, busy: over(deal.busy, along[place]),
    rent: [along[place], low, high].map((each) => each * rents[0]), crossing: crossings(along) };
}

const digits = (number) => number >= 100 ? Math.round(number).toLocaleString("en-US") : String(+number.toPrecision(number < 1 ? 2 : 3));
const PLACES = 3; // after the decimal point, at most

// A number with its interval, with the digits that the interval bears: two of its width, as model/numbers/draws.py says.
const words = ([value, low, high], dollars = false) => {
  if (!Number.isFinite(value)) return say("out of reach");
  const width = (Number.isFinite(high) ? high : 2 * value) - low;
  const places = width > 0 ? Math.min(1 - Math.floor(Math.log10(width)), PLACES) : PLACES;
  const kept = { minimumFractionDigits: Math.max(places, 0), maximumFractionDigits: Math.max(places, 0) };
  const written = (number) => (Math.round(number * 10 ** places) / 10 ** places).toLocaleString("en-US", kept);
  const shown = [value, low, high].map((each) => (Number.isFinite(each) ? written(each) : say("no bound")));
  return dollars ? say("{1} USD ({2} to {3})", ...shown) : say("{1} ({2} to {3})", ...shown);
};

function told(deal, names, found) {
  const reached = [found.first[0], found.second[0]].map(Number.isFinite);
  if (!reached[0] && !reached[1]) return say("Neither machine reaches this speed.");
  if (!reached[0] || !reached[1]) return say("Only {1} reaches this speed.", names[reached[0] ? 0 : 1]);
  const share = Math.round(found.gaining * 100);
  const [first, second] = [...new Set(found.crossing.map(digits))];
  const speeds = second === undefined ? first : say("{1} and at {2}", first, second);
  const where = Number.isFinite(found.crossing[0]) ? say("Both cost the same at {1} tokens/s per user.", speeds)
    : say("{1} is the cheaper one wherever both deliver.", names[found.gain[0] > 1 ? 0 : 1]);
  const rent = words(found.rent, true);
  const busy = found.busy > 1 ? say("At this speed a device-hour of A may cost {1}, and A could not be busy enough to be as cheap.", rent)
    : say("At this speed a device-hour of A may cost {1}, and A is as cheap when busy {2} % of the time.", rent, Math.round(found.busy * 100));
  const gain = say("A dollar buys {1} times the tokens on A; A is the cheaper one in {2} % of the draws.", words(found.gain), share);
  // Chinese sentences take no blank between them.
  return [gain, where, busy].join(/[.!?]$/.test(gain) ? " " : "");
}

function draw(stage, deal, found) {
  const width = Math.max(stage.clientWidth, 240), shown = found.curves.flat().map(([value]) => value).filter(Number.isFinite);
  const least = Math.min(...shown) / 1.6, most = Math.min(Math.max(...shown) * 1.6, least * 200);
  const scale = (number, low, high, from, to) => from + ((to - from) * Math.log(number / low)) / Math.log(high / low);
  const [slow] = held.speeds, fast = held.speeds.at(-1);
  const x = (speed) => scale(speed, slow, fast, LEFT, width - 8).toFixed(1);
  const y = (price) => scale(Math.min(Math.max(price, least), most), least, most, HEIGHT - BELOW, 8).toFixed(1);
  const path = (points) => points.map(([speed, price], place) => `${place ? "L" : "M"}${x(speed)},${y(price)}`).join("");
  const round = [-4, -3, -2, -1, 0, 1, 2].flatMap((power) => [1, 2, 5].map((each) => each * 10 ** power));
  let marks = round.filter((price) => price > least && price < most).map((price) =>
    `<line class="grid" x1="${LEFT}" x2="${width - 8}" y1="${y(price)}" y2="${y(price)}"/><text x="${LEFT - 6}" y="${+y(price) + 4}" text-anchor="end">${+price.toPrecision(1)}</text>`).join("");
  marks += round.filter((speed) => speed >= slow && speed <= fast).map((speed) =>
    `<line class="grid" x1="${x(speed)}" x2="${x(speed)}" y1="8" y2="${HEIGHT - BELOW}"/><text x="${x(speed)}" y="${HEIGHT - BELOW + 18}" text-anchor="middle">${speed}</text>`).join("");
  marks += `<text x="${width / 2}" y="${HEIGHT - 6}" text-anchor="middle">${say("tokens per second for each user")}</text>`;
  marks += `<text transform="translate(12 ${(HEIGHT - BELOW) / 2}) rotate(-90)" text-anchor="middle">${say("USD for a million tokens")}</text>`;
  found.curves.forEach((curve, side) => {
    const points = held.speeds.map((speed, stop) => [speed, ...curve[stop]]).filter(([, value]) => Number.isFinite(value));
    const band = [...points.map(([speed, , low]) => [speed, low]), ...points.map(([speed, , , high]) => [speed, high]).reverse()];
    marks += `<path d="${path(band)}Z" fill="${INK[side]}" opacity="0.18"/>`;
    marks += `<path d="${path(points)}" fill="none" stroke="${INK[side]}" stroke-width="2.2" stroke-dasharray="${DASHES[side]}"/>`;
  });
  marks += `<line x1="${x(deal.speed)}" x2="${x(deal.speed)}" y1="8" y2="${HEIGHT - BELOW}" stroke="currentColor" stroke-dasharray="2 3"/>`;
  for (const [side, [price]] of [found.first, found.second].entries())
    if (Number.isFinite(price)) marks += `<circle cx="${x(deal.speed)}" cy="${y(price)}" r="5" fill="${INK[side]}"/>`;
  stage.innerHTML = `<svg role="img" aria-label="${stage.dataset.alt}" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}">${marks}</svg>`;
}

function begin(figure) {
  const carried = figure.querySelector("script.words");
  if (carried) Object.assign(spoken, JSON.parse(carried.textContent));
  const [stage, still, controls, answer] = [".stage", ".still", "fieldset", ".answer"].map((name) => figure.querySelector(name));
  const field = Object.fromEntries([...controls.querySelectorAll("[name]")].map((each) => [each.name, each]));
  const chosen = (name) => field[name].selectedOptions[0].textContent;

  function update() {
    const number = { speed: held.speeds[field.speed.value], firstRent: +field.firstRent.value, secondRent: +field.secondRent.value, busy: field.busy.value / 100 };
    const deal = { ...Object.fromEntries(["first", "second", "model", "lengths"].map((name) => [name, field[name].value])), ...number };
    const said = { speed: `${deal.speed} tokens/s`, firstRent: say("{1} USD", deal.firstRent), secondRent: say("{1} USD", deal.secondRent), busy: `${field.busy.value} %` };
    for (const [name, text] of Object.entries(said)) {
      field[name].setAttribute("aria-valuetext", text);
      field[name].parentElement.querySelector(".shown").textContent = text;
    }
    const found = compare(deal), names = [chosen("first"), chosen("second")];
    draw(stage, deal, found);
    for (const [side, numbers] of [found.first, found.second].entries()) {
      const row = answer.tBodies[0].rows[side];
      [names[side], words(numbers)].forEach((text, cell) => { row.cells[cell + 1].textContent = text; });
    }
    figure.querySelector("output").textContent = told(deal, names, found);
    Object.assign(figure, { deal, found });
  }

  function start() {
    for (const each of Object.values(field)) {
      if (each.options) each.value = each.querySelector("[data-start]").value;
      else each.value = each.defaultValue;
    }
    update();
  }

  stage.hidden = controls.hidden = answer.hidden = false;
  still.hidden = true;
  controls.addEventListener("input", (event) => { // another machine has another price
    if (["first", "second"].includes(event.target.name)) field[`${event.target.name}Rent`].value = held.machines[event.target.value].rent.toFixed(2);
    update();
  });
  controls.querySelector("button").addEventListener("click", start);
  start();
  new ResizeObserver(() => draw(stage, figure.deal, figure.found)).observe(stage);
}
document.querySelectorAll(".purchase-figure").forEach(begin);
