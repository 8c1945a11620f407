// The dialogs that change an alarm.

import { cloudwatch, listAll } from "../aws.js";
import { requestWords } from "../command.js";
import { openDialog, showNotice } from "../dialog.js";
import { html, live, nothing } from "../lit.js";
import { dimensionText, loadMetrics, metricSelects, offer, statistics } from "../metrics/lines.js";
import { metricMembers, requestOf } from "./alarm-request.js";
import { loadPolicies } from "./load.js";
import { numbersOf, textOf } from "./numbers.js";
import { STATE_VALUES, policyArnOf, policyNameOf, stateName } from "./names.js";
import { conditionText, linesOf } from "./words.js";

const OPERATORS = [["GreaterThanOrEqualToThreshold", "at or above"], ["GreaterThanThreshold", "above"], ["LessThanThreshold", "below"], ["LessThanOrEqualToThreshold", "at or below"]];
const TREATMENTS = [["missing", "missing: they decide nothing"], ["notBreaching", "not breaching"], ["breaching", "breaching"], ["ignore", "ignore: the state stays"]];
const PERIODS = [[10, "10 seconds"], [30, "30 seconds"], [60, "1 minute"], [300, "5 minutes"], [900, "15 minutes"], [3600, "1 hour"]];
const ACTION_MEMBERS = [["AlarmActions", "ALARM"], ["OKActions", "OK"], ["InsufficientDataActions", "INSUFFICIENT_DATA"]];

const NEW_ALARM = { AlarmName: "", EvaluationPeriods: 2, ComparisonOperator: "GreaterThanOrEqualToThreshold", TreatMissingData: "missing", ActionsEnabled: true };

/** The members that are numbers in the form. */
const NUMBERS = ["Threshold", "EvaluationPeriods", "DatapointsToAlarm"];

const options = (pairs, selected) => pairs.map(([value, text]) => html`<option value=${value} .selected=${value === selected}>${text}</option>`);

/** Opens the form of a new alarm, or of the alarm `name` as it is now. `metric` and `stat` are those of a new alarm. */
export async function editAlarm({ name, metric, stat = "Sum", after }) {
  const [metrics, policies, alarms] = await Promise.all([loadMetrics(), loadPolicies(), listAll(cloudwatch, "DescribeAlarms", {}, "MetricAlarms", "NextToken")]);
  const alarm = name && alarms.find(({ AlarmName }) => AlarmName === name);
  if (name && !alarm) return showNotice(`There is no alarm ${name} any more.`);
  const names = alarms.map(({ AlarmName }) => AlarmName);
  const isOfExpression = Boolean(alarm?.Metrics?.length);
  const line = alarm && !isOfExpression ? linesOf(alarm)[0] : { metric, options: { stat, period: 60 } };
  const state = {
    alarm: alarm ? requestOf(alarm) : NEW_ALARM, texts: Object.fromEntries(NUMBERS.map((member) => [member, textOf((alarm ?? NEW_ALARM)[member])])), isNew: !alarm, isOfExpression, metrics, policies, metric: line.metric,
    choice: { namespace: line.metric?.[0], name: line.metric?.[1] }, stat: line.options.stat, period: line.options.period,
  };
  const request = () => {
    // Another metric or statistic may not have the unit and the percentiles of the one before.
    const isSame = state.stat === line.options.stat && JSON.stringify(state.metric) === JSON.stringify(line.metric);
    const changed = isOfExpression ? {} : { ...isSame ? {} : { Unit: undefined, EvaluateLowSampleCountPercentile: undefined }, ...metricMembers(state) };
    return requestOf(JSON.parse(JSON.stringify({ ...alarmOf(state), ...changed })));
  };
  openDialog({
    title: alarm ? `Edit the alarm ${alarm.AlarmName}` : "Create an alarm", button: alarm ? "Save alarm" : "Create alarm",
    form: (change) => form(state, change),
    problem: () => problemOf(state, names),
    commands: () => [requestWords("cloudwatch", "PutMetricAlarm", request())],
    run: async () => {
      await cloudwatch("PutMetricAlarm", request());
      return `The alarm ${state.alarm.AlarmName} is saved.`;
    },
    after: () => after?.(state.alarm.AlarmName),
  }).dialog.classList.add("wide-dialog");
}

/** The alarm with the numbers of the form. */
const alarmOf = ({ alarm, texts }) => ({ ...alarm, ...Object.fromEntries(NUMBERS.map((member) => [member, undefined])), ...numbersOf(texts) });

