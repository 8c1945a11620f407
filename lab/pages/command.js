// The `aws` command that does what a button of the console does.

import { html } from "./lit.js";

/** Characters that a shell does not change. */
const PLAIN = /^[\w@%+=:,./-]+$/;

const quote = (word) => PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** Writes words as a line for bash or zsh. Objects become JSON. */
export const commandText = (words) =>
  words.map((word) => typeof word === "object" ? JSON.stringify(word) : String(word)).map(quote).join(" ");

/** A line of code with a button that copies it. */
export const copyBox = (text) => html`
  <div class="copy-box"><pre tabindex="0"><code>${text}</code></pre>
    <button type="button" @click=${(event) => copy(text, event.currentTarget)}>Copy</button></div>`;

export const commandBox = (words) => copyBox(commandText(words));

async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  button.textContent = "Copied";
  button.addEventListener("blur", () => { button.textContent = "Copy"; }, { once: true });
}
