// The dialogs for scalable targets and their policies.

import { autoScaling, elb } from "../aws.js";
import { requestWords } from "../command.js";
import { openDialog } from "../dialog.js";
import { html, live, nothing } from "../lit.js";
import { loadPolicies } from "./load.js";
import { numberOf, numbersOf, textOf, textsOf } from "./numbers.js";
import { stepDiagram } from "./step-diagram.js";
import { problemOfSteps } from "./steps.js";

const SERVICE = "application-autoscaling";
const ADJUSTMENTS = [["ChangeInCapacity", "adds or removes tasks"], ["PercentChangeInCapacity", "adds or removes percent"], ["ExactCapacity", "sets the number of tasks"]];
const AGGREGATIONS = ["Average", "Minimum", "Maximum"];
const REQUEST_COUNT = "ALBRequestCountPerTarget";
const TRACKED = [["ECSServiceAverageCPUUtilization", "average CPU, %"], ["ECSServiceAverageMemoryUtilization", "average memory, %"], [REQUEST_COUNT, "requests per target and minute"]];

/** The threshold of the drawing in a form, if no alarm calls the policy yet. */
const EXAMPLE_THRESHOLD = 0;

const targetOf = (resourceId) => ({ ServiceNamespace: "ecs", ScalableDimension: "ecs:service:DesiredCount", ResourceId: resourceId });

const options = (pairs, selected) => pairs.map(([value, text]) => html`<option value=${value} .selected=${value === selected}>${text}</option>`);

const textIn = ({ target }) => target.value;

function openRequest({ operation, request, ...dialog }) {
  openDialog({
    ...dialog, commands: () => [requestWords(SERVICE, operation, request())],
    run: () => autoScaling(operation, request()).then(() => undefined),
  });
}

/** Registers a service as scalable target, or changes its bounds. */
export function editTarget(resourceId, target, after) {
  const state = textsOf({ min: target?.MinCapacity ?? 2, max: target?.MaxCapacity ?? 10 });
  const field = (member, text, change) => html`
    <label><span>${text}</span><input name=${member} type="number" min="0" .value=${live(state[member])} @input=${(event) => { state[member] = textIn(event); change(); }}></label>`;
  openRequest({
    title: target ? `Change the bounds of ${resourceId}` : `Register ${resourceId} as scalable target`, button: target ? "Change bounds" : "Register target", operation: "RegisterScalableTarget",
    request: () => ({ ...targetOf(resourceId), MinCapacity: numberOf(state.min), MaxCapacity: numberOf(state.max) }),
    form: (change) => html`<p class="soft">Policies keep the desired count within these bounds.</p><div class="row">${field("min", "At least", change)}${field("max", "At most", change)}</div>`,
    problem: () => numberOf(state.min) >= 0 && numberOf(state.max) >= numberOf(state.min) ? undefined : "The bounds are numbers of tasks, the smaller one first.",
    done: "The bounds are saved.", after,
  });
}

export const deregisterTarget = (resourceId, after) => openRequest({
  title: `Deregister ${resourceId}?`, button: "Deregister target", isDestructive: true, operation: "DeregisterScalableTarget", request: () => targetOf(resourceId),
  form: () => html`<p>Its policies are deleted. The desired count stays.</p>`, done: "The service does not scale any more.", after,
});

export const deletePolicy = ({ PolicyName, ResourceId }, after) => openRequest({
  title: `Delete the policy ${PolicyName}?`, button: "Delete policy", isDestructive: true, operation: "DeleteScalingPolicy", request: () => ({ PolicyName, ...targetOf(ResourceId) }),
  done: `The policy ${PolicyName} is deleted.`, after,
});

const nameField = (state, isNew, change) => html`
  <label><span>Name</span><input name="name" ?readonly=${!isNew} .value=${live(state.name)} @input=${(event) => { state.name = event.target.value; change(); }}></label>`;

/** The names that a new policy of a resource cannot have: PutScalingPolicy would replace those policies. */
const loadNames = async (resourceId) => (await loadPolicies()).filter(({ ResourceId }) => ResourceId === resourceId).map(({ PolicyName }) => PolicyName);

function problemOfName(name, names) {
  if (!name) return "The policy needs a name.";
  return names.includes(name) ? "The service has a policy with this name." : undefined;
}

