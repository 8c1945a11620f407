// What a reader can change: each dialog shows the `aws` command that does the same.

import { ecs, elb } from "../aws.js";
import { openDialog } from "../dialog.js";
import { shortName } from "../format.js";
import { html, live, nothing } from "../lit.js";
import { clusterName, familyOf, groupName, revisionNumber } from "./data.js";
import { conditionText, forwardAction, ruleTargets } from "./rule.js";

const MAX_WEIGHT = 999;

/** Words of a command about a service. */
export const serviceWords = (operation, { clusterArn, serviceName }) => ["aws", "ecs", operation, "--cluster", clusterName(clusterArn), "--service", serviceName];
const update = (service, request) => ecs("UpdateService", { cluster: service.clusterArn, service: service.serviceName, ...request });

export function changeDesiredCount(service, after) {
  let text = String(service.desiredCount);
  openDialog({
    title: `Change the desired count of ${service.serviceName}`,
    button: "Change count",
    form: (change) => html`
      <label><span>Tasks that ECS keeps running</span>
        <input type="number" min="0" step="1" .value=${live(text)} @input=${(event) => { text = event.target.value; change(); }}></label>`,
    problem: () => /^\d+$/.test(text) ? undefined : "The desired count is a whole number, 0 or more.",
    commands: () => [[...serviceWords("update-service", service), "--desired-count", Number(text)]],
    run: () => update(service, { desiredCount: Number(text) }).then(() => `ECS now keeps ${text} ${text === "1" ? "task" : "tasks"} of ${service.serviceName}.`),
    after,
  });
}

/** Fields for the percentages of a deployment. They begin with those of the service. */
export function deploymentFields({ deploymentConfiguration: { minimumHealthyPercent, maximumPercent } }) {
  const before = { minimumHealthyPercent: String(minimumHealthyPercent), maximumPercent: String(maximumPercent) };
  const now = { ...before };
  const field = (name, label, change) => html`
    <label><span>${label}</span><input type="number" min="0" step="1" .value=${live(now[name])} @input=${(event) => { now[name] = event.target.value; change(); }}></label>`;
  const isChanged = () => Object.keys(now).some((name) => now[name] !== before[name]);
  const numbers = () => Object.fromEntries(Object.entries(now).map(([name, text]) => [name, Number(text)]));
  return {
    template: (change) => html`
      <details><summary>Minimum and maximum of running tasks</summary>
        <div class="row">${field("minimumHealthyPercent", "Minimum healthy percent", change)}${field("maximumPercent", "Maximum percent", change)}</div>
      </details>`,
    problem: () => Object.values(now).every((text) => /^\d+$/.test(text)) ? undefined : "The minimum and the maximum are whole numbers.",
    words: () => isChanged() ? ["--deployment-configuration", Object.entries(now).map((pair) => pair.join("=")).join(",")] : [],
    request: () => isChanged() ? { deploymentConfiguration: numbers() } : {},
  };
}

/** Deploys a revision, or with `undefined` the same revision with new tasks. */
export function deploy(service, arn, after) {
  const fields = deploymentFields(service);
  const revision = arn ? `revision ${revisionNumber(arn)}` : "the same revision";
  openDialog({
    title: arn ? `Deploy ${revision} of ${familyOf(arn)}` : `Force a new deployment of ${service.serviceName}`,
    button: "Deploy",
    form: (change) => html`<p>ECS replaces the tasks of ${service.serviceName} step by step by new ones with ${revision}.</p>${fields.template(change)}`,
    problem: fields.problem,
    commands: () => [[...serviceWords("update-service", service), ...(arn ? ["--task-definition", shortName(arn)] : ["--force-new-deployment"]), ...fields.words()]],
    run: () => update(service, { ...(arn ? { taskDefinition: arn } : { forceNewDeployment: true }), ...fields.request() }),
    done: `The deployment of ${service.serviceName} has begun.`,
    after,
  });
}

