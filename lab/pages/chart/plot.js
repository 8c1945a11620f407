// The canvas of a chart: uPlot with the colours of the page, thresholds, marks and bands.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { alignSeries, isWholeAxis, isolatedRows, joinThresholds, scaleOf, stack, tickText, unitOfAxis } from "./data.js";
import { tickTexts } from "./units.js";

const COLOURS = 6;
/** From the seventh line on, the colours repeat with dashes. */
const DASHES = [undefined, [6, 3], [2, 3]];
const MARK_SIZE = 5;
const BAND_HEIGHT = 6;
/** The distance of a band from the axis. */
const BAND_GAP = 2;
/** The space above the plot, and with labels there. */
const TOP_SPACE = 10;
const LABEL_SPACE = 24;
/** The edge of a label in the colour of the background, so that lines behind it do not hide it. */
const LABEL_EDGE = 4;
/** The pointer shows values at most so many pixels away. */
export const HOVER_DISTANCE = 40;
/** A drag of fewer pixels is a click. */
const MIN_DRAG = 8;
/** The opacity of stacked areas, as the last part of a colour. */
const STACK_ALPHA = "59";
const HEX_COLOUR = /^#[0-9a-f]{6}$/i;
/** The variable of the colour of a state. */
export const BAND_COLOURS = { OK: "--ok", ALARM: "--fault", INSUFFICIENT_DATA: "--line" };

/** The value of a variable of the style sheets. */
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The CSS colour of a series. */
export const colourOf = (one, index) => one.color ?? `var(--series-${index % COLOURS + 1})`;

const canvasColour = (colour) => colour.startsWith("var(") ? css(colour.slice(4, -1)) : colour;

const axisOf = (item) => item.axis ?? "left";

/** Charts with equal shapes differ only in data. */
export const shapeOf = (chart) => JSON.stringify([chart.kind, chart.series.map((one) => [one.label, axisOf(one), one.color]), chart.axes?.left?.label, chart.axes?.right?.label]);

export function dataOf(chart) {
  const data = alignSeries(chart.series, (chart.period ?? 60) * 1000);
  return chart.kind === "stacked" ? stack(data) : data;
}

/** Creates the plot in `element`. `read()` returns the present chart; `onHover(plot)` is called when the pointer moves. */
export function createPlot(element, read, { onHover, onSelect }) {
  const chart = read();
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const hasRight = chart.series.some((one) => axisOf(one) === "right");
  const line = { stroke: () => css("--faint"), width: 1 };
  const shownTicks = (name, ticks) => isWholeAxis(read().series, name) ? ticks.map((tick) => Number.isInteger(tick) ? tick : null) : ticks;
  const valueAxis = (name) => ({
    scale: name, side: name === "left" ? 3 : 1, stroke: () => css("--soft"), font, filter: (_, ticks) => shownTicks(name, ticks),
    grid: { ...line, show: name === "left", filter: (_, ticks) => shownTicks(name, ticks) }, ticks: { show: false },
    label: chart.axes?.[name]?.label, labelFont: font, labelSize: 18, gap: 4,
    values: (_, ticks) => tickTexts(ticks, unitOfAxis(read().series, name)), size: (_, values) => 14 + 7 * Math.max(2, ...(values ?? []).map((text) => text?.length ?? 0)),
  });
  const range = (name) => (_, smallest, largest) => {
    const { axes, thresholds = [] } = read();
    return scaleOf(axes?.[name], smallest, largest, thresholds.filter((item) => axisOf(item) === name));
  };
  const options = {
    width: element.clientWidth, height: element.clientHeight, ms: 1, legend: { show: false }, padding: [() => read().thresholds?.length ? LABEL_SPACE : TOP_SPACE, hasRight ? 0 : 30, 0, 0],
    cursor: {
      sync: { key: "console", scales: ["x", null] }, y: false, drag: { x: true, y: false, setScale: false },
      points: { size: 7 }, hover: { prox: HOVER_DISTANCE },
    },
    scales: { x: { time: true, range: () => [read().start, read().end] }, left: { range: range("left") }, ...hasRight && { right: { range: range("right") } } },
    axes: [
      { stroke: () => css("--soft"), font, grid: { show: false }, ticks: line, gap: 2, size: 28, space: 64,
        values: (_, splits, axis, space, increment) => splits.map((time) => tickText(time, increment)) },
      valueAxis("left"), ...hasRight ? [valueAxis("right")] : [],
    ],
    series: [{}, ...chart.series.map((one, index) => seriesOptions(chart, one, index))],
    bands: chart.kind === "stacked" ? chart.series.slice(1).map((_, index) => ({ series: [index + 2, index + 1] })) : undefined,
    hooks: {
      drawClear: [(plot) => drawBands(plot, read())],
      draw: [(plot) => drawMarks(plot, read()), (plot) => drawThresholds(plot, read(), font)],
      setCursor: [onHover],
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width < MIN_DRAG) return;
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        onSelect(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
      }],
    },
  };
  return new uPlot(options, dataOf(chart), element);
}