/** Opens the form of a step scaling policy. `alarms` are offered as thresholds of the drawing. */
export async function editStepPolicy(resourceId, policy, alarms, after) {
  const names = policy ? [] : await loadNames(resourceId);
  const known = policy?.StepScalingPolicyConfiguration;
  const caller = alarms.find(({ AlarmName }) => policy?.Alarms?.some((alarm) => alarm.AlarmName === AlarmName));
  const state = {
    name: policy?.PolicyName ?? "", type: known?.AdjustmentType ?? "ChangeInCapacity", cooldown: textOf(policy ? known.Cooldown : 60), magnitude: textOf(known?.MinAdjustmentMagnitude),
    aggregation: known?.MetricAggregationType ?? "Average", alarm: caller, steps: (known?.StepAdjustments ?? [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }]).map(textsOf),
  };
  openRequest({
    title: policy ? `Edit the policy ${policy.PolicyName}` : `Add step scaling to ${resourceId}`, button: policy ? "Save policy" : "Add policy", operation: "PutScalingPolicy",
    request: () => ({
      PolicyName: state.name, ...targetOf(resourceId), PolicyType: "StepScaling",
      StepScalingPolicyConfiguration: {
        AdjustmentType: state.type, StepAdjustments: state.steps.map(numbersOf), Cooldown: numberOf(state.cooldown), MetricAggregationType: state.aggregation,
        MinAdjustmentMagnitude: state.type === "PercentChangeInCapacity" ? numberOf(state.magnitude) : undefined,
      },
    }),
    form: (change) => stepForm(state, !policy, alarms, change),
    problem: () => problemOfName(state.name, names) ?? problemOfSteps(state.steps.map(numbersOf)),
    done: `The policy ${policy?.PolicyName ?? ""} is saved. It acts when an alarm calls it.`.replace("  ", " "), after,
  });
}

function stepForm(state, isNew, alarms, change) {
  const set = (member, read) => (event) => {
    state[member] = read(event);
    change();
  };
  const steps = state.steps.map(numbersOf);
  const threshold = state.alarm?.Threshold ?? EXAMPLE_THRESHOLD;
  return html`
    <div class="row">
      ${nameField(state, isNew, change)}
      <label><span>A step</span><select name="type" @change=${set("type", textIn)}>${options(ADJUSTMENTS, state.type)}</select></label>
      <label><span>Cool-down, seconds</span><input name="cooldown" type="number" min="0" .value=${live(state.cooldown)} @input=${set("cooldown", textIn)}></label>
      <label><span>Value of several periods</span><select name="aggregation" @change=${set("aggregation", textIn)}>${options(AGGREGATIONS.map((name) => [name, name]), state.aggregation)}</select></label>
      ${state.type === "PercentChangeInCapacity" ? html`<label><span>At least, tasks</span><input name="magnitude" type="number" min="1" .value=${live(state.magnitude)} @input=${set("magnitude", textIn)}></label>` : nothing}
    </div>
    <label><span>Alarm whose threshold the bounds count from (for the drawing)</span><select name="alarm" @change=${set("alarm", (event) => alarms.find(({ AlarmName }) => AlarmName === event.target.value))}>
      <option value="">none: the threshold is shown as 0</option>${options(alarms.map(({ AlarmName, Threshold }) => [AlarmName, `${AlarmName}: ${Threshold}`]), state.alarm?.AlarmName)}</select></label>
    ${stepFields(state, change)}
    ${problemOfSteps(steps) ? nothing : stepDiagram({ StepAdjustments: steps, AdjustmentType: state.type }, threshold)}`;
}

function stepFields(state, change) {
  const set = (index, member) => (event) => {
    state.steps = state.steps.with(index, { ...state.steps[index], [member]: textIn(event) });
    change();
  };
  const field = (step, index, member, text, placeholder) => html`
    <label><span>${text}</span><input type="number" step="any" aria-label=${`${text} of step ${index + 1}`} placeholder=${placeholder} .value=${live(step[member] ?? "")} @input=${set(index, member)}></label>`;
  const add = () => {
    const upper = state.steps.at(-1)?.MetricIntervalUpperBound;
    state.steps = [...state.steps, upper ? { MetricIntervalLowerBound: upper } : {}];
    change();
  };
  return html`
    <fieldset class="step-fields"><legend>Steps. The bounds count from the threshold; an empty bound is unlimited.</legend>
      ${state.steps.map((step, index) => html`<div class="row">
        ${field(step, index, "MetricIntervalLowerBound", "Lower bound", "−∞")}
        ${field(step, index, "MetricIntervalUpperBound", "Upper bound", "∞")}
        ${field(step, index, "ScalingAdjustment", state.type === "PercentChangeInCapacity" ? "Percent" : "Tasks", "")}
        <button type="button" class="small" aria-label=${`Remove step ${index + 1}`} @click=${() => { state.steps = state.steps.toSpliced(index, 1); change(); }}>Remove</button>
      </div>`)}
      <button type="button" class="small" @click=${add}>Add step</button>
    </fieldset>`;
}