export function rollBack(service, after) {
  const serviceDeploymentArn = service.currentServiceDeployment;
  openDialog({
    title: `Stop the deployment of ${service.serviceName}`,
    button: "Stop and roll back",
    isDestructive: true,
    form: () => html`<p>ECS stops the deployment in progress, and deploys the last completed revision again.</p>`,
    commands: () => [["aws", "ecs", "stop-service-deployment", "--service-deployment-arn", serviceDeploymentArn, "--stop-type", "ROLLBACK"]],
    run: () => ecs("StopServiceDeployment", { serviceDeploymentArn, stopType: "ROLLBACK" }),
    done: `ECS rolls ${service.serviceName} back.`,
    after,
  });
}

export function stopTask(service, task, after) {
  let reason = "";
  const id = shortName(task.taskArn);
  openDialog({
    title: `Stop the task ${id.slice(0, 8)}`,
    button: "Stop task",
    isDestructive: true,
    form: (change) => html`
      <p>The task first ends its requests. ECS then starts another one, as long as the desired count asks for it.</p>
      <label><span>Reason (optional)</span><input .value=${live(reason)} maxlength="1024" @input=${(event) => { reason = event.target.value; change(); }}></label>`,
    commands: () => [["aws", "ecs", "stop-task", "--cluster", clusterName(service.clusterArn), "--task", id, ...(reason ? ["--reason", reason] : [])]],
    run: () => ecs("StopTask", { cluster: service.clusterArn, task: task.taskArn, ...(reason && { reason }) }),
    done: `The task ${id.slice(0, 8)} stops.`,
    after,
  });
}

/** Changes how a rule divides its requests between `groups`, the target groups of its load balancer. */
export function changeWeights(groups, listener, rule, after) {
  const known = ruleTargets(rule);
  const arns = [...new Set([...known.map(({ arn }) => arn), ...groups.map(({ TargetGroupArn }) => TargetGroupArn)])];
  const weights = new Map(arns.map((arn) => [arn, String(known.find((target) => target.arn === arn)?.weight ?? 0)]));
  const total = () => [...weights.values()].reduce((sum, weight) => sum + Number(weight), 0);
  // A group that was no part of the rule becomes one only with a weight.
  const targets = () => arns.map((arn) => ({ arn, weight: Number(weights.get(arn)) })).filter(({ arn, weight }) => weight > 0 || known.some((target) => target.arn === arn));
  const isDefault = rule.IsDefault === "true";
  const [operation, nameOption, arn, actionsOption] = isDefault
    ? ["modify-listener", "--listener-arn", listener.ListenerArn, "--default-actions"] : ["modify-rule", "--rule-arn", rule.RuleArn, "--actions"];
  const call = () => isDefault
    ? elb("ModifyListener", { ListenerArn: arn, DefaultActions: [forwardAction(targets())] }) : elb("ModifyRule", { RuleArn: arn, Actions: [forwardAction(targets())] });
  openDialog({
    title: `Change the weights of ${conditionText(rule)}`,
    button: "Change weights",
    form: (change) => html`
      <div class="weights">${arns.map((arn) => html`
        <label><span>${groupName(arn)}</span>
          <input type="number" min="0" max=${MAX_WEIGHT} step="1" .value=${live(weights.get(arn))} @input=${(event) => { weights.set(arn, event.target.value); change(); }}>
          ${total() > 0 ? html`<output>${Math.round((Number(weights.get(arn)) / total()) * 100)} %</output>` : nothing}</label>`)}
      </div>
      <p class="soft">The load balancer divides the requests of the rule by these weights.</p>`,
    problem: () => [...weights.values()].every((weight) => /^\d+$/.test(weight) && Number(weight) <= MAX_WEIGHT) ? undefined : `A weight is a whole number from 0 to ${MAX_WEIGHT}.`,
    commands: () => [["aws", "elbv2", operation, nameOption, arn, actionsOption, [forwardAction(targets())]]],
    run: call,
    done: "The load balancer uses the new weights.",
    after,
  });
}
