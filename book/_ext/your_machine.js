// Answers for a reader's own machine, with the programs that model/studies/your_machine/ wrote down from the study's
// own functions, and keeps what is asked in the page's link. A workload may be the reader's own config.json.
const held = globalThis.yourMachine;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, LONGEST = 60, LONGEST_LINK = 4000, LARGEST_FILE = 100000, LARGEST_CONFIGURATION = 4194304;
const OWN = "config.json"; // the workload that a reader brings
const REMEMBERED = ["config", "beside"]; // what a link says besides machine, workload, inputs and changes
const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);
const shortened = (word) => (word.length <= LONGEST ? word : `${word.slice(0, LONGEST)}... (${word.length.toLocaleString("en-US")} letters)`);
const also = (words) => (words ? `; ${words}` : "");

// Numbers that programs of a step take by name, each alone or with the place of its draws: by the kind's letter.
const NAMED = {
  c: (state, name) => own(name.startsWith("step.") ? held.engines[engineOf(state)] : held.constants[state.system], name),
  w: (state, name) => (state.workload === OWN ? (own(shapeOf(state.config), name) ?? 0) : own(held.shapes[state.workload], name)),
  p: (state, name) => own(held.formats[state.inputs.precision], name),
};

// The serving software of a step: the one chosen, or what the machine usually runs; so is the pooled one, if it is named.
const engineOf = ({ system, inputs: { engine } }) => (engine && engine !== "pooled" ? engine : held.usual[system]);

// The columns of a reader's own workload, from the text of its config.json, which was read before.
const shapes = new Map();
function configured(text) {
  if (!shapes.has(text)) shapes.set(text, readConfiguration(text));
  return shapes.get(text);
}
const shapeOf = (text) => configured(text).columns;

// The inputs of the page that a workload has, as text.
function numbersOfWorkload(workload, config) {
  const names = Object.keys(Object.values(held.workloads)[0]), from = workload === OWN ? shapeOf(config) : held.workloads[workload];
  return Object.fromEntries(names.map((name) => [name, String(from[name])]));
}

// What an argument of a program stands for: a number, or so many draws of it; undefined where this machine has none.
function bound(each, numbers, state, draws = 0) {
  if (typeof each === "number") return each;
  if (each[0] === "d") return held.drawn(+each.slice(1), draws);
  if (each === "nan") return NaN;
  const [kind, name] = [each[0], each.slice(2).replace("{precision}", state.inputs.precision)];
  if (kind === "i") return numbers[name];
  if (kind === "s") {
    const place = own(held.scatter, `${state.system}|${state.workload}`);
    return place !== undefined && draws ? held.drawn(place, draws) : undefined;
  }
  if (NAMED[kind]) {
    const found = NAMED[kind](state, name);
    if (typeof found !== "object") return found;
    return draws ? held.drawn(found[1], draws) : (found[0] ?? undefined); // null: draws alone asked for it
  }
  return factOf(name, state, draws);
}

// A number of the machine, or so many draws of it: as it was changed, or as recorded. What transfers reach of a rate that was
// changed is the same share of it, as model/numbers/facts.py has it.
function factOf(name, state, draws) {
  const facts = held.systems[state.system].facts, fact = own(facts, name), changed = own(state.changes, name);
  if (changed !== undefined) return Number(changed) * (fact?.size ?? 1); // a machine without a domain may be asked for one
  if (fact === undefined) return undefined;
  const recorded = ({ draws: place, value }) => (draws && place !== undefined ? held.drawn(place, draws) : value), found = recorded(fact), rate = fact.reached_of;
  if (rate === undefined || own(state.changes, rate) === undefined) return found;
  const now = factOf(rate, state, draws), whole = recorded(facts[rate]), reached = (draw) => (now / at(whole, draw)) * at(found, draw);
  return [found, whole].some((each) => typeof each === "object") ? Float64Array.from({ length: draws }, (_, draw) => reached(draw)) : reached();
}

