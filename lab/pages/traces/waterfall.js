// The waterfall: one line for each segment and subsegment, over a time axis.

import { formatDuration } from "../format.js";
import { html, nothing, repeat, svg } from "../lit.js";
import { getOutcome, listTicks } from "./tree.js";

const TICKS = 5;
const AXIS_HEIGHT = 24;
const BAR_HEIGHT = 18;

/** `longestId` is the segment that gets a mark, because it made the trace slow. */
export function waterfallTemplate({ lines, startTime, duration, selectedId, longestId }, onSelect) {
  return html`
    <p class="soft legend"><span class="ok">ok</span> <span class="error">error 4xx</span> <span class="throttle">throttled 429</span> <span class="fault">fault 5xx</span>
      <i><b>Bold</b>: segment of a service</i> <i>thin bar: subsegment</i> <i><em>italic</em>: inferred from the caller</i>${longestId ? html` <i>◷ outlined: most of the time</i>` : nothing}</p>
    <div class="axis" aria-hidden="true"><span></span>${axisTemplate(duration)}<span></span></div>
    <ol id="waterfall" aria-label="Segments and subsegments by start">${repeat(lines, ({ segment }) => segment.id, (line) => html`
      <li class=${line.kind}>${lineTemplate(line, startTime, duration, { isSelected: line.segment.id === selectedId, isLongest: line.segment.id === longestId }, onSelect)}</li>`)}</ol>`;
}

function axisTemplate(duration) {
  return html`<svg width="100%" height=${AXIS_HEIGHT}>${listTicks(duration, TICKS).map((seconds) => {
    const x = `${(seconds / duration) * 100}%`;
    return svg`<line x1=${x} x2=${x} y1=${AXIS_HEIGHT - 5} y2=${AXIS_HEIGHT}></line>
      <text x=${x} y=${AXIS_HEIGHT - 9} text-anchor=${seconds === 0 ? "start" : seconds > 0.95 * duration ? "end" : "middle"}>${seconds ? formatTick(seconds) : "0"}</text>`;
  })}</svg>`;
}

const formatTick = (seconds) => seconds >= 1 ? `${Number(seconds.toPrecision(3))} s` : `${Number((seconds * 1000).toPrecision(3))} ms`;

function lineTemplate({ segment, depth, kind }, startTime, duration, { isSelected, isLongest }, onSelect) {
  const outcome = getOutcome(segment);
  const offset = segment.start_time - startTime;
  const seconds = segment.in_progress ? undefined : segment.end_time - segment.start_time;
  const width = ((seconds ?? duration - offset) / duration) * 100;
  const x = (offset / duration) * 100;
  const inset = kind === "subsegment" ? 5 : 2;
  const status = segment.http?.response?.status;
  return html`
    <button type="button" aria-pressed=${isSelected ? "true" : "false"} data-id=${segment.id} @click=${() => onSelect(segment.id)}>
      <span class="label">${"\u2003".repeat(Math.min(depth, 12))}${segment.name}${status ? ` ${status}` : nothing}<span class="spoken"> ${kind}${outcome === "ok" ? "" : `, ${outcome}`}, </span></span>
      <svg class=${outcome} width="100%" height=${BAR_HEIGHT} aria-hidden="true">
        ${listTicks(duration, TICKS).map((tick) => svg`<line x1="${(tick / duration) * 100}%" x2="${(tick / duration) * 100}%" y1="0" y2=${BAR_HEIGHT}></line>`)}
        <rect class=${isLongest ? "longest" : ""} x="${x}%" y=${inset} width="${width}%" height=${BAR_HEIGHT - 2 * inset} opacity=${segment.in_progress ? 0.4 : 1}></rect>
      </svg>
      <span class="time">${isLongest ? html`<span aria-hidden="true">◷ </span><span class="spoken">most of the time: </span>` : nothing}${formatDuration(seconds)}</span>
    </button>`;
}
