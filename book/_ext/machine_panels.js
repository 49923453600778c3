// Panels of the page "Your machine" below its answers: a config.json as the workload, what helps most, which value of an
// input gives a target, and a second machine. Each is worked out only while it is open.

let panelNumber = 0;

// An element with properties, and what it holds.
function made(tag, properties, ...held) {
  const { data = {}, ...rest } = properties, element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, data);
  element.append(...held);
  return element;
}

function labelled(words, control) {
  control.id = `machine-panel-${panelNumber++}`;
  return made("div", {}, made("label", { htmlFor: control.id }, words), control);
}

const panel = (name, words, ...held) => made("details", { className: name }, made("summary", {}, words), ...held);
const option = (value, words = value) => made("option", { value }, words);
const status = (name) => { const said = made("p", { className: name }); said.setAttribute("role", "status"); return said; };
const head = (...words) => made("thead", {}, made("tr", {}, ...words.map((each) => made("th", { scope: "col" }, each))));
const line = (name, ...cells) => { const row = made("tr", {}, made("th", { scope: "row" }, name)); row.append(...cells.map((each) => made("td", {}, each))); return row; };
const plain = (name) => name.replaceAll("_", " ");
const signed = (share) => `${share > 0 ? "+" : share < 0 ? "−" : ""}${+Math.abs(100 * share).toPrecision(3)} %`;

// The panel that reads a config.json; take: what becomes of the fields that were read.
function readingPanel(take) {
  const text = made("textarea", { rows: 4, spellcheck: false, autocomplete: "off" }), file = made("input", { type: "file", accept: ".json,application/json" });
  const button = made("button", { type: "button" }, say("Take it as the workload")), said = status("read");
  function read(words) {
    const { columns, kept, refusal } = readConfiguration(words);
    said.textContent = refusal ? say("config.json: {0}. Nothing was changed: correct that, or choose a workload of the list.", inChinese(refusal))
      : say("config.json is read and set as the workload: layers {0}, hidden {1}, experts {2}, of which a token visits {3}, parameters {4}.",
        ...["layers", "hidden", "experts", "topk", "total_parameters"].map((each) => general(columns[each], each === "total_parameters" ? 4 : 12)));
    if (!refusal) take(kept);
  }
  button.addEventListener("click", () => read(text.value));
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (chosen) read(chosen.size > LARGEST_CONFIGURATION ? null : await chosen.text());
    file.value = ""; // the same file may be opened again
  });
  return panel("own-model", say("A model of your own: its config.json"), labelled(say("Paste the text of the file"), text), labelled(say("or open the file"), file), button, said);
}

// An outcome in words: its value with its interval, its refusal, or who answers.
function inWords(name, found, state) {
  const unit = held.quantities[name].unit;
  if (found.value !== undefined) return `${shown(found.value, unit)} (${between(found.low, found.high, unit)})`;
  return found.refusal !== undefined ? inChinese(found.refusal) : say("Not in this page: {0}", command(name, state));
}

// The answer of `need` as a sentence; interval: once its ends are found.
function needInWords(found, name, of, target, state) {
  const { unit } = held.quantities[name], sought = of.replace(MACHINE, "");
  const there = (number, digits = 6) => `${found.whole ? number.toLocaleString("en-US") : general(number / found.size, digits)}${["", "1"].includes(found.unit) ? "" : ` ${found.unit}`}`;
  const end = (each, side) => (each.open.includes(side) ? say("no end") : there(each[side], 4));
  const one = (each) => [
    `${named(sought)} = ${there(each.value)}`,
    found.whole ? say(each.upward ? " or more" : " or less") : "",
    each.open ? say(" (5 to 95 %: {0} to {1})", end(each, "low"), end(each, "high")) : "",
    Math.abs(each.there - target) > 1e-6 * Math.abs(target) ? say(", with {0} there", shown(each.there, unit)) : "",
  ].join("");
  const goal = say("{0} of {1}", name, shown(target, unit)), [value, at] = found.nearest;
  const said = found.steady ? say("{0}: {1}; it is {2} whatever {3} is.", say(found.answer === "not unique" ? "Not unique" : "Out of reach"), goal, shown(value, unit), named(sought))
    : !found.reached.length ? say("Out of reach: {0}; it is {1} for all of {2} from {3} to {4}{5}; the nearest is {6}, at {7}.", goal,
      say(value > target ? "more" : "less"), named(sought), ...found.limits.map((each) => there(each)), found.met ? say(", and every value will do") : "", shown(value, unit), there(at))
    : found.reached.length > 1 ? say("Not unique: {0} lies at {1}.", goal, found.reached.map(one).join("; ")) : say("{0} needs {1}.", goal, one(found.reached[0]));
  return said + (found.partial ? say(" For some values this page has no program; the command has: {0}", command(name, state, target, of)) : "");
}

