// The section for scalable targets: bounds, policies with their steps, and activities.

import { openAsync } from "../dialog.js";
import { formatMoment, formatNumber, shortName } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { resourceIdOf } from "../metrics/context.js";
import { isAlarmOfRest } from "../overview/unusual.js";
import { link } from "../range.js";
import { deletePolicy, deregisterTarget, editStepPolicy, editTarget, editTrackingPolicy } from "./policy-form.js";
import { stateBadge } from "./state.js";
import { stepDiagram, stepTable } from "./step-diagram.js";
import { subjectOf } from "./words.js";

const alarmLink = (name) => html`<a href=${link(`/console/alarms/${encodeURIComponent(name)}`)}>${name}</a>`;

/** The settings of a policy in words. */
function policyText({ StepScalingPolicyConfiguration: step, TargetTrackingScalingPolicyConfiguration: tracking }) {
  if (step) return `Step scaling. Cool-down ${step.Cooldown ?? 300} s.`;
  const { PredefinedMetricSpecification: metric, TargetValue, ScaleOutCooldown = 300, ScaleInCooldown = 300, DisableScaleIn } = tracking;
  return `Target tracking: keeps ${metric?.PredefinedMetricType ?? "its metric"} at ${formatNumber(TargetValue)}. Cool-down ${ScaleOutCooldown} s after more tasks, ${ScaleInCooldown} s after fewer${DisableScaleIn ? ", but never fewer" : ""}.`;
}

/** A policy: its alarms, and its steps. `valueOf(alarm)` is the present value of the alarm's metric, if it is known. */
export function policyCard(policy, alarms, after, valueOf = () => undefined) {
  const callers = alarms.filter(({ AlarmName }) => policy.Alarms?.some((alarm) => alarm.AlarmName === AlarmName));
  const step = policy.StepScalingPolicyConfiguration;
  const [caller] = callers;
  const edit = () => openAsync(() => step ? editStepPolicy(policy.ResourceId, policy, alarms, after) : editTrackingPolicy(policy.ResourceId, policy, after));
  return html`
    <article class="policy">
      <div class="row middle spread"><h3>${policy.PolicyName}</h3>
        <div class="row"><button class="small" aria-label=${`Edit ${policy.PolicyName}`} @click=${edit}>Edit…</button>
          <button class="small" aria-label=${`Delete ${policy.PolicyName}`} @click=${() => deletePolicy(policy, after)}>Delete…</button></div></div>
      <p class="soft">${policyText(policy)}</p>
      <p>${callers.length ? html`Called by ${callers.map((alarm) => html`<span class="caller">${alarmLink(alarm.AlarmName)} ${stateBadge(alarm.StateValue, isAlarmOfRest(alarm, [policy]))}</span> `)}` : html`<span class="error">No alarm calls it.</span> Edit an alarm, and choose this policy as its action.`}</p>
      ${step ? html`<div class="step-parts">${stepDiagram(step, caller?.Threshold ?? 0, caller && valueOf(caller))}${stepTable(step, caller?.Threshold ?? 0, caller ? subjectOf(caller) : "Difference from the threshold")}</div>` : nothing}
    </article>`;
}

/** The scaling of all services. */
export function scalingSection({ services, targets, policies, alarms }, after) {
  return html`
    <section class="panel" aria-labelledby="scaling-title">
      <h2 id="scaling-title">Scaling</h2>
      ${repeat(services, ({ serviceArn }) => serviceArn, (service) => serviceScaling(service, targets, policies, alarms, after))}
    </section>`;
}

function serviceScaling(service, targets, policies, alarms, after) {
  const resourceId = resourceIdOf(service);
  const target = targets.find(({ ResourceId }) => ResourceId === resourceId);
  const own = policies.filter(({ ResourceId }) => ResourceId === resourceId);
  const name = service.serviceName;
  return html`
    <div class="service-scaling">
      <div class="row middle spread">
        <div><h3><a href=${link(`/console/services/${encodeURIComponent(name)}`)}>${name}</a></h3>
          <p class="soft">${service.runningCount} of ${service.desiredCount} tasks run. ${target ? `Policies keep the desired count between ${target.MinCapacity} and ${target.MaxCapacity}.` : "It is not a scalable target."}</p></div>
        <div class="row">
          <button class="small" aria-label=${`${target ? "Change bounds of" : "Register as scalable target:"} ${name}`} @click=${() => editTarget(resourceId, target, after)}>${target ? "Change bounds" : "Register as scalable target"}…</button>
          ${target ? html`
            <button class="small" aria-label=${`Add step scaling to ${name}`} @click=${() => openAsync(() => editStepPolicy(resourceId, undefined, alarms, after))}>Add step scaling…</button>
            <button class="small" aria-label=${`Add target tracking to ${name}`} @click=${() => openAsync(() => editTrackingPolicy(resourceId, undefined, after))}>Add target tracking…</button>
            <button class="small" aria-label=${`Deregister ${name}`} @click=${() => deregisterTarget(resourceId, after)}>Deregister…</button>` : nothing}
        </div>
      </div>
      ${target && !own.length ? html`<p class="soft">There is no policy yet. A policy says how many tasks an alarm adds or removes.</p>` : nothing}
      <div class="policies">${repeat(own, ({ PolicyARN }) => PolicyARN, (policy) => policyCard(policy, alarms, after))}</div>
    </div>`;
}

const REASONS = {
  AlreadyAtMaxCapacity: ({ MaxCapacity }) => `already at the maximum of ${MaxCapacity}`,
  AlreadyAtMinCapacity: ({ MinCapacity }) => `already at the minimum of ${MinCapacity}`,
  AlreadyAtDesiredCapacity: ({ CurrentCapacity }) => `already at the computed count of ${CurrentCapacity}`,
  AutoScalingAnticipatedFlapping: () => "fewer tasks would bring the metric above the target",
  TargetServicePutResourceAsUnscalable: () => "a deployment is in progress",
};

const reasonText = ({ NotScaledReasons = [] }) => NotScaledReasons.map((reason) => REASONS[reason.Code]?.(reason) ?? reason.Code).join(", ");

/** The scaling activities, newest first. */
export const activityTable = (activities) => html`
  <section class="panel" aria-labelledby="activities-title">
    <h2 id="activities-title">Scaling activities</h2>
    ${activities.length ? html`<div class="scroll"><table class="cards">
      <caption class="spoken">Scaling activities, newest first</caption>
      <thead><tr><th scope="col">Time</th><th scope="col">Service</th><th scope="col">Status</th><th scope="col">What</th><th scope="col">Cause</th></tr></thead>
      <tbody>${repeat(activities, ({ ActivityId }) => ActivityId, (activity) => html`
        <tr><td class="mono">${formatMoment(activity.StartTime * 1000)}</td><td data-label="Service">${shortName(activity.ResourceId)}</td>
          <td><span class="badge ${activity.StatusCode === "Successful" ? "ok" : activity.NotScaledReasons ? "soft" : activity.StatusCode === "Failed" ? "fault" : "soft"}">${activity.NotScaledReasons ? "Not scaled" : activity.StatusCode}</span></td>
          <td>${activity.Description}${activity.NotScaledReasons ? html`<br><span class="soft">${reasonText(activity)}</span>` : activity.StatusMessage ? html`<br><span class="soft">${activity.StatusMessage}</span>` : nothing}</td>
          <td data-label="Cause">${activity.Cause}</td></tr>`)}</tbody>
    </table></div>` : html`<p class="soft">There are no activities yet. An activity is a change of the desired count by a policy.</p>`}
  </section>`;
