// An answer of the page "Your machine" along one number, as a curve: of the machine and of a second one, whose frontiers
// it draws where the number is the speed of each user.

const AROUND = 16; // a curve goes from so many times less than what is set to so many times more
const POINTS = 41, SPOKEN = 6; // places of a curve, and those in the table below it: every so many
const STROKES = [["#0072b2", ""], ["#d55e00", "7 3"]]; // of the first and of the second machine
const SIZE = { height: 280, left: 64, right: 14, top: 10, below: 44 };

// The places of a curve: round what is set, if it is, else all that is taken; a count by whole numbers.
function placesOf({ low, high, whole }, now) {
  const [least, most] = now > 0 ? [Math.max(low, now / AROUND), Math.min(high, now * AROUND)] : [Math.max(low, SMALLEST * high), high];
  const places = range(POINTS).map((i) => least * (most / least) ** (i / (POINTS - 1)));
  return ascending(whole ? places.map(Math.round) : places);
}

// What is set of a number of the job or of the machine, in base units; NaN where it is left out.
function setOf(of, state) {
  const fact = MACHINE.test(of) ? of.replace(MACHINE, "") : undefined, recorded = held.systems[state.system].facts[fact];
  if (fact === undefined) return state.inputs[of] === "" ? NaN : Number(state.inputs[of]);
  return own(state.changes, fact) !== undefined ? Number(state.changes[fact]) * recorded.size : recorded.value;
}

// A quantity along a number, of one machine after another: {places, now, unit, size, whole, curves: for each machine its
// values, NaN where it has none}, or {refusal} or {elsewhere} of the first; in steps, for a place may be a search.
function* curve(name, of, state, systems) {
  const there = (system) => !MACHINE.test(of) || factsOf(name, system).includes(of);
  const asked = systems.map((system) => (there(system) ? along(name, of, system === state.system ? state : { ...state, system, changes: {} }) : {}));
  const [{ unit, size, whole, ...first }] = asked;
  if (!first.value) return first;
  const now = setOf(of, state), places = placesOf({ ...first, whole }, now), curves = asked.map(() => []);
  for (const place of places) {
    asked.forEach(({ value }, machine) => curves[machine].push(value ? value(place) : NaN));
    yield;
  }
  return { places, now, unit, size, whole, curves };
}

function shape(tag, properties, ...inside) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, word] of Object.entries(properties)) element.setAttribute(key, word);
  element.append(...inside);
  return element;
}

// Round numbers from low to high, about so many at most: 1, 2 and 5 times powers of ten, or only some of these powers.
function roundNumbers(low, high, most) {
  const least = Math.floor(Math.log10(low)), powers = range(Math.ceil(Math.log10(high)) - least + 1).map((i) => i + least);
  const [all, tens] = [[1, 2, 5], [1]].map((digits) => powers.flatMap((power) => digits.map((each) => Number(`${each}e${power}`))).filter((each) => each >= low && each <= high));
  return all.length <= most ? all : tens.filter((_, i) => i % Math.ceil(tens.length / most) === 0);
}

// The picture of curves; words: {x, y} beside the axes, and `alt`; told: a value as it stands beside the axis.
function picture({ places, now, size, curves }, width, words, told) {
  const { height, left, right, top, below } = SIZE, [low, high] = [places[0], places.at(-1)];
  const most = 1.05 * Math.max(...curves.flat().filter(Number.isFinite), 0) || 1;
  const x = (place) => (left + ((width - left - right) * Math.log(place / low)) / (Math.log(high / low) || 1)).toFixed(1);
  const y = (value) => (height - below - ((height - below - top) * value) / most).toFixed(1);
  const rule = (one, other, more = { class: "grid" }) => shape("line", { x1: one[0], y1: one[1], x2: other[0], y2: other[1], ...more });
  const step = roundNumbers(most / 10, most, 30).find((each) => most / each <= 5);
  const all = [
    ...range(Math.floor(most / step) + 1).map((i) => i * step).flatMap((value) =>
      [rule([left, y(value)], [width - right, y(value)]), shape("text", { x: left - 6, y: +y(value) + 4, "text-anchor": "end" }, told(value))]),
    ...roundNumbers(low / size, high / size, 7).map((each) => [each, x(each * size)]).flatMap(([each, at]) =>
      [rule([at, top], [at, height - below]), shape("text", { x: at, y: height - below + 18, "text-anchor": "middle" }, general(each, 3))]),
    shape("text", { x: (width + left) / 2, y: height - 6, "text-anchor": "middle" }, words.x),
    shape("text", { transform: `translate(12 ${(height - below) / 2}) rotate(-90)`, "text-anchor": "middle" }, words.y),
  ];
  if (now >= low && now <= high) all.push(rule([x(now), top], [x(now), height - below], { stroke: "currentColor", "stroke-dasharray": "2 3" }));
  curves.forEach((values, machine) => {
    const [stroke, dashes] = STROKES[machine];
    const path = values.map((value, i) => (Number.isFinite(value) ? `${Number.isFinite(values[i - 1]) ? "L" : "M"}${x(places[i])},${y(value)}` : "")).join("");
    all.push(shape("path", { d: path, fill: "none", stroke, "stroke-width": 2.2, "stroke-dasharray": dashes }));
  });
  return shape("svg", { role: "img", "aria-label": words.alt, viewBox: `0 0 ${width} ${height}`, width, height }, ...all);
}

if (!globalThis.document) Object.assign(globalThis, { need, helped, beside, curve });
