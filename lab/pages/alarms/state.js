// The state of an alarm as a badge.

import { html } from "../lit.js";
import { stateName } from "./names.js";

const MARKS = { OK: "✓", ALARM: "!", INSUFFICIENT_DATA: "?" };
const CLASSES = { OK: "ok", ALARM: "fault", INSUFFICIENT_DATA: "soft" };

export const stateBadge = (state) => html`<span class="badge ${CLASSES[state] ?? "soft"}"><span aria-hidden="true">${MARKS[state]}</span> ${stateName(state)}</span>`;
