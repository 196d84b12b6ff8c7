"use strict";
// Filters, order, measure and the opened cell or trial all live in the address, so that a link carries them.
// The page is complete without this script, which only hides, moves and copies what is there.

const cells = JSON.parse(document.getElementById("data").textContent);
const known = new Map(cells.map((cell) => [cell.id, cell]));
const form = document.querySelector("form.filters");
const dialog = document.getElementById("detail");
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
let opened = "";

// ---- what is chosen

function chosen() {
  const data = new FormData(form);
  const one = (name) => data.get(name) ?? "";
  return {
    variant: data.getAll("variant"), model: data.getAll("model"), agent: one("agent"), scene: one("scene"), kind: one("kind"),
    verdict: one("verdict"), measure: one("measure"), by: one("by"), sort: one("sort"),
  };
}

function address() {
  const defaults = { measure: "sabotage", by: "model" };
  const params = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value && value !== defaults[name]) params.append(name, value);
  }
  if (opened) params.append("open", opened);
  return `#${params}`;
}

// What the address names and the page does not have is left out.
function restore() {
  const hash = location.hash.slice(1);
  const params = new URLSearchParams(hash.includes("=") ? hash : "");
  for (const control of form.elements) restoreControl(control, params.getAll(control.name));
  opened = openable(params.get("open") ?? hash) ? params.get("open") ?? hash : "";
  show();
  showOpened();
}

function restoreControl(control, values) {
  if (control.type === "checkbox") control.checked = values.includes(control.value);
  if (control.tagName !== "SELECT") return;
  const found = [...control.options].find((option) => option.value === values[0]);
  control.value = (found ?? control.options[0]).value;
}

function remember(step) {
  const now = address();
  if (now === (location.hash || "#")) return;
  history[step ? "pushState" : "replaceState"](null, "", now);
}

// ---- filter and order

function passes(cell, want) {
  return (!want.variant.length || want.variant.includes(cell.variant))
    && (!want.model.length || want.model.includes(cell.model))
    && (!want.agent || cell.agent === want.agent)
    && (!want.scene || cell.scene === want.scene)
    && (!want.kind || cell.kind === want.kind)
    && (!want.verdict || cell.verdict.includes(want.verdict));
}

function ordered(sort) {
  if (!sort) return cells;
  const down = sort.startsWith("-"), key = down ? sort.slice(1) : sort;
  return [...cells].sort((a, b) => compare(a.sort[key], b.sort[key], down));
}

// What is not known comes last, whichever way.
function compare(a, b, down) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
  return down ? -order : order;
}

function show() {
  const want = chosen();
  const order = ordered(want.sort);
  const shown = order.filter((cell) => passes(cell, want));
  document.body.dataset.measure = want.measure;
  document.body.dataset.by = want.by;
  hideOthers(shown);
  arrange(order);
  regroup(order, want.by);
  markSorted(want.sort);
  form.querySelector("[data-of=model]").textContent = want.model.length ? `(${want.model.length})` : "(all)";
  document.getElementById("count").textContent = `${shown.length} of ${cells.length} cells`;
}

function hideOthers(shown) {
  const ids = new Set(shown.map((cell) => cell.id));
  const subjects = new Set(shown.map((cell) => cell.subject));
  const variants = new Set(shown.map((cell) => cell.variant));
  for (const part of all("[data-cell]")) part.hidden = !ids.has(part.dataset.cell);
  for (const part of all("[data-cells]")) part.hidden = !part.dataset.cells.split(" ").every((id) => ids.has(id));
  for (const part of all("[data-subject]")) part.hidden = !subjects.has(part.dataset.subject);
  for (const part of all("[data-variant]")) part.hidden = !variants.has(part.dataset.variant);
}

function arrange(order) {
  const place = new Map(order.map((cell, index) => [cell.id, index]));
  const subjects = new Map([...order].reverse().map((cell) => [cell.subject, place.get(cell.id)]));
  const rank = ({ dataset }) => place.get(dataset.cell ?? dataset.rank) ?? subjects.get(dataset.subject);
  for (const list of all("[data-arranged]")) {
    const sorted = [...list.children].sort((a, b) => rank(a) - rank(b));
    if (sorted.some((child, index) => child !== list.children[index])) list.append(...sorted);
  }
}

// Panels of models, each in its agents, become panels of variants and back: the same rows under other headings.
function regroup(order, by) {
  for (const panels of all("[data-grouped]")) {
    const rows = Map.groupBy(all("tbody tr", panels), (row) => row.dataset.cell);
    const groups = Map.groupBy(order, (cell) => (by === "variant" ? cell.variant : cell.subject));
    const frame = panels.firstElementChild;
    panels.replaceChildren(...[...groups].map(([name, members]) => {
      const panel = frame.cloneNode(true);
      panel.querySelector("h3").textContent = by === "variant" ? `Variant ${name}` : name;
      if (members.every((cell) => cell.kind === "scripted")) panel.querySelector("h3").append(" ", tag("scripted"));
      panel.querySelector("tbody").replaceChildren(...members.flatMap((cell) => rows.get(cell.id)));
      return panel;
    }));
  }
}