// What the first program whose conditions hold says, or, of so many draws, for every step-th; undefined where none does.
// programs: each the code of a function and what it takes, or, by the place of a list, a sequence of lines that many
// programs share. refused: what a refusal becomes, if not a sentence.
function run(programs, numbers, state, draws = 0, step = 1, refused = undefined) {
  if (programs.served) return held.served(programs, numbers, state, draws, HELPERS, step);
  if (programs.quantity) return held.trained(programs, numbers, state, draws > 0, HELPERS);
  const one = (programs.holding === undefined ? ready : fewest)(programs, numbers, state, draws, refused);
  return draws ? Array.from({ length: Math.ceil(draws / step) }, (_, i) => one(i * step)) : one(0);
}

// What a draw gives: of the first program whose conditions hold.
function ready(programs, numbers, state, draws, refused) {
  const all = typeof programs === "number" ? sequences(programs, numbers, state, draws)
    : programs.map(([place, bounds, refusal]) => {
      const given = bounds.map((each) => bound(each, numbers, state, draws));
      return { refusal, call: (draw) => held.codes[place](...given.map((each) => at(each, draw))) };
    });
  return (draw) => {
    for (const { call, refusal } of all) {
      const found = call(draw);
      if (found !== undefined) return refusal ? (refused ?? sentence(refusal, found, state, numbers)) : found;
    }
    return undefined;
  };
}

// The fewest devices of one instance that hold the requests of a job, of each draw, as model/machine/memory.py finds
// them: experts and cache spread over all, or a tensor group of a domain and no more ranks than heads of attention. holding: programs of
// what memory holds.
const SIZES = [1, 3].flatMap((m) => Array.from({ length: 13 }, (_, i) => m * 2 ** i)).filter((each) => each <= 4096).sort((a, b) => a - b);
function fewest({ holding }, numbers, state, draws, refused) {
  const domain = bound("f:domain", numbers, state), requests = numbers.instance_batch, known = [];
  if (domain === undefined) return () => refused ?? held.domainless[state.system];
  const widest = widestTensorGroup(domain, state);
  const holds = (size, tensor_devices, expert_devices) => ready(holding, { ...numbers, ranks: size, tensor_devices, expert_devices }, state, draws);
  const ways = (place) => (known[place] ??= [holds(SIZES[place], 1, SIZES[place]), ...(SIZES[place] <= widest ? [holds(SIZES[place], SIZES[place], 1)] : [])]);
  return (draw) => {
    for (let place = 0; place < SIZES.length; place++)
      for (const way of ways(place)) {
        const found = way(draw);
        if (typeof found !== "number") return refused ?? found;
        if (found * SIZES[place] >= requests) return SIZES[place];
      }
    return draws ? Infinity : (refused ?? held.nowhere);
  };
}

// The devices of the widest tensor group in a domain, as model/machine/layouts.py has them.
function widestTensorGroup(domain, state) {
  const heads = bound("w:attention_heads", {}, state), dies = bound("f:dies", {}, state) ?? 1;
  return Math.min(domain, Math.max(Math.floor(heads / dies), 1));
}

// What a search asks of the page: what a name stands for, how a number and a sentence are written, what programs say.
const HELPERS = { bound, widestTensorGroup, general, sentence, run, ofEngine, spelled, takenBy };
const at = (each, draw) => (typeof each === "object" ? each[draw] : each);

// The programs of a list, ready to be called: those for which this machine has all numbers.
function sequences(list, numbers, state, draws) {
  const all = [], a = new Array(held.names.length), written = held.lists[list].map(([sequence]) => spelled(sequence));
  for (const each of new Set(written.flatMap(({ taken }) => taken))) all[each] = bound(held.names[each], numbers, state, draws);
  const varying = [];
  all.forEach((each, place) => { if (typeof each === "object") varying.push(place); else a[place] = each; });
  let last = -1;
  const given = (draw) => {
    if (draw !== last) for (const place of varying) a[place] = all[place][draw];
    last = draw;
    return a;
  };
  return held.lists[list]
    .map(([, refusal], i) => ({ refusal: held.refusals[refusal], taken: written[i].taken, call: (draw) => followed(written[i].lines, given(draw)) }))
    .filter(({ taken }) => taken.every((each) => all[each] !== undefined));
}