function problemOf(state, names) {
  const { isNew, isOfExpression, metric, metrics } = state;
  const alarm = alarmOf(state);
  if (!alarm.AlarmName) return "The alarm needs a name.";
  if (isNew && names.includes(alarm.AlarmName)) return "There is an alarm with this name.";
  if (!isOfExpression && !metric) return metrics.length ? "Choose a metric and its dimensions." : "There are no metrics yet. CloudWatch gets the values of a minute at its end.";
  if (!Number.isFinite(alarm.Threshold)) return "The threshold is a number.";
  if (!(alarm.EvaluationPeriods >= 1)) return "At least one period is evaluated.";
  if (alarm.DatapointsToAlarm && !(alarm.DatapointsToAlarm <= alarm.EvaluationPeriods)) return "Not more points can be needed than periods are evaluated.";
  return undefined;
}

function form(state, change) {
  const { alarm } = state;
  const set = (member) => (event) => {
    state.alarm = { ...alarm, [member]: event.target.value };
    change();
  };
  const setNumber = (member) => (event) => {
    state.texts = { ...state.texts, [member]: event.target.value };
    change();
  };
  const preview = problemOf(state, []) ? nothing : html`<p><strong>In alarm if</strong> ${conditionText({ ...alarmOf(state), ...state.isOfExpression ? {} : metricMembers(state) })}.</p>`;
  return html`
    <div class="row">
      <label><span>Name</span><input name="name" ?readonly=${!state.isNew} .value=${live(alarm.AlarmName)} @input=${set("AlarmName")}></label>
      <label class="wide"><span>Description</span><input name="description" .value=${live(alarm.AlarmDescription ?? "")} @input=${set("AlarmDescription")}></label>
    </div>
    ${state.isOfExpression ? html`<p class="soft">The metrics of this alarm stay as they are: it watches an expression.</p>` : metricPart(state, change)}
    <fieldset><legend>Condition</legend><div class="row">
      <label><span>The value is</span><select name="operator" @change=${set("ComparisonOperator")}>${options(OPERATORS, alarm.ComparisonOperator)}</select></label>
      <label><span>Threshold</span><input name="threshold" type="number" step="any" .value=${live(state.texts.Threshold)} @input=${setNumber("Threshold")}></label>
      <label><span>Evaluated periods</span><input name="periods" type="number" min="1" .value=${live(state.texts.EvaluationPeriods)} @input=${setNumber("EvaluationPeriods")}></label>
      <label><span>Of which breaching</span><input name="datapoints" type="number" min="1" placeholder="all" .value=${live(state.texts.DatapointsToAlarm)} @input=${setNumber("DatapointsToAlarm")}></label>
      <label><span>Missing values are</span><select name="missing" @change=${set("TreatMissingData")}>${options(TREATMENTS, alarm.TreatMissingData ?? "missing")}</select></label>
    </div></fieldset>
    ${preview}
    ${ACTION_MEMBERS.map(([member, name]) => actionPart(state, change, member, name))}`;
}

function metricPart(state, change) {
  const { offered } = offer(state.metrics, state.choice);
  const chosen = JSON.stringify(state.metric);
  const choose = (choice) => {
    state.choice = choice;
    const { offered: [first, ...others] } = offer(state.metrics, choice);
    state.metric = first && !others.length ? first : undefined;
    change();
  };
  return html`
    <fieldset class="picker"><legend>Metric</legend>
      ${metricSelects(state.metrics, state.choice, choose)}
      ${offered.length ? html`<label><span>Dimensions</span><select name="dimensions" @change=${(event) => { state.metric = JSON.parse(event.target.value || "null") ?? undefined; change(); }}>
        <option value="" .selected=${!state.metric}>Choose…</option>${options(offered.map((metric) => [JSON.stringify(metric), dimensionText(metric)]), chosen)}</select></label>`
      : state.metric ? html`<p class="soft">${dimensionText(state.metric)}</p>` : nothing}
      <div class="row">
        <label><span>Statistic</span><select name="stat" @change=${(event) => { state.stat = event.target.value; change(); }}>${options(statistics(state.stat).map((stat) => [stat, stat]), state.stat)}</select></label>
        <label><span>Period</span><select name="period" @change=${(event) => { state.period = Number(event.target.value); change(); }}>
          ${options(PERIODS.some(([seconds]) => seconds === state.period) ? PERIODS : [[state.period, `${state.period} seconds`], ...PERIODS], state.period)}</select></label>
      </div>
    </fieldset>`;
}

