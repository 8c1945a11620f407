// The histogram of lines over time. Dragging selects a time range.

import { formatMoment, formatTime } from "../format.js";
import { html, nothing, render, svg } from "../lit.js";
import { SEVERITIES, countLines, describeBuckets, total } from "./buckets.js";

/** A line counts by its level, and by the status of its response. */
const LEGEND = { error: "errors or 5xx", warning: "warnings or 4xx", other: "others" };

const MAX_BUCKETS = 90;
const HEIGHT = 56;

/** A shorter drag, in parts of the width, is a click, which selects the bar. */
const MIN_DRAG = 0.01;

export class Histogram {
  /** Calls `onSelect(start, end)` with the range that the reader has selected. */
  constructor(onSelect) {
    this.element = document.createElement("div");
    this.element.className = "log-histogram";
    this.onSelect = onSelect;
  }

  /** `loaded` is the time of which all lines are in `lines`, from `start` to `end`. */
  show(lines, range, loaded) {
    this.loaded = loaded;
    this.buckets = countLines(lines, range, MAX_BUCKETS);
    [this.start, this.end] = [this.buckets[0].start, this.buckets.at(-1).end];
    this.#draw();
  }

  #draw() {
    const { buckets, loaded } = this;
    const max = Math.max(1, ...buckets.map(total));
    const width = buckets.length;
    const x = (time) => Math.min(width, Math.max(0, (time - this.start) / (this.end - this.start) * width));
    render(html`
      <p class="soft log-max" aria-hidden="true">${max.toLocaleString()}</p>
      <svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${describeBuckets(buckets, formatTime)}
        @pointerdown=${this.#press} @pointermove=${this.#move} @pointerup=${this.#release} @pointercancel=${() => this.#cancel()}>
        <rect class="unknown" x="0" y="0" width=${x(loaded.start)} height=${HEIGHT}></rect>
        <rect class="unknown" x=${x(loaded.end)} y="0" width=${width - x(loaded.end)} height=${HEIGHT}></rect>
        ${buckets.map((bucket, index) => total(bucket) ? this.#bar(bucket, index, max) : nothing)}
        ${this.drag ? svg`<rect class="selection" x=${Math.min(...this.drag) * width} y="0" width=${Math.abs(this.drag[1] - this.drag[0]) * width} height=${HEIGHT}></rect>` : nothing}
      </svg>
      <p class="row spread soft log-axis"><span>${formatMoment(this.start)}</span>
        <span class="log-legend">${this.#summary()}</span>
        <span>${formatMoment(this.end)}</span></p>`, this.element);
  }

  #summary() {
    const { loaded, buckets } = this;
    const sum = (name) => buckets.reduce((count, bucket) => count + bucket[name], 0);
    const isPart = loaded.start > this.start || loaded.end < this.end;
    return html`${SEVERITIES.filter(sum).map((name) => html`<span class="key ${name}">${sum(name).toLocaleString()} ${LEGEND[name]}</span>`)}
      ${isPart ? html`<span>grey: not loaded</span>` : nothing}`;
  }

  #bar(bucket, index, max) {
    let top = HEIGHT;
    return svg`<g><title>${formatTime(bucket.start)}: ${total(bucket)}</title>${SEVERITIES.filter((name) => bucket[name]).map((name) => {
      const height = Math.max(1, bucket[name] / max * (HEIGHT - 2));
      top -= height;
      return svg`<rect class=${name} x=${index + 0.1} y=${top} width="0.8" height=${height}></rect>`;
    })}</g>`;
  }

  #position(event) {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width));
  }

  #press = (event) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.drag = [this.#position(event), this.#position(event)];
  };

  #move = (event) => {
    if (!this.drag) return;
    this.drag = [this.drag[0], this.#position(event)];
    this.#draw();
  };

  #release = () => {
    if (!this.drag) return;
    const [from, to] = this.drag.sort((one, other) => one - other);
    this.#cancel();
    const at = (position) => Math.round(this.start + position * (this.end - this.start));
    if (to - from >= MIN_DRAG) return this.onSelect(at(from), at(to));
    const bucket = this.buckets[Math.min(this.buckets.length - 1, Math.floor(from * this.buckets.length))];
    if (total(bucket)) this.onSelect(Math.floor(bucket.start), Math.ceil(bucket.end));
  };

  #cancel() {
    this.drag = undefined;
    this.#draw();
  }
}