// What a line takes, arguments and values of other lines, by their places: its own text says it.
const takes = new Map();
function takenBy(line) {
  if (!takes.has(line)) {
    const all = [...held.lines[line].toString().matchAll(/\b([at])\[(\d+)\]/g)];
    takes.set(line, ["a", "t"].map((kind) => all.filter((each) => each[1] === kind).map((each) => +each[2])));
  }
  return takes.get(line);
}

// All lines of a sequence, which names its conditions (-1 less their place) and its value alone, each after those that it
// takes; and the arguments that they take.
const spelledOut = new Map();
function spelled(sequence) {
  if (!spelledOut.has(sequence)) {
    const lines = [], taken = new Set(), known = new Set(), named = held.sequences[sequence];
    const need = (line) => {
      const [given, earlier] = takenBy(line);
      for (const each of given) taken.add(each);
      for (const each of earlier) if (!known.has(each)) { known.add(each); need(each); lines.push(each); }
    };
    for (const each of named) { need(each < 0 ? -1 - each : each); lines.push(each); }
    spelledOut.set(sequence, { lines, taken: [...taken] });
  }
  return spelledOut.get(sequence);
}

// The value of lines in turn: those that are conditions end it, the last is the value.
const values = new Float64Array(held.lines.length); // of all lines: each is written before it is read
function followed(sequence, a) {
  const t = values, end = sequence.length - 1;
  for (let i = 0; i < end; i++) {
    const place = sequence[i];
    if (place >= 0) t[place] = held.lines[place](a, t);
    else if (held.lines[-1 - place](a, t)) return undefined;
  }
  return held.lines[sequence[end]](a, t);
}

// A refusal of the study: pieces of text and forms of numbers in turn; {model} stands for the workload.
function sentence(pieces, values, state, numbers) {
  const form = (number, how) => {
    if (how === ",.0f") return Math.round(number).toLocaleString("en-US");
    if (how === "needed") return wouldHold(number, state, numbers);
    const digits = /^,?\.?(\d*)g$/.exec(how);
    return digits ? general(number, +(digits[1] || 6)) : String(+number.toPrecision(6));
  };
  return pieces.map((piece, i) => (i % 2 ? form(values[(i - 1) / 2], piece) : piece.replaceAll("{model}", state.workload))).join("");
}

