// A form part: lines of metrics, chosen from ListMetrics by namespace, metric and dimensions.

import { cloudwatch, listAll } from "../aws.js";
import { html, live, nothing, repeat } from "../lit.js";
import { dimensionsOf } from "./body.js";
import { PERIODS, STATISTICS, shortValue } from "./queries.js";

/** So many metrics are offered at once. */
const MAX_OFFERED = 100;

export const loadMetrics = () => listAll(cloudwatch, "ListMetrics", {}, "Metrics", "NextToken");

/** A metric of the API as the items of a dashboard's line. */
export const itemsOf = ({ Namespace, MetricName, Dimensions = [] }) =>
  [Namespace, MetricName, ...Dimensions.flatMap(({ Name, Value }) => [Name, Value])];

const unique = (texts) => [...new Set(texts)].sort();

/** A metric's dimensions in words. */
export const dimensionText = (metric) => dimensionsOf(metric).map(([name, value]) => `${name} ${shortValue(value)}`).join(", ") || "no dimensions";

/** The metrics that a choice offers: `{namespaces, names, offered}`. The part of `choice` that does not exist any more is dropped. */
export function offer(metrics, choice) {
  const namespaces = unique(metrics.map(({ Namespace }) => Namespace));
  const inNamespace = metrics.filter(({ Namespace }) => Namespace === choice.namespace);
  const names = unique(inNamespace.map(({ MetricName }) => MetricName));
  const offered = inNamespace.filter(({ MetricName }) => MetricName === choice.name).map(itemsOf)
    .sort((a, b) => a.length - b.length || dimensionText(a).localeCompare(dimensionText(b)));
  return { namespaces, names, offered };
}

const options = (values, selected) => values.map((value) => html`<option value=${value} .selected=${value === selected}>${value}</option>`);

/** The selects for namespace and metric. `choice` is `{namespace, name}`; `choose` gets the changed choice. */
export function metricSelects(metrics, choice, choose) {
  const { namespaces, names } = offer(metrics, choice);
  return html`
    <div class="row">
      <label><span>Namespace</span><select name="namespace" @change=${(event) => choose({ namespace: event.target.value, name: undefined })}>
        <option value="" .selected=${!choice.namespace}>Choose…</option>${options(namespaces, choice.namespace)}</select></label>
      <label><span>Metric</span><select name="metric" ?disabled=${!choice.namespace} @change=${(event) => choose({ ...choice, name: event.target.value })}>
        <option value="" .selected=${!choice.name}>Choose…</option>${options(names, choice.name)}</select></label>
    </div>
    ${metrics.length ? nothing : html`<p class="soft">There are no metrics yet. CloudWatch gets the values of a minute at its end.</p>`}`;
}

const sameMetric = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * `state` has `metrics` (of ListMetrics), `choice`, `lines`, `stat` and `period`; `change` is called after the state has changed.
 */
export function lineEditor(state, change) {
  const { offered } = offer(state.metrics, state.choice);
  const add = (metrics) => {
    state.lines = [...state.lines, ...metrics.map((metric) => ({ metric, options: {} }))];
    change();
  };
  const choose = (choice) => {
    state.choice = choice;
    change();
  };
  // A metric can be added again if its line has a statistic of its own.
  const missing = offered.filter((metric) => !state.lines.some((line) => sameMetric(line.metric, metric) && !line.options.stat));
  return html`
    <fieldset class="picker">
      <legend>Choose metrics</legend>
      ${metricSelects(state.metrics, state.choice, choose)}
      ${offered.length ? html`
        <ul class="offered">
          ${repeat(offered.slice(0, MAX_OFFERED), JSON.stringify, (metric) => {
            const isAdded = !missing.includes(metric);
            return html`<li><span title=${metric.slice(2).join(" ")}>${dimensionText(metric)}</span>
              <button type="button" class="small" aria-label=${`${isAdded ? "Added:" : "Add"} ${metric[1]}, ${dimensionText(metric)}`} ?disabled=${isAdded} @click=${() => add([metric])}>${isAdded ? "Added ✓" : "Add"}</button></li>`;
          })}
        </ul>
        ${missing.length > 1 ? html`<button type="button" class="small" @click=${() => add(missing.slice(0, MAX_OFFERED))}>Add all ${missing.length}</button>` : nothing}` : nothing}
    </fieldset>
    <div class="row">
      <label><span>Statistic</span><select name="stat" @change=${(event) => { state.stat = event.target.value; change(); }}>${options(statistics(state.stat), state.stat)}</select></label>
      <label><span>Period</span><select name="period" @change=${(event) => { state.period = Number(event.target.value) || undefined; change(); }}>
        ${periods(state.period).map(([seconds, text]) => html`<option value=${seconds ?? ""} .selected=${seconds === state.period}>${text}</option>`)}</select></label>
    </div>
    ${state.lines.length ? lineList(state, change) : html`<p class="soft">No metric is chosen yet.</p>`}`;
}

/** The usual statistics, and the present one. */
export const statistics = (present) => present && !STATISTICS.includes(present) ? [present, ...STATISTICS] : STATISTICS;

const periods = (present) => PERIODS.some(([seconds]) => seconds === present) ? PERIODS : [[present, `${present} seconds`], ...PERIODS];

function lineList(state, change) {
  const set = (line, options) => {
    line.options = { ...line.options, ...options };
    change();
  };
  return html`
    <ul class="lines" aria-label="Chosen metrics">${state.lines.map((line, index) => {
      const name = line.metric ? `${line.metric[1]}, ${dimensionText(line.metric)}` : line.options.expression;
      return html`<li>
        <p>${line.metric ? html`<strong>${line.metric[1]}</strong> <span class="soft" title=${line.metric.slice(2).join(" ")}>${dimensionText(line.metric)}</span>` : html`<code>${line.options.expression}</code>`}</p>
        <div class="row">
          <label><span>Label</span><input aria-label=${`Label of ${name}`} .value=${live(line.options.label ?? "")} placeholder="automatic" @change=${(event) => set(line, { label: event.target.value })}></label>
          ${line.metric ? html`<label><span>Statistic</span><select aria-label=${`Statistic of ${name}`} @change=${(event) => set(line, { stat: event.target.value })}>
            <option value="" .selected=${!line.options.stat}>as above</option>${options(statistics(line.options.stat), line.options.stat)}</select></label>` : nothing}
          <label><span>Axis</span><select aria-label=${`Axis of ${name}`} @change=${(event) => set(line, { yAxis: event.target.value })}>
            <option value="" .selected=${line.options.yAxis !== "right"}>left</option><option value="right" .selected=${line.options.yAxis === "right"}>right</option></select></label>
          <button type="button" class="small" aria-label=${`Remove ${name}`} @click=${() => { state.lines = state.lines.toSpliced(index, 1); change(); }}>Remove</button>
        </div></li>`;
    })}</ul>`;
}
