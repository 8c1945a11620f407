// The state of an alarm as a badge.

import { html } from "../lit.js";
import { stateName } from "./names.js";

const MARKS = { OK: "✓", ALARM: "!", INSUFFICIENT_DATA: "?" };
const CLASSES = { OK: "ok", ALARM: "fault", INSUFFICIENT_DATA: "soft" };

/** `isAtRest`: the alarm is meant to be in ALARM while there is no load. */
export const stateBadge = (state, isAtRest = false) =>
  html`<span class="badge ${isAtRest && state === "ALARM" ? "soft" : CLASSES[state] ?? "soft"}"><span aria-hidden="true">${MARKS[state]}</span> ${stateName(state)}</span>`;
