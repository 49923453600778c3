// Answers for a reader's own machine, with the programs that model/studies/your_machine.py wrote down from the study's
// own functions, and keeps what is asked in the page's link.
const held = globalThis.yourMachine;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, LONGEST = 60, LONGEST_LINK = 4000, LARGEST_FILE = 100000;
const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);
const shortened = (word) => (word.length <= LONGEST ? word : `${word.slice(0, LONGEST)}... (${word.length.toLocaleString("en-US")} letters)`);
const also = (words) => (words ? `; ${words}` : "");

// Numbers that programs of a step take by name, each alone or with the place of its draws: by the kind's letter.
const NAMED = {
  c: (state, name) => own(held.constants[state.system], name),
  w: (state, name) => own(held.shapes[state.workload], name),
  p: (state, name) => own(held.formats[state.inputs.precision], name),
};

// What an argument of a program stands for: a number, or draws of it; undefined where this machine has none. isDrawn:
// whether, or how many.
function bound(each, numbers, state, isDrawn) {
  if (typeof each === "number") return each;
  if (each[0] === "d") return held.drawn(+each.slice(1), isDrawn);
  if (each === "nan") return NaN;
  const [kind, name] = [each[0], each.slice(2)];
  if (kind === "i") return numbers[name];
  if (kind === "s") {
    const place = own(held.scatter, `${state.system}|${state.workload}`);
    return place !== undefined && isDrawn ? held.drawn(place, isDrawn) : undefined;
  }
  if (NAMED[kind]) {
    const found = NAMED[kind](state, name);
    return typeof found !== "object" ? found : isDrawn ? held.drawn(found[1], isDrawn) : found[0];
  }
  const fact = own(held.systems[state.system].facts, name);
  if (fact === undefined) return undefined;
  if (own(state.changes, name) !== undefined) return Number(state.changes[name]) * fact.size;
  return isDrawn && fact.draws !== undefined ? held.drawn(fact.draws, isDrawn) : fact.value;
}

// What the first program whose conditions hold says, for each draw; undefined where none does. programs: each the code
// of a function and what it takes, or, by the place of a list, a sequence of lines that many programs share.
function run(programs, numbers, state, isDrawn) {
  if (programs.quantity) return held.trained(programs, numbers, state, isDrawn, HELPERS);
  const ready = typeof programs === "number" ? sequences(programs, numbers, state, isDrawn)
    : programs.map(([place, bounds, refusal]) => {
      const given = bounds.map((each) => bound(each, numbers, state, isDrawn));
      return { refusal, call: (draw) => held.codes[place](...given.map((each) => at(each, draw))) };
    });
  const one = (draw) => {
    for (const { call, refusal } of ready) {
      const found = call(draw);
      if (found !== undefined) return refusal ? sentence(refusal, found, state, numbers) : found;
    }
    return undefined;
  };
  return isDrawn ? Array.from({ length: held.draws }, (_, draw) => one(draw)) : one(0);
}

const HELPERS = { bound, general }; // what training asks of the page: what a name stands for, how a number is written
const at = (each, draw) => (typeof each === "object" ? each[draw] : each);

// The programs of a list, ready to be called: those for which this machine has all numbers.
function sequences(list, numbers, state, isDrawn) {
  const all = held.names.map((each) => bound(each, numbers, state, isDrawn));
  let a = [], last = -1;
  const given = (draw) => {
    if (draw !== last) [a, last] = [all.map((each) => at(each, draw)), draw];
    return a;
  };
  return held.lists[list]
    .filter(([, taken]) => held.taken[taken].every((each) => all[each] !== undefined))
    .map(([sequence, , refusal]) => ({ refusal, call: (draw) => followed(held.sequences[sequence], given(draw)) }));
}

// The value of a sequence of lines: those that are conditions end it, the last is the value.
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

