// Drag rows of a test's outline among their siblings; the numbers follow, and the numbers are what is saved.
"use strict";

(() => {
  let dragged = null;

  const renumber = (list) => {
    [...list.children].forEach((row, index) => {
      const place = row.querySelector(":scope > .author-line .author-place");
      if (place) place.value = index + 1;
    });
  };

  document.querySelectorAll(".author-branch[draggable]").forEach((row) => {
    row.addEventListener("dragstart", (event) => {
      event.stopPropagation();
      dragged = row;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", row.dataset.key);
      row.classList.add("dragging");
    });
    row.addEventListener("dragover", (event) => {
      if (!dragged || dragged === row || dragged.parentElement !== row.parentElement) return;
      event.preventDefault();
      event.stopPropagation();
      row.classList.add("over");
    });
    row.addEventListener("dragleave", () => row.classList.remove("over"));
    row.addEventListener("drop", (event) => {
      if (!dragged || dragged.parentElement !== row.parentElement) return;
      event.preventDefault();
      event.stopPropagation();
      row.classList.remove("over");
      const list = row.parentElement;
      const rows = [...list.children];
      const after = rows.indexOf(dragged) < rows.indexOf(row);
      list.insertBefore(dragged, after ? row.nextElementSibling : row);
      renumber(list);
    });
    row.addEventListener("dragend", () => {
      row.classList.remove("dragging");
      dragged = null;
    });
  });
})();
