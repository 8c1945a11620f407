// The list of traces, 25 rows at a time: a table to sort, with columns to choose.

import { html, live, nothing, repeat } from "../lit.js";
import { COLUMNS, outcomeOf, splitAtIds } from "./columns.js";
import { shareOfLogScale } from "./distribution.js";
import { SLOW_SECONDS } from "./query.js";

export const ROWS_PER_PAGE = 25;

/** Templates of the table. `names` has names for ids, and `on` has `sort(sort)` and `more()`. */
export function listTemplate({ traces, rows, columns, sort, names, search }, on) {
  if (!traces.length) return nothing;
  return html`
    <div class="scroll">
      <table class="cards">
        <caption class="spoken">Traces. The buttons of the columns sort the list.</caption>
        <thead><tr>${columns.map((column) => headTemplate(column, sort, on))}</tr></thead>
        <tbody id="trace-list">${repeat(traces.slice(0, rows), ({ Id }) => Id, (trace) => html`
          <tr data-id=${trace.Id}>${columns.map((column) => cellTemplate(column, trace, names, search))}</tr>`)}</tbody>
      </table>
    </div>
    ${traces.length > rows ? html`<p class="row middle"><button type="button" id="more-traces" @click=${on.more}>Show ${Math.min(ROWS_PER_PAGE, traces.length - rows)} more</button>
      <span class="soft">${rows} of ${traces.length} are shown.</span></p>` : nothing}`;
}

function headTemplate({ id, title, isNumber }, sort, on) {
  const order = sort === id ? "ascending" : sort === `-${id}` ? "descending" : "none";
  // A number is first sorted downwards, since the largest are of interest.
  const next = order === "descending" ? id : order === "ascending" || isNumber || id === "time" ? `-${id}` : id;
  return html`<th scope="col" class=${isNumber ? "number" : ""} aria-sort=${order}>
    <button type="button" class="sort" data-column=${id} @click=${() => on.sort(next)}>${title}<span aria-hidden="true">${{ ascending: " ▲", descending: " ▼", none: "" }[order]}</span></button></th>`;
}

function cellTemplate(column, trace, names, search) {
  const { id, title, isNumber, pairs } = column;
  const outcome = id === "status" ? outcomeOf(trace) : "";
  const content = pairs ? pairsTemplate(pairs(trace))
    : id === "request" ? html`<a href="/traces/${trace.Id}${search}">${namedTemplate(column.text(trace) || trace.Id, names)}</a>`
    : id === "time" ? html`<time datetime=${new Date(trace.StartTime * 1000).toISOString()}>${column.text(trace)}</time>`
    : id === "responsetime" ? responseTimeTemplate(column, trace)
    : column.text(trace);
  return html`<td data-label=${title} class="${id} ${isNumber ? "number" : ""} ${outcome}">${content}</td>`;
}

/** The bar below the time grows with the logarithm of the time. A slow time has a mark, too. */
function responseTimeTemplate({ text, key }, trace) {
  const seconds = key(trace);
  if (!Number.isFinite(seconds)) return text(trace);
  const width = 100 * shareOfLogScale(seconds);
  const isSlow = seconds > SLOW_SECONDS;
  return html`<span class=${isSlow ? "slow" : ""}>${isSlow ? html`<span aria-hidden="true">◷ </span><span class="spoken">slow: </span>` : nothing}${text(trace)}</span>
    <svg class="time-bar" width="100%" height="3" aria-hidden="true"><rect x="${100 - width}%" width="${width}%" height="3"></rect></svg>`;
}

/** A text with names in place of ids. */
export const namedTemplate = (text, names) =>
  splitAtIds(text, names).map((part) => typeof part === "string" ? part : html`<b title=${part.id}>${part.name}</b>`);

const pairsTemplate = (pairs) => pairs.map(([key, value]) => html`<span class="pair"><span class="soft">${key}</span> ${value}</span> `);

/** On narrow screens the table has no head: a menu sorts it. */
export const sortTemplate = (columns, sort, onSort) => html`
  <label class="inline sort-menu"><span>Sort</span>
    <select @change=${(event) => onSort(event.target.value)}>${columns.flatMap(({ id, title }) => [["-", "▼"], ["", "▲"]].map(([sign, mark]) => html`
      <option value=${sign + id} .selected=${live(sort === sign + id)}>${title} ${mark}</option>`))}</select></label>`;

/** The menu of columns. */
export const chooserTemplate = (columns, onChoose) => html`
  <details class="chooser">
    <summary>Columns</summary>
    <fieldset><legend class="spoken">Columns of the list</legend>
      ${COLUMNS.map(({ id, title }) => html`<label><input type="checkbox" name=${id} .checked=${columns.some((column) => column.id === id)} ?disabled=${id === "request"}
        @change=${(event) => onChoose(id, event.target.checked)}> ${title}</label>`)}
    </fieldset>
  </details>`;