function seriesOptions(chart, one, index) {
  const stroke = () => canvasColour(colourOf(one, index));
  const options = { scale: axisOf(one), stroke, width: 2, dash: DASHES[Math.floor(index / COLOURS) % DASHES.length], points: { size: 5, fill: stroke, filter: (plot, column, isShown) => isShown ? null : isolatedRows(plot.data[column]) } };
  if (chart.kind === "bars") return { ...options, width: 0, fill: stroke, paths: uPlot.paths.bars({ size: [0.9, 60], align: 1 }), points: { show: false } };
  if (chart.kind === "stacked") return { ...options, fill: () => HEX_COLOUR.test(stroke()) ? `${stroke()}${STACK_ALPHA}` : "transparent" };
  return options;
}

/** A threshold is a line with a label. Labels of those that are outside of the scale are above the plot, with an arrow. */
function drawThresholds(plot, { thresholds = [] }, font) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const outside = [];
  ctx.save();
  ctx.font = font.replace("12px", `${12 * ratio}px`);
  for (const threshold of joinThresholds(thresholds)) {
    if (!plot.scales[axisOf(threshold)]) continue;
    const y = Math.round(plot.valToPos(threshold.value, axisOf(threshold), true));
    const arrow = y < bbox.top ? "↑" : y > bbox.top + bbox.height ? "↓" : undefined;
    if (arrow) {
      outside.push(`${arrow} ${threshold.short}`);
      continue;
    }
    const isHigh = y - bbox.top < 18 * ratio;
    ctx.strokeStyle = ctx.fillStyle = threshold.color ?? css("--fault");
    drawLine(ctx, bbox, y);
    ctx.textAlign = "right";
    ctx.textBaseline = isHigh ? "top" : "bottom";
    const label = [shorten(ctx, threshold.short, bbox.width * 0.9), bbox.left + bbox.width - 4 * ratio, y + (isHigh ? 3 : -2) * ratio];
    ctx.lineWidth = LABEL_EDGE * ratio;
    ctx.strokeStyle = css("--card");
    ctx.strokeText(...label);
    ctx.fillText(...label);
  }
  ctx.fillStyle = css("--fault");
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.fillText(shorten(ctx, outside.join("   "), bbox.width), bbox.left, bbox.top - MARK_SIZE * ratio);
  ctx.restore();
}

function drawLine(ctx, { left, width }, y) {
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  ctx.restore();
}

function shorten(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  const letters = Math.floor(text.length * width / ctx.measureText(text).width) - 1;
  return `${text.slice(0, Math.max(0, letters))}…`;
}

/** Coordinates on the canvas within the plot, or undefined. */
function positionOf(plot, time) {
  const x = Math.round(plot.valToPos(time, "x", true));
  return x >= plot.bbox.left && x <= plot.bbox.left + plot.bbox.width ? x : undefined;
}

function drawMarks(plot, { marks = [] }) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const size = MARK_SIZE * ratio;
  for (const mark of marks) {
    const x = positionOf(plot, mark.time);
    if (x === undefined) continue;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = css("--soft");
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    if (mark.kind === "scaling") ctx.arc(x, bbox.top, size * 0.8, 0, 2 * Math.PI);
    else ctx.rect(x - size * 0.7, bbox.top - size * 0.7, size * 1.4, size * 1.4);
    ctx.fill();
    ctx.restore();
  }
}

/** A band is a strip below the axis; that of an alarm is also a tint. */
function drawBands(plot, { bands = [] }) {
  const { ctx, bbox } = plot;
  const height = BAND_HEIGHT * devicePixelRatio;
  for (const band of bands) {
    const clamp = (time) => Math.min(Math.max(plot.valToPos(time, "x", true), bbox.left), bbox.left + bbox.width);
    const [left, right] = [clamp(band.start), clamp(band.end)];
    if (right - left < 1) continue;
    ctx.save();
    ctx.fillStyle = css(BAND_COLOURS[band.state]);
    ctx.fillRect(left, bbox.top + bbox.height + BAND_GAP * devicePixelRatio, right - left, height);
    if (band.state === "ALARM") {
      ctx.globalAlpha = 0.12;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.restore();
  }
}
