// "What happened": the last requests of this page, in a drawer and on the browser's console.

import { traceLink } from "./dom.js";
import * as text from "./text.js";

/** Requests that are listed; older ones are left to the console. */
const KEPT = 50;

const rows = document.querySelector("#happened tbody");
const totals = { all: 0, slow: 0, failed: 0 };

export function record(result) {
  const { method, path, status, ok, slow, ms, trace } = result;
  const say = ok && !slow ? console.info : console.warn;
  say(`${method} ${path} ${status || text.noStatus} ${text.duration(ms)} ${trace}`);

  totals.all += 1;
  totals.slow += slow;
  totals.failed += !ok;
  document.querySelector("#happened .sum").textContent = text.sum(totals);
  rows.prepend(row(result));
  while (rows.rows.length > KEPT) rows.rows[KEPT].remove();
}

function row(result) {
  const { method, path, status, ok, slow, ms } = result;
  const line = document.querySelector("#request").content.firstElementChild.cloneNode(true);
  line.dataset.outcome = !ok ? "failed" : slow ? "slow" : "ok";
  const [time, request, state, took, trace] = line.cells;
  time.textContent = new Date().toLocaleTimeString("en-GB");
  request.textContent = `${method} ${path}`;
  state.textContent = status || text.noStatus;
  took.textContent = text.duration(ms);
  trace.append(traceLink(result));
  return line;
}
