// A workload from the text of a config.json, or what of it cannot be read: works through the table
// model/numbers/configuration.json as model/numbers/configuration.py does. tests/numbers/test_configuration.py compares
// the two. `table` is that table; book/_ext/configuration.py puts it before this file. What is kept of the text are the
// fields that the table reads, so that a link or a file can carry them, and they are checked again where they come out.

const readConfiguration = (() => {
  class Refused extends Error {}
  const own = (object, name) => (Object.hasOwn(object, name) && object[name] !== null ? object[name] : undefined);
  const number = (value) => typeof value === "number";
  const given = (value) => (Array.isArray(value) ? value.length > 0 : value && typeof value === "object" ? Object.keys(value).length > 0 : Boolean(value));
  const object = (each) => each !== null && typeof each === "object" && !Array.isArray(each);
  const at = (field, fields) => field.split(".").reduce((inside, name) => (object(inside) ? own(inside, name) : undefined), fields); // one.other: a field inside another
  const commas = (value) => Math.round(value).toLocaleString("en-US");

  // What a field holds, in words that repeat nothing of it.
  function said(value, most) {
    if (typeof value === "boolean") return String(value);
    if (number(value)) return value < 0 ? "a number below 0" : value > most ? "too large a number" : "a number with a fraction";
    return typeof value === "string" ? "text" : Array.isArray(value) ? "a list" : "an object";
  }

  function whole(field, value, most) {
    if (value !== undefined && !(number(value) && value >= 0 && value <= most && Number.isInteger(value))) throw new Refused(`${field} is ${said(value, most)}; a whole number up to ${commas(most)} is needed`);
    return value ?? 0;
  }

  function numeric(field, value, most) {
    if (value !== undefined && !(number(value) && value >= 0 && value <= most)) throw new Refused(`${field} is ${said(value, most)}; a number up to ${commas(most)} is needed`);
    return value ?? 0;
  }

  function positive(field, value, most) {
    const found = whole(field, value, most);
    if (!found) throw new Refused(`${field} is ${value === undefined ? "missing" : "0"}; a positive number is needed`);
    return found;
  }

  function flag(field, value, most) {
    if (value !== undefined && typeof value !== "boolean") throw new Refused(`${field} is ${said(value, most)}; true or false is needed`);
    return value ? 1 : 0;
  }

  function list(field, value, most) {
    if (value !== undefined && !(Array.isArray(value) && value.length <= most)) throw new Refused(`${field} is ${Array.isArray(value) ? "too long a list" : said(value, most)}; a list of at most one item a layer is needed`);
    return value ?? [];
  }

  const kinds = {
    whole,
    number: numeric,
    positive,
    flag,
    length: (...of) => list(...of).length,
    "given items": (...of) => list(...of).filter(given).length,
    sliding_attention: (...of) => list(...of).filter((each) => each === "sliding_attention").length,
    full_attention: (...of) => list(...of).filter((each) => each === "full_attention").length,
  };

  const worked = {
    "+": (...each) => each.reduce((sum, one) => sum + one, 0),
    "-": (one, other) => one - other,
    "*": (...each) => each.reduce((product, one) => product * one, 1),
    "/": (one, other) => one / other,
    floor: Math.floor,
    largest: Math.max,
    not: (one) => (one ? 0 : 1),
  };

  function value(expression, fields, known) {
    if (!Array.isArray(expression)) return typeof expression === "string" ? known.get(expression) : expression;
    const [operation, ...of] = expression;
    if (operation === "given") return given(own(fields, of[0])) ? 1 : 0;
    if (operation === "there") return own(fields, of[0]) === undefined ? 0 : 1;
    if (operation === "list") return Array.isArray(own(fields, of[0])) ? 1 : 0;
    if (operation === "says") return of.slice(1).includes(own(fields, of[0])) ? 1 : 0;
    if (operation === "if") return value(of[value(of[0], fields, known) ? 1 : 2], fields, known);
    if (operation === "or" || operation === "and") {
      let found = 0;
      for (const each of of) {
        found = value(each, fields, known);
        if (Boolean(found) === (operation === "or")) break;
      }
      return found;
    }
    return worked[operation](...of.map((each) => value(each, fields, known)));
  }

  function read(step, fields, known) {
    const most = typeof step.most === "string" ? known.get(step.most) : step.most ?? table.most;
    for (const each of step.fields) {
      const found = kinds[step.kind](each, at(each, fields), most);
      if (found) return found;
    }
    return 0;
  }

  function fieldsOf(text) {
    if (typeof text !== "string" || text.length > table.longest) throw new Refused("what was given is no config.json: it is longer than 4 MB");
    let depth = 0;
    for (const letter of text) {
      if (letter === "[" || letter === "{") depth += 1;
      else if (letter === "]" || letter === "}") depth -= 1;
      if (depth > table.deepest) throw new Refused("what was given cannot be read as a config.json: it is nested too deeply");
    }
    let fields;
    try {
      fields = JSON.parse(text);
    } catch {
      throw new Refused("what was given cannot be read as a config.json: it is no JSON");
    }
    if (object(fields) && given(own(fields, table.inside))) fields = fields[table.inside];
    if (!object(fields) || !Object.keys(fields).length) throw new Refused("what was given holds no fields: give the config.json of a model");
    return fields;
  }

  // The names of all fields that a step reads, refuses or asks whether they are given.
  function asked(each) {
    if (!Array.isArray(each)) return [];
    const [operation, ...of] = each;
    return ["given", "there", "list", "says"].includes(operation) ? of.slice(0, 1) : of.flatMap(asked);
  }
  const names = new Set(table.steps.flatMap((step) => [...(step.fields ?? []), ...(step.field ? [step.field] : []), ...asked(step.when), ...asked(step.is)]));

  // Whether a field may say another shape and is none that a step reads.
  function unread(name) {
    const harmless = table.harmless.some((each) => (each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : name === each));
    return /^[A-Za-z0-9_]{1,60}$/.test(name) && !harmless && !names.has(name) && table.telling.some((word) => name.toLowerCase().includes(word));
  }

  // The fields that were read, those inside another, too, in the order of the file.
  function keep(fields, outer = "") {
    const read = Object.entries(fields).filter(([name, value]) => value !== null && !name.includes("."));
    const kept = read.map(([name, value]) => [name, !names.has(outer + name) && object(value) ? keep(value, `${outer}${name}.`) : value]);
    return Object.fromEntries(kept.filter(([name, value]) => names.has(outer + name) || (object(value) && Object.keys(value).length)));
  }

  // Return {columns: {name: number} of data/workloads.csv, positions: of one request, Infinity where none are given,
  // kept: a config.json of the fields that were read}, or {refusal: a sentence that names the field}.
  return (text) => {
    try {
      const fields = fieldsOf(text), known = new Map();
      const strange = Object.keys(fields).find((name) => unread(name) && given(own(fields, name)));
      if (strange !== undefined) throw new Refused(`${strange} ${table.unread}`);
      for (const step of table.steps) {
        const holds = step.when === undefined || value(step.when, fields, known);
        if (step.refuse !== undefined) {
          if (holds) throw new Refused(`${step.field} ${step.refuse}`);
        } else known.set(step.name, step.is !== undefined ? value(step.is, fields, known) : holds ? read(step, fields, known) : 0);
      }
      const columns = Object.fromEntries(table.columns.map((name) => [name, known.get(name)]));
      return { columns, positions: known.get("positions") || Infinity, kept: JSON.stringify(keep(fields)) };
    } catch (error) {
      if (error instanceof Refused) return { refusal: error.message };
      throw error;
    }
  };
})();
readConfiguration.beyond = table.beyond; // what is said of more tokens of one request than there are positions
globalThis.readConfiguration = readConfiguration;