// A number as Python writes it in the form "g".
function general(number, digits) {
  if (number === 0 || !Number.isFinite(number)) return String(number);
  const [mantissa, power] = number.toExponential(digits - 1).split("e"), exponent = +power;
  if (exponent >= -4 && exponent < digits) return String(+number.toPrecision(digits));
  return `${+mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// How many devices would hold so many requests in the largest memory that may be used.
function wouldHold(requests, state, numbers) {
  const use = held.quantities.devices_needed.uses[`${state.system}|${state.inputs.precision}`];
  const needed = run(use.most, { context: numbers.sequence, kv_bytes_per_element: NaN, ...numbers, instance_batch: requests }, state, 0, 1, NaN);
  return Number.isNaN(needed) ? "no group would" : `${general(needed, 6)} devices would hold that many requests in all`;
}

function ends(value, found) {
  const sorted = Float64Array.from(found).sort();
  const [low, high] = held.interval.map((share) => {
    const place = (share / 100) * (sorted.length - 1), below = sorted[Math.floor(place)], above = sorted[Math.ceil(place)];
    const end = below === above ? below : below + (above - below) * (place - Math.floor(place));
    return Number.isFinite(end) ? end : sorted[Math.round(place)];
  });
  return [Math.min(low, value), Math.max(high, value)];
}

// The numbers of a quantity's inputs, or what the study says of the first that it does not take. sought: an input that is
// not looked at, for another number will stand there.
function read(what, state, sought) {
  const numbers = {};
  for (const each of what.inputs) {
    const word = own(state.inputs, each.name) ?? "";
    if (each.numbered) numbers[each.name] = each.words.indexOf(word);
    if (each.words || each.name === sought) continue;
    const number = word === "" ? (each.default ?? NaN) : Number(word);
    if (word === "" && !each.optional) return { refusal: `it needs ${each.name} (${each.accepts})` };
    const taken = word === "" || (number >= each.low && number <= each.high && (number >= each.least || number === 0) && (!each.whole || Number.isInteger(number)));
    if (!taken) return { refusal: `${each.name} is '${shortened(word)}'; it takes ${each.accepts}${also(number > each.high && each.beyond)}` };
    numbers[each.name] = number;
  }
  const apart = unrelated(numbers);
  if (!apart) return { numbers };
  const [name, other, , , accepted, elseMeant] = apart;
  return { refusal: `${name} is '${shortened(state.inputs[name])}'; it takes ${accepted}, and ${other} is ${+numbers[other].toPrecision(6)}${also(elseMeant)}` };
}

// The first relation between two inputs that does not hold, of all or of those of one input.
function unrelated(numbers, of) {
  return held.relations.find(([name, other, code, order]) => {
    const pair = { own: numbers[name], other: numbers[other] };
    return (of === undefined || of === name || of === other) && Number.isFinite(pair.own) && Number.isFinite(pair.other) && !held.relating[code](...order.map((each) => pair[each]));
  });
}

// What is said of more tokens of one request than a reader's config.json gives positions, as model/predictions/longest.py
// does.
function beyond(numbers, state) {
  if (state.workload !== OWN) return undefined;
  const { input_tokens, output_tokens, context, training_sequence, sequence } = numbers, { positions } = configured(state.config);
  const served = input_tokens !== undefined, tokens = served ? input_tokens + output_tokens : (context ?? training_sequence ?? sequence);
  const said = served ? "input_tokens with output_tokens" : context === undefined ? "sequence" : "context";
  return tokens > positions ? `${said} is ${general(tokens, 10)}, and ${readConfiguration.beyond.replace("{file}", OWN).replace("{most}", general(positions, 10))}` : undefined;
}

// What a quantity is asked with: {numbers, use: its programs}, {refusal} in the study's words, or {elsewhere: true}.
function settled(name, state, sought) {
  const what = held.quantities[name], facts = held.systems[state.system].facts;
  for (const [fact, word] of Object.entries(state.changes)) {
    const [low, high, accepted] = facts[fact].accepts, number = Number(word) * facts[fact].size, whole = accepted.endsWith(", whole");
    if (!(number >= low && number <= high && (!whole || Number.isInteger(number)))) return { refusal: `changes: ${fact} is ${number}; it takes ${accepted}` };
  }
  const { numbers, refusal = beyond(numbers, state) } = read(what, state, sought);
  if (refusal) return { refusal };
  const words = what.inputs.filter((each) => each.words && !each.free).map((each) => (each.words[0] === "*" ? "" : state.inputs[each.name]));
  const use = own(what.uses, [state.system, ...words.filter((each) => each !== "")].join("|"));
  const taken = use && ofEngine(use, state);
  return taken ? { numbers, use: taken } : { elsewhere: true };
}

// The programs of the serving software that is asked for: the usual ones, its own, or null where the page has none.
function ofEngine(use, { inputs: { engine = "" } }) {
  return Object.hasOwn(use.engines ?? {}, engine) ? use.engines[engine] : use;
}

// What is known of a quantity, {asked, first: its value without draws, whole: with them, once it is found}; the last of
// each machine is kept, for most changes of a job leave most answers as they are.
const kept = new Map();
function known(name, state) {
  const place = `${name}|${state.system}`, words = held.quantities[name].inputs.map((each) => own(state.inputs, each.name));
  const asked = JSON.stringify([state.workload, state.config, state.changes, words]);
  if (kept.get(place)?.asked !== asked) kept.set(place, { asked, first: valued(name, state) });
  return kept.get(place);
}

// The value of a quantity alone, for which nothing is drawn: {value}, {refusal}, or {elsewhere: true}.
function valued(name, state) {
  const { numbers, use, ...none } = settled(name, state);
  if (!use) return none;
  const value = run(use.value, numbers, state);
  if (value === undefined) return { elsewhere: true };
  if (typeof value === "string") return { refusal: value };
  if (!Number.isFinite(value)) return { refusal: `${name} has no finite value there: move the inputs towards usual sizes` };
  const search = use.value.served ? held.served : use.value.quantity && held.trained;
  const layout = search && search.layout(use.value, numbers, state, HELPERS);
  return { value, ...(layout ? { layout } : {}) };
}

// The value with all its draws: {value, low, high, drawn}, {refusal}, or {elsewhere: true}; found in steps, for draws that
// were not yet made take their time.
function* reckoned(name, state) {
  const each = known(name, state);
  return (each.whole ??= each.first.value === undefined ? each.first : yield* withDraws(each.first, name, state));
}

function* withDraws(first, name, state) {
  const { numbers, use } = settled(name, state), { draws } = held.quantities[name];
  for (const each of takenOf(use.drawn, state)) {
    bound(each, numbers, state, draws);
    yield;
  }
  const drawn = yield* allDrawn(use.drawn, numbers, state, draws, 1);
  if (typeof drawn === "string") return { refusal: drawn };
  if (!drawn || drawn.some((each) => typeof each !== "number" || Number.isNaN(each))) return { elsewhere: true };
  const [low, high] = ends(first.value, drawn);
  return { ...first, low, high, drawn };
}

// Every step-th of so many draws; in steps, for each draw of a service is a search of its own.
function* allDrawn(programs, numbers, state, draws, step, refused = undefined) {
  return programs.served ? yield* held.served.steps(programs, numbers, state, draws, step, HELPERS) : run(programs, numbers, state, draws, step, refused);
}

// What programs take, by its names; a search of a service asks for it in its own steps.
function takenOf(programs, state) {
  if (programs.served) return [];
  if (programs.quantity) return held.trained.taken(programs, state);
  const list = programs.holding ?? programs;
  if (typeof list !== "number") return list.flatMap(([, bounds]) => bounds);
  return [...new Set(held.lists[list].flatMap(([sequence]) => spelled(sequence).taken))].map((each) => held.names[each]);
}

function outcome(name, state) {
  const steps = reckoned(name, state);
  for (let each = steps.next(); ; each = steps.next()) if (each.done) return each.value;
}

// Go through steps in turns, between which the page may answer a change: as long as `still` says so. The first turn is
// begun at once.
const LONGEST_TURN = 20, FIRST_TURN = 80; // ms; what is found in the first turn of a change is seen without a flicker
function inTurns(steps, still, turn = LONGEST_TURN) {
  if (!still()) return;
  const begun = performance.now();
  do if (steps.next().done) return;
  while (performance.now() - begun < turn);
  setTimeout(() => inTurns(steps, still));
}

// What the page answers to one quantity: {value, low, high}, {refusal} in the study's words, or {elsewhere: true}.
function answer(name, state) {
  const { drawn, ...rest } = outcome(name, state);
  return rest;
}

// How the same is asked on the command line; a machine that was changed, in Python. target, of: of the question which
// value of an input, or of a number of the machine, gives a target.
function command(name, state, target, of) {
  const inputs = held.quantities[name].inputs, model = inputs.some((each) => each.name === "model");
  const given = inputs.filter((each) => each.name !== of && each.words?.[0] !== "*" && (own(state.inputs, each.name) ?? "") !== "");
  const asks = of !== undefined, named = (each) => each.asked ?? each.name, changes = Object.entries(state.changes).filter(([fact]) => of !== `machine.${fact}`);
  const sought = asks && (MACHINE.test(of) ? of.replace(MACHINE, "") : named(inputs.find((each) => each.name === of)));
  const words = [...(model ? [`model=${state.workload}`] : []), ...given.map((each) => `${named(each)}=${state.inputs[each.name]}`)];
  if (!changes.length) return [`python -m model ${asks ? `need ${name}=${target} for=${sought}` : `predict ${name}`}`, `--system ${state.system}`, ...words].join(" ");
  const facts = held.systems[state.system].facts;
  const changed = changes.map(([fact, word]) => `"${fact}": ${Number(word) * facts[fact].size}`).join(", ");
  const rows = given.map((each) => `"${named(each)}": ${each.words ? `"${state.inputs[each.name]}"` : Number(state.inputs[each.name])}`);
  if (model) rows.unshift(`"model": "${state.workload}"`);
  const point = `{${rows.join(", ")}}`, machine = `system="${state.system}", changes={${changed}}`;
  return asks ? `python -c 'import model; print(model.need("${name}", ${target}, "${sought}", ${point}, ${machine}).words())'`
    : `python -c 'import model, pandas; print(model.predict("${name}", pandas.DataFrame([${point}]), ${machine}))'`;
}

// A link and back. What is not as the page writes it is not taken, and the first such part is named.
function link(state, start) {
  const parts = new URLSearchParams();
  parts.set("system", state.system);
  parts.set("workload", state.workload);
  for (const name of REMEMBERED) if (own(state, name)) parts.set(name, state[name]);
  for (const [name, word] of Object.entries(state.inputs)) if (word !== start.inputs[name]) parts.set(name, word);
  for (const [fact, word] of Object.entries(state.changes)) parts.set(`machine.${fact}`, word);
  return `#${parts}`;
}

