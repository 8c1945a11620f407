// The traces page: sends the queries, repeats them, and shows errors.

import { createHtml, findById } from "./dom.js";
import { resetPages, showTraces } from "./list.js";
import { drawMap } from "./map.js";
import { showWaterfall } from "./waterfall.js";
import { XrayError, callXray, loadSummaries } from "./xray.js";

/** Maximum number of traces on the page. X-Ray can store more. */
const MAX_TRACES = 10_000;

/** Minimum time between the end of a refresh and the start of the next refresh. */
const REFRESH_INTERVAL_MS = 2000;

/** After a slow refresh, the next refresh starts after this multiple of the duration of the slow refresh. */
const REFRESH_DURATION_FACTOR = 5;

let refreshCount = 0;
let refreshTimer;

const isCustomRange = () => findById("range").value === "custom";

function readTimeRange() {
  if (!isCustomRange()) {
    // The range ends one second in the future, so that requests in progress are found.
    const endTime = Math.floor(Date.now() / 1000) + 1;
    return { StartTime: endTime - Number(findById("range").value), EndTime: endTime };
  }
  const readSeconds = (id) => new Date(findById(id).value).getTime() / 1000;
  return { StartTime: readSeconds("from"), EndTime: readSeconds("to") };
}

/** Combines the typed filter with the filter of the selected group. */
function readFilter() {
  const typedFilter = findById("filter").value.trim();
  const group = findById("group").value;
  const conditions = [typedFilter && (group ? `(${typedFilter})` : typedFilter), group && `group.name = "${group}"`];
  return conditions.filter(Boolean).join(" AND ");
}

async function refresh() {
  clearTimeout(refreshTimer);
  const thisRefresh = ++refreshCount;
  const startMs = performance.now();
  const timeRange = readTimeRange();
  if (!(timeRange.StartTime < timeRange.EndTime)) {
    findById("query-status").textContent = "The start of the time range must be before its end.";
    return;
  }
  const filter = readFilter();
  try {
    const { traces, scannedCount, isComplete } = await loadSummaries({ ...timeRange, FilterExpression: filter || undefined }, MAX_TRACES);
    const graph = filter
      ? await callXray("TraceGraph", { TraceIds: traces.map((trace) => trace.Id) })
      : await callXray("ServiceGraph", timeRange);
    // The results of this refresh are outdated if a newer refresh has started.
    if (thisRefresh !== refreshCount) return;
    showTraces(traces);
    clearFilterError();
    await drawMap(graph.Services, timeRange.EndTime - timeRange.StartTime, searchFor);
    const atLeast = isComplete ? "" : "at least ";
    findById("query-status").textContent = `${atLeast}${scannedCount} traces scanned, ${atLeast}${traces.length} ${filter ? "match" : "found"}.`;
  } catch (error) {
    if (thisRefresh !== refreshCount) return;
    if (error instanceof XrayError) showFilterError(error.message);
    else findById("query-status").textContent = `X-Ray does not respond: ${error.message}`;
  }
  scheduleRefresh(performance.now() - startMs);
}

function scheduleRefresh(lastDurationMs) {
  if (!findById("live").checked || isCustomRange()) return;
  const delayMs = Math.max(REFRESH_INTERVAL_MS, lastDurationMs * REFRESH_DURATION_FACTOR);
  refreshTimer = setTimeout(() => (document.hidden ? scheduleRefresh(0) : refresh()), delayMs);
}

function clearFilterError() {
  findById("filter").removeAttribute("aria-invalid");
  findById("filter-error").replaceChildren();
}

/** Shows an error message, and marks the position of the error in the filter. Positions count characters, from 1. */
function showFilterError(message) {
  findById("filter").setAttribute("aria-invalid", "true");
  const [, reason, position] = message.match(/^Invalid filter expression: (.*) at position (\d+)$/s) ?? [];
  if (!position) {
    findById("filter-error").replaceChildren(message);
    return;
  }
  const characters = [...readFilter()];
  const errorIndex = Number(position) - 1;
  const mark = createHtml("mark", {}, characters[errorIndex] ?? "\u00a0");
  findById("filter-error").replaceChildren(
    characters.slice(0, errorIndex).join(""), mark, characters.slice(errorIndex + 1).join(""), `\n${reason}, at position ${position}`);
}

