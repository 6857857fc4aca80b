// What every page with htmx shares: the CSRF header, and controls that only exist with JavaScript.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
});

document.addEventListener("htmx:afterSwap", (event) => {
  event.detail.target.querySelectorAll("[data-needs-js]").forEach((element) => (element.hidden = false));
});
