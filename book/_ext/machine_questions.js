// More questions to an answer of the page "Your machine": which value of an input gives a target (as
// model/predictions/need.py finds it), which number of the machine helps most, and how two machines compare. They ask
// `settled`, `run` and `outcome` of your_machine.js.

const SCANNED = { job: 257, machine: 65 }; // places of a scan, as of model/predictions/solution.py
const MACHINE = /^machine\./; // how the name of a number of the machine begins, as in a link
const FEW = 10; // every so many draws say about where an interval ends
const SAME = 1e-9; // relative difference below which answers are the same
const SMALLEST = 1e-15; // of the largest place, next to a range that begins at zero
const LINES = 8; // straight lines that are tried before a bracket is halved
const AT_MOST = ["moe_idle_share", "spare_devices", "devices_needed"]; // and every time but that between interruptions
const SMALLER = ["ns", "us", "ms", "s", "min", "h", "W", "kW", "USD", "USD/h"]; // units of what is better when it is less
const BETTER = 0.1; // by which a number of the machine is made better
const ascending = (numbers) => [...new Set(numbers)].sort((a, b) => a - b);
const range = (number) => Array.from({ length: number }, (_, i) => i);

// A quantity whose answer is a long search names itself among its programs: asked hundreds of times it would hold up the
// page. That of serving is short where it looks at few layouts.
const searched = (use, state) => use.value.quantity !== undefined && (!use.value.served || held.served.long(use.value, state));

// Numbers of the job along which a quantity can be asked: all its inputs but words.
const numbersOf = (name) => held.quantities[name].inputs.filter((each) => !each.words).map((each) => each.name);

// Numbers of a machine along which it can be asked: all that have not the name of an input.
function factsOf(name, system) {
  const inputs = held.quantities[name].inputs.map((each) => each.asked ?? each.name);
  return Object.keys(held.systems[system]?.facts ?? {}).filter((each) => !inputs.includes(each)).map((each) => `machine.${each}`);
}

// A quantity along one of its inputs, or one number of the machine, or {refusal} where the rest of the job is not taken:
// `value` at a place, and `ends` of its interval from every draw or from few, in steps; NaN where it is refused, or has no
// finite value. `gaps` lists places at which no program of the page holds.
function along(name, of, state) {
  const what = held.quantities[name], fact = MACHINE.test(of) ? of.replace(MACHINE, "") : undefined;
  const each = fact === undefined ? what.inputs.find((one) => one.name === of) : held.sought[fact], { unit, size } = fact === undefined ? { unit: each.unit, size: 1 } : held.systems[state.system].facts[fact];
  const { [fact]: _, ...others } = state.changes;
  const ready = settled(name, { ...state, changes: others }, of);
  if (ready.refusal || ready.elsewhere) return ready;
  const { numbers, use } = ready, gaps = [], kept = new Map();
  const low = of === "experts" ? Math.max(each.low, numbers.topk) : each.low;
  const high = of === "topk" ? Math.min(each.high, numbers.experts) : each.high;
  const taken = (place) => fact !== undefined || ((place >= each.least || place === 0) && unrelated({ ...numbers, [of]: place }, of) === undefined && !beyond({ ...numbers, [of]: place }, state));
  const asked = (place) => (fact === undefined ? [{ ...numbers, [of]: place }, state] : [numbers, { ...state, changes: { ...others, [fact]: String(place / size) } }]);
  function value(place) {
    if (!kept.has(place)) {
      const found = taken(place) ? run(use.value, ...asked(place), 0, 1, NaN) : NaN;
      if (found === undefined) gaps.push(place);
      kept.set(place, Number.isFinite(found) ? found : NaN);
    }
    return kept.get(place);
  }
  function* between(place, step) {
    const middle = value(place);
    if (Number.isNaN(middle)) return [NaN, NaN];
    const found = yield* allDrawn(use.drawn, ...asked(place), what.draws, step, NaN);
    return typeof found !== "object" || found.some((one) => typeof one !== "number" || Number.isNaN(one)) ? [NaN, NaN] : ends(middle, found);
  }
  return { value, ends: between, long: searched(use, state), gaps, low, high, whole: each.whole, unit, size, scanned: fact === undefined ? SCANNED.job : SCANNED.machine };
}

