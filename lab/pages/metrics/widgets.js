// The widgets of a dashboard.

import "../chart.js";
import { formatValue } from "../chart/units.js";
import { formatMoment } from "../format.js";
import { html, nothing } from "../lit.js";
import { link } from "../range.js";
import { sizeOf } from "./body.js";
import { annotationsOf, verticalMarksOf } from "./queries.js";
import { marksOf, servicesOf, thresholdsOf } from "./context.js";
import { stateBadge } from "../alarms/state.js";

/** The height of a row of the grid, and what a widget has besides its chart, in rem. */
const ROW_REM = 3;
const FRAME_REM = 7.5;
const MIN_CHART_REM = 8;
/** Views of CloudWatch that are shown as numbers. */
const NUMBER_VIEWS = new Set(["singleValue", "gauge", "pie", "bar", "table"]);

/** The place of a widget in the grid, as CSS. */
export function placeOf(widget) {
  const { width, height } = sizeOf(widget);
  const start = (value) => value === undefined ? "" : `${value + 1} / `;
  return `grid-column: ${start(widget.x)}span ${width}; grid-row: ${start(widget.y)}span ${height}; --chart-height: ${Math.max(MIN_CHART_REM, height * ROW_REM - FRAME_REM)}rem`;
}

/** The chart of loaded lines. */
export function chartOf({ lines, series }, properties, range, context) {
  return {
    label: properties.title ?? "Metrics", start: range.start, end: range.end, period: Math.min(...lines.map(({ period }) => period)), series,
    kind: properties.stacked ? "stacked" : "line", axes: properties.yAxis,
    thresholds: [...annotationsOf(properties), ...thresholdsOf(lines, context.alarms)],
    marks: [...marksOf(servicesOf(lines, context.services), context.activities), ...verticalMarksOf(properties)],
  };
}

/** The chart or the numbers of a metric widget. `overrides` are members of the chart. */
export function metricContent(data, properties, range, context, overrides) {
  if (data.error) return html`<p class="wrong">${data.error}</p>`;
  return NUMBER_VIEWS.has(properties.view) ? numbers(data) : html`<line-chart .chart=${{ ...chartOf(data, properties, range, context), ...overrides }}></line-chart>`;
}

/** The content of a widget. `data` is that of `loadWidgets`. */
export function widgetContent({ type, properties = {} }, data, range, context) {
  switch (type) {
    case "metric":
      return metricContent(data, properties, range, context);
    case "text":
      return html`<div class="text">${properties.markdown}</div>`;
    case "alarm":
      return alarmList(properties.alarms ?? [], context.alarms);
    default:
      return html`<p class="soft">The console does not show widgets of the type ${type}.</p>`;
  }
}

const numbers = ({ series }) => html`
  <dl class="numbers">${series.map((one) => html`
    <div><dt>${one.label}</dt>
      <dd>${one.values.length ? html`<span class="figure">${formatValue(one.values.at(-1), one.unit)}</span> <span class="soft">at ${formatMoment(one.times.at(-1))}</span>` : html`<span class="figure">–</span> <span class="soft">no data in this time range</span>`}</dd></div>`)}
  </dl>`;

const alarmList = (arns, alarms) => html`
  <ul class="alarm-list">${arns.map((arn) => {
    const alarm = alarms.find(({ AlarmArn }) => AlarmArn === arn);
    if (!alarm) return html`<li>${arn} <span class="soft">does not exist</span></li>`;
    return html`<li>${stateBadge(alarm.StateValue)} <a href=${link(`/console/alarms/${encodeURIComponent(alarm.AlarmName)}`)}>${alarm.AlarmName}</a></li>`;
  })}${arns.length ? nothing : html`<li class="soft">No alarms are chosen.</li>`}</ul>`;
