// The page of one alarm.

import "../chart.js";
import { cloudwatch, listAll } from "../aws.js";
import { openAsync } from "../dialog.js";
import { formatMoment, formatNumber } from "../format.js";
import { setPageTitle } from "../frame.js";
import { html, nothing, render, repeat } from "../lit.js";
import { loadLines } from "../metrics/data.js";
import { marksOf, servicesOf } from "../metrics/context.js";
import { isAlarmOfRest } from "../overview/unusual.js";
import { poll } from "../poll.js";
import { link } from "../range.js";
import { deleteAlarm, editAlarm, setState, switchActions } from "./alarm-form.js";
import { evaluate, evaluationRange, explain, operatorOf, presentPoints, recordedPoints } from "./evaluation.js";
import { bandsOf, joinRepeats, readData, timeOf } from "./history.js";
import { loadAll } from "./load.js";
import { policyArnOf, policyNameOf, stateName } from "./names.js";
import { policyCard } from "./scaling.js";
import { stateBadge } from "./state.js";
import { actionsOf, conditionText, linesOf, periodOf } from "./words.js";

const INTERVAL_MS = 5000;
const MAX_ITEMS = 100;

export function startDetail(main, name) {
  setPageTitle(name);
  render(html`<p class="soft">The alarm is loading.</p>`, main);
  const refresh = poll(async (range) => {
    const [data, items, changes] = await Promise.all([loadAll(), loadHistory(name), loadHistory(name, "StateUpdate")]);
    const alarm = data.alarms.find(({ AlarmName }) => AlarmName === name);
    if (!alarm) return () => render(missing(name, items), main);
    const lines = linesOf(alarm);
    const evaluated = evaluationRange(alarm, periodOf(alarm), Date.now());
    const [chart, present] = await Promise.all([loadLines(lines, {}, range), loadLines(lines, {}, { ...evaluated, isExact: true })]);
    const points = presentPoints(present.series.at(-1), periodOf(alarm), evaluated);
    return () => render(template({ alarm, items, changes, data, chart, points, range }, () => refresh()), main);
  }, INTERVAL_MS);
}

/** The newest items of the history, newest first. Actions repeat, so changes of the state are also asked for alone. */
const loadHistory = (name, type) =>
  cloudwatch("DescribeAlarmHistory", { AlarmName: name, MaxRecords: MAX_ITEMS, HistoryItemType: type }).then(({ AlarmHistoryItems }) => AlarmHistoryItems);

const missing = (name, items) => html`
  <div class="panel"><p>There is no alarm ${name}.</p><p><a href=${link("/console/alarms")}>All alarms</a></p></div>${items.length ? historyPanel(items) : nothing}`;

function template({ alarm, items, changes, data, chart, points, range }, refresh) {
  const isAtRest = alarm.StateValue === "ALARM" && isAlarmOfRest(alarm, data.policies);
  return html`
    <div class="row middle spread">
      <div class="row middle"><a href=${link("/console/alarms")}>← Alarms</a>${stateBadge(alarm.StateValue, isAtRest)}
        <span class="soft">since ${formatMoment((alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp) * 1000)}${isAtRest ? ", usual at rest: it asks for fewer tasks" : ""}</span>
        ${alarm.ActionsEnabled ? nothing : html`<span class="badge error">actions disabled</span>`}</div>
      <div class="row">
        <button class="main" @click=${() => openAsync(() => editAlarm({ name: alarm.AlarmName, after: refresh }))}>Edit…</button>
        <button @click=${() => setState(alarm, refresh)}>Set state…</button>
        <button @click=${() => switchActions(alarm, refresh)}>${alarm.ActionsEnabled ? "Disable actions" : "Enable actions"}…</button>
        <button @click=${() => deleteAlarm(alarm, () => location.assign(link("/console/alarms")))}>Delete…</button>
      </div>
    </div>
    <section class="panel" aria-labelledby="condition-title">
      <h2 id="condition-title">${alarm.AlarmDescription || "Metric and states"}</h2>
      <p><strong>In alarm if</strong> ${conditionText(alarm)}.</p>
      ${chart.error ? html`<p class="wrong">${chart.error}</p>` : html`<line-chart class="tall" .chart=${chartOf(alarm, { items, changes }, data, chart, range)}></line-chart>`}
    </section>
    <div class="panels">${evaluationPanel(alarm, points)}${actionsPanel(alarm, data, points, refresh)}</div>
    ${historyPanel(items)}`;
}

