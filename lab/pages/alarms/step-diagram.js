// A drawing of the steps of a policy: intervals of the metric, and what each one does.

import { formatNumber } from "../format.js";
import { html, nothing, svg } from "../lit.js";
import { adjustmentText, intervalAt, intervalsOf } from "./steps.js";

const WIDTH = 360;
const HEIGHT = 150;
const SIDE = 12;
const TOP = 26;
const AXIS = 112;
/** The height of the smallest and largest step. */
const MIN_BAR = 16;
/** Half of the width of a number. */
const LABEL = 18;

/** Positions on the axis: each bound has the same distance to the next one, so that each step can be read. */
function positions(intervals) {
  const bounds = [...new Set(intervals.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const step = (WIDTH - 2 * SIDE) / (bounds.length - 1);
  return (value) => {
    const index = bounds.indexOf(value);
    if (index >= 0) return SIDE + index * step;
    const after = bounds.findIndex((bound) => bound > value);
    const [from, to] = [bounds[after - 1], bounds[after]];
    const share = from === -Infinity || to === Infinity ? 0.5 : (value - from) / (to - from);
    return SIDE + (after - 1 + share) * step;
  };
}

/** `value` is the present value of the metric, if it is known. */
export function stepDiagram({ StepAdjustments: steps = [], AdjustmentType: type }, threshold, value) {
  const intervals = intervalsOf(steps, threshold);
  if (!intervals.length || intervals.some(({ from, to }) => !(from < to))) return nothing;
  const x = positions(intervals);
  const largest = Math.max(...intervals.map(({ adjustment }) => Math.abs(adjustment)), 1);
  const isKnown = value !== undefined && value > Math.min(...intervals.map(({ from }) => from)) && value < Math.max(...intervals.map(({ to }) => to));
  const active = isKnown ? intervalAt(intervals, value, threshold) : undefined;
  const label = `${intervals.map(({ text, adjustment }) => `${text}: ${adjustmentText(adjustment, type)}`).join("; ")}${isKnown ? `; the metric is ${formatNumber(value)}` : ""}`;
  const finite = [...new Set(intervals.flatMap(({ from, to }) => [from, to]))].filter(Number.isFinite);
  return html`
    <svg class="steps" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${label}>
      ${intervals.map((interval) => {
        const height = MIN_BAR + (AXIS - TOP - MIN_BAR) * Math.abs(interval.adjustment) / largest;
        const width = x(interval.to) - x(interval.from);
        const kind = `bar ${interval.adjustment < 0 ? "down" : "up"} ${interval === active ? "active" : ""}`;
        return svg`<rect class=${kind} x=${x(interval.from) + 1} y=${AXIS - height} width=${width - 2} height=${height} rx="3"></rect>
          <text x=${x(interval.from) + width / 2} y=${AXIS - height - 6} text-anchor="middle" class="adjustment">${adjustmentText(interval.adjustment, type)}</text>`;
      })}
      <line class="axis" x1="0" x2=${WIDTH} y1=${AXIS} y2=${AXIS}></line>
      ${finite.map((bound) => svg`<line class=${bound === threshold ? "threshold" : "tick"} x1=${x(bound)} x2=${x(bound)} y1=${bound === threshold ? TOP - 18 : AXIS} y2=${AXIS + 5}></line>
        <text x=${Math.min(Math.max(x(bound), LABEL), WIDTH - LABEL)} y=${AXIS + 18} text-anchor="middle">${formatNumber(bound)}</text>`)}
      ${isKnown ? svg`<path class="now" d="M${x(value)} ${AXIS + 2}l-5 9h10z"></path><text class="now" x=${Math.min(Math.max(x(value), 30), WIDTH - 30)} y=${HEIGHT - 4} text-anchor="middle">now ${formatNumber(value)}</text>` : nothing}
    </svg>`;
}

/** The same as a table. */
export const stepTable = ({ StepAdjustments: steps = [], AdjustmentType: type }, threshold, subject) => html`
  <table class="step-table">
    <caption class="spoken">Steps</caption>
    <thead><tr><th scope="col">${subject}</th><th scope="col">${type === "ExactCapacity" ? "Tasks" : "Change"}</th></tr></thead>
    <tbody>${intervalsOf(steps, threshold).map(({ text, adjustment }) => html`<tr><td>${text}</td><td class="change">${adjustmentText(adjustment, type)}</td></tr>`)}</tbody>
  </table>`;
