// The state of an alarm in words.

import { html } from "../lit.js";

const WORDS = { OK: "OK", ALARM: "In alarm", INSUFFICIENT_DATA: "Insufficient data" };
const MARKS = { OK: "✓", ALARM: "!", INSUFFICIENT_DATA: "?" };
const CLASSES = { OK: "ok", ALARM: "fault", INSUFFICIENT_DATA: "soft" };

export const stateWord = (state) => WORDS[state] ?? state;

export const stateBadge = (state) => html`<span class="badge ${CLASSES[state] ?? "soft"}"><span aria-hidden="true">${MARKS[state]}</span> ${stateWord(state)}</span>`;
