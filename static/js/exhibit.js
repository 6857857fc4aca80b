// In an evidence bundle: tells the sealed frame, from its own address and page, what it shows.
(() => {
  "use strict";

  const files = JSON.parse(document.getElementById("files").textContent);
  const coded = location.hash.slice(1).replace(/-/g, "+").replace(/_/g, "/");
  if (!coded) return;
  const bytes = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
  const setup = { ...JSON.parse(new TextDecoder().decode(bytes)), files };

  // Pictures and sounds that the module places lie inside this page.
  const KINDS = { IMG: "src", AUDIO: "src", VIDEO: "src", SOURCE: "src", TRACK: "src", image: "href" };
  const relink = (element) => {
    const name = KINDS[element.tagName];
    const given = name && element.getAttribute(name);
    const held = given && files[new URL(given, setup.base).href];
    if (held) element.setAttribute(name, held);
  };
  const look = (node) => {
    if (!(node instanceof Element)) return;
    relink(node);
    node.querySelectorAll("img, audio, video, source, track, image").forEach(relink);
  };
  new MutationObserver((changes) => changes.forEach((change) => {
    if (change.type === "attributes") relink(change.target);
    change.addedNodes.forEach(look);
  })).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["src", "href"] });

  const fetched = window.fetch;
  window.fetch = (address, options) => fetched(files[new URL(address, setup.base).href] || address, options);

  window.dispatchEvent(new MessageEvent("message", { data: { kind: "setup", setup }, source: parent }));
})();
