// A state of the page "Your machine" as a file of parameters for notebooks/your_cluster.ipynb, and back: the same files
// as model/studies/saved_state.py writes and reads. `held` is what the page holds, `start` where it starts; a state is
// {system, workload, inputs: {name: text}, changes: {name of a number of the machine: text}}, and what the page alone
// remembers: config, the text of the reader's own config.json, and beside, a second machine.

const stateFiles = (() => {
  const HEAD = "# A state of the page Your machine: papermill notebooks/your_cluster.ipynb report.ipynb -f this.yaml";
  const ALONE = "# of the page alone: ";
  const LONGEST = 20000;
  const LINE = /^([a-z_0-9]{1,40}):[ ]*([^#\s]*)[ ]*(?:#.*)?$/;
  const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);
  const digits = (number) => String(Number(number.toPrecision(15))).replace(/^(-?\d+)e/, "$1.0e"); // 1e-8 is a word to YAML

  // Return the text of the file.
  function write(state, held) {
    const { system, workload, inputs, changes, ...remembered } = state;
    const alone = new Map([...Object.entries(remembered), ...Object.entries(inputs), ...Object.entries(changes).map(([name, word]) => [`machine.${name}`, word])]);
    const lines = [`system: ${system}`, `workload: ${workload}`], facts = held.systems[system].facts;
    for (const [name, kind, of, size] of held.parameters) {
      const key = kind === "input" ? of : `machine.${of}`, word = alone.get(key);
      alone.delete(key);
      if (word) lines.push(`${name}: ${digits(kind === "fact" ? (Number(word) * facts[of].size) / size : Number(word))}`);
    }
    const kept = [...alone].filter(([, word]) => word !== "");
    return [HEAD, ...(kept.length ? [ALONE + new URLSearchParams(kept)] : []), ...lines, ""].join("\n");
  }

  // Return {link: for the page's own reader, which checks every word of it, left: names without a place} or {trouble}.
  function read(text, held) {
    const no = (why) => ({ trouble: `The file ${why}. Nothing was changed.` });
    if (typeof text !== "string" || text.length > LONGEST) return no("is too long for one of this page");
    const words = new Map(), left = [];
    for (const line of text.split(/\r?\n/)) {
      if (line.startsWith(ALONE)) for (const [name, word] of new URLSearchParams(line.slice(ALONE.length))) words.set(name, word);
    }
    const workload = /^workload:[ ]*([^#\s]+)/m.exec(text)?.[1];
    for (const [name, number] of Object.entries(own(held.workloads, workload ?? "") ?? {})) if (!words.has(name)) words.set(name, String(number));
    const system = /^system:[ ]*([^#\s]+)/m.exec(text)?.[1], facts = own(held.systems, system ?? "")?.facts;
    for (const line of text.split(/\r?\n/)) {
      if (/^\s*(#.*)?$/.test(line)) continue;
      const [, name, word] = LINE.exec(line) ?? [];
      if (name === undefined) return no("has a line that is no name: number");
      if (name === "system" || name === "workload") { words.set(name, word); continue; }
      const known = held.parameters.find(([each]) => each === name);
      if (!known) { left.push(name); continue; }
      if (["null", "~", ""].includes(word)) continue;
      const [, kind, of, size] = known;
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) return no(`says ${name} is no number`);
      const fact = kind === "fact" ? own(facts ?? {}, of) : undefined;
      if (kind === "fact" && !fact) return no(`says ${name}, which is no number of that machine on this page`);
      words.set(kind === "input" ? of : `machine.${of}`, digits(fact ? (Number(word) * size) / fact.size : Number(word)));
    }
    return { link: `#${new URLSearchParams([...words])}`, left };
  }

  return { write, read, LONGEST };
})();
globalThis.stateFiles = stateFiles;