/** Runs the query of the form and stores it in the page's address. */
function search() {
  resetPages();
  const query = new URLSearchParams();
  for (const id of ["filter", "range", "group", "from", "to"]) {
    const value = findById(id).value.trim();
    if (value && !(id === "range" && value === "300")) query.set(id, value);
  }
  const queryText = query.toString();
  history.replaceState(null, "", queryText ? `/traces?${queryText}` : "/traces");
  return refresh();
}

function searchFor(filter) {
  findById("filter").value = filter;
  search();
}

async function loadGroups(selectedGroup = findById("group").value) {
  const { Groups } = await callXray("Groups", {});
  const createOption = (value, text) => createHtml("option", { value }, text);
  findById("group").replaceChildren(createOption("", "none"), ...Groups.map(({ GroupName }) => createOption(GroupName, GroupName)));
  findById("group").value = selectedGroup;
}

function addListeners() {
  findById("query-form").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  findById("clear").addEventListener("click", () => {
    findById("filter").value = "";
    findById("group").value = "";
    clearFilterError();
    search();
    findById("filter").focus();
  });
  findById("range").addEventListener("change", () => {
    findById("custom-range").hidden = !isCustomRange();
    if (isCustomRange() && !findById("from").value) {
      const formatLocalTime = (timeMs) => new Date(timeMs - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
      findById("from").value = formatLocalTime(Date.now() - 300_000);
      findById("to").value = formatLocalTime(Date.now());
    }
    search();
  });
  for (const id of ["group", "from", "to"]) findById(id).addEventListener("change", search);
  findById("live").addEventListener("change", refresh);
  findById("save-group").addEventListener("click", () => {
    if (!findById("filter").value.trim()) {
      showFilterError("Type a filter first. The group contains the traces that match the filter.");
      findById("filter").focus();
      return;
    }
    findById("group-error").textContent = "";
    findById("group-dialog").showModal();
  });
  findById("group-cancel").addEventListener("click", () => findById("group-dialog").close());
  findById("group-dialog").querySelector("form").addEventListener("submit", saveGroup);
}

async function saveGroup(event) {
  event.preventDefault();
  const name = findById("group-name").value.trim();
  try {
    await callXray("CreateGroup", { GroupName: name, FilterExpression: findById("filter").value.trim() });
    findById("group-dialog").close();
    findById("filter").value = "";
    await loadGroups(name);
    await search();
    findById("group").focus();
  } catch (error) {
    findById("group-error").textContent = error.message;
  }
}

/** Shows one trace, and repeats the query until the trace is complete. */
async function showTrace(traceId) {
  findById("overview").hidden = true;
  findById("trace-view").hidden = false;
  let isComplete = false;
  try {
    isComplete = await showWaterfall(traceId);
  } catch (error) {
    findById("trace-status").textContent = `X-Ray does not respond: ${error.message}`;
  }
  if (!isComplete) setTimeout(() => showTrace(traceId), REFRESH_INTERVAL_MS);
}

async function startPage() {
  const traceId = location.pathname.match(/^\/traces\/(.+)$/)?.[1];
  if (traceId) return showTrace(decodeURIComponent(traceId));
  findById("all-traces").hidden = true;
  addListeners();
  const query = new URLSearchParams(location.search);
  for (const id of ["filter", "range", "from", "to"]) if (query.has(id)) findById(id).value = query.get(id);
  findById("custom-range").hidden = !isCustomRange();
  try {
    await loadGroups(query.get("group") ?? "");
  } catch (error) {
    findById("query-status").textContent = `X-Ray does not respond: ${error.message}`;
  }
  return refresh();
}

startPage();
