// A dialog for a call that changes something: a form, the `aws` commands that do the same, and the button.

import { describeError } from "./aws.js";
import { commandText, copyBox } from "./command.js";
import { html, nothing, render } from "./lit.js";

/** How long the result of a call is shown. */
const NOTICE_MS = 8000;

/**
 * Opens a dialog. `action` has these members:
 * - `title`, and `button`: its text, both with verb and object; `isDestructive`: it stops or removes something
 * - `form(change)`: the template of the fields; their listeners call `change()` after they changed the page's state
 * - `problem()`: why the form cannot be sent yet, or undefined
 * - `commands()`: the commands, each a list of words
 * - `run()`: does it; a text that it returns is the notice
 * - `done`: the text of the notice, and `after()`: called when it is done
 *
 * Returns the dialog, and `change`.
 */
export function openDialog(action) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "dialog-title");
  let error;
  let isRunning = false;
  const show = () => render(template(), dialog);
  const change = () => {
    error = undefined;
    show();
  };
  const template = () => {
    const problem = action.problem?.();
    return html`
      <form @submit=${submit} novalidate autocomplete="off">
        <h2 id="dialog-title">${action.title}</h2>
        ${action.form?.(change) ?? nothing}
        ${problem ? nothing : html`<div><p class="soft">The same with the AWS CLI:</p>${copyBox(action.commands().map(commandText).join("\n"))}</div>`}
        <p class="wrong" role="alert">${error}</p>
        <div class="row middle dialog-buttons">
          <button class=${action.isDestructive ? "main danger" : "main"} aria-describedby="dialog-problem" ?disabled=${Boolean(problem) || isRunning}>${action.button}</button>
          <button type="button" @click=${() => dialog.close()}>Cancel</button>
          <span id="dialog-problem" class="problem">${problem}</span>
        </div>
      </form>`;
  };
  async function submit(event) {
    event.preventDefault();
    if (isRunning || action.problem?.()) return;
    isRunning = true;
    error = undefined;
    show();
    try {
      const text = await action.run();
      dialog.close();
      showNotice(typeof text === "string" ? text : action.done);
      action.after?.();
    } catch (caught) {
      error = report(caught);
      // The reader closed the dialog meanwhile.
      if (!dialog.open) showNotice(error);
    }
    isRunning = false;
    show();
  }
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  show();
  dialog.showModal();
  return { dialog, change };
}

/** The words of an error. A mistake of the page is in the browser's console, too. */
function report(error) {
  const words = describeError(error);
  if (!words) console.error(error);
  return words ?? String(error);
}

let isOpening = false;

/** Calls `open`, which queries and then opens a dialog. A second click meanwhile does nothing, and an error is shown. */
export async function openAsync(open) {
  if (isOpening) return;
  isOpening = true;
  try {
    await open();
  } catch (error) {
    showNotice(report(error));
  }
  isOpening = false;
}

let noticeTimer;

/** Shows the result of a call for some seconds. */
export function showNotice(text) {
  const notice = document.getElementById("notice");
  notice.textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { notice.textContent = ""; }, NOTICE_MS);
}
