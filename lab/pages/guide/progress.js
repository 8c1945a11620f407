// What of the guide is done, from the results of checks.

/** The state of a step: `done`, `missing`, `unknown` (it could not be checked) or `unchecked`. */
export function stateOf(result) {
  if (!result) return "unchecked";
  return result.isDone === null ? "unknown" : result.isDone ? "done" : "missing";
}

/** How many of a page's steps are done, for example `1 of 3`. Empty if none has been checked. */
export function summarize(steps, results) {
  if (!steps.some(({ id }) => results[id])) return "";
  return `${steps.filter(({ id }) => stateOf(results[id]) === "done").length} of ${steps.length}`;
}

/** Adds new results, with their time, to those that are known. */
export const merge = (results, fresh, at) => ({ ...results, ...Object.fromEntries(fresh.map((result) => [result.id, { ...result, at }])) });
