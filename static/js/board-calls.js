// A call for help on the board: said, and heard where that is switched on.

import { write } from "./board-time.js";

const board = document.getElementById("board");
const sound = document.getElementById("sound");
let audio = null;

sound.addEventListener("click", () => {
  const on = sound.getAttribute("aria-pressed") !== "true";
  sound.setAttribute("aria-pressed", String(on));
  if (on) beep();
});

function beep() {
  audio ||= new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.setValueAtTime(0.12, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  tone.frequency.value = 660;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
}

export function call(name) {
  write(document.getElementById("told"), board.dataset.help.replace("%s", name));
  if (sound.getAttribute("aria-pressed") === "true") beep();
}
