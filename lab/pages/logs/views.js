// Parts of the logs page that only show its state.

import { commandText } from "../command.js";
import { formatAge } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { isLive, link, readRange } from "../range.js";
import { shortStream, taskId } from "./lines.js";

/** The groups, and the streams of the chosen one. `choose({group, stream})` chooses another. */
export function sideView(state, isOpen, choose) {
  const go = (values) => (event) => {
    // These keys open the link in a new tab.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(values);
  };
  const address = (values) => link("/console/logs", { ...values, pattern: state.pattern });
  const entry = (text, more, isCurrent, values) => html`<li><a href=${address(values)} aria-current=${isCurrent ? "true" : nothing}
    title=${values.stream || values.group} @click=${go(values)}><span>${text}</span><span class="soft">${more}</span></a></li>`;
  return html`<details class="panel log-side" ?open=${isOpen}><summary>Log groups and streams</summary>
    <h2>Groups</h2><ul>${(state.groups ?? []).map(({ logGroupName, storedBytes }) =>
      entry(logGroupName, formatBytes(storedBytes), logGroupName === state.group, { group: logGroupName, stream: "" }))}</ul>
    <h2>Streams, the newest first</h2><ul>
      ${entry("all streams", "", !state.stream, { group: state.group, stream: "" })}
      ${repeat(state.streams, ({ logStreamName }) => logStreamName, ({ logStreamName, lastEventTimestamp }) =>
        entry(shortStream(logStreamName), describeStream(logStreamName, lastEventTimestamp, state.runningTasks), logStreamName === state.stream,
          { group: state.group, stream: logStreamName }))}</ul>
    ${state.hasMoreStreams ? html`<p class="soft">Older streams are not listed.</p>` : nothing}</details>`;
}

/** When the stream had its newest line, and whether its task has ended. `runningTasks` is undefined while it is unknown. */
function describeStream(name, lastEventTimestamp, runningTasks) {
  const task = taskId(name);
  const age = lastEventTimestamp ? formatAge(lastEventTimestamp) : "no lines";
  return task && runningTasks && !runningTasks.has(task) ? `ended, ${age}` : age;
}

const formatBytes = (bytes) => !bytes ? "empty" : bytes < 1000 ? "< 1 kB" : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes / 1000)} kB`;

/** The pattern with a mark at the position of the error, and the words of the API. */
export function errorView({ pattern, patternError: { reason, position } }) {
  if (!position) return html`<p class="wrong">${reason}</p>`;
  const characters = [...pattern];
  return html`<pre class="wrong">${characters.slice(0, position - 1).join("")}<mark>${characters[position - 1] ?? " "}</mark>${characters.slice(position).join("")}</pre>
    <p class="wrong">${reason}, at position ${position}</p>`;
}

/** The `aws` command of the search. */
export function commandOf({ group, stream, pattern }) {
  const { start, end, isCustom } = readRange();
  const words = ["aws", "logs", "filter-log-events", "--log-group-name", group];
  if (stream) words.push("--log-stream-names", stream);
  // To the minute, so that the command does not change while somebody selects it.
  words.push("--start-time", isCustom ? start : Math.floor(start / 60_000) * 60_000);
  if (isCustom) words.push("--end-time", end);
  // The AWS CLI takes a separate word that begins with a hyphen for an option.
  if (pattern) words.push(...pattern.startsWith("-") ? [`--filter-pattern=${pattern}`] : ["--filter-pattern", pattern]);
  return commandText([...words, "--query", "events[].message"]);
}

/** What the list shows if it has no lines. */
export function emptyView(state, showAll) {
  if (state.window.lines.length || state.patternError) return nothing;
  if (state.isReading || !state.groups) return html`<p class="soft">Loading…</p>`;
  if (!state.searched) return nothing;
  const { isCustom } = readRange();
  const what = state.pattern ? "No line of this time range matches the pattern." : "No line in this time range.";
  return html`<div class="log-empty"><p>${what}${isLive() ? " New lines appear here." : ""}${isCustom ? " Choose a longer time range." : ""}</p>
    ${state.pattern ? html`<button type="button" @click=${showAll}>Show all lines</button>` : nothing}</div>`;
}

/** How many lines there are, whether the page follows new ones, and buttons to both ends. */
export function barView(state, { showOldest, showNewest }) {
  const { window: { lines, hasOlder, hasNewer }, hidden, isFollowing, unread, selected } = state;
  const counted = `${hasOlder || hasNewer ? "at least " : ""}${lines.length.toLocaleString()} line${lines.length === 1 ? "" : "s"}`;
  const pausedWords = selected ? "Paused while a line is open." : "Paused.";
  return html`<div class="row middle spread log-bar"><span>${counted}${hidden ? html` <span class="soft">(${hidden.toLocaleString()} metric lines are hidden)</span>` : nothing}</span>
    <span class="row middle"><span role="status" id="log-follow">${!isLive() ? "" : isFollowing ? "Following new lines." : pausedWords}</span>
      ${isLive() && !isFollowing && unread ? html`<span class="soft">${unread.toLocaleString()} new</span>` : nothing}
      <button type="button" class="small" @click=${showOldest}>Oldest</button>
      <button type="button" class="small" @click=${showNewest}>${isLive() && !isFollowing ? "Follow" : "Newest"}</button></span></div>`;
}
