// The calculator of who has this support: reads a calculation as it is written, and never runs it as code.
(() => {
  "use strict";

  const KEPT = "invigil.calculator";
  const TOKEN = /\s*(\d+(?:[.,]\d*)?(?:e[+-]?\d+)?|[.,]\d+|[-+−–×*·÷/:^²%()√])/iy;
  const SAME = { "−": "-", "–": "-", "*": "×", "·": "×", "/": "÷", ":": "÷" };
  const DEEPEST = 60;

  function tokens(text) {
    const found = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const next = TOKEN.exec(text);
      if (!next) throw new SyntaxError(text);
      found.push(SAME[next[1]] ?? next[1]);
    }
    return found;
  }

  // Sums of products of signed powers; a percent is a hundredth, and 2(3+4) or 2√9 multiply.
  function calculate(text) {
    const left = tokens(text);
    let depth = 0;
    const take = (...wanted) => (wanted.includes(left[0]) ? left.shift() : undefined);
    const begins = (token) => token !== undefined && /^[\d.,(√]/.test(token);

    const sum = () => {
      let total = product();
      for (let sign = take("+", "-"); sign; sign = take("+", "-")) total += sign === "+" ? product() : -product();
      return total;
    };
    const product = () => {
      let total = signed();
      for (;;) {
        const sign = take("×", "÷");
        if (!sign && !begins(left[0])) return total;
        total = sign === "÷" ? total / signed() : total * signed();
      }
    };
    const signed = () => (take("-") ? -signed() : take("+") ? signed() : power());
    const power = () => {
      const base = marked();
      return take("^") ? base ** signed() : base;
    };
    const marked = () => {
      let value = single();
      for (let mark = take("²", "%"); mark; mark = take("²", "%")) value = mark === "²" ? value * value : value / 100;
      return value;
    };
    const single = () => {
      if ((depth += 1) > DEEPEST) throw new SyntaxError(text);
      if (take("√")) return Math.sqrt(marked());
      if (take("(")) {
        const inside = sum();
        if (!take(")") && left.length) throw new SyntaxError(text);
        depth -= 1;
        return inside;
      }
      if (!/^[\d.,]/.test(left[0] ?? "")) throw new SyntaxError(text);
      depth -= 1;
      return Number(left.shift().replace(",", "."));
    };

    const total = sum();
    if (left.length) throw new SyntaxError(text);
    return total;
  }

  function start(calculator) {
    calculator.dataset.calculatorReady = "true";
    const line = calculator.querySelector("[data-calculation]");
    const shown = calculator.querySelector("[data-result]");
    const mark = new Intl.NumberFormat(document.documentElement.lang || "en").format(1.5)[1];
    const written = (number) => String(Number(number.toPrecision(12))).replace(".", mark);
    let last = "";

    const work = () => {
      if (!line.value.trim()) return void (shown.textContent = "");
      let result;
      try {
        result = calculate(line.value);
      } catch {
        result = Number.NaN;
      }
      const known = Number.isFinite(result);
      if (known) last = written(result);
      shown.textContent = known ? `= ${last}` : shown.dataset.unknown;
    };
    const insert = (text) => {
      line.setRangeText(text, line.selectionStart, line.selectionEnd, "end");
      shown.textContent = "";
    };
    const shorten = () => {
      if (line.selectionStart === line.selectionEnd) line.selectionStart = Math.max(0, line.selectionStart - 1);
      insert("");
    };
    const acts = {
      "=": work,
      C: () => { line.value = ""; shown.textContent = ""; },
      "⌫": shorten,
      Ans: () => insert(last),
      ".": () => insert(mark),
    };

    calculator.querySelector('[data-press="."]').textContent = mark;
    calculator.addEventListener("click", (event) => {
      const key = event.target.closest("[data-press]")?.dataset.press;
      if (key) (acts[key] ?? (() => insert(key)))();
    });
    line.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "=") return;
      event.preventDefault();
      work();
    });
    calculator.addEventListener("toggle", () => {
      try {
        sessionStorage.setItem(KEPT, calculator.open ? "open" : "closed");
      } catch { /* then it begins on the next page as on this one */ }
    });
    let kept = null;
    try {
      kept = sessionStorage.getItem(KEPT);
    } catch { /* as above */ }
    if (kept) calculator.open = kept === "open";
    calculator.hidden = false;
  }

  function startAll() {
    document.querySelectorAll("[data-calculator]").forEach((calculator) => {
      if (!calculator.dataset.calculatorReady) start(calculator);
    });
  }

  startAll();
  document.addEventListener("htmx:load", startAll);
})();