// How many devices would hold so many requests: experts and cache spread over all, or a tensor group of a domain.
function wouldHold(requests, state, numbers) {
  const use = held.quantities.decode_throughput.uses[`${state.system}|${state.inputs.precision}`];
  const domain = bound("f:domain", numbers, state, false);
  const sizes = [1, 3].flatMap((m) => Array.from({ length: 13 }, (_, i) => m * 2 ** i)).filter((each) => each <= 4096);
  const holds = (size, tensor_devices, expert_devices) => run(use.held, { context: numbers.sequence, kv_bytes_per_element: NaN, ...numbers, ranks: size, tensor_devices, expert_devices }, state, false) * size >= requests;
  const needed = sizes.sort((a, b) => a - b).find((size) => holds(size, 1, size) || (size <= domain && holds(size, size, 1)));
  return needed === undefined ? "no group would" : `${general(needed, 6)} devices would hold that many requests in all`;
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

// The numbers of a quantity's inputs, or what the study says of the first that it does not take.
function read(what, state) {
  const numbers = {};
  for (const each of what.inputs) {
    const word = own(state.inputs, each.name) ?? "";
    if (each.words) continue;
    const number = word === "" ? (each.default ?? NaN) : Number(word);
    if (word === "" && !each.optional) return { refusal: `it needs ${each.name} (${each.accepts})` };
    const taken = word === "" || (number >= each.low && number <= each.high && (number >= each.least || number === 0) && (!each.whole || Number.isInteger(number)));
    if (!taken) return { refusal: `${each.name} is '${shortened(word)}'; it takes ${each.accepts}${also(number > each.high && each.beyond)}` };
    numbers[each.name] = number;
  }
  for (const [name, other, code, order, accepted, elseMeant] of held.relations) {
    const pair = { own: numbers[name], other: numbers[other] };
    if (Number.isFinite(pair.own) && Number.isFinite(pair.other) && !held.relating[code](...order.map((each) => pair[each])))
      return { refusal: `${name} is '${shortened(state.inputs[name])}'; it takes ${accepted}, and ${other} is ${+pair.other.toPrecision(6)}${also(elseMeant)}` };
  }
  return { numbers };
}

// What the page answers to one quantity: {value, low, high}, {refusal} in the study's words, or {elsewhere: true}.
function answer(name, state) {
  const what = held.quantities[name], facts = held.systems[state.system].facts;
  for (const [fact, word] of Object.entries(state.changes)) {
    const [low, high, accepted] = facts[fact].accepts, number = Number(word) * facts[fact].size;
    if (!(number >= low && number <= high)) return { refusal: `changes: ${fact} is ${number}; it takes ${accepted}` };
  }
  const { numbers, refusal } = read(what, state);
  if (refusal) return { refusal };
  const words = what.inputs.filter((each) => each.words && !each.free).map((each) => (each.words[0] === "*" ? "" : state.inputs[each.name]));
  const use = own(what.uses, [state.system, ...words.filter((each) => each !== "")].join("|"));
  const value = use && run(use.value, numbers, state, false);
  if (value === undefined) return { elsewhere: true };
  if (typeof value === "string") return { refusal: value };
  if (!Number.isFinite(value)) return { refusal: `${name} has no finite value there: move the inputs towards usual sizes` };
  const found = run(use.drawn, numbers, state, true);
  if (found.some((each) => typeof each !== "number" || Number.isNaN(each))) return { elsewhere: true };
  const [low, high] = ends(value, found), layout = use.value.quantity && held.trained.layout(use.value, numbers, state, HELPERS);
  return { value, low, high, ...(layout ? { layout } : {}) };
}

// How the same is asked on the command line; a machine that was changed, in Python.
function command(name, state) {
  const inputs = held.quantities[name].inputs, model = inputs.some((each) => each.name === "model");
  const given = inputs.filter((each) => each.words?.[0] !== "*" && (own(state.inputs, each.name) ?? "") !== "");
  const changes = Object.entries(state.changes);
  if (!changes.length) return `python -m model predict ${name} --system ${state.system} ${model ? `model=${state.workload} ` : ""}${given.map((each) => `${each.asked ?? each.name}=${state.inputs[each.name]}`).join(" ")}`.trim();
  const facts = held.systems[state.system].facts;
  const changed = changes.map(([fact, word]) => `"${fact}": ${Number(word) * facts[fact].size}`).join(", ");
  const rows = given.map((each) => `"${each.asked ?? each.name}": ${each.words ? `"${state.inputs[each.name]}"` : Number(state.inputs[each.name])}`);
  if (model) rows.unshift(`"model": "${state.workload}"`);
  return `python -c 'import model, pandas; print(model.predict("${name}", pandas.DataFrame([{${rows.join(", ")}}]), system="${state.system}", changes={${changed}}))'`;
}

// A link and back. What is not as the page writes it is not taken, and the first such part is named.
function link(state, start) {
  const parts = new URLSearchParams();
  parts.set("system", state.system);
  parts.set("workload", state.workload);
  for (const [name, word] of Object.entries(state.inputs)) if (word !== start.inputs[name]) parts.set(name, word);
  for (const [fact, word] of Object.entries(state.changes)) parts.set(`machine.${fact}`, word);
  return `#${parts}`;
}

function opened(hash, start) {
  if (hash.length > LONGEST_LINK) return { trouble: `The link has ${hash.length.toLocaleString("en-US")} letters, too many for one of this page. Nothing was changed.` };
  const parts = [...new URLSearchParams(hash.replace(/^#/, ""))];
  const state = { system: start.system, workload: start.workload, inputs: { ...start.inputs }, changes: {} };
  const no = (name, word, why) => ({ trouble: `The link says ${shortened(name)}=${shortened(word)}: ${why}. Nothing was changed.` });
  if (new Set(parts.map(([name]) => name)).size < parts.length) return { trouble: "The link says one thing twice. Nothing was changed." };
  const words = new Map(parts);
  for (const name of ["system", "workload"]) {
    if (!words.has(name)) continue;
    if (!own(held[`${name}s`], words.get(name))) return no(name, words.get(name), `this page has no such ${name}`);
    state[name] = words.get(name);
  }
  for (const [name, word] of parts) {
    if (name === "system" || name === "workload") continue;
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
  if (unit !== "s" || !(number > 0)) return digits(number);
  const [name, size] = UNITS.filter(([, each]) => number >= each * (each > 1 ? 2 : 1)).at(-1) ?? UNITS[0];
  return `${digits(number / size)} ${name}`;
}

function begin(figure) {
  const find = (name) => figure.querySelector(name);
  const [still, controls, machine, answers, told, field, written] = [".still", ".job", ".machine tbody", ".answers", "output", ".link", ".written"].map(find);
  const fields = Object.fromEntries([...controls.querySelectorAll("[name]")].map((each) => [each.name, each]));
  const initial = JSON.parse(figure.dataset.start);
  const start = { ...initial, changes: {} };
  let state;

  // The state as the controls show it.
  function show(next) {
    state = { ...next, inputs: { ...next.inputs }, changes: { ...next.changes } };
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
      label.textContent = name.replaceAll("_", " ");
      label.title = fact.meaning;
      head.append(label);
      Object.assign(box, { type: "text", inputMode: "decimal", autocomplete: "off", value: own(state.changes, name) ?? String(+(fact.value / fact.size).toPrecision(12)) });
      box.dataset.fact = name;
      const bounds = fact.low === undefined ? "" : ` (${fact.low} to ${fact.high})`;
      const texts = [`${fact.unit === "1" ? "" : fact.unit}`, `${+(fact.value / fact.size).toPrecision(6)}${bounds}`, `${fact.kind}, ${fact.source}: ${fact.locator}`];
      const cells = [box, ...texts].map((each) => { const cell = document.createElement("td"); cell.append(each); return cell; });
      row.append(head, ...cells);
      return row;
    }));
  }

  function update() {
    const found = {};
    for (const row of answers.tBodies[0].rows) {
      const name = row.dataset.quantity, unit = held.quantities[name].unit, each = (found[name] = answer(name, state));
      const [value, interval] = [row.cells[1], row.cells[2]];
      value.colSpan = each.value === undefined ? 2 : 1;
      interval.hidden = each.value === undefined;
      if (each.value !== undefined) {
        value.textContent = shown(each.value, unit);
        interval.textContent = `${shown(each.low, unit)} to ${shown(each.high, unit)}`;
        if (each.layout) value.append(document.createElement("br"), Object.entries(each.layout).map(([part, number]) => `${part}=${number}`).join(" "));
      } else value.textContent = each.refusal ?? `Not in this page: ${command(name, state)}`;
    }
    field.value = location.href.split("#")[0] + link(state, start);
    written.textContent = `${Object.keys(held.quantities).map((name) => command(name, state)).join("\n")}\n\n${stateFiles.write(state, held)}`;
    Object.assign(figure, { state, found });
  }

  function take(hash, beside = "") {
    const { state: next, trouble } = opened(hash, start);
    told.textContent = trouble ?? beside;
    if (next) show(next);
  }

  const follow = () => { if (location.hash.includes("=")) take(location.hash); };

  controls.addEventListener("input", (event) => {
    const { name, value } = event.target;
    told.textContent = "";
    if (name === "system") return show({ ...state, system: value, changes: {} });
    if (name === "workload") {
      const numbers = Object.entries(held.workloads[value]).map(([each, number]) => [each, String(number)]);
      return show({ ...state, workload: value, inputs: { ...state.inputs, ...Object.fromEntries(numbers) } });
    }
    const word = value.trim();
    if (!held.choices[name] && word !== "" && !(NUMBER.test(word) && word.length < 40)) {
      told.textContent = `${name} is '${shortened(word)}': it is no number, and the last one stands.`;
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
    else { told.textContent = `${fact} is '${shortened(word)}': it is no number, and the last one stands.`; return; }
    update();
  });
  find(".copy").addEventListener("click", async () => {
    history.replaceState(null, "", link(state, start));
    field.select();
    try { await navigator.clipboard.writeText(field.value); told.textContent = "The link is copied."; }
    catch { told.textContent = "The link is marked: copy it."; }
  });
  find(".save").addEventListener("click", () => {
    const file = URL.createObjectURL(new Blob([stateFiles.write(state, held)], { type: "application/yaml" }));
    Object.assign(document.createElement("a"), { href: file, download: "your_machine.yaml" }).click();
    URL.revokeObjectURL(file);
    told.textContent = "The file is saved.";
  });
  find(".open").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    const { link: from, left, trouble } = stateFiles.read(file.size > LARGEST_FILE ? null : await file.text(), held);
    target.value = ""; // the same file may be opened again
    if (trouble) told.textContent = trouble;
    else take(from, left.length ? `The file is opened; without a place here: ${left.map(shortened).join(", ")}.` : "The file is opened.");
  });
  find(".back").addEventListener("click", () => { told.textContent = ""; show(start); });

  for (const each of figure.querySelectorAll("[data-live]")) each.hidden = false;
  still.hidden = true;
  show(start);
  follow();
  addEventListener("hashchange", follow);
}

if (globalThis.document) document.querySelectorAll(".your-machine").forEach(begin);
else Object.assign(globalThis, { answer, command, opened, link });
