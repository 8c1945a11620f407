// What differs between two revisions, as a table.

import { html, repeat } from "../lit.js";

/** Renders the rows of `diffDefinitions`. */
export const diffTable = (rows) => rows.length ? html`
  <div class="scroll" tabindex="0" role="region" aria-label="Differences"><table class="cards diff-table">
    <thead><tr><th scope="col">What</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
    <tbody>${repeat(rows, ({ where, name }) => `${where} ${name}`, ({ where, name, before, after }) => html`
      <tr><th scope="row"><span class="soft small">${where}</span><br>${name}</th>
        <td class=${before === undefined ? "" : "removed"} data-label="Before">${value(before)}</td>
        <td class=${after === undefined ? "" : "added"} data-label="After">${value(after)}</td></tr>`)}</tbody>
  </table></div>` : html`<p class="soft">Nothing differs.</p>`;

const value = (text) => {
  if (text === undefined) return html`<span class="soft">absent</span>`;
  return text.includes("\n") ? html`<pre tabindex="0">${text}</pre>` : html`<code>${text === "" ? "(empty)" : text}</code>`;
};
