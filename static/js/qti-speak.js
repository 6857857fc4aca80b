// Read aloud: the browser's own voice says the item block by block, with what is to be said in its place.
(() => {
  "use strict";

  const BLOCKS = "p, li, legend, h1, h2, h3, h4, h5, h6, label, th, td, figcaption, blockquote, dt, dd";
  const SILENT = "button, select, input, textarea, svg, script, style, [hidden], [aria-hidden=true], .hint, .qti-problems, .qti-note, audio, video, iframe";
  const SUPPRESSED = /(?:^|\s)(?:all|computer-read-aloud)(?:\s|$)/;

  const isShown = (element) => element.getClientRects().length > 0;
  const suppressed = (element) => SUPPRESSED.test(element.dataset.qtiSuppressTts ?? "");

  // SSML in JSON, as "Spoken HTML" writes it: {"sub": {"alias": ...}}, {"say-as": {"interpret-as": ...}}
  function ssml(element) {
    if (!element.dataset.ssml) return null;
    try {
      const told = [].concat(JSON.parse(element.dataset.ssml)).reduce((all, one) => ({ ...all, ...one }), {});
      if (told.sub?.alias) return String(told.sub.alias);
      if (/^(characters|spell-out)$/.test(told["say-as"]?.["interpret-as"] ?? "")) return [...element.textContent.replace(/\s/g, "")].join(" ");
    } catch { /* then its own words are read */ }
    return null;
  }

  function words(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent;
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(SILENT) || suppressed(node)) return " ";
    const said = node.dataset.spoken ?? ssml(node);
    if (said) return ` ${said} `;
    if (node.matches("img")) return ` ${node.alt} `;
    if (node.matches("math")) return ` ${node.getAttribute("aria-label") ?? node.getAttribute("alttext") ?? node.textContent} `;
    return [...node.childNodes].map(words).join("");
  }

  // The innermost blocks, in order; one that is said in other words stands for all inside it.
  function blocks(root) {
    const whole = (element) => element.dataset.spoken || element.matches(BLOCKS);
    const found = [];
    const walk = (element) => {
      if (element.matches(SILENT) || suppressed(element) || !isShown(element)) return;
      const inner = element.dataset.spoken ? null : element.querySelector(BLOCKS + ", [data-spoken]");
      if (element.matches("math, img") || (whole(element) && !inner?.matches(BLOCKS))) { found.push(element); return; }
      [...element.children].forEach(walk);
    };
    walk(root);
    return found.map((element) => ({ element, text: words(element).replace(/\s+/g, " ").trim() })).filter((each) => each.text);
  }

  const languageOf = (element) => element.closest("[lang]")?.lang || document.documentElement.lang;

  function start(bar) {
    bar.dataset.readReady = "true";
    const button = bar.querySelector("[data-read]");
    const state = bar.querySelector("[data-read-state]");
    let run = 0;

    const mark = (element) => {
      document.querySelectorAll(".qti-spoken-now").forEach((each) => each.classList.remove("qti-spoken-now"));
      element?.classList.add("qti-spoken-now");
    };
    const stop = () => {
      run += 1;
      speechSynthesis.cancel();
      mark(null);
      button.setAttribute("aria-pressed", "false");
      button.textContent = button.dataset.start;
    };
    const say = (listed, at, mine) => {
      if (mine !== run) return;
      if (at >= listed.length || !bar.isConnected) { stop(); return; }
      const { element, text } = listed[at];
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.lang = languageOf(element);
      utterance.onend = () => say(listed, at + 1, mine);
      utterance.onerror = (event) => {
        if (mine !== run) return;
        stop();
        if (!/^(canceled|interrupted)$/.test(event.error)) state.textContent = state.dataset.none;
      };
      mark(element);
      speechSynthesis.speak(utterance);
    };

    button.addEventListener("click", () => {
      state.textContent = "";
      if (button.getAttribute("aria-pressed") === "true") { stop(); return; }
      const chosen = String(getSelection() ?? "").trim();
      const roots = [...document.querySelectorAll(".qti-stimulus, .qti-item-body")].filter((each) => !each.parentElement.closest(".qti-item-body"));
      const listed = chosen ? [{ element: bar.parentElement, text: chosen }] : roots.flatMap(blocks);
      button.setAttribute("aria-pressed", "true");
      button.textContent = button.dataset.stop;
      run += 1;
      say(listed, 0, run);
    });
    window.addEventListener("pagehide", stop);
    document.addEventListener("htmx:beforeSwap", stop);
    bar.hidden = false;
  }

  function startAll() {
    if (!("speechSynthesis" in window)) return;
    document.querySelectorAll("[data-read-aloud]").forEach((bar) => { if (!bar.dataset.readReady) start(bar); });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
