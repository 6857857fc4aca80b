// What the parts of the exam page share: the page's facts, its words, and a way to tell one another.

const target = new EventTarget();
const words = document.getElementById("words")?.dataset ?? {};

export const page = document.body.dataset;

export function on(name, listen) {
  target.addEventListener(name, (event) => listen(event.detail));
}

export function tell(name, detail) {
  target.dispatchEvent(new CustomEvent(name, { detail }));
}

export function say(name, value) {
  return (words[name] ?? "").replace("%s", value ?? "");
}

export function politely(text) {
  const region = document.getElementById("polite");
  if (!region) return;
  region.textContent = "";
  // A region that changes in the same breath is not read out.
  setTimeout(() => (region.textContent = text), 50);
}

export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A time of day as the server's pages write it, whatever zone this device is in.
function inZone(ms) {
  const zone = page.zone || "+0000";
  const minutes = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3))) * (zone[0] === "-" ? -1 : 1);
  return new Date(ms + minutes * 60000);
}

export function timeOfDay(ms) {
  return inZone(ms).toISOString().slice(11, 16);
}

export function dayAndTime(ms) {
  const language = document.documentElement.lang || "en";
  const part = (asked) => inZone(ms).toLocaleDateString(language, { ...asked, timeZone: "UTC" });
  const day = [part({ weekday: "short" }), part({ day: "numeric" }), part({ month: "short" })];
  return `${day.join(" ")}, ${timeOfDay(ms)}`;
}

export function csrf() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

export function alarm(text, tone) {
  const region = document.getElementById("alerts");
  if (!region) return;
  region.className = `alerts ${tone ?? ""}`;
  region.replaceChildren();
  if (!text) return;
  const line = document.createElement("p");
  line.textContent = text;
  region.append(line);
}
