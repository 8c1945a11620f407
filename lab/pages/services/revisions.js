// The revisions of a service's task definition: deploy one, edit one, compare two.

import { formatMoment, formatNumber } from "../format.js";
import { html, live, nothing, repeat } from "../lit.js";
import { setParameters } from "../range.js";
import { deploy } from "./actions.js";
import { loadDefinition, revisionNumber } from "./data.js";
import { diffDefinitions } from "./definition.js";
import { diffTable } from "./diff-table.js";
import { editRevision } from "./revision-form.js";

/** Revisions of the table. Others can be compared, too. */
const SHOWN_COUNT = 8;

/** Which revisions the reader compares; kept in the address. `changed` is called when the reader chooses others. */
export function startRevisions(changed) {
  const chosen = (name) => new URLSearchParams(location.search).get(name);
  const revisions = {
    arns: [],
    async load(service, arns) {
      // The service may use a revision that was deregistered, which the list leaves out.
      const known = [...new Set([...arns, ...service.deployments.map(({ taskDefinition }) => taskDefinition)])].sort((a, b) => revisionNumber(b) - revisionNumber(a));
      const find = (number) => known.find((arn) => String(revisionNumber(arn)) === number);
      const after = find(chosen("after")) ?? service.taskDefinition;
      const before = find(chosen("before")) ?? known.find((arn) => revisionNumber(arn) < revisionNumber(after)) ?? known.find((arn) => arn !== after);
      const [shown, pair] = await Promise.all([
        Promise.all(known.slice(0, SHOWN_COUNT).map((arn) => loadDefinition(arn))), Promise.all([before, after].map((arn) => arn && loadDefinition(arn))),
      ]);
      Object.assign(revisions, { arns: known, shown, before: pair[0], after: pair[1] });
    },
    choose(name, number) {
      setParameters({ [name]: number }, { isNewEntry: true });
      changed();
    },
  };
  return revisions;
}

export const revisionPanel = (revisions, service, refresh) => html`
  <div class="scroll"><table class="cards">
    <thead><tr><th scope="col">Revision</th><th scope="col">Registered</th><th scope="col">Containers</th><th scope="col">CPU and memory</th><th scope="col"><span class="spoken">Actions</span></th></tr></thead>
    <tbody>${repeat(revisions.shown, ({ revision }) => revision, (definition) => revisionRow(definition, service, refresh))}</tbody>
  </table></div>
  ${revisions.arns.length > SHOWN_COUNT ? html`<p class="soft small">The table has the newest ${SHOWN_COUNT} of ${formatNumber(revisions.arns.length)} revisions.</p>` : nothing}
  ${revisions.before ? comparison(revisions) : html`<p class="soft">This is the only revision. A new one can be compared with it here.</p>`}`;

function revisionRow(definition, service, refresh) {
  const { revision, registeredAt, containerDefinitions, cpu, memory, taskDefinitionArn: arn } = definition;
  const isUsed = service.deployments.some(({ taskDefinition }) => taskDefinition === arn);
  return html`
    <tr>
      <td><strong>${revision}</strong> ${isUsed ? html`<span class="badge ok">in use</span>` : nothing}</td>
      <td data-label="Registered">${formatMoment(registeredAt * 1000)}</td>
      <td>${containerDefinitions.map(({ name }) => name).join(", ")}</td>
      <td data-label="Limits">${Number(cpu) / 1024} vCPU, ${memory} MiB</td>
      <td><div class="row">
        <button type="button" class="small" @click=${() => editRevision(service, arn, refresh)}>Edit<span class="spoken"> revision ${revision}</span> as a new one…</button>
        ${arn === service.taskDefinition ? nothing : html`<button type="button" class="small" @click=${() => deploy(service, arn, refresh)}>Deploy<span class="spoken"> revision ${revision}</span>…</button>`}
      </div></td>
    </tr>`;
}

function comparison(revisions) {
  const { arns, before, after } = revisions;
  const choice = (name, label, chosen) => html`
    <label><span>${label}</span><select .value=${live(String(chosen.revision))} @change=${(event) => revisions.choose(name, event.target.value)}>
      ${repeat(arns, (arn) => arn, (arn) => html`<option value=${revisionNumber(arn)} ?selected=${arn === chosen.taskDefinitionArn}>revision ${revisionNumber(arn)}</option>`)}
    </select></label>`;
  return html`
    <h3>Difference</h3>
    <div class="row">${choice("before", "From", before)}${choice("after", "To", after)}</div>
    ${diffTable(diffDefinitions(before, after))}`;
}
