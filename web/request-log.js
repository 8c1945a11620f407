// The request log: the last requests of this page, in the drawer "What happened" and on the browser's console.

import { createTraceElement } from "./dom.js";
import * as text from "./text.js";

/** Maximum number of requests in the drawer. Older requests remain on the browser's console. */
const MAX_ROWS = 50;

const tableBody = document.querySelector("#happened tbody");
const totals = { all: 0, slow: 0, failed: 0 };

/** Adds the result of a request to the drawer and to the console. */
export function recordRequest(result) {
  const { method, path, status, ok, slow, ms, trace } = result;
  const writeToConsole = ok && !slow ? console.info : console.warn;
  writeToConsole(`${method} ${path} ${status || text.noReadableResponse} ${text.formatDuration(ms)} ${trace}`);

  totals.all += 1;
  totals.slow += slow;
  totals.failed += !ok;
  document.querySelector("#happened .sum").textContent = text.requestTotals(totals);
  tableBody.prepend(createRow(result));
  while (tableBody.rows.length > MAX_ROWS) tableBody.rows[MAX_ROWS].remove();
}

function createRow(result) {
  const { method, path, status, ok, slow, ms } = result;
  const row = document.querySelector("#request").content.firstElementChild.cloneNode(true);
  row.dataset.outcome = !ok ? "failed" : slow ? "slow" : "ok";
  const [timeCell, requestCell, statusCell, durationCell, traceCell] = row.cells;
  timeCell.textContent = new Date().toLocaleTimeString("en-GB");
  requestCell.textContent = `${method} ${path}`;
  statusCell.textContent = status || text.noReadableResponse;
  durationCell.textContent = text.formatDuration(ms);
  traceCell.append(createTraceElement(result));
  return row;
}
