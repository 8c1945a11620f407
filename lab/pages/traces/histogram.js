// The histogram of response times. A selection of its bars, by dragging or by the keyboard, becomes a condition of the filter.

import { formatDuration } from "../format.js";
import { html, nothing, repeat, svg } from "../lit.js";

const HEIGHT = 100;
const AXIS_HEIGHT = 22;
/** Above the bars is the number of traces of the highest one. */
const TOP = 20;
/** A bar with few traces beside one with thousands is still visible. */
const MIN_BAR_HEIGHT = 4;

const formatLimit = (seconds) => seconds >= 1 ? `${seconds} s` : `${Number((seconds * 1000).toPrecision(3))} ms`;

const describeRange = (from, to) =>
  to === Infinity ? `${formatLimit(from)} or more` : from ? `from ${formatLimit(from)} to ${formatLimit(to)}` : `less than ${formatLimit(to)}`;

const countTraces = (count) => `${count} ${count === 1 ? "trace" : "traces"}`;

/** Creates a function `template(buckets, summary)`. `onChange` is called to draw again, and `onSelect(from, to)` when bars are selected. */
export function createHistogram(onChange, onSelect) {
  /** The selected bars: the first one that was touched, and the last. */
  let anchor;
  let focus;
  let isDragging = false;
  let buckets = [];

  const isSelected = (index) => anchor !== undefined && index >= Math.min(anchor, focus) && index <= Math.max(anchor, focus);
  const choose = (index, extends_) => {
    focus = Math.min(Math.max(index, 0), buckets.length - 1);
    if (!extends_ || anchor === undefined) anchor = focus;
    onChange();
  };
  const clear = () => {
    anchor = undefined;
    isDragging = false;
    onChange();
  };
  const apply = () => {
    const [first, last] = [Math.min(anchor, focus), Math.max(anchor, focus)];
    const { from } = buckets[first];
    const { to } = buckets[last];
    clear();
    onSelect(from, to);
  };
  const findIndex = (event) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.floor(((event.clientX - left) / width) * buckets.length);
  };
  const onPointerDown = (event) => {
    if (event.button) return;
    isDragging = true;
    event.currentTarget.setPointerCapture(event.pointerId);
    choose(findIndex(event));
  };
  const onPointerMove = (event) => isDragging && choose(findIndex(event), true);
  const onPointerUp = () => isDragging && apply();
  const onKeyDown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step) {
      const svgElement = event.currentTarget;
      choose((focus ?? 0) + step, event.shiftKey);
      svgElement.querySelectorAll(".bar")[focus].focus();
    } else if (event.key === "Enter" || event.key === " ") {
      if (anchor === undefined) choose(Number(event.target.dataset.index));
      apply();
    } else if (event.key === "Escape") clear();
    else return;
    event.preventDefault();
  };

  return (newBuckets, summary) => {
    buckets = newBuckets;
    if (focus >= buckets.length || anchor >= buckets.length) [anchor, focus] = [undefined, undefined];
    if (!buckets.length) return html`<p class="soft">There are no response times yet.</p>`;
    const selected = buckets.filter((_, index) => isSelected(index));
    const count = selected.reduce((sum, bucket) => sum + bucket.count, 0);
    return html`
      <svg class="histogram" width="100%" height=${TOP + HEIGHT + AXIS_HEIGHT} role="group" aria-label="Response times of ${summary.count} traces" aria-describedby="histogram-hint"
        @pointerdown=${onPointerDown} @pointermove=${onPointerMove} @pointerup=${onPointerUp} @pointercancel=${clear} @keydown=${onKeyDown}>
        <g transform="translate(0 ${TOP})">
          ${repeat(buckets, ({ from }) => from, (bucket, index) => barTemplate(bucket, index, buckets, isSelected(index), index === (focus ?? 0)))}
          ${axisTemplate(buckets)}
        </g>
      </svg>
      <p class="soft ${selected.length ? "" : "idle"}" id="histogram-hint">${selected.length
        ? `${countTraces(count)} ${describeRange(selected[0].from, selected.at(-1).to)}`
        : "Drag over bars to filter. Keys: arrows, Shift and arrows, Enter."}</p>
      <dl class="figures">
        ${[["mean", summary.mean], ["p50", summary.p50], ["p95", summary.p95]].map(([name, value]) => html`<div><dt>${name}</dt><dd>${formatDuration(value)}</dd></div>`)}
      </dl>`;
  };
}

function barTemplate({ from, to, count }, index, buckets, isSelected, hasTabStop) {
  const width = 100 / buckets.length;
  const max = Math.max(...buckets.map((bucket) => bucket.count));
  const height = count ? Math.max((count / max) * HEIGHT, MIN_BAR_HEIGHT) : 0;
  const label = `${countTraces(count)} ${describeRange(from, to)}`;
  return svg`
    <g class="bar ${isSelected ? "selected" : ""}" role="button" tabindex=${hasTabStop ? 0 : -1} data-index=${index} aria-label=${label} aria-pressed=${isSelected}>
      <title>${label}</title>
      <rect class="slot" x="${index * width}%" y="0" width="${width}%" height=${HEIGHT}></rect>
      <rect class="count" x="${(index + 0.08) * width}%" y=${HEIGHT - height} width="${0.84 * width}%" height=${height}></rect>
    </g>`;
}

/** The number of traces of the highest bar, the limits at both ends, and those at powers of ten that are not near the ends. */
function axisTemplate(buckets) {
  const max = Math.max(...buckets.map(({ count }) => count));
  const isPowerOfTen = (seconds) => seconds > 0 && Number.isInteger(Number(Math.log10(seconds).toFixed(6)));
  const isInside = (share) => share > 0.15 && share < 0.85;
  const limits = [...buckets.map(({ from }) => from), buckets.at(-1).to];
  return svg`<g class="ticks" aria-hidden="true">
    <text x="0" y="-7">${countTraces(max)}</text><line x1="0" x2="100%" y1="0" y2="0"></line>
    ${limits.map((limit, index) => {
      const share = index / buckets.length;
      if (limit === Infinity || !(share === 0 || share === 1 || (isPowerOfTen(limit) && isInside(share)))) return nothing;
      const x = `${share * 100}%`;
      return svg`<text x=${x} y=${HEIGHT + 16} text-anchor=${share === 0 ? "start" : share === 1 ? "end" : "middle"}>${limit ? formatLimit(limit) : "0"}</text>
        <line x1=${x} x2=${x} y1=${HEIGHT} y2=${HEIGHT + 4}></line>`;
    })}</g>`;
}