// About so many places from low to high, each about as far from the last in per cent, as Places.grid has them.
function grid({ low, high, whole }, most) {
  const least = Math.max(low, SMALLEST * high), spaced = (from, to, number) => range(number).map((i) => from * (to / from) ** (i / (number - 1)));
  let inner;
  if (whole) {
    const octaves = Math.ceil(Math.log2(high / least)) + 1, bits = 2 ** Math.max(Math.floor(Math.log2((2 * most) / octaves)), 1), start = Math.trunc(Math.log2(least));
    inner = range(octaves).flatMap((octave) => range(bits).map((bit) => 2 ** (start + octave) * (1 + bit / bits))).filter(Number.isInteger);
  } else if (high <= 1) {
    const half = spaced(least, high / 2, Math.floor(most / 2));
    inner = [...half, ...half.map((each) => high - each)];
  } else inner = spaced(least, high, most);
  return ascending([low, ...inner.filter((each) => each > low && each < high), high]);
}

// A curve without holes: there it fails by as much as makes sense.
const solid = (gain) => (place) => { const found = gain(place); return Number.isNaN(found) ? -1 : found; };

// The last place that meets between one that fails and one that meets: by halves, as close as numbers or counts are.
function boundary(gain, fails, meets, whole, precision = 0) {
  for (let i = 0; i < 2000; i++) {
    const middle = whole ? Math.floor((fails + meets) / 2) : (fails + meets) / 2;
    if (whole ? Math.abs(meets - fails) <= 1 : Math.abs(meets - fails) <= precision * Math.abs(meets) || middle === fails || middle === meets) break;
    if (solid(gain)(middle) >= 0) meets = middle;
    else fails = middle;
  }
  return meets;
}

// The place between the neighbours of the best one at which the gain is largest.
function summit(gain, places, whole) {
  const height = (place) => { const found = gain(place); return Number.isNaN(found) ? -1e300 : found; };
  const best = places.reduce((top, place, i) => (height(place) > height(places[top]) ? i : top), 0);
  let low = places[Math.max(best - 1, 0)], high = places[Math.min(best + 1, places.length - 1)], top = places[best];
  const golden = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 100 && (whole ? high - low > 2 : high - low > 1e-9 * Math.abs(high)); i++) {
    const step = golden * (high - low), two = [high - step, low + step].map((each) => (whole ? Math.round(each) : each));
    const found = two.map(height);
    two.forEach((each, side) => { if (found[side] > height(top)) top = each; });
    if (found[0] >= found[1]) high = two[1];
    else low = two[0];
    if (whole && two[0] >= two[1]) break;
  }
  for (let each = low; whole && each <= high && high - low < 20; each++) if (height(each) > height(top)) top = each;
  return top;
}