/** Loads what ALBRequestCountPerTarget can watch: `app/name/id/targetgroup/name/id`. */
async function loadLabels() {
  const groups = (await elb("DescribeTargetGroups")).TargetGroups ?? [];
  return groups.flatMap(({ TargetGroupArn, LoadBalancerArns = [] }) =>
    LoadBalancerArns.map((arn) => `${arn.split(":loadbalancer/").at(-1)}/${TargetGroupArn.split(":").at(-1)}`));
}

/** Opens the form of a target tracking policy. */
export async function editTrackingPolicy(resourceId, policy, after) {
  const [labels, names] = await Promise.all([loadLabels(), policy ? [] : loadNames(resourceId)]);
  const known = policy?.TargetTrackingScalingPolicyConfiguration;
  const predefined = known?.PredefinedMetricSpecification;
  const state = {
    name: policy?.PolicyName ?? "", metric: predefined?.PredefinedMetricType ?? TRACKED[0][0], label: predefined?.ResourceLabel ?? labels[0], target: textOf(known?.TargetValue ?? 50),
    ScaleOutCooldown: textOf(policy ? known.ScaleOutCooldown : 30), ScaleInCooldown: textOf(policy ? known.ScaleInCooldown : 30), disableScaleIn: known?.DisableScaleIn ?? false,
  };
  const set = (member, change, read) => (event) => {
    state[member] = read(event);
    change();
  };
  openRequest({
    title: policy ? `Edit the policy ${policy.PolicyName}` : `Add target tracking to ${resourceId}`, button: policy ? "Save policy" : "Add policy", operation: "PutScalingPolicy",
    request: () => ({
      PolicyName: state.name, ...targetOf(resourceId), PolicyType: "TargetTrackingScaling",
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: numberOf(state.target), ScaleOutCooldown: numberOf(state.ScaleOutCooldown), ScaleInCooldown: numberOf(state.ScaleInCooldown), DisableScaleIn: state.disableScaleIn || undefined,
        PredefinedMetricSpecification: { PredefinedMetricType: state.metric, ResourceLabel: state.metric === REQUEST_COUNT ? state.label : undefined },
      },
    }),
    form: (change) => html`
      <p class="soft">The policy makes its own alarms.</p>
      <div class="row">
        ${nameField(state, !policy, change)}
        <label><span>Metric</span><select name="metric" @change=${set("metric", change, textIn)}>${options(TRACKED, state.metric)}</select></label>
        ${state.metric === REQUEST_COUNT ? html`<label><span>Target group</span><select name="label" @change=${set("label", change, textIn)}>${options(labels.map((label) => [label, label.split("/").at(-2)]), state.label)}</select></label>` : nothing}
        <label><span>Target value</span><input name="target" type="number" step="any" .value=${live(state.target)} @input=${set("target", change, textIn)}></label>
      </div>
      <div class="row">
        <label><span>Cool-down after more tasks, seconds</span><input name="out" type="number" min="0" .value=${live(state.ScaleOutCooldown)} @input=${set("ScaleOutCooldown", change, textIn)}></label>
        <label><span>Cool-down after fewer tasks, seconds</span><input name="in" type="number" min="0" .value=${live(state.ScaleInCooldown)} @input=${set("ScaleInCooldown", change, textIn)}></label>
        <label class="switch"><input type="checkbox" .checked=${live(state.disableScaleIn)} @change=${set("disableScaleIn", change, ({ target }) => target.checked)}> never fewer tasks</label>
      </div>`,
    problem: () => problemOfName(state.name, names) ?? (numberOf(state.target) > 0 ? undefined : "The target value is a number above 0."),
    done: "The policy is saved, and its alarms exist.", after,
  });
}
