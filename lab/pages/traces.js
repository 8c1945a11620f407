// The traces page: sends the queries, repeats them, and shows errors.

import { by, html } from "./dom.js";
import * as list from "./list.js";
import { draw } from "./map.js";
import * as waterfall from "./waterfall.js";
import { Refused, ask, summaries } from "./xray.js";

/** Maximum number of traces on the page. X-Ray can hold more. */
const MOST = 10_000;

/** Refresh interval in milliseconds, and the minimum interval as a multiple of the duration of a refresh. */
const PAUSE = 2000;
const IDLE_SHARE = 5;

let looks = 0;
let timer;

function range() {
  if (by("range").value !== "own") {
    // The range ends one second in the future, so that requests in progress are found.
    const end = Math.floor(Date.now() / 1000) + 1;
    return { StartTime: end - Number(by("range").value), EndTime: end };
  }
  const time = (id) => new Date(by(id).value).getTime() / 1000;
  return { StartTime: time("from"), EndTime: time("to") };
}

/** Combines the typed filter with the filter of the selected group. */
function filter() {
  const typed = by("filter").value.trim();
  const group = by("group").value;
  const parts = [typed && (group ? `(${typed})` : typed), group && `group.name = "${group}"`];
  return parts.filter(Boolean).join(" AND ");
}

async function look() {
  clearTimeout(timer);
  const mine = ++looks;
  const began = performance.now();
  const asked = range();
  if (!(asked.StartTime < asked.EndTime)) {
    by("said").textContent = "The start of the time range must be before its end.";
    return;
  }
  const expression = filter();
  try {
    const request = { ...asked, FilterExpression: expression || undefined };
    const { found, scanned, isAll } = await summaries(request, MOST);
    const graph = expression
      ? await ask("TraceGraph", { TraceIds: found.map((it) => it.Id) })
      : await ask("ServiceGraph", asked);
    // A newer query has started.
    if (mine !== looks) return;
    list.show(found);
    right();
    await draw(graph.Services, asked.EndTime - asked.StartTime, choose);
    const some = isAll ? "" : "at least ";
    by("said").textContent = `${some}${scanned} traces scanned, ${some}${found.length} ${expression ? "match" : "found"}.`;
  } catch (error) {
    if (mine !== looks) return;
    if (error instanceof Refused) wrong(error.message);
    else by("said").textContent = `X-Ray does not answer: ${error.message}`;
  }
  again(performance.now() - began);
}

function again(took) {
  if (by("live").checked && by("range").value !== "own") {
    timer = setTimeout(() => (document.hidden ? again(0) : look()), Math.max(PAUSE, took * IDLE_SHARE));
  }
}

function right() {
  by("filter").removeAttribute("aria-invalid");
  by("wrong").replaceChildren();
}

/** Marks the position of an error in the expression. Positions count characters, from 1. */
function wrong(message) {
  by("filter").setAttribute("aria-invalid", "true");
  const [, reason, position] = message.match(/^Invalid filter expression: (.*) at position (\d+)$/s) ?? [];
  if (!position) {
    by("wrong").replaceChildren(message);
    return;
  }
  const typed = [...filter()];
  const at = Number(position) - 1;
  const mark = html("mark", {}, typed[at] ?? "\u00a0");
  by("wrong").replaceChildren(typed.slice(0, at).join(""), mark, typed.slice(at + 1).join(""), `\n${reason}, at position ${position}`);
}

/** Runs the query of the form and stores it in the page's address. */
function search() {
  list.reset();
  const query = new URLSearchParams();
  for (const id of ["filter", "range", "group", "from", "to"]) {
    const value = by(id).value.trim();
    if (value && !(id === "range" && value === "300")) query.set(id, value);
  }
  const text = query.toString();
  history.replaceState(null, "", text ? `/traces?${text}` : "/traces");
  return look();
}

function choose(expression) {
  by("filter").value = expression;
  search();
}

async function groups(chosen = by("group").value) {
  const { Groups } = await ask("Groups", {});
  const option = (value, text) => html("option", { value }, text);
  by("group").replaceChildren(option("", "none"), ...Groups.map((it) => option(it.GroupName, it.GroupName)));
  by("group").value = chosen;
}

function listen() {
  by("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  by("clear").addEventListener("click", () => {
    by("filter").value = "";
    by("group").value = "";
    right();
    search();
    by("filter").focus();
  });
  by("range").addEventListener("change", () => {
    const isOwn = by("range").value === "own";
    by("own").hidden = !isOwn;
    if (isOwn && !by("from").value) {
      const local = (time) => new Date(time - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
      by("from").value = local(Date.now() - 300_000);
      by("to").value = local(Date.now());
    }
    search();
  });
  for (const id of ["group", "from", "to"]) by(id).addEventListener("change", search);
  by("live").addEventListener("change", look);
  by("save").addEventListener("click", () => {
    if (!by("filter").value.trim()) {
      wrong("Type a filter first. The group contains the traces that match the filter.");
      by("filter").focus();
      return;
    }
    by("name-wrong").textContent = "";
    by("name").showModal();
  });
  by("name-cancel").addEventListener("click", () => by("name").close());
  by("name").querySelector("form").addEventListener("submit", save);
}

async function save(event) {
  event.preventDefault();
  const name = by("group-name").value.trim();
  try {
    await ask("CreateGroup", { GroupName: name, FilterExpression: by("filter").value.trim() });
    by("name").close();
    by("filter").value = "";
    await groups(name);
    await search();
    by("group").focus();
  } catch (error) {
    by("name-wrong").textContent = error.message;
  }
}

async function one(id) {
  by("overview").hidden = true;
  by("one").hidden = false;
  let isWhole = false;
  try {
    isWhole = await waterfall.show(id);
  } catch (error) {
    by("one-said").textContent = `X-Ray does not answer: ${error.message}`;
  }
  if (!isWhole) setTimeout(() => one(id), PAUSE);
}

async function start() {
  const id = location.pathname.match(/^\/traces\/(.+)$/)?.[1];
  if (id) return one(decodeURIComponent(id));
  by("all").hidden = true;
  listen();
  const query = new URLSearchParams(location.search);
  for (const id of ["filter", "range", "from", "to"]) if (query.has(id)) by(id).value = query.get(id);
  by("own").hidden = by("range").value !== "own";
  try {
    await groups(query.get("group") ?? "");
  } catch (error) {
    by("said").textContent = `X-Ray does not answer: ${error.message}`;
  }
  return look();
}

start();
