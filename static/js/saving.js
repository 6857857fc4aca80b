// Keeps every answer: captured on change, on leaving and on going; dropped only when the server has it.

import * as captured from "./captured.js";
import * as pressed from "./pressed.js";
import * as remarks from "./remarks.js";
import * as sent from "./sent.js";
import * as shown from "./shown.js";

export { goOn, isDurable, known, memory, revision, savedAt, waiting } from "./answers.js";
export { freeze } from "./captured.js";
export {
  isDurable as areRemarksDurable,
  memory as remarks,
  waiting as waitingRemarks,
} from "./remarks.js";
export { flush, isTurnedAway, setEpoch } from "./sent.js";

let isStopped = false;

// Takes what stands on the page into the queues.
export function keep() {
  captured.keep();
  remarks.keep();
}

// The right to write is gone: what is still here is sent once more, to be kept aside as drafts.
export function stopWriting() {
  if (isStopped) return;
  isStopped = true;
  remarks.keep();
  captured.stopWriting();
  sent.pump();
}

export function begin() {
  shown.begin();
  pressed.begin();
  sent.begin();
  captured.begin();
  remarks.begin();
}
