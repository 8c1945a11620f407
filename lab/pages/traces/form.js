// The form of the filter: the expression, conditions to click, groups, and the place of an error.

import { commandText, copyBox } from "../command.js";
import { openDialog } from "../dialog.js";
import { html, live, nothing } from "../lit.js";
import { xray } from "../aws.js";
import { QUICK_CONDITIONS, hasCondition, locateError } from "./query.js";

/** `state` has draft, group, groups, error, status; `on` has type, search, clear, toggle, choose and save. */
export function formTemplate(state, on) {
  const submit = (event) => {
    event.preventDefault();
    on.search();
  };
  return html`
    <form id="query-form" class="panel" autocomplete="off" @submit=${submit}>
      <div class="row">
        <label class="wide"><span>Filter expression</span>
          <input id="filter" class="mono" spellcheck="false" autocapitalize="off" aria-describedby="filter-error" placeholder='for example http.method = "GET"'
            aria-invalid=${state.error ? "true" : "false"} .value=${live(state.draft)} @input=${(event) => on.type(event.target.value)}></label>
        <button class="main">Search</button>
        <button type="button" id="clear" @click=${on.clear}>Clear</button>
      </div>
      <p id="filter-error" class="wrong mono" role="alert">${state.error ? errorTemplate(state.error) : nothing}</p>
      <div class="row middle">
        <div class="row middle" role="group" aria-label="Conditions to add">${QUICK_CONDITIONS.map(([name, condition]) => html`
          <button type="button" class="small chip" title=${condition} aria-pressed=${hasCondition(state.draft, condition)} @click=${() => on.toggle(condition)}>${name}</button>`)}</div>
        <label class="inline"><span>Group</span>
          <select id="group" @change=${(event) => on.choose(event.target.value)}>
            <option value="" .selected=${live(!state.group)}>none</option>
            ${state.groups.map(({ GroupName: name }) => html`<option value=${name} .selected=${live(name === state.group)}>${name}</option>`)}
          </select></label>
        <button type="button" class="small" id="save-group" @click=${on.save}>Save filter as group</button>
      </div>
      <p id="query-status" class="soft" role="status">${state.status}</p>
    </form>`;
}

/** Shows X-Ray's message, and marks the position of the error in the filter. */
function errorTemplate({ filter, message }) {
  const place = filter && locateError(filter, message);
  if (!place) return message;
  return html`${place.before}<mark>${place.mark}</mark>${place.after}${`\n${place.reason}, at position ${place.position}`}`;
}

/** Opens a dialog that creates a group of the traces that match the filter. */
export function openGroupDialog(filter, onCreated) {
  let name = "";
  openDialog({
    title: "Save the filter as a group",
    button: "Save",
    form: (change) => html`
      <label><span>Name, at most 32 letters, digits and dashes</span>
        <input id="group-name" maxlength="32" .value=${live(name)} @input=${(event) => {
          name = event.target.value;
          change();
        }}></label>`,
    problem: () => name.trim() ? undefined : "The group needs a name.",
    commands: () => [["aws", "xray", "create-group", "--group-name", name.trim(), "--filter-expression", filter]],
    run: () => xray("CreateGroup", { GroupName: name.trim(), FilterExpression: filter }).then(() => {}),
    done: "The group is saved.",
    after: () => onCreated(name.trim()),
  });
}

/** The command that returns the summaries of the list. Its time range moves with the clock, as the page's does. */
export function listCommand({ seconds, isCustom, start, end }, filter) {
  const times = isCustom
    ? `--start-time ${Math.floor(start / 1000)} --end-time ${Math.ceil(end / 1000)}`
    : `--start-time $(($(date +%s) - ${seconds})) --end-time $(($(date +%s) + 1))`;
  return copyBox(`aws xray get-trace-summaries ${times}${filter ? ` ${commandText(["--filter-expression", filter])}` : ""}`);
}
