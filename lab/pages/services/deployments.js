// The deployments of a service, with their progress.

import { formatMoment, formatNumber } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { revisionNumber } from "./data.js";
import { rolloutBadge } from "./parts.js";

const WORDS = { PRIMARY: "newest", ACTIVE: "being replaced" };

export const deploymentList = ({ deployments, deploymentConfiguration: { minimumHealthyPercent, maximumPercent, deploymentCircuitBreaker } }) => html`
  <ul class="deployments">${repeat(deployments, ({ id }) => id, (deployment) => deploymentItem(deployment))}</ul>
  <p class="soft small">During a deployment, ECS keeps at least ${minimumHealthyPercent} % of the desired count healthy, and runs at most ${maximumPercent} %.
    ${deploymentCircuitBreaker?.enable ? `If its tasks fail, the deployment fails${deploymentCircuitBreaker.rollback ? " and is rolled back" : ""}.` : nothing}</p>`;

function deploymentItem({ id, status, taskDefinition, desiredCount, runningCount, pendingCount, failedTasks, createdAt, rolloutState, rolloutStateReason }) {
  const text = `${formatNumber(runningCount)} of ${formatNumber(desiredCount)} running${pendingCount ? `, ${formatNumber(pendingCount)} starting` : ""}${failedTasks ? `, ${formatNumber(failedTasks)} failed` : ""}`;
  return html`
    <li>
      <div class="row middle spread"><span><strong>Revision ${revisionNumber(taskDefinition)}</strong> ${rolloutBadge(rolloutState)} <span class="soft small">${WORDS[status] ?? status}</span></span>
        <span class="soft small">since ${formatMoment(createdAt * 1000)}</span></div>
      <progress max=${Math.max(desiredCount, runningCount, 1)} value=${runningCount} aria-label=${`Running tasks of revision ${revisionNumber(taskDefinition)}`}></progress>
      <p class="small"><span class=${failedTasks ? "fault" : ""}>${text}.</span> <span class="soft">${rolloutState === "FAILED" ? rolloutStateReason : nothing}</span></p>
    </li>`;
}