// Panels that ask more of the answers, and what brings them up to date: after(state, outcomes). set: puts a second
// machine, a name or "", into the state.
function askingPanels(figure, set) {
  const names = Object.keys(held.quantities), systems = [...figure.querySelector("[name=system]").options].map((each) => [each.value, each.textContent]);
  const quantity = made("select", { className: "asked-quantity", autocomplete: "off" }, ...names.map((each) => option(each, chinese ? `${each}：${inChinese(held.quantities[each].meaning)}` : each)));
  const of = made("select", { className: "of", autocomplete: "off" }), target = made("input", { className: "target", type: "text", inputMode: "decimal", autocomplete: "off" });
  const needed = status("needed"), second = made("select", { className: "second", autocomplete: "off" }, option("", say("choose a machine")), ...systems.map((each) => option(...each)));
  const helping = made("tbody", {}), comparing = made("tbody", {}), note = made("p", { className: "steady" });
  const scrolled = (words, table) => { const box = made("div", { className: "scrolled", tabIndex: 0 }, table); box.setAttribute("role", "region"); box.setAttribute("aria-label", words); return box; };
  const alongOf = made("select", { className: "along", autocomplete: "off" }), stage = made("div", { className: "stage" }), told = made("tbody", {}), heads = made("thead", {}), untold = status("untold");
  const words = { curve: say("As a curve: the frontier, or along any number"), help: say("What limits it, and what would help most"), need: say("Which value of a number gives a target"), beside: say("Beside another machine, with the same job") };
  const unit = made("span", { className: "unit" });
  const panels = {
    help: panel("help", words.help, made("p", {}, say("Each number of the machine made a tenth better, alone: a time, a power or a price less, all else larger, a share at most one, a count whole.")),
      scrolled(words.help, made("table", {}, head(say("number"), say("in place of"), say("the answer"), say("change")), helping)), note),
    need: panel("need", words.need, made("fieldset", {}, labelled(say("number that is sought"), of), labelled(say("target, in base units"), target)), needed),
    beside: panel("beside", words.beside, labelled(say("second machine, at its recorded numbers"), second),
      scrolled(words.beside, made("table", {}, head(say("quantity"), say("first"), say("second"), say("first over second, 5 to 95 % of paired draws")), comparing))),
    curve: panel("curve", words.curve, labelled(say("along this number, from a sixteenth of what is set to sixteen times it"), alongOf), made("p", {}, say("A second machine that is chosen above is drawn, too.")), stage, untold, scrolled(words.curve, made("table", {}, heads, told))),
  };
  let now = {}, stood, offered, turn = 0, comparison = 0, curved = 0, redraw = () => {}; // now is empty while answers are found; stood: the second machine of the last

  function offer() {
    const group = (label, names) => { const found = made("optgroup", { label }); found.append(...names.map((each) => option(each, named(each.replace(MACHINE, ""))))); return found; };
    for (const [each, usual] of [[of], [alongOf, "speed"]]) {
      const before = each.value || usual;
      each.replaceChildren(group(say("of the job"), numbersOf(quantity.value)), group(say("of the machine"), factsOf(quantity.value, offered)));
      if ([...each.options].some((one) => one.value === before)) each.value = before;
    }
  }

  function help() {
    const name = quantity.value, found = (figure.helped = helped(name, now.state)), facts = held.systems[now.state.system].facts;
    const said = (row, side) => general(row[side] / facts[row.fact].size, 4);
    if (!found.rows) helping.replaceChildren(line(name, inWords(name, found, now.state)));
    else helping.replaceChildren(...found.rows.map((row) => line(named(row.fact),
      say("{0} in place of {1}{2}", said(row, "then"), said(row, "now"), facts[row.fact].unit === "1" ? "" : ` ${facts[row.fact].unit}`),
      typeof row.value === "number" ? shown(row.value, held.quantities[name].unit) : row.value === undefined ? say("not in this page") : inChinese(row.value), row.change === undefined ? "" : signed(row.change))));
    note.textContent = !found.rows ? "" : found.steady.length ? say("It does not move with {0}.", found.steady.map(named).join(say(", "))) : "";
  }

  function seek() {
    const name = quantity.value, mine = ++turn, word = target.value.trim(), { state } = now;
    if (!state) return; // which is being answered
    const here = now.outcomes[name];
    if (word === "" && here.value !== undefined) target.value = String(+(here.value * 1.1).toPrecision(3));
    const number = Number(target.value.trim());
    figure.needed = undefined;
    if (!NUMBER.test(target.value.trim())) { needed.textContent = say("The target is no number."); return; }
    const found = need(name, number, of.value, state), tell = () => { needed.textContent = needInWords(found, name, of.value, number, state); };
    if (!found.answer) { needed.textContent = found.refusal !== undefined ? inChinese(found.refusal) : say("Not in this page: {0}", command(name, state, number, of.value)); figure.needed = found; return; }
    tell();
    inTurns((function* () { // a look at all draws takes its time
      yield* found.intervals();
      tell();
      figure.needed = { ...found, name, of: of.value, target: number };
    })(), () => mine === turn && now.state === state);
  }

  function compare() {
    const { state, outcomes } = now, other = { ...state, system: state.beside, changes: {} };
    const mine = ++comparison;
    figure.compared = undefined;
    comparing.replaceChildren();
    inTurns((function* () {
      const compared = {};
      for (const name of state.beside ? names : []) {
        const found = beside(outcomes[name], yield* reckoned(name, other));
        compared[name] = { value: found.value, low: found.low, high: found.high, here: found.here.value, there: found.there.value };
        const ratio = found.value === undefined ? "" : `${shown(found.value, "1")} (${between(found.low, found.high, "1")})`;
        comparing.append(line(chinese ? inChinese(held.quantities[name].meaning) : plain(name), inWords(name, found.here, state), inWords(name, found.there, other), ratio));
        yield;
      }
      figure.compared = compared;
    })(), () => mine === comparison && now.state === state);
  }

  // The curve of an answer with some of its numbers below it.
  function plotted(found, name, of, called) {
    const measured = (word, each) => `${word}${["", "1"].includes(each) ? "" : `, ${each}`}`, { unit } = held.quantities[name];
    const along = measured(named(of.replace(MACHINE, "")), found.unit), alt = say("{0} along {1}: {2}. The table has its numbers.", name, along, called.join(say(", ")));
    redraw = () => stage.replaceChildren(picture(found, Math.max(stage.clientWidth, 240), { x: along, y: unit === "s" ? name : measured(name, unit), alt }, (each) => shown(each, unit === "s" ? unit : "1")));
    redraw();
    heads.replaceChildren(...head(along, ...called.map((each, i) => say(i ? "{0} (broken line)" : "{0} (full line)", each))).children);
    const every = Math.max(Math.floor((found.places.length - 1) / SPOKEN), 1), some = range(found.places.length).filter((i) => i % every === 0);
    told.replaceChildren(...some.map((i) => line(general(found.places[i] / found.size, found.whole ? 12 : 3),
      ...found.curves.map((values) => (Number.isFinite(values[i]) ? shown(values[i], unit) : say("no answer"))))));
  }

  function follow() {
    const { state } = now, mine = ++curved, name = quantity.value, of = alongOf.value;
    const both = [state.system, ...(state.beside && state.beside !== state.system ? [state.beside] : [])];
    figure.curve = undefined;
    inTurns((function* () {
      const found = yield* curve(name, of, state, both);
      untold.textContent = found.places ? "" : inWords(name, found, state);
      for (const each of [stage, heads, told]) each.replaceChildren();
      redraw = () => {};
      if (found.places) plotted(found, name, of, both.map((each) => systems.find(([system]) => system === each)[1]));
      figure.curve = found;
    })(), () => mine === curved && now.state === state);
  }

  const work = { help, need: seek, beside: compare, curve: follow };
  // One panel at a time, so that the page may answer between two of them; a change begins anew.
  function refresh() {
    const { state } = now, open = Object.keys(panels).filter((each) => panels[each].open);
    (function on() {
      if (!open.length || now.state !== state) return;
      work[open.shift()]();
      setTimeout(on);
    })();
  }
  // A change: what is asked of the former answers ends.
  function before() {
    now = {};
    figure.needed = figure.compared = figure.curve = undefined;
  }

  for (const [name, each] of Object.entries(panels)) each.addEventListener("toggle", () => { if (each.open && now.state) work[name](); });
  quantity.addEventListener("input", () => { offer(); target.value = ""; if (now.state) refresh(); });
  of.addEventListener("input", seek);
  alongOf.addEventListener("input", () => { if (now.state) follow(); });
  new ResizeObserver(() => redraw()).observe(stage);
  target.addEventListener("input", seek);
  second.addEventListener("input", () => set(second.value));
  offer();
  for (const event of ["input", "change"]) for (const each of [quantity, of, target, second, alongOf]) each.addEventListener(event, (heard) => heard.stopPropagation());

  // Once the answers are shown, so that they come first.
  function after(state, outcomes) {
    now = { state, outcomes };
    if (state.system !== offered) { // whose numbers may be sought
      offered = state.system;
      offer();
    }
    second.value = state.beside ?? "";
    if (state.beside && state.beside !== stood) panels.beside.open = true;
    if (stood !== undefined && !state.beside) compare();
    stood = state.beside;
    setTimeout(() => { if (now.state === state) refresh(); });
  }
  return { before, after, markup: made("div", { className: "asking" }, labelled(say("Ask more of"), quantity), panels.help, panels.need, panels.beside, panels.curve) };
}