// At which value of an input a quantity reaches a target, both in base units: {answer: "value", "not unique" or "out of
// reach", reached, nearest, limits, ...} as model.predictions.solution.Need; {refusal} or {elsewhere} of the rest of the
// job. An interval is found by stepping through `intervals` of it, which is slow.
function need(name, target, of, state) {
  const asked = along(name, of, state);
  if (asked.refusal || asked.elsewhere) return asked;
  if (asked.long) return { elsewhere: true };
  const { value, whole } = asked, atMost = AT_MOST.includes(name) || (held.quantities[name].unit === "s" && name !== "job_mtbf");
  const gain = (number) => (atMost ? target - number : number - target) / (Math.abs(target) || 1), curve = (place) => gain(value(place));
  const there = (place) => !Number.isNaN(value(place)), all = grid(asked, asked.scanned);
  let places = all.filter(there);
  if (!places.length) return asked.gaps.length ? { elsewhere: true } : { refusal: `no ${of} will do` };
  const beside = [[all.filter((each) => each < places[0]).at(-1), places[0]], [all.find((each) => each > places.at(-1)), places.at(-1)]];
  const more = beside.filter(([hole]) => hole !== undefined).map(([hole, end]) => boundary((place) => (there(place) ? 1 : -1), hole, end, whole, 1e-9));
  places = ascending([...places, ...more]);
  const crossings = () => range(places.length - 1).filter((i) => curve(places[i]) >= 0 !== curve(places[i + 1]) >= 0).map((i) => {
    const upward = curve(places[i + 1]) >= 0, [fails, meets] = upward ? [places[i], places[i + 1]] : [places[i + 1], places[i]];
    return { value: boundary(curve, fails, meets, whole), upward };
  });
  let reached = crossings();
  if (!reached.length) { // a summit between two places may still reach it
    const side = curve(places[0]) >= 0 ? -1 : 1;
    places = ascending([...places, summit((place) => side * curve(place), places, whole)]);
    reached = crossings();
  }
  const values = places.map(value), spread = Math.max(...values) - Math.min(...values);
  const steady = spread <= SAME * Math.max(...values.map(Math.abs));
  const touching = places.filter((place) => Math.abs(curve(place)) <= SAME);
  if (!reached.length && !steady && touching.length) // it comes to the target, and goes no further
    reached = ascending([touching[0], touching.at(-1)]).map((place, i) => ({ value: place, upward: i === 0 }));
  const best = values.reduce((top, each, i) => (Math.abs(each - target) < Math.abs(values[top] - target) ? i : top), 0);
  const nearest = [values[best], places[best]], same = steady && Math.abs(nearest[0] - target) <= SAME * Math.abs(target);
  const answer = same ? "not unique" : (["out of reach", "value"][reached.length] ?? "not unique");
  for (const each of reached) each.there = value(each.value);
  return {
    answer, reached, nearest, limits: [places[0], places.at(-1)], steady, atMost, whole, unit: asked.unit, size: asked.size, partial: asked.gaps.length > 0,
    met: !reached.length && gain(nearest[0]) >= -SAME,
    intervals: () => intervals({ asked, reached, places, gain, atMost, whole }),
  };
}

// Find the ends of every value that is reached, one look at all draws at a time: where there is none, it stays open.
function* intervals({ asked, reached, places, gain, atMost, whole }) {
  for (const each of reached) {
    each.open = [];
    for (const end of ["low", "high"]) {
      const ladder = places.filter((place) => (end === "high" ? place > each.value : place < each.value));
      if (end === "low") ladder.reverse();
      const meeting = (end === "high") === each.upward, side = meeting === atMost ? 1 : 0; // out there the value meets it
      const drawn = (step) => function* look(place) { yield; const end = gain((yield* asked.ends(place, step))[side]); return solid(() => end)(place); };
      each[end] = yield* outermost(drawn, each.value, ladder, meeting, whole);
      if (each[end] === undefined) each.open.push(end);
    }
  }
}

// Where an end of the prediction's interval meets the target beside a place: few draws say about where.
function* outermost(drawn, start, ladder, meeting, whole) {
  if (ladder.length) {
    const near = yield* outward(drawn(FEW), start, ladder, meeting, whole, 1e-3);
    const found = near !== undefined && (yield* refined(drawn(1), near, meeting, [start, ladder.at(-1)], whole));
    if (found) return found;
    if (near === undefined && (yield* drawn(1)(ladder.at(-1))) >= 0 !== meeting) return undefined;
  }
  return yield* outward(drawn(1), start, ladder, meeting, whole, 1e-6);
}

// Climb a ladder of places away from a start until the curve turns; undefined where it never does.
function* outward(look, start, ladder, meeting, whole, precision) {
  let before = [start, yield* look(start)];
  if (meeting && before[1] >= 0) return start;
  for (const place of ladder) {
    const here = [place, yield* look(place)];
    if (here[1] >= 0 === meeting) return yield* straight(look, meeting ? before : here, meeting ? here : before, whole, precision);
    before = here;
  }
  return undefined;
}