function opened(hash, start, longest = LONGEST_LINK) {
  if (hash.length > longest) return { trouble: `The link has ${hash.length.toLocaleString("en-US")} letters, too many for one of this page. Nothing was changed.` };
  const parts = [...new URLSearchParams(hash.replace(/^#/, ""))];
  const state = { system: start.system, workload: start.workload, inputs: { ...start.inputs }, changes: {} };
  const no = (name, word, why) => ({ trouble: `The link says ${shortened(name)}=${shortened(word)}: ${why}. Nothing was changed.` });
  if (new Set(parts.map(([name]) => name)).size < parts.length) return { trouble: "The link says one thing twice. Nothing was changed." };
  const words = new Map(parts);
  for (const [name, of] of [["system", "systems"], ["workload", "workloads"], ["beside", "systems"]]) {
    const word = words.get(name);
    if (word === undefined) continue;
    if (!own(held[of], word) && !(name === "workload" && word === OWN)) return no(name, word, `this page has no such ${name === "beside" ? "system" : name}`);
    state[name] = word;
  }
  if (words.has("config") !== (state.workload === OWN)) return no("workload", state.workload, words.has("config") ? "but it brings another config.json" : "but it brings none");
  if (words.has("config")) {
    const { kept, refusal } = readConfiguration(words.get("config"));
    if (refusal) return no("config", words.get("config"), refusal);
    state.config = kept;
  }
  for (const [name, word] of parts) {
    if (name === "system" || name === "workload" || REMEMBERED.includes(name)) continue;
    const fact = name.startsWith("machine.") ? name.slice(8) : undefined;
    if (fact === undefined ? own(start.inputs, name) === undefined : !own(held.systems[state.system].facts, fact)) return no(name, word, "this page has no such input");
    const choices = own(held.choices, name);
    if (choices ? !choices.includes(word) : !(NUMBER.test(word) && word.length < 40) && !(word === "" && !fact)) return no(name, word, choices ? `it is one of ${choices.join(", ")}` : "it is no number");
    (fact === undefined ? state.inputs : state.changes)[fact ?? name] = word;
  }
  return { state };
}

const UNITS = [["ns", 1e-9], ["us", 1e-6], ["ms", 1e-3], ["s", 1], ["min", 60], ["h", 3600], ["days", 86400]];
function shown(number, unit) {
  const digits = (each) => (Math.abs(each) >= 1000 ? Math.round(each).toLocaleString("en-US") : String(+each.toPrecision(4)));
  if (unit !== "s" || !(number > 0)) return `${digits(number)}${["1", "s"].includes(unit) ? "" : ` ${unit}`}`;
  const [name, size] = UNITS.filter(([, each]) => number >= each * (each > 1 ? 2 : 1)).at(-1) ?? UNITS[0];
  return `${digits(number / size)} ${say(name)}`;
}

// The ends of an interval, with their unit once.
const between = (low, high, unit) => `${shown(low, unit === "s" ? unit : "1")} ${say("to")} ${shown(high, unit)}`;

function begin(figure) {
  const find = (name) => figure.querySelector(name);
  const [still, controls, machine, answers, told, field, written] = [".still", ".job", ".machine tbody", ".answers", "output", ".link", ".written"].map(find);
  const fields = Object.fromEntries([...controls.querySelectorAll("[name]")].map((each) => [each.name, each]));
  const initial = JSON.parse(figure.dataset.start);
  const start = { ...initial, changes: {} };
  let state, last, brought; // what is set, what is being answered, the config.json that was read last

  const panels = askingPanels(figure, (name) => {
    const { beside: _, ...rest } = state;
    show(name ? { ...rest, beside: name } : rest);
  });
  const reading = readingPanel((config) => {
    show({ ...state, workload: OWN, config, inputs: { ...state.inputs, ...numbersOfWorkload(OWN, config) } });
  });
  controls.querySelector("fieldset").after(reading);
  controls.after(panels.markup);

  // The state as the controls show it.
  function show(next) {
    state = { ...next, inputs: { ...next.inputs }, changes: { ...next.changes } };
    if (state.workload !== OWN) delete state.config;
    else {
      brought = state.config;
      if (!fields.workload.querySelector(`[value="${OWN}"]`)) fields.workload.append(option(OWN, say("config.json, your own")));
    }
    fields.system.value = state.system;
    fields.workload.value = state.workload;
    for (const [name, word] of Object.entries(state.inputs)) fields[name].value = word;
    list();
    update();
  }

  // The numbers of the machine: one row for each that an answer of this page takes.
  function list() {
    machine.replaceChildren(...Object.entries(held.systems[state.system].facts).map(([name, fact]) => {
      const row = document.createElement("tr"), head = document.createElement("th"), box = document.createElement("input");
      head.scope = "row";
      const label = document.createElement("label");
      box.id = `${figure.id}-machine-${name}`;
      label.htmlFor = box.id;
      label.textContent = named(name);
      label.title = inChinese(fact.meaning);
      head.append(label);
      Object.assign(box, { type: "text", inputMode: "decimal", autocomplete: "off", value: own(state.changes, name) ?? String(+(fact.value / fact.size).toPrecision(12)) });
      box.dataset.fact = name;
      const bounds = fact.low === undefined ? "" : ` (${fact.low} ${say("to")} ${fact.high})`;
      const texts = [`${fact.unit === "1" ? "" : fact.unit}`, `${+(fact.value / fact.size).toPrecision(6)}${bounds}`, `${inChinese(fact.kind)}${say(", ")}${fact.source}: ${fact.locator}`];
      const cells = [box, ...texts].map((each) => { const cell = document.createElement("td"); cell.append(each); return cell; });
      row.append(head, ...cells);
      return row;
    }));
  }

  // One answer in its row; its interval follows its value.
  function tell(row, each, asked) {
    const name = row.dataset.quantity, { unit } = held.quantities[name], [value, interval] = [row.cells[1], row.cells[2]];
    const alone = each.value === undefined;
    value.colSpan = alone ? 2 : 1;
    interval.hidden = alone;
    if (alone) { value.textContent = each.refusal !== undefined ? inChinese(each.refusal) : (each.elsewhere ? say("Not in this page: {0}", command(name, asked)) : "…"); return; }
    value.textContent = shown(each.value, unit);
    interval.textContent = each.low === undefined ? "…" : between(each.low, each.high, unit);
    if (each.layout) value.append(document.createElement("br"), Object.entries(each.layout).map(([part, number]) => `${part}=${general(number, 6)}`).join(" "));
  }

  // All intervals, one after another; figure.answered is kept when the last is there.
  function* intervals(asked, done) {
    const outcomes = {};
    for (const row of answers.tBodies[0].rows) {
      const name = row.dataset.quantity, { drawn, ...each } = (outcomes[name] = yield* reckoned(name, asked));
      if (!("low" in figure.found[name])) tell(row, each, asked);
      figure.found[name] = each;
      yield;
    }
    answers.setAttribute("aria-busy", "false");
    panels.after(asked, outcomes);
    done();
  }

  // All values, one after another; then the intervals begin.
  function* valuesOf(asked, found, then) {
    for (const row of answers.tBodies[0].rows) {
      const { first, whole } = known(row.dataset.quantity, asked), { drawn, ...each } = whole ?? first;
      found[row.dataset.quantity] = each;
      tell(row, each, asked);
      yield;
    }
    then();
  }

  function update() {
    const found = {}, asked = { ...state, inputs: { ...state.inputs }, changes: { ...state.changes } };
    panels.before();
    answers.setAttribute("aria-busy", "true");
    last = asked;
    const still = () => last === asked;
    Object.assign(figure, { state, found });
    figure.answered = new Promise((done) => {
      const begun = () => setTimeout(() => inTurns(intervals(asked, done), still));
      figure.valued = new Promise((valued) => inTurns(valuesOf(asked, found, () => { valued(); begun(); }), still, FIRST_TURN));
    });
    for (const row of answers.tBodies[0].rows) if (!found[row.dataset.quantity]) tell(row, {}, asked);
    const short = link(state, start);
    field.value = short.length > LONGEST_LINK ? say("Too long for a link: save it as a file.") : location.href.split("#")[0] + short;
    const brings = state.config ? `\nconfig.json:\n${state.config}\n` : "";
    written.textContent = `${Object.keys(held.quantities).map((name) => command(name, state)).join("\n")}\n${brings}\n${stateFiles.write(state, held)}`;
  }

  function take(hash, words = "", longest = LONGEST_LINK) {
    const { state: next, trouble } = opened(hash, start, longest);
    told.textContent = trouble ? inChinese(trouble) : words + (next.config ? say(" The workload is the config.json that it carries.") : "");
    if (next) show(next);
  }

  const follow = () => { if (location.hash.includes("=")) take(location.hash); };

  controls.addEventListener("input", (event) => {
    const { name, value } = event.target;
    if (!name) return undefined; // of a panel
    told.textContent = "";
    if (name === "system") return show({ ...state, system: value, changes: {} });
    if (name === "workload") {
      return show({ ...state, workload: value, config: brought, inputs: { ...state.inputs, ...numbersOfWorkload(value, brought) } });
    }
    const word = value.trim();
    if (!held.choices[name] && word !== "" && !(NUMBER.test(word) && word.length < 40)) {
      told.textContent = say("{0} is '{1}': it is no number, and the last one stands.", named(name), shortened(word));
      return undefined;
    }
    state.inputs[name] = word;
    return update();
  });
  machine.addEventListener("input", (event) => {
    const { value, dataset: { fact } } = event.target, word = value.trim(), recorded = held.systems[state.system].facts[fact];
    told.textContent = "";
    if (word === "" || Number(word) === +(recorded.value / recorded.size).toPrecision(12)) delete state.changes[fact];
    else if (NUMBER.test(word) && word.length < 40) state.changes[fact] = word;
    else { told.textContent = say("{0} is '{1}': it is no number, and the last one stands.", named(fact), shortened(word)); return; }
    update();
  });
  find(".copy").addEventListener("click", async () => {
    const short = link(state, start);
    if (short.length > LONGEST_LINK) { told.textContent = say("With this config.json the link would be too long: save it as a file."); return; }
    history.replaceState(null, "", short);
    field.select();
    const carried = state.config ? say(" It carries what was read of your config.json.") : "";
    try { await navigator.clipboard.writeText(field.value); told.textContent = say("The link is copied.") + carried; }
    catch { told.textContent = say("The link is marked: copy it.") + carried; }
  });
  find(".save").addEventListener("click", () => {
    const text = stateFiles.write(state, held);
    if (text.length > stateFiles.LONGEST) { told.textContent = say("This config.json is too long to be kept in a file: choose the workload again from it."); return; }
    const file = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    Object.assign(document.createElement("a"), { href: file, download: "your_machine.yaml" }).click();
    URL.revokeObjectURL(file);
    told.textContent = say("The file is saved.") + (state.config ? say(" It carries what was read of your config.json, for this page; the notebook takes workloads of the study alone.") : "");
  });
  find(".open").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    const { link: from, left, trouble } = stateFiles.read(file.size > LARGEST_FILE ? null : await file.text(), held);
    target.value = ""; // the same file may be opened again
    if (trouble) told.textContent = inChinese(trouble);
    else take(from, left.length ? say("The file is opened; without a place here: {0}.", left.map(shortened).join(", ")) : say("The file is opened."), LARGEST_FILE);
  });
  find(".back").addEventListener("click", () => { told.textContent = ""; show(start); });

  for (const each of figure.querySelectorAll("[data-live]")) each.hidden = false;
  still.hidden = true;
  show(start);
  follow();
  addEventListener("hashchange", follow);
}

if (globalThis.document) document.querySelectorAll(".your-machine").forEach(begin);
else Object.assign(globalThis, { answer, outcome, command, opened, link, known });
