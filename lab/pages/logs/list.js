// The list of lines. Only the rows that can be seen are in the document, so that any number of lines can be scrolled.

import { formatDay, formatPreciseTime } from "../format.js";
import { html, nothing, render, repeat } from "../lit.js";
import { describeRow, levelSeverity, shortStream, statusSeverity } from "./lines.js";

/** The height of a row in pixels, which logs.css also has. */
const ROW_PX = 28;

/** Rows above and below the visible ones. */
const OVERSCAN = 12;

/** A message with its fields. */
export function messageView({ message }) {
  const { level, text, pairs } = describeRow(message);
  return html`${level ? html`<span class="log-level log-${levelSeverity(level)}">${level}</span> ` : nothing}<span>${text}</span>${pairs.map(([name, value]) =>
    html` <span class="log-pair log-${name === "status" ? statusSeverity(Number(value)) : "other"}"><span class="soft">${name}=</span>${value}</span>`)}`;
}

export class LineList {
  /** `events`: `onSelect(line)`, `onLeaveEnd()` when the reader scrolls up, `onReachEnd()` and `onReachStart()`. */
  constructor(events) {
    Object.assign(this, { events, lines: [], isFollowing: true, lastTop: 0 });
    this.element = document.createElement("div");
    this.element.className = "log-scroll";
    this.list = document.createElement("ol");
    this.element.append(this.list);
    this.list.setAttribute("aria-label", "Log lines, the newest last");
    this.element.addEventListener("scroll", this.#scrolled);
    this.list.addEventListener("keydown", this.#pressed);
    new ResizeObserver(() => {
      if (this.isFollowing) this.element.scrollTop = this.element.scrollHeight;
      this.#draw();
    }).observe(this.element);
  }

  /** Shows the lines. `shift` is the number of lines that are new at the start (or, negative, dropped there): the visible lines stay in their place. */
  show(lines, { shift = 0, isFollowing, selected }) {
    Object.assign(this, { lines, isFollowing, selected });
    this.element.hidden = !lines.length;
    this.list.style.height = `${lines.length * ROW_PX}px`;
    if (isFollowing) this.element.scrollTop = this.element.scrollHeight;
    else if (shift) this.element.scrollTop += shift * ROW_PX;
    this.lastTop = this.element.scrollTop;
    this.#draw();
  }

  scrollToStart() {
    this.element.scrollTop = 0;
  }

  /** Moves the focus to the row of this line. */
  focus(line) {
    const index = this.lines.findIndex(({ id }) => id === line.id);
    if (index >= 0) this.#focusRow(index);
  }

  #scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < ROW_PX;
    const wentUp = scrollTop < this.lastTop;
    this.lastTop = scrollTop;
    this.#draw();
    if (isAtEnd) this.events.onReachEnd();
    else if (wentUp) this.events.onLeaveEnd();
    if (scrollTop < clientHeight) this.events.onReachStart();
  };

  #draw() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - OVERSCAN);
    const rows = this.lines.slice(first, first + Math.ceil(clientHeight / ROW_PX) + 2 * OVERSCAN);
    const active = rows.find(({ id }) => id === this.activeId) ?? rows.at(-1);
    this.list.style.paddingTop = `${first * ROW_PX}px`;
    render(repeat(rows, ({ id }) => id, (line, index) => this.#row(line, first + index, line === active)), this.list);
  }

  #row(line, index, isActive) {
    return html`<li aria-posinset=${index + 1} aria-setsize=${this.lines.length}>
      <button type="button" class="log-line log-line-${line.severity}" data-index=${index} tabindex=${isActive ? 0 : -1}
        aria-pressed=${line.id === this.selected?.id ? "true" : "false"}
        @click=${() => this.#select(line)}><time title=${formatDay(line.time)}>${formatPreciseTime(line.time)}</time>
        <span class="log-stream" title=${line.stream}>${shortStream(line.stream)}</span>
        <span class="log-text">${messageView(line)}</span></button></li>`;
  }

  #select(line) {
    this.activeId = line.id;
    this.events.onSelect(line);
  }

  #pressed = (event) => {
    const page = Math.floor(this.element.clientHeight / ROW_PX) - 1;
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const current = Number(event.target.closest("[data-index]").dataset.index);
    if (steps[event.key] < 0) {
      this.isFollowing = false;
      this.events.onLeaveEnd();
    }
    this.#focusRow(Math.min(this.lines.length - 1, Math.max(0, current + steps[event.key])));
  };

  #focusRow(index) {
    this.activeId = this.lines[index].id;
    const top = index * ROW_PX;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW_PX > scrollTop + clientHeight) this.element.scrollTop = top + ROW_PX - clientHeight;
    this.#draw();
    this.list.querySelector(`[data-index="${index}"]`)?.focus({ preventScroll: true });
  }
}
