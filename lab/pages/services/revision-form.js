// The form of a new revision: the variables of each container, or all containers as JSON. It registers the revision, and deploys it.

import { ecs } from "../aws.js";
import { openAsync, openDialog } from "../dialog.js";
import { html, live, nothing } from "../lit.js";
import { deploymentFields, serviceWords } from "./actions.js";
import { familyOf, loadDefinition, revisionNumber } from "./data.js";
import { diffDefinitions, environmentProblem, parseContainers, toRequest, withEnvironment } from "./definition.js";
import { diffTable } from "./diff-table.js";

/** The members that say what a container is come first; the API sorts them by name. */
const inOrder = ({ name, image, essential, ...rest }) => ({ name, image, ...(essential !== undefined && { essential }), ...rest });
const toJson = (containers) => JSON.stringify(containers, undefined, 2);

/** Opens the form with the content of a revision. */
export const editRevision = (...parameters) => openAsync(() => openForm(...parameters));

async function openForm(service, arn, after) {
  const base = await loadDefinition(arn, 0);
  const family = familyOf(arn);
  const fields = deploymentFields(service);
  const form = new ContainersForm(base.containerDefinitions);
  let isDeployed = true;
  /** The revision, once it is registered; if its deployment is refused, only that is tried again. */
  let registered;
  const request = () => toRequest(base, form.containers());
  openDialog({
    title: `New revision of ${family}`,
    get button() { return isDeployed ? "Register and deploy" : "Register"; },
    form: (change) => html`
      <p class="soft">It begins as a copy of revision ${revisionNumber(arn)}.</p>
      ${form.template(() => { registered = undefined; change(); })}
      <label><input type="checkbox" .checked=${live(isDeployed)} @change=${(event) => { isDeployed = event.target.checked; change(); }}> Deploy it: ${service.serviceName} replaces its tasks</label>
      ${isDeployed ? fields.template(change) : nothing}
      ${registered ? html`<p class="error">Revision ${registered.revision} is registered, but not deployed.</p>` : nothing}
      ${form.problem() ? nothing : html`<details open><summary>What changes</summary>${diffTable(diffDefinitions(base, { ...base, containerDefinitions: form.containers() }))}</details>`}`,
    problem: () => form.problem() ?? (isDeployed ? fields.problem() : undefined),
    commands: () => [
      ["aws", "ecs", "register-task-definition", "--cli-input-json", request()],
      ...(isDeployed ? [[...serviceWords("update-service", service), "--task-definition", family, ...fields.words()]] : []),
    ],
    async run() {
      registered ??= (await ecs("RegisterTaskDefinition", request())).taskDefinition;
      const { revision, taskDefinitionArn } = registered;
      if (!isDeployed) return `Revision ${revision} is registered.`;
      await ecs("UpdateService", { cluster: service.clusterArn, service: service.serviceName, taskDefinition: taskDefinitionArn, ...fields.request() });
      return `Revision ${revision} is registered, and its deployment has begun.`;
    },
    after,
  });
}

/** The containers as the reader edits them: as variables, or as JSON. Each form takes over what the other one had. */
class ContainersForm {
  constructor(containers) {
    this.isJson = false;
    this.take(containers);
  }

  take(containers) {
    this.list = containers.map(inOrder);
    this.environments = containers.map(({ environment = [] }) => environment.map(({ name, value }) => ({ name, value })));
    this.text = toJson(this.list);
  }

  containers() {
    return this.isJson ? parseContainers(this.text).containers : withEnvironment(this.list, this.environments);
  }

  problem() {
    return this.isJson ? parseContainers(this.text).problem : environmentProblem(this.list, this.environments);
  }

  /** Adds what most sidecars have, for the reader to complete as JSON. */
  addContainer() {
    const containers = this.containers();
    if (!containers) return;
    const { logConfiguration } = containers[0] ?? {};
    this.take([...containers, { name: "sidecar", image: "", essential: false, memory: 128, portMappings: [{ containerPort: 8001 }], ...(logConfiguration && { logConfiguration }) }]);
    this.isJson = true;
  }

  template(change) {
    const choose = (isJson) => {
      const containers = this.containers();
      if (!containers) return;
      this.take(containers);
      this.isJson = isJson;
      change();
    };
    const choice = (isJson, label) => html`
      <label><input type="radio" name="revision-form" .checked=${live(this.isJson === isJson)} ?disabled=${Boolean(this.problem()) && this.isJson !== isJson} @change=${() => choose(isJson)}><span>${label}</span></label>`;
    return html`
      <fieldset class="choices"><legend class="spoken">What to edit</legend>${choice(false, "Environment variables")}${choice(true, "Containers as JSON")}</fieldset>
      ${this.isJson ? this.jsonTemplate(change) : this.list.map((container, index) => this.variablesTemplate(container, index, change))}
      <div><button type="button" class="small" @click=${() => { this.addContainer(); change(); }}>Add a container</button></div>`;
  }

  jsonTemplate(change) {
    return html`
      <label><span>containerDefinitions</span>
        <textarea class="json-editor" spellcheck="false" aria-invalid=${this.problem() ? "true" : "false"} .value=${live(this.text)} @input=${(event) => { this.text = event.target.value; change(); }}></textarea></label>`;
  }

  variablesTemplate({ name, image }, index, change) {
    const variables = this.environments[index];
    const labels = { name: (index) => `Name of variable ${index + 1} in ${name}`, value: (index) => `Value of ${variables[index].name || `variable ${index + 1}`} in ${name}` };
    const field = (variable, member) => html`
      <input aria-label=${labels[member](variables.indexOf(variable))} placeholder=${member} spellcheck="false" .value=${live(variable[member])} @input=${(event) => { variable[member] = event.target.value; change(); }}>`;
    return html`
      <fieldset class="container-form"><legend>${name} <span class="soft small">image ${image}</span></legend>
        ${variables.map((variable) => html`
          <div class="variable">${field(variable, "name")}${field(variable, "value")}
            <button type="button" class="small" aria-label=${`Remove ${variable.name || "the variable"} of ${name}`} @click=${() => { variables.splice(variables.indexOf(variable), 1); change(); }}>Remove</button></div>`)}
        <div><button type="button" class="small" @click=${() => { variables.push({ name: "", value: "" }); change(); }}>Add a variable<span class="spoken"> to ${name}</span></button></div>
      </fieldset>`;
  }
}