function tag(text) {
  const small = document.createElement("small");
  small.className = "tag";
  small.textContent = text;
  return small;
}

// ---- headings that sort

function addSorters() {
  for (const heading of all("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sortBy(heading.dataset.sort));
    heading.replaceChildren(button);
  }
}

function sortBy(key) {
  form.elements.sort.value = form.elements.sort.value === key ? `-${key}` : key;
  show();
  remember(false);
}

function markSorted(sort) {
  for (const heading of all("th[data-sort]")) {
    const key = heading.dataset.sort;
    if (sort === key) heading.setAttribute("aria-sort", "ascending");
    else if (sort === `-${key}`) heading.setAttribute("aria-sort", "descending");
    else heading.removeAttribute("aria-sort");
  }
}

// ---- one cell, one trial

function openable(id) {
  return /^(cell|trial)-[\w-]+$/.test(id) && document.getElementById(id) !== null;
}

function open(id) {
  opened = id;
  remember(true);
  showOpened();
}

function showOpened() {
  if (!opened) return dialog.close();
  const target = document.getElementById(opened);
  const isTrial = opened.startsWith("trial-");
  const title = dialog.querySelector("h2");
  title.textContent = isTrial ? target.querySelector("h3").textContent : nameOf(known.get(target.dataset.cell));
  dialog.querySelector(".body").replaceChildren(...(isTrial ? trialParts(target) : cellParts(target)));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  title.focus();
}

function nameOf(cell) {
  return `${cell.subject}, variant ${cell.variant}`;
}

function trialParts(article) {
  const cell = known.get(article.dataset.cell);
  const back = link(`cell-${cell.id}`, `All of ${nameOf(cell)}`);
  const copy = article.cloneNode(true);
  copy.removeAttribute("id");
  copy.removeAttribute("data-cell");
  copy.hidden = false;
  copy.querySelector("h3").remove();
  copy.querySelector("details").open = true;
  for (const heading of all("h4", copy)) heading.replaceWith(withText("h3", heading.textContent));
  return [back, copy];
}

// The row of the table, upright, and the trials that were chosen from it.
function cellParts(row) {
  const headings = all(".cells th[data-sort]");
  const facts = document.createElement("dl");
  facts.className = "facts";
  [...row.children].forEach((field, index) => {
    const pair = document.createElement("div");
    pair.append(withText("dt", headings[index].textContent), withText("dd", field.textContent || "\u2013"));
    facts.append(pair);
  });
  const stories = all(`main .story[data-cell="${row.dataset.cell}"]`);
  const bar = document.querySelector(`#composition tr[data-cell="${row.dataset.cell}"] td`).cloneNode(true);
  const picture = document.createElement("div");
  picture.className = "picture";
  picture.append(...bar.children);
  return [picture, withText("h3", stories.length ? "Trials to look into" : "No trial of this cell is shown"),
    ...(stories.length ? [storyList(stories)] : []), withText("h3", "Every number"), facts];
}

function storyList(stories) {
  const list = document.createElement("ul");
  list.className = "found";
  for (const story of stories) {
    const item = document.createElement("li");
    item.append(link(story.id, story.querySelector("h3").textContent), " ", story.querySelector(".gist").cloneNode(true));
    list.append(item);
  }
  return list;
}

function withText(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

function link(id, text) {
  const anchor = withText("a", text);
  anchor.href = `#${id}`;
  return anchor;
}

// ---- what a reader does

function onClick(event) {
  if (!event.target.closest(".menu")) closeMenu();
  const anchor = event.target.closest("a[href^='#']");
  if (!anchor) return;
  const id = anchor.getAttribute("href").slice(1);
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (openable(id)) open(id);
  else jump(id);
}

function reset(event) {
  event.preventDefault();
  form.reset();
  show();
  remember(false);
}

function closeMenu() {
  form.querySelector(".menu").open = false;
}

// A jump within the page leaves the address, and with it the filters, alone.
function jump(id) {
  const section = document.getElementById(id);
  section.scrollIntoView();
  const heading = section.querySelector("h2");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function onClose() {
  if (!opened) return;
  opened = "";
  remember(true);
}

// Should anything fail, the page stays the plain one.
function start() {
  addSorters();
  document.addEventListener("click", onClick);
  form.addEventListener("change", () => { show(); remember(false); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("[type=reset]").addEventListener("click", reset);
  dialog.addEventListener("close", onClose);
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenu(); });
  window.addEventListener("popstate", restore);
  document.documentElement.classList.remove("plain");
  restore();
}

start();
