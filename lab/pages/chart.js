// The element <line-chart>: a chart of its property `chart`, with the values under the pointer, and the same as a table.
//
// `chart` has these members; times are milliseconds since 1970:
// - `label`: what the chart shows; `start`, `end`: the time range; `period`: seconds between two values
// - `series`: [{label, times, values, axis?: "left" | "right", unit?, color?, periodMs?}]; `unit` as in CloudWatch
// - `kind`: "line" (default), "stacked" or "bars"
// - `axes`: {left: {min?, max?, label?}, right: …}
// - `thresholds`: [{value, label, short?, axis?, color?}]: lines, with the short label on the chart; one far from the values is a label above
// - `marks`: [{time, text, kind: "deployment" | "scaling"}]: vertical lines with a text under the pointer
// - `bands`: [{start, end, state: "OK" | "ALARM" | "INSUFFICIENT_DATA", text}]: the states of an alarm
// - `onSelect(start, end)`: called after a drag; by default it sets the time range of the page
// - `empty`: what to show if no series has a value

import { BAND_COLOURS, HOVER_DISTANCE, colourOf, createPlot, dataOf, shapeOf } from "./chart/plot.js";
import { stateName } from "./alarms/names.js";
import { describeChart, eventRows, joinThresholds, lastOf, tableRows } from "./chart/data.js";
import { formatValue } from "./chart/units.js";
import { formatMoment } from "./format.js";
import { loadStyle } from "./frame.js";
import { html, nothing, render } from "./lit.js";
import { chooseCustomRange } from "./range.js";

/** How close the pointer must be to a mark, in pixels. */
const MARK_DISTANCE = 6;

const TIP_DISTANCE = 12;

const darkMode = matchMedia("(prefers-color-scheme: dark)");

class LineChart extends HTMLElement {
  #chart;
  #plot;
  #shape;
  #tip;
  #observer = new ResizeObserver(() => this.#resize());
  #redraw = () => this.#plot?.redraw();

  set chart(chart) {
    this.#chart = chart;
    if (this.isConnected) this.#show();
  }

  get chart() {
    return this.#chart;
  }

