// The page of all alarms, and of scaling.

import { openAsync } from "../dialog.js";
import { formatAge, formatMoment } from "../format.js";
import { html, nothing, render, repeat } from "../lit.js";
import { isAlarmOfRest } from "../overview/unusual.js";
import { poll } from "../poll.js";
import { link, setParameters } from "../range.js";
import { count } from "./evaluation.js";
import { editAlarm } from "./alarm-form.js";
import { loadAll } from "./load.js";
import { policyNameOf } from "./names.js";
import { activityTable, scalingSection } from "./scaling.js";
import { stateBadge } from "./state.js";
import { actionsOf, conditionText } from "./words.js";

const INTERVAL_MS = 5000;
const ORDER = ["ALARM", "INSUFFICIENT_DATA", "OK"];

export function startList(main) {
  render(html`<p class="soft">The alarms are loading.</p>`, main);
  const refresh = poll(async () => {
    const data = await loadAll();
    return () => render(template(data, () => refresh()), main);
  }, INTERVAL_MS);
  openRequested();
}

/** Opens the form of a new alarm if the address names a metric. */
function openRequested() {
  const parameters = new URLSearchParams(location.search);
  if (!parameters.has("create")) return;
  // An address that was typed wrongly opens no form, but a notice.
  openAsync(() => editAlarm({ metric: JSON.parse(parameters.get("create")), stat: parameters.get("stat") ?? undefined, after: openAlarm }));
  setParameters({ create: undefined, stat: undefined });
}

const pathOf = (name) => `/console/alarms/${encodeURIComponent(name)}`;

const openAlarm = (name) => location.assign(link(pathOf(name)));

function actionText(alarm) {
  const actions = actionsOf(alarm);
  if (!actions.length) return html`<span class="soft nowrap">no action</span>`;
  const text = actions.map(({ arn }) => policyNameOf(arn) ?? arn).join(", ");
  return alarm.ActionsEnabled ? text : html`${text} <span class="badge error">disabled</span>`;
}

function template(data, refresh) {
  const alarms = data.alarms.toSorted((a, b) => ORDER.indexOf(a.StateValue) - ORDER.indexOf(b.StateValue) || a.AlarmName.localeCompare(b.AlarmName));
  const isAtRest = (alarm) => alarm.StateValue === "ALARM" && isAlarmOfRest(alarm, data.policies);
  const inAlarm = alarms.filter(({ StateValue }) => StateValue === "ALARM").length;
  return html`
    <section class="panel" aria-labelledby="alarms-title">
      <div class="row middle spread"><div><h2 id="alarms-title">Alarms</h2><p class="soft">${inAlarm} of ${count(alarms.length, "alarm")} in alarm</p></div>
        <button class="main" @click=${() => openAsync(() => editAlarm({ after: openAlarm }))}>New alarm…</button></div>
      ${alarms.length ? html`<div class="scroll"><table class="cards">
        <caption class="spoken">Alarms</caption>
        <thead><tr><th scope="col">State</th><th scope="col">Alarm</th><th scope="col">In alarm if</th><th scope="col">Action</th><th scope="col">Since</th></tr></thead>
        <tbody>${repeat(alarms, ({ AlarmName }) => AlarmName, (alarm) => html`
          <tr><td>${stateBadge(alarm.StateValue, isAtRest(alarm))}${isAtRest(alarm) ? html`<br><span class="soft small-text">usual at rest</span>` : nothing}</td>
            <td><a href=${link(pathOf(alarm.AlarmName))}>${alarm.AlarmName}</a>${alarm.AlarmDescription ? html`<br><span class="soft">${alarm.AlarmDescription}</span>` : nothing}</td>
            <td data-label="In alarm if">${conditionText(alarm)}</td>
            <td data-label="Action">${actionText(alarm)}</td>
            <td data-label="Since" class="nowrap" title=${formatMoment(sinceOf(alarm))}>${formatAge(sinceOf(alarm))}</td></tr>`)}</tbody>
      </table></div>` : html`<p class="soft">There are no alarms. An alarm compares a metric with a threshold.</p>`}
    </section>
    ${scalingSection({ ...data, alarms }, refresh)}
    ${activityTable(data.activities)}`;
}

const sinceOf = (alarm) => (alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp) * 1000;