/** Checkboxes for the actions of a state: all scaling policies, and the alarm's other actions. */
function actionPart(state, change, member, name) {
  const actions = state.alarm[member] ?? [];
  const offered = [...new Set([...state.policies.map(({ PolicyARN }) => actions.find((arn) => policyArnOf(arn) === PolicyARN) ?? PolicyARN), ...actions])];
  const toggle = (arn, isOn) => {
    state.alarm = { ...state.alarm, [member]: isOn ? [...actions, arn] : actions.filter((other) => other !== arn) };
    change();
  };
  const content = offered.length ? html`
    <ul class="choices">${offered.map((arn) => html`<li><label title=${arn}><input type="checkbox" .checked=${live(actions.includes(arn))} @change=${(event) => toggle(arn, event.target.checked)}> ${policyNameOf(arn) ?? arn}</label></li>`)}</ul>`
    : html`<p class="soft">There is no scaling policy that the alarm could call.</p>`;
  return member === "AlarmActions"
    ? html`<fieldset name=${member}><legend>Actions when the state becomes ${name}</legend>${content}</fieldset>`
    : html`<details><summary>Actions when the state becomes ${name}${actions.length ? ` (${actions.length})` : ""}</summary>${content}</details>`;
}

/** Opens the form of SetAlarmState. */
export function setState(alarm, after) {
  const state = { value: alarm.StateValue === "ALARM" ? "OK" : "ALARM", reason: "Set by hand", data: "" };
  const request = () => ({ AlarmName: alarm.AlarmName, StateValue: state.value, StateReason: state.reason, StateReasonData: state.data || undefined });
  const set = (member, change) => (event) => {
    state[member] = event.target.value;
    change();
  };
  openDialog({
    title: `Set the state of ${alarm.AlarmName}`, button: "Set state",
    form: (change) => html`
      <p class="soft">The state lasts until the next evaluation, which is at most a minute later. The actions of the state run.</p>
      <div class="row">
        <label><span>State</span><select name="state" @change=${set("value", change)}>${options(STATE_VALUES.map((value) => [value, stateName(value)]), state.value)}</select></label>
        <label class="wide"><span>Reason</span><input name="reason" .value=${live(state.reason)} @input=${set("reason", change)}></label>
      </div>
      <details><summary>Values</summary><label><span>Reason data (JSON). A step scaling policy needs values, for example <code>{"recentDatapoints": [1500]}</code></span>
        <input name="data" class="mono" .value=${live(state.data)} @input=${set("data", change)}></label></details>`,
    problem: () => state.reason ? undefined : "Type a reason.",
    commands: () => [requestWords("cloudwatch", "SetAlarmState", request())],
    run: () => cloudwatch("SetAlarmState", request()).then(() => undefined), done: `The state of ${alarm.AlarmName} is set.`, after,
  });
}

/** Asks before the actions of an alarm are enabled or disabled. */
export function switchActions(alarm, after) {
  const operation = alarm.ActionsEnabled ? "DisableAlarmActions" : "EnableAlarmActions";
  const request = { AlarmNames: [alarm.AlarmName] };
  openDialog({
    title: `${alarm.ActionsEnabled ? "Disable" : "Enable"} the actions of ${alarm.AlarmName}?`, button: alarm.ActionsEnabled ? "Disable actions" : "Enable actions",
    form: () => html`<p>${alarm.ActionsEnabled ? "The alarm goes on to change its state, but calls no policy." : "The alarm calls its policies again."}</p>`,
    commands: () => [requestWords("cloudwatch", operation, request)],
    run: () => cloudwatch(operation, request).then(() => undefined), done: `The actions are ${alarm.ActionsEnabled ? "disabled" : "enabled"}.`, after,
  });
}

export function deleteAlarm(alarm, after) {
  const request = { AlarmNames: [alarm.AlarmName] };
  openDialog({
    title: `Delete the alarm ${alarm.AlarmName}?`, button: "Delete alarm", isDestructive: true, commands: () => [requestWords("cloudwatch", "DeleteAlarms", request)],
    run: () => cloudwatch("DeleteAlarms", request).then(() => undefined), done: `The alarm ${alarm.AlarmName} is deleted.`, after,
  });
}
