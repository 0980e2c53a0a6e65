// The report of hall2net: tables that sort and filter, figures that open in full size.
"use strict";

// ---- figures ----

const figures = [...document.querySelectorAll("figure.figure")];
const pictureOf = id => document.getElementById(id).querySelector("img");
// A claim shows a figure whose picture is on the page once already.
for (const image of document.querySelectorAll("img[data-of]")) image.src = pictureOf(image.dataset.of).src;

const dialog = document.getElementById("zoom"), sheet = dialog.querySelector("img");
let place = 0;
function size(full) {
  sheet.className = full ? "full" : "fitted";
  dialog.querySelector("[data-do=size]").textContent = full ? "Fit to window" : "Full size";
}
function show(number) {
  place = (number + figures.length) % figures.length;
  const image = pictureOf(figures[place].id);
  sheet.src = image.src;
  sheet.alt = image.alt;
  dialog.querySelector("[data-words]").textContent = image.alt;
  size(false);
  if (!dialog.open) dialog.showModal();
}
for (const button of document.querySelectorAll("button.picture")) {
  const id = button.dataset.figure;
  button.addEventListener("click", () => show(figures.findIndex(figure => figure.id === id)));
}
const actions = {
  before: () => show(place - 1),
  next: () => show(place + 1),
  size: () => size(sheet.className === "fitted"),
  close: () => dialog.close(),
};
for (const button of dialog.querySelectorAll("[data-do]")) button.addEventListener("click", actions[button.dataset.do]);
sheet.addEventListener("click", actions.size);
dialog.addEventListener("keydown", event => {
  if (event.key === "ArrowLeft") actions.before();
  if (event.key === "ArrowRight") actions.next();
});

// What is folded on the screen is printed too.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(each => { each.open = true; }));

// ---- tables ----

const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
// 2.41 × 10¹¹(…) sorts as 2.41e11; of a value with its uncertainty the value.
const number = text => parseFloat(text.replaceAll("\u2212", "-").replaceAll(",", "")
  .replace(/ × 10(⁻?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, (_, sign, power) => `e${sign && "-"}${[...power].map(each => DIGITS.indexOf(each)).join("")}`));
function sort(head) {
  const body = head.closest("table").tBodies[0], column = head.cellIndex;
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const value = row => row.cells[column].textContent.trim();
  const numeric = [...body.rows].filter(row => !isNaN(number(value(row)))).length > body.rows.length / 2;
  const compare = (a, b) => {
    if (!numeric) return value(a).localeCompare(value(b));
    const x = number(value(a)), y = number(value(b));
    return isNaN(x) || isNaN(y) ? isNaN(x) - isNaN(y) : x - y;
  };
  [...body.rows].sort((a, b) => up ? compare(a, b) : compare(b, a)).forEach(row => body.append(row));
}
for (const head of document.querySelectorAll("table.sorted thead th")) {
  head.tabIndex = 0;
  head.addEventListener("click", () => sort(head));
  head.addEventListener("keydown", event => { if (event.key === "Enter") sort(head); });
}
for (const input of document.querySelectorAll(".filter input")) {
  const rows = [...document.getElementById(input.dataset.table).tBodies[0].rows];
  const shown = input.closest(".filter").querySelector("[role=status]");
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      count += !row.hidden;
    }
    shown.textContent = words.length ? `${count} of ${rows.length}` : "";
  });
}
