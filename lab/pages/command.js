// The `aws` command that does what a button of the console does.

import { html } from "./lit.js";

/** Characters that a shell does not change. */
const PLAIN = /^[\w@%+=:,./-]+$/;

const quote = (word) => PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** Writes words as a line for bash or zsh. Objects become JSON. */
export const commandText = (words) =>
  words.map((word) => typeof word === "object" ? JSON.stringify(word) : String(word)).map(quote).join(" ");

const kebab = (name) => name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2").toLowerCase();

/** The words of a command for an operation and its request: `requestWords("cloudwatch", "DeleteAlarms", { AlarmNames: ["a"] })`. */
export const requestWords = (service, operation, request) => ["aws", service, kebab(operation), ...Object.entries(request).flatMap(([name, value]) => {
  if (value === undefined) return [];
  if (typeof value === "boolean") return [`--${value ? "" : "no-"}${kebab(name)}`];
  const isListOfTexts = Array.isArray(value) && value.length && value.every((item) => typeof item === "string");
  return [`--${kebab(name)}`, ...isListOfTexts ? value : [value]];
})];

/** The options of a command as boxes, so that a line breaks between them. */
const optionsOf = (line) => line.split(/(?<= )(?=--)/).map((option) => html`<span class="option">${option}</span>`);

/** Lines of code with a button that copies them. */
export const copyBox = (text) => html`
  <div class="copy-box"><pre tabindex="0"><code>${text.split("\n").map((line, index) => html`${index ? "\n" : ""}${optionsOf(line)}`)}</code></pre>
    <button type="button" @click=${(event) => copy(text, event.currentTarget)}>Copy</button></div>`;

export const commandBox = (words) => copyBox(commandText(words));

async function copy(text, button) {
  // Browsers offer no clipboard to a page that was loaded by HTTP from another host.
  const isCopied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  if (!isCopied) getSelection().selectAllChildren(button.previousElementSibling);
  button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
  button.addEventListener("blur", () => { button.textContent = "Copy"; }, { once: true });
}
