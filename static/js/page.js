// What every page shares: the CSRF header of htmx, printing, menus that close, controls that need JavaScript.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
  // This page asks for the access code itself where the sign-in has ended.
  if (document.body.dataset.again) event.detail.headers["X-Sign-In"] = "here";
});

document.addEventListener("htmx:load", (event) => {
  event.detail.elt.querySelectorAll?.("[data-needs-js]").forEach((element) => (element.hidden = false));
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target) || event.target.closest(".panel .button")) menu.open = false;
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// A page that the browser kept aside would show an old state as if it were the present one.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && document.body.dataset.session) location.reload();
});
