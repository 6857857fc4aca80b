// Inside the sealed frame: loads the package's module, hands it its place, and reports its answers.
(() => {
  "use strict";

  const tell = (message) => parent.postMessage(message, "*");
  const fail = (error) => { console.error(error); tell({ kind: "failed" }); };

  // ---------- Modules (AMD) ----------
  const known = new Map();
  let setup = null;
  let paths = {};
  let collected = [];
  let registered = false;

  const addresses = (name, from) => {
    if (/^(\.|\/)/.test(name) && from) return [new URL(name.endsWith(".js") ? name : `${name}.js`, from).href];
    if (setup.modules[name] && setup.modules[name].length) return setup.modules[name];
    const listed = [].concat(paths[name] || name);
    return listed.map((path) => new URL(/\.js(\?|$)/.test(path) ? path : `${path}.js`, setup.base).href);
  };

  // A page that must load nothing brings the files along.
  const brought = (url) => (setup.files && setup.files[url]) || url;

  const fetchScript = (url) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = brought(url);
    script.onload = () => { const found = collected; collected = []; resolve(found); };
    script.onerror = () => reject(new Error(`cannot load ${url}`));
    document.head.append(script);
  });

  let line = Promise.resolve();
  const fetchInTurn = (url) => {
    const turn = line.then(() => fetchScript(url));
    line = turn.catch(() => null);
    return turn;
  };

  // A script that defines nothing is a module of the language itself: its imports lie beside it.
  async function fetchDefined(url) {
    const found = await fetchInTurn(url);
    if (found.length || registered) return found;
    const module = await import(brought(url));
    return Object.keys(module).length ? [{ name: null, dependencies: [], factory: () => module.default ?? module }] : found;
  }

  async function fetchFirst(urls) {
    let last = new Error("no address");
    for (const url of urls) {
      try { return [await fetchDefined(url), url]; } catch (error) { last = error; }
    }
    throw last;
  }

  function load(name, from) {
    const key = /^\./.test(name) && from ? new URL(name, from).href : name;
    if (!known.has(key)) known.set(key, fetchFirst(addresses(name, from)).then(([found, url]) => pick(name, found, url)));
    return known.get(key);
  }

  // A file may define the module without a name, or several by name (a bundle).
  function pick(name, found, url) {
    found.filter((each) => each.name && each.name !== name && !known.has(each.name)).forEach((each) => known.set(each.name, build(each, url)));
    const own = found.find((each) => each.name === name) || found.find((each) => !each.name) || found[found.length - 1];
    if (!own) return undefined;
    return own.name && own.name !== name ? known.get(own.name) : build(own, url);
  }

  async function build({ dependencies, factory }, url) {
    const exported = {};
    const module = { exports: exported, uri: url };
    const special = { require: requireFrom(url), exports: exported, module };
    const wanted = await Promise.all(dependencies.map((name) => (name in special ? special[name] : load(name, url))));
    if (typeof factory !== "function") return factory;
    const result = factory(...wanted);
    return result === undefined ? module.exports : result;
  }

  const requireFrom = (url) => (names, done, failed) => Promise.all([].concat(names).map((name) => load(name, url))).then((found) => { if (done) done(...found); }, failed || fail);

  window.define = (...given) => {
    const name = typeof given[0] === "string" ? given.shift() : null;
    const dependencies = Array.isArray(given[0]) ? given.shift() : [];
    const simple = !dependencies.length && typeof given[0] === "function" && given[0].length > 0;
    collected.push({ name, dependencies: simple ? ["require", "exports", "module"] : dependencies, factory: given[0] });
  };
  window.define.amd = {};
  window.require = window.requirejs = requireFrom(null);
  window.require.config = (given) => { paths = { ...paths, ...((given && given.paths) || {}) }; };

  // ---------- The interaction ----------
  const typed = (text) => {
    const type = setup.baseType;
    if (type === "integer" || type === "float" || type === "duration") return Number(text);
    if (type === "boolean") return text === "true";
    if (type === "point") return text.split(" ").map(Number);
    if (type === "pair" || type === "directedPair") return text.split(" ");
    return text;
  };

  const bound = () => {
    const values = setup.values.map(typed);
    if (!values.length) return { [setup.responseIdentifier]: setup.cardinality === "single" ? { base: null } : null };
    const shape = setup.cardinality === "single" ? { base: { [setup.baseType]: values[0] } } : { list: { [setup.baseType]: values } };
    return { [setup.responseIdentifier]: shape };
  };

  function watch(instance) {
    let last = "";
    const report = () => {
      try {
        const answer = instance.getResponse ? instance.getResponse() : null;
        const state = instance.getState ? instance.getState() : null;
        const now = JSON.stringify([answer, state]);
        if (now === last) return;
        last = now;
        tell({ kind: "answer", answer: JSON.parse(JSON.stringify(answer ?? null)), state: typeof state === "string" ? state : JSON.stringify(state ?? null) });
      } catch (error) { console.error(error); }
    };
    document.addEventListener("qti-interaction-changed", report);
    ["change", "click", "keyup", "pointerup", "input"].forEach((kind) => document.addEventListener(kind, () => setTimeout(report, 0)));
    setInterval(report, 1000);
  }

  function place() {
    const host = document.createElement("div");
    host.className = "qti-interaction-markup";
    host.innerHTML = setup.markup;
    document.body.replaceChildren(host);
    setup.stylesheets.forEach((href) => {
      const link = document.createElement("link");
      Object.assign(link, { rel: "stylesheet", href: brought(new URL(href, location.href).href) });
      document.head.append(link);
    });
    new ResizeObserver(() => tell({ kind: "height", height: document.documentElement.scrollHeight })).observe(host);
    return host;
  }

  const context = {
    register: (found) => {
      registered = true;
      const host = place();
      const ready = (instance) => { tell({ kind: "ready" }); watch(instance); };
      const configuration = {
        properties: setup.properties,
        templateVariables: setup.templateVariables,
        contextVariables: {},
        boundTo: bound(),
        responseIdentifier: setup.responseIdentifier,
        status: setup.disabled ? "review" : "interacting",
        onready: (instance) => ready(instance),
        ondone: (instance, answer, state) => tell({ kind: "answer", answer, state: typeof state === "string" ? state : null }),
      };
      let state;
      try { state = setup.state ? JSON.parse(setup.state) : undefined; } catch { state = setup.state; }
      if (typeof found.getInstance === "function") {
        // Some modules speak of themselves by onready, some return themselves; either will do.
        const returned = found.getInstance(host, configuration, state === null ? undefined : state);
        if (returned && typeof returned.getResponse === "function") ready(returned);
        return;
      }
      // The older interface: initialize and getResponse on the registered object itself.
      found.initialize(setup.responseIdentifier, host, setup.properties);
      if (setup.values.length && found.setResponse) found.setResponse(bound()[setup.responseIdentifier]);
      ready(found);
    },
    notifyReady: () => tell({ kind: "ready" }),
    notifyDone: () => undefined,
  };
  known.set("qtiCustomInteractionContext", Promise.resolve(context));
  window.qtiCustomInteractionContext = context;

  async function configure() {
    for (const url of setup.configurations) {
      try {
        const found = await (await fetch(url)).json();
        paths = { ...(found.paths || {}), ...paths };
      } catch (error) { console.warn(error); }
    }
  }

  window.addEventListener("message", (event) => {
    if (event.source !== parent || setup || !event.data || event.data.kind !== "setup") return;
    setup = event.data.setup;
    setup.base = new URL(setup.base, location.href).href;
    Object.keys(setup.modules).forEach((name) => { setup.modules[name] = setup.modules[name].map((url) => new URL(url, location.href).href); });
    const base = document.createElement("base");
    base.href = setup.base;
    document.head.append(base);
    configure().then(() => load(setup.module, null)).then((found) => {
      if (found && typeof found.getInstance === "function") context.register(found);
    }).catch(fail);
  });
  window.addEventListener("error", (event) => console.error(event.message));
  tell({ kind: "hello" });
})();