  connectedCallback() {
    loadStyle("vendor/uplot/uPlot.min.css");
    loadStyle("chart/chart.css");
    darkMode.addEventListener("change", this.#redraw);
    this.#observer.observe(this);
    if (this.#chart) this.#show();
  }

  disconnectedCallback() {
    darkMode.removeEventListener("change", this.#redraw);
    this.#observer.disconnect();
    this.#destroy();
  }

  #destroy() {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #show() {
    render(template(this.#chart, this.#isTableOpen(), () => this.#show()), this);
    const shape = shapeOf(this.#chart);
    if (shape !== this.#shape) this.#destroy();
    this.#shape = shape;
    if (this.#plot) this.#plot.setData(dataOf(this.#chart));
    else this.#resize();
    this.#hover();
  }

  #isTableOpen() {
    return this.querySelector("details")?.open ?? false;
  }

  #resize() {
    const element = this.querySelector(".plot");
    if (!element?.clientWidth || !element.clientHeight) return;
    if (this.#plot) {
      if (this.#plot.width !== element.clientWidth || this.#plot.height !== element.clientHeight) this.#plot.setSize({ width: element.clientWidth, height: element.clientHeight });
      return;
    }
    const select = (start, end) => (this.#chart.onSelect ?? chooseCustomRange)(Math.round(start / 1000) * 1000, Math.round(end / 1000) * 1000);
    this.#plot = createPlot(element, () => this.#chart, { onHover: () => this.#hover(), onSelect: select });
    this.#tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    this.#plot.over.append(this.#tip);
    this.#plot.over.addEventListener("mouseleave", () => { this.#tip.hidden = true; });
  }

  /** Shows the values at the pointer. The other charts of the page only show the line of the pointer. */
  #hover() {
    const plot = this.#plot;
    if (!plot || !this.#tip) return;
    const { left, idx } = plot.cursor;
    const isHovered = left >= 0 && plot.over.matches(":hover");
    this.#tip.hidden = !isHovered;
    if (!isHovered) return;
    const nearest = plot.data[0][idx];
    const time = Math.abs(plot.valToPos(nearest, "x") - left) <= HOVER_DISTANCE ? nearest : undefined;
    const near = (from, to = from) => left >= plot.valToPos(from, "x") - MARK_DISTANCE && left <= plot.valToPos(to, "x") + MARK_DISTANCE;
    const { marks = [], bands = [] } = this.#chart;
    const texts = [...marks.filter((mark) => near(mark.time)), ...bands.filter((band) => left >= plot.valToPos(band.start, "x") && left <= plot.valToPos(band.end, "x"))];
    this.#tip.hidden = time === undefined && !texts.length;
    render(tipTemplate(this.#chart.series, time, texts), this.#tip);
    const room = plot.over.clientWidth - this.#tip.offsetWidth;
    const wanted = left > plot.over.clientWidth / 2 ? left - TIP_DISTANCE - this.#tip.offsetWidth : left + TIP_DISTANCE;
    this.#tip.style.left = `${Math.max(0, Math.min(wanted, room))}px`;
  }
}

function swatch(fill) {
  return html`<svg class="swatch" viewBox="0 0 12 4" aria-hidden="true"><rect width="12" height="4" rx="2" fill=${fill}></rect></svg>`;
}

const valueText = ({ unit }, value) => value === undefined ? "–" : formatValue(value, unit);

function tipTemplate(series, time, texts) {
  const values = series.map((one, index) => [one, index, one.values[one.times.indexOf(time)]]);
  return html`
    ${time === undefined ? nothing : html`<strong>${formatMoment(time)}</strong>
    ${values.map(([one, index, value]) => html`
      <span class="value">${swatch(colourOf(one, index))}<span>${one.label}</span><b>${valueText(one, value)}</b></span>`)}`}
    ${texts.map(({ time: at, start, text }) => html`<span>${formatMoment(at ?? start)} ${text}</span>`)}`;
}

function template(chart, isTableOpen, onToggle) {
  const { series, thresholds = [], marks = [], bands = [] } = chart;
  const isEmpty = series.every((one) => !one.values.length);
  const isBlank = isEmpty && !bands.length;
  const kinds = new Set(marks.filter(({ time }) => time >= chart.start && time <= chart.end).map(({ kind }) => kind));
  return html`
    <figure>
      <div class="plot" role="img" aria-label=${describeChart(chart)} ?hidden=${isBlank}></div>
      ${isEmpty ? html`<p class="empty soft">${chart.empty ?? "No data in this time range."}</p>` : nothing}
      <figcaption>
        <ul class="legend">
          ${series.map((one, index) => html`<li>${swatch(colourOf(one, index))}${one.label} <b>${valueText(one, lastOf(one))}</b></li>`)}
          ${joinThresholds(thresholds).map(({ label }) => html`<li class="soft">┄ ${label}</li>`)}
          ${[...new Set(bands.map(({ state }) => state))].map((state) => html`<li class="soft">${swatch(`var(${BAND_COLOURS[state]})`)}${stateName(state)}</li>`)}
          ${kinds.has("deployment") ? html`<li class="soft">■ deployment</li>` : nothing}
          ${kinds.has("scaling") ? html`<li class="soft">● scaling activity</li>` : nothing}
        </ul>
        ${isBlank ? nothing : html`<details @toggle=${onToggle}>
          <summary>Show as table</summary>
          ${isTableOpen ? tables(chart) : nothing}
        </details>`}
      </figcaption>
    </figure>`;
}

function tables(chart) {
  const events = eventRows(chart);
  return html`
    <div class="scroll table" tabindex="0" role="region" aria-label=${`${chart.label}: values`}>
      <table>
        <caption>${chart.label}</caption>
        <thead><tr><th scope="col">Time</th>${chart.series.map((one) => html`<th scope="col" class="number">${one.label}</th>`)}</tr></thead>
        <tbody>${tableRows(chart.series).map(([time, ...values]) => html`
          <tr><th scope="row">${formatMoment(time)}</th>${values.map((value, index) => html`<td class="number">${valueText(chart.series[index], value)}</td>`)}</tr>`)}
        </tbody>
      </table>
      ${events.length ? html`
        <table>
          <caption>Events</caption>
          <thead><tr><th scope="col">Time</th><th scope="col">Event</th></tr></thead>
          <tbody>${events.map(([time, text]) => html`<tr><th scope="row">${formatMoment(time)}</th><td>${text}</td></tr>`)}</tbody>
        </table>` : nothing}
    </div>`;
}

customElements.define("line-chart", LineChart);