function chartOf(alarm, { items, changes }, data, { lines, series }, range) {
  return {
    label: alarm.AlarmName, start: range.start, end: range.end, period: periodOf(alarm), series,
    thresholds: [{ value: alarm.Threshold, label: `${operatorOf(alarm)?.words ?? "threshold"} ${formatNumber(alarm.Threshold)}` }],
    bands: bandsOf(changes, items, alarm, range.start, Math.min(range.end, Date.now())),
    marks: marksOf(servicesOf(lines, data.services), data.activities.filter(({ NotScaledReasons }) => !NotScaledReasons)),
  };
}

function evaluationPanel(alarm, points) {
  const recorded = recordedPoints(alarm);
  const state = evaluate(alarm, points);
  return html`
    <section class="panel evaluation" aria-labelledby="evaluation-title">
      <h2 id="evaluation-title">Why this state</h2>
      <h3>Now</h3>
      ${explanation(explain(alarm, points, state), "The points of the newest periods")}
      ${state && state !== alarm.StateValue ? html`<p class="soft">The next evaluation follows within a minute.</p>` : nothing}
      <h3>At the last change, ${formatMoment(alarm.StateUpdatedTimestamp * 1000)}</h3>
      ${recorded ? explanation(explain(alarm, recorded, alarm.StateValue), "The points of the last change of the state") : nothing}
      <p class="soft">CloudWatch's reason: ${alarm.StateReason}</p>
    </section>`;
}

const explanation = ({ points, conclusion }, caption) => html`
  <p class="conclusion">${conclusion}</p>
  <table class="points">
    <caption class="spoken">${caption}</caption>
    <thead><tr><th scope="col">Period</th><th scope="col" class="number">Value</th><th scope="col">Outcome</th></tr></thead>
    <tbody>${points.map(({ time, value, outcome, isBreaching, isMissing }) => html`
      <tr class=${isBreaching ? "breaching" : ""}><td class="mono">${formatMoment(time)}</td><td class="number">${isMissing ? "–" : formatNumber(value)}</td><td>${outcome}</td></tr>`)}</tbody>
  </table>`;

function actionsPanel(alarm, { policies, alarms }, points, refresh) {
  const actions = actionsOf(alarm);
  const value = points.findLast((point) => point.value !== undefined)?.value;
  return html`
    <section class="panel" aria-labelledby="actions-title">
      <h2 id="actions-title">Actions</h2>
      ${actions.length ? nothing : html`<p class="soft">The alarm has no action. Edit it to call a scaling policy.</p>`}
      ${actions.map(({ state, arn }) => {
        const policy = policies.find(({ PolicyARN }) => PolicyARN === policyArnOf(arn));
        return html`<p>When the state becomes <strong>${stateName(state)}</strong>: ${policyNameOf(arn) ? `policy ${policyNameOf(arn)}` : html`<code>${arn}</code>`}</p>
          ${policy ? policyCard(policy, alarms, refresh, (caller) => caller.AlarmName === alarm.AlarmName ? value : undefined) : policyNameOf(arn) ? html`<p class="wrong">There is no such policy.</p>` : nothing}`;
      })}
    </section>`;
}

const KINDS = { StateUpdate: "State", Action: "Action", ConfigurationUpdate: "Configuration" };

const historyPanel = (items) => html`
  <section class="panel" aria-labelledby="history-title">
    <h2 id="history-title">History</h2>
    ${items.length ? html`<div class="scroll"><table class="cards history">
      <caption class="spoken">History, newest first</caption>
      <thead><tr><th scope="col">Time</th><th scope="col">Type</th><th scope="col">What</th></tr></thead>
      <tbody>${repeat(joinRepeats(items), ({ item, since }) => `${since} ${item.HistoryItemType} ${item.HistorySummary}`, ({ item, times, since }) => {
        const reason = readData(item).newState?.stateReason;
        return html`<tr><td class="mono">${formatMoment(timeOf(item))}</td><td data-label="Type">${KINDS[item.HistoryItemType] ?? item.HistoryItemType}</td>
          <td>${item.HistorySummary}${times > 1 ? html` <span class="badge soft">${times} times since ${formatMoment(since)}</span>` : nothing}${reason ? html`<br><span class="soft">${reason}</span>` : nothing}
            <details><summary>Data</summary><pre tabindex="0">${JSON.stringify(readData(item), undefined, 2)}</pre></details></td></tr>`;
      })}</tbody>
    </table></div>` : html`<p class="soft">Nothing has happened yet.</p>`}
  </section>`;
