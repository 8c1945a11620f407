// Filter expressions as text: their conditions, and the place of an error.

/** Requests that take longer than this many seconds are called slow. */
export const SLOW_SECONDS = 1;

/** Conditions that a click adds to the filter. */
export const QUICK_CONDITIONS = [
  ["slow", `responsetime > ${SLOW_SECONDS}`],
  ["404", "http.status = 404"],
  ["likes only", 'http.url ENDSWITH "/like"'],
  ["no health checks", 'http.useragent != "ELB-HealthChecker/2.0"'],
];

/** Strings, brackets, and the words AND and OR. */
const TOKEN = /"(?:\\.|[^"\\])*"?|[[({]|[\])}]|(?<![\w.:-])(?:AND|OR)(?![\w.:-])/gi;

/** Splits a filter at a word (AND or OR) that is not in quotation marks or brackets. */
function splitAtWord(filter, word) {
  const parts = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of filter.matchAll(TOKEN)) {
    if ("([{".includes(token)) depth += 1;
    else if (")]}".includes(token)) depth -= 1;
    else if (depth === 0 && token.toUpperCase() === word) {
      parts.push(filter.slice(start, index));
      start = index + token.length;
    }
  }
  return [...parts, filter.slice(start)].map((part) => part.trim()).filter(Boolean);
}

const isAlternative = (filter) => splitAtWord(filter, "OR").length > 1;

/** The conditions that must all be true. A filter with OR is one condition. */
export const listConditions = (filter) => isAlternative(filter) ? [filter.trim()] : splitAtWord(filter, "AND");

export const joinConditions = (conditions) =>
  conditions.length < 2 ? conditions.join("") : conditions.map((condition) => isAlternative(condition) ? `(${condition})` : condition).join(" AND ");

export const hasCondition = (filter, condition) => listConditions(filter).includes(condition);

/** Removes the condition if the filter has it, and adds it otherwise. */
export function toggleCondition(filter, condition) {
  const conditions = listConditions(filter);
  return joinConditions(conditions.includes(condition) ? conditions.filter((other) => other !== condition) : [...conditions, condition]);
}

const RESPONSE_TIME_LIMIT = /^responsetime\s*(?:>=|<)\s*[\d.]+$/i;

/** Replaces the limits of the response time: at least `from`, and less than `to` seconds. */
export function limitResponseTime(filter, from, to) {
  const limits = [from > 0 && `responsetime >= ${from}`, to < Infinity && `responsetime < ${to}`].filter(Boolean);
  return joinConditions([...listConditions(filter).filter((condition) => !RESPONSE_TIME_LIMIT.test(condition)), ...limits]);
}

export const quote = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;

export const addGroup = (filter, group) => group ? joinConditions([...listConditions(filter), `group.name = ${quote(group)}`]) : filter;

/** Splits an invalid filter at the position in X-Ray's message. Positions count characters, from 1. */
export function locateError(filter, message) {
  const [, reason, position] = message.match(/^Invalid filter expression: (.*) at position (\d+)$/s) ?? [];
  if (!position) return undefined;
  const characters = [...filter];
  const index = Number(position) - 1;
  return { before: characters.slice(0, index).join(""), mark: characters[index] ?? "\u00a0", after: characters.slice(index + 1).join(""), reason, position };
}
