// One trace: a conclusion in words, the waterfall, the details of a segment, and the log lines.

import { describeError, xray } from "../aws.js";
import { commandBox, copyBox } from "../command.js";
import { formatDuration, formatMoment } from "../format.js";
import { loadStyle, setPageTitle, setStatus } from "../frame.js";
import { html, nothing, render } from "../lit.js";
import { splitAtIds } from "./columns.js";
import { detailsTemplate } from "./details.js";
import { loadNames } from "./names.js";
import { SLOW_SECONDS } from "./query.js";
import { loadLogLines, logsTemplate } from "./trace-logs.js";
import { conclude, findLongest, getOutcome, listLines } from "./tree.js";
import { waterfallTemplate } from "./waterfall.js";

const POLL_INTERVAL_MS = 2000;

/** After a slow answer, the page waits for this multiple of its duration. */
const DURATION_FACTOR = 4;

/** A complete trace is asked for until this long after its end: log lines arrive later. */
const SETTLE_MS = 15_000;

const UNKNOWN = "X-Ray does not know this trace. It may not have arrived yet, it may not have been sampled, or it may have been removed to make room for newer traces.";

export function startTrace(main, traceId) {
  loadStyle("traces/traces.css");
  setPageTitle(`Trace ${traceId}`);
  const state = { status: "Searching…", names: new Map() };
  const show = () => {
    if (state.trace) setPageTitle(describeRequest(state));
    render(template(), main);
  };
  const select = (id) => {
    state.selectedId = id === state.selectedId ? undefined : id;
    show();
  };

  /** Asks until the trace is complete and its log lines had time to arrive. */
  async function refresh() {
    const startMs = performance.now();
    let isSettled = false;
    try {
      isSettled = await load();
      setStatus("");
    } catch (error) {
      setStatus(`${describeError(error) ?? error} ${state.trace ? "The page shows the state before." : ""}`, true);
      if (!describeError(error)) console.error(error);
    }
    show();
    if (!isSettled) setTimeout(refreshWhenVisible, Math.max(POLL_INTERVAL_MS, DURATION_FACTOR * (performance.now() - startMs)));
  }

  const refreshWhenVisible = () => document.hidden ? document.addEventListener("visibilitychange", refresh, { once: true }) : refresh();

  async function load() {
    const { Traces: [trace] } = await xray("Traces", { TraceIds: [traceId] });
    if (!trace) {
      state.status = UNKNOWN;
      return false;
    }
    Object.assign(state, readTrace(trace));
    show();
    state.tasks = await loadLogLines(traceId, state.startTime * 1000, state.endTime * 1000);
    return state.inProgressCount === 0 && Date.now() > state.endTime * 1000 + SETTLE_MS;
  }

  function template() {
    const { trace, lines, tasks, status, selectedId } = state;
    const selected = lines?.find(({ segment }) => segment.id === selectedId);
    return html`
      <div class="trace ${selected ? "with-details" : ""}">
        <section class="panel" aria-labelledby="trace-title">
          <div class="row spread middle">
            <a id="all-traces" href="/traces${location.search}">← Traces</a>
            <div class="row middle soft trace-id"><h2 id="trace-title">Trace</h2>${copyBox(traceId)}</div>
          </div>
          ${trace ? headTemplate(state) : nothing}
          <p id="trace-status" class="soft" role="status">${status}</p>
          ${trace ? waterfallTemplate(state, select) : nothing}
        </section>
        <section class="panel" id="details" aria-label="Details" aria-live="polite" ?hidden=${!selected}>${selected ? detailsTemplate(selected) : nothing}</section>
        <section class="panel" id="trace-logs" aria-labelledby="logs-title" ?hidden=${!trace}>
          <h2 id="logs-title">Log lines</h2>
          ${trace ? logsTemplate(traceId, tasks, state.startTime * 1000, state.endTime * 1000) : nothing}
        </section>
        <details class="panel"><summary>The same with the AWS CLI</summary>${commandBox(["aws", "xray", "batch-get-traces", "--trace-ids", traceId])}</details>
      </div>`;
  }

  loadNames().then((names) => {
    state.names = names;
    show();
  }, () => {});
  show();
  refresh();
}

/** What the page shows of an answer. */
function readTrace(trace) {
  const documents = trace.Segments.map(({ Document }) => JSON.parse(Document));
  const lines = listLines(documents);
  const startTime = Math.min(...documents.map(({ start_time }) => start_time));
  const duration = Math.max(trace.Duration, 0.000001);
  const inProgressCount = lines.filter(({ segment }) => segment.in_progress).length;
  return {
    trace, lines, startTime, duration, inProgressCount,
    endTime: startTime + duration,
    conclusions: conclude(lines, trace.Duration),
    longestId: trace.Duration > SLOW_SECONDS ? findLongest(lines)?.segment.id : undefined,
    status: `${documents.length} ${documents.length === 1 ? "segment" : "segments"}${inProgressCount ? `, ${inProgressCount} still in progress` : ""}. Select a line to see its details.`,
  };
}

/** The request, its status and its duration, for the heading: `POST /mysfits/Evangeline/like · 404 · 12 ms`. */
function describeRequest({ trace, lines: [{ segment }], names }) {
  const { request, response } = segment.http ?? {};
  const path = URL.canParse(request?.url) ? new URL(request.url).pathname : request?.url;
  const named = path && splitAtIds(path, names).map((part) => part.name ?? part).join("");
  return [named ? `${request.method} ${named}` : segment.name, response?.status ?? getOutcome(segment), formatDuration(trace.Duration)].join(" · ");
}

function headTemplate({ trace, lines, startTime, conclusions }) {
  const { segment } = lines[0];
  const outcome = getOutcome(segment);
  const status = segment.http?.response?.status ?? outcome;
  return html`
    <dl class="figures">
      <div><dt>Status</dt><dd class=${outcome}>${status}</dd></div>
      <div><dt>Duration</dt><dd>${formatDuration(trace.Duration)} ${trace.Duration > SLOW_SECONDS ? html`<span class="badge error">◷ slow</span>` : nothing}</dd></div>
      <div><dt>Started</dt><dd>${formatMoment(startTime * 1000)}</dd></div>
    </dl>
    ${conclusions.length ? html`<p id="conclusion">${conclusions.join(" ")}</p>` : nothing}`;
}
