// One line with all its fields, and its neighbours.

import { describeError } from "../aws.js";
import { copyBox } from "../command.js";
import { formatDay, formatPreciseTime } from "../format.js";
import { html, nothing, render } from "../lit.js";
import { link } from "../range.js";
import { condition } from "./pattern.js";
import { isMetric, listFields, readJson, shortStream, taskId, traceId } from "./lines.js";
import { messageView } from "./list.js";
import { readContext } from "./query.js";

/** How many neighbours are shown on each side at first, and how many more on demand. */
const CONTEXT_LINES = 10;

/**
 * The details of a line. `service` is the name of the service of its task: undefined while it is unknown, null if ECS does not know the task.
 * `onFilter(path, value, isExcluded)` is called for a field, `onContext()` and `onClose()` for the buttons.
 */
export function detailsView({ line, service, onFilter, onContext, onClose }) {
  const json = readJson(line.message);
  const trace = traceId(line);
  const task = taskId(line.stream);
  return html`
    <div class="row spread middle"><h2>${formatDay(line.time)} ${formatPreciseTime(line.time)}</h2>
      <button type="button" class="small" @click=${onClose}>Close</button></div>
    <dl class="pairs">
      <dt>Stream</dt><dd class="mono">${line.stream}</dd>
      ${task ? html`<dt>Task</dt><dd>${service ? html`<a href=${link(`/console/services/${encodeURIComponent(service)}`, { task })}>${task.slice(0, 8)} of ${service}</a>`
        : service === null ? html`${task.slice(0, 8)} <span class="soft">(ended; ECS does not list it any more)</span>` : task.slice(0, 8)}</dd>` : nothing}
      ${trace ? html`<dt>Trace</dt><dd><a class="mono" href=${link(`/traces/${trace}`)}>${trace}</a></dd>` : nothing}
    </dl>
    <div class="row"><button type="button" class="small" @click=${onContext}>Neighbours in the stream</button></div>
    ${json ? html`<table class="log-fields"><caption>Fields. + finds lines with the same value, − finds lines without it.</caption>
      <tbody>${listFields(json).map((field) => fieldRow(field, onFilter))}</tbody></table>` : nothing}
    <details><summary>As text</summary>${copyBox(line.message)}</details>`;
}

function fieldRow({ path, name, value }, onFilter) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return html`<tr><th scope="row">${name}</th><td class="mono">${text}</td><td class="log-buttons">
    <button type="button" class="small" aria-label="Only lines with ${name} = ${short}" @click=${() => onFilter(path, value, false)}>+</button>
    ${condition(path, value, true) === undefined ? nothing : html`
      <button type="button" class="small" aria-label="Only lines without ${name} = ${short}" @click=${() => onFilter(path, value, true)}>−</button>`}</td></tr>`;
}

/** Opens a dialog with the neighbours of a line in its stream. */
export function openContext(group, line, showMetrics) {
  const dialog = document.createElement("dialog");
  dialog.className = "log-context";
  dialog.setAttribute("aria-labelledby", "log-context-title");
  let count = CONTEXT_LINES;
  let context;
  let error;
  const isShown = ({ message }) => showMetrics || !isMetric(message);
  const row = ({ timestamp, message }, isLine = false) =>
    html`<li aria-current=${isLine ? "true" : nothing}><time>${formatPreciseTime(timestamp)}</time> <span class="mono">${messageView({ message })}</span></li>`;
  const draw = () => render(html`
    <div class="row spread middle"><h2 id="log-context-title">Neighbours in ${shortStream(line.stream)}</h2>
      <button type="button" @click=${() => dialog.close()}>Close</button></div>
    ${error ? html`<p class="wrong" role="alert">${error}</p>` : nothing}
    ${context ? html`
      <ol class="log-neighbours" tabindex="0" aria-label="Lines of the stream">${context.before.filter(isShown).map((it) => row(it))}
        ${row({ timestamp: line.time, message: line.message }, true)}${context.after.filter(isShown).map((it) => row(it))}</ol>
      <div class="row"><button type="button" class="small" @click=${more}>More on both sides</button></div>` : error ? nothing : html`<p class="soft">Loading…</p>`}`, dialog);
  const load = async () => {
    try {
      context = await readContext(group, line, count);
      error = undefined;
    } catch (caught) {
      error = describeError(caught) ?? String(caught);
    }
    draw();
    dialog.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
  };
  const more = () => {
    count += 4 * CONTEXT_LINES;
    load();
  };
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  draw();
  dialog.showModal();
  load();
}