// Where a curve meets its target close to a place at which another, much like it, does; undefined: not close.
function* refined(look, near, meeting, limits, whole) {
  const within = (place) => Math.min(Math.max(place, Math.min(...limits)), Math.max(...limits));
  for (const reach of [0.05, 0.25]) {
    const step = whole ? Math.max(near * reach, 1) : near * reach, [low, high] = [within(near - step), within(near + step)];
    const two = whole ? [Math.floor(low), Math.ceil(high)] : [low, high], looks = [];
    for (const place of limits[0] < limits[1] ? two : two.reverse()) looks.push([place, yield* look(place)]);
    const [nearer, beyond] = looks;
    if (nearer[1] >= 0 !== meeting && beyond[1] >= 0 === meeting) return yield* straight(look, meeting ? nearer : beyond, meeting ? beyond : nearer, whole, 1e-6);
  }
  return undefined;
}

// The last place that meets between one that fails and one that meets, each [place, gain], of a curve that is nearly
// straight: a line says where, each time a little beyond or short of it; what bends is halved, and so are counts.
function* straight(look, [low, below], [high, above], whole, precision) {
  for (let number = 0; number < 200 && (whole ? Math.abs(high - low) > 1 : Math.abs(high - low) > precision * Math.abs(high)); number++) {
    let place = whole ? Math.floor((low + high) / 2) : (low + high) / 2;
    if (!whole && number < LINES) {
      const line = low + ((high - low) * -below) / (above - below), aside = 0.4 * precision * line * Math.sign((high - low) * (-1) ** number);
      place = Math.min(Math.max(line + aside, Math.min(low, high)), Math.max(low, high));
    }
    const found = yield* look(place);
    if (found >= 0) [high, above] = [place, found];
    else [low, below] = [place, found];
  }
  return high;
}

// A number of the machine made better: a time, a power or a price less, all else larger, a share at most one, a count whole. Undefined for
// what the machine has or has not (1), and for a count that would not change.
function improved(fact) {
  const whole = fact.accepts[2].endsWith(", whole");
  if (whole) return Math.round(fact.now * (1 + BETTER)) === fact.now ? undefined : Math.round(fact.now * (1 + BETTER));
  if (fact.unit === "1") return fact.now === 0 || fact.now === 1 ? undefined : fact.now < 1 ? Math.min(fact.now * (1 + BETTER), 1) : fact.now * (1 + BETTER);
  return fact.now * (SMALLER.includes(fact.unit) ? 1 - BETTER : 1 + BETTER);
}

// What a quantity becomes with each number of the machine made better alone, the most helpful first: {value, rows:
// [{fact, now, then, value, change, gain}], steady: numbers that move nothing}; gain: the change, a time's the other way.
function helped(name, state) {
  const base = settled(name, state), facts = held.systems[state.system].facts, rows = [], steady = [];
  if (base.refusal || base.elsewhere) return base;
  if (searched(base.use, state)) return { elsewhere: true };
  const value = run(base.use.value, base.numbers, state);
  if (typeof value !== "number") return value === undefined ? { elsewhere: true } : { refusal: value };
  const less = AT_MOST.includes(name) || (held.quantities[name].unit === "s" && name !== "job_mtbf");
  for (const [fact, recorded] of Object.entries(facts)) {
    const now = own(state.changes, fact) !== undefined ? Number(state.changes[fact]) * recorded.size : recorded.value;
    const then = improved({ ...recorded, now });
    if (then === undefined) continue;
    const found = run(base.use.value, base.numbers, { ...state, changes: { ...state.changes, [fact]: String(then / recorded.size) } });
    const change = typeof found === "number" ? found / value - 1 : undefined;
    if (Math.abs(change) <= SAME) steady.push(fact);
    else rows.push({ fact, now, then, value: found, change, gain: change === undefined ? -Infinity : less ? -change : change });
  }
  return { value, rows: rows.sort((one, other) => other.gain - one.gain), steady };
}

// One quantity on two machines with one job: {here, there} as `outcome` has them, and where both have a value the ratio of
// the first to the second, its interval from paired draws: model.numbers.draws.ratio.
function beside(here, there) {
  if (here.value === undefined || there.value === undefined) return { here, there };
  const ratio = (above, below) => (above === below ? 1 : above / below);
  const value = ratio(here.value, there.value), [low, high] = ends(value, here.drawn.map((each, i) => ratio(each, there.drawn[i])));
  return { here, there, value, low, high };
}

