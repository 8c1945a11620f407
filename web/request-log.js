// The request log: lists the last requests of this page in the drawer "What happened" and on the browser's console.

import { createTraceElement } from "./dom.js";
import * as text from "./text.js";

/** Maximum number of requests in the drawer. The console keeps older ones. */
const MAX_ROWS = 50;

const rows = document.querySelector("#happened tbody");
const totals = { all: 0, slow: 0, failed: 0 };

export function record(result) {
  const { method, path, status, ok, slow, ms, trace } = result;
  const log = ok && !slow ? console.info : console.warn;
  log(`${method} ${path} ${status || text.noStatus} ${text.duration(ms)} ${trace}`);

  totals.all += 1;
  totals.slow += slow;
  totals.failed += !ok;
  document.querySelector("#happened .sum").textContent = text.totals(totals);
  rows.prepend(createRow(result));
  while (rows.rows.length > MAX_ROWS) rows.rows[MAX_ROWS].remove();
}

function createRow(result) {
  const { method, path, status, ok, slow, ms } = result;
  const row = document.querySelector("#request").content.firstElementChild.cloneNode(true);
  row.dataset.outcome = !ok ? "failed" : slow ? "slow" : "ok";
  const [time, request, state, took, trace] = row.cells;
  time.textContent = new Date().toLocaleTimeString("en-GB");
  request.textContent = `${method} ${path}`;
  state.textContent = status || text.noStatus;
  took.textContent = text.duration(ms);
  trace.append(createTraceElement(result));
  return row;
}
