// The request log: the last requests of this page, in the drawer "What happened" and on the browser's console.

import { createTraceElement } from "./dom.js";
import { namePath } from "./names.js";
import * as text from "./text.js";
import { watchTiming } from "./timing.js";

/** Maximum number of requests in the drawer. Older requests remain on the browser's console. */
const MAX_ROWS = 50;

/** How often the drawer shows the elapsed time of requests in progress. */
const PROGRESS_INTERVAL_MS = 100;

const tableBody = document.querySelector("#happened tbody");
const totals = { all: 0, waiting: 0, slow: 0, failed: 0 };

/** The cells with the elapsed time of the requests in progress, and when these started. */
const inProgress = new Map();
let progressTimer;

/** Adds a request that starts now to the drawer. Returns a function that adds its result to the drawer and to the console. */
export function startRequest({ method, path, url }) {
  const row = document.querySelector("#request").content.firstElementChild.cloneNode(true);
  const [timeCell, requestCell, statusCell, durationCell, browserCell, serverCell, traceCell] = row.cells;
  row.dataset.outcome = "waiting";
  timeCell.textContent = new Date().toLocaleTimeString("en-GB");
  requestCell.textContent = `${method} ${namePath(path)}`;
  requestCell.title = path;
  statusCell.textContent = text.requestInProgress;
  tableBody.prepend(row);
  while (tableBody.rows.length > MAX_ROWS) tableBody.rows[MAX_ROWS].remove();
  inProgress.set(durationCell, performance.now());
  progressTimer ??= setInterval(showProgress, PROGRESS_INTERVAL_MS);
  showTotals({ all: 1, waiting: 1 });
  watchTiming(url, (browserMs, serverMs) => {
    browserCell.textContent = text.formatDuration(browserMs);
    serverCell.textContent = text.formatDuration(serverMs);
  });

  return (result) => {
    const { status, ok, slow, ms, trace } = result;
    const writeToConsole = ok && !slow ? console.info : console.warn;
    writeToConsole(`${method} ${path} ${status || text.noReadableResponse} ${text.formatDuration(ms)} ${trace}`);
    inProgress.delete(durationCell);
    row.dataset.outcome = !ok ? "failed" : slow ? "slow" : "ok";
    statusCell.textContent = status || text.noReadableResponse;
    durationCell.textContent = text.formatDuration(ms);
    traceCell.append(createTraceElement(result, text.traceLink));
    showTotals({ waiting: -1, slow: Number(slow), failed: Number(!ok) });
  };
}

function showProgress() {
  for (const [cell, startMs] of inProgress) cell.textContent = text.elapsedTime((performance.now() - startMs) / 1000);
  if (inProgress.size) return;
  clearInterval(progressTimer);
  progressTimer = undefined;
}

function showTotals(changes) {
  for (const [name, change] of Object.entries(changes)) totals[name] += change;
  document.querySelector("#happened .sum").textContent = text.requestTotals(totals);
}
