// A pressed button and the answer that goes with its form; where the form cannot arrive, the answer waits as before.

import { page, randomId, say, tell } from "./bus.js";
import * as answers from "./answers.js";
import * as captured from "./captured.js";
import * as connection from "./connection.js";
import * as line from "./line.js";
import * as shown from "./shown.js";

// The press that is under way: its item, button, the number of its answer.
let press = null;

// The pressed button carries the answer itself, under the key of the entry that waits in the
// queue: whichever way arrives first is the save, and the other one finds it.
function prepare(event) {
  if (event.target.id !== "item-form") return;
  const here = captured.here();
  if (!here) return;
  captured.capture();
  const text = JSON.stringify(captured.pairs());
  const waits = answers.of(here.key);
  // Only the newest: an older one with the same text is overtaken by what was chosen in between.
  const last = waits.at(-1);
  const twin = last?.text === text && last.writer === connection.writer ? last : undefined;
  const number = twin?.client_seq ?? answers.next();
  const wanted = event.submitter?.name === "go" ? event.submitter.value : "save";
  const isAgain = press?.isRenewed && press.desk === here.desk;
  const unchanged = captured.isStill() || (text === here.captured && !twin);
  press = { desk: here.desk, key: here.key, submitter: event.submitter, wanted, isRenewed: isAgain, isSent: true };
  // A form that brings no answer takes none out of the queue.
  press.number = unchanged ? 0 : number;
  answers.number(here.key, number);
  const fields = {
    unchanged: unchanged ? "1" : "",
    base_revision: answers.revision(here.key),
    client_seq: number,
    key: twin?.key ?? randomId(),
    epoch: twin?.epoch || answers.present(),
    writer: connection.writer,
    elapsed_ms: captured.elapsed(),
  };
  for (const [name, value] of Object.entries(fields)) captured.setField(name, value);
  // On its way with the form; older ones of the same item are overtaken by it.
  for (const entry of waits) if (isCarried(entry)) entry.sentAt = performance.now();
}

// The form's own answer, and those of this page and earlier ones that came before it.
function isCarried(entry) {
  if (!press.number || entry.item !== press.key) return false;
  return line.isOvertaken(entry, { writer: connection.writer, client_seq: press.number });
}

// A form that was answered is no longer on the page: its request still names it.
function isOurs(event) {
  return (event.detail.requestConfig?.elt ?? event.detail.elt)?.id === "item-form";
}

function answered(event) {
  if (!isOurs(event) || !press?.isSent) return;
  const { status } = event.detail.xhr;
  const stranger = status === 401 || status === 404 || event.detail.xhr.getResponseHeader("X-Sign-In");
  if (status >= 200 && status < 500 && !stranger) {
    // The server kept aside what another page's right to write kept from being saved.
    const isDraft = press.number && event.detail.xhr.getResponseHeader("HX-Redirect") === page.elsewhere;
    if (isDraft) tell("draft", { item: press.key });
    answers.remove((entry) => !isCarried(entry));
    press = null;
    shown.settle();
    return;
  }
  failed();
  if (stranger) return void (status === 403 ? renew() : connection.stranger());
  if (!status) connection.noteSilence();
  goWithout(status);
}

// The page's token is older than the sign-in: with the new one, the form goes once more.
async function renew() {
  const { submitter, isRenewed } = press;
  press.isRenewed = true;
  try {
    if (isRenewed || !(await connection.renewToken())) return connection.stranger();
    // htmx goes by the button that was clicked last.
    submitter?.click();
  } catch {
    goWithout(0);
  }
}

// The form did not arrive: what it carried waits in the queue as before.
function failed() {
  press.isSent = false;
  for (const entry of answers.of(press.key)) entry.sentAt = 0;
  captured.keep();
}

// The page says that it stays, unless somebody else takes the move.
function goWithout(status) {
  const move = { wanted: press.wanted, key: press.key, taken: false, said: "" };
  tell("go-without", move);
  if (!move.taken) shown.stay(status ? say("serverGo") : move.said || say("offlineGo"));
}

// A form that cannot arrive is not sent: the move is taken from what is on this device.
function before(event) {
  if (!isOurs(event) || !press?.isSent) return;
  if (connection.isReachable() || captured.isReadOnly()) return;
  event.preventDefault();
  failed();
  goWithout(0);
}

export function begin() {
  document.addEventListener("submit", prepare, true);
  document.addEventListener("htmx:beforeRequest", before);
  document.addEventListener("htmx:afterRequest", answered);
}
