// Filter patterns of CloudWatch Logs as text:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

/** Examples that a reader can choose: the pattern, and what it finds. */
export const EXAMPLES = [
  ["POST", "lines with this text"],
  ['"two words"', "lines with this text; a text with blanks or punctuation needs quotation marks"],
  ["POST -GET", "lines with the first text and without the second"],
  ["?ERROR ?WARN", "lines with one of the texts"],
  ["{ $.status >= 400 }", "JSON lines with such a number"],
  ['{ $.method = "POST" && $.path = "*/like" }', "JSON lines for which both conditions are true"],
  ["%4[0-9]{2}%", "lines that match a regular expression"],
];

const quote = (text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** A text as a term: letters, digits and underscores need no quotation marks. */
const term = (value) => /^\w+$/.test(String(value)) ? String(value) : quote(String(value));

/** The selector of a field, for example `$.request.headers[0]` or `$.['a.b']`. */
export const selector = (path) =>
  path.reduce((text, key) => text + (typeof key === "number" ? `[${key}]` : /^[\w-]+$/.test(key) ? `.${key}` : `.['${key}']`), "$");

/** The condition that a field has this value, or that it has another value. A pattern cannot say that a field is not null. */
export function condition(path, value, isExcluded) {
  const field = selector(path);
  if (value === null) return isExcluded ? undefined : `${field} IS NULL`;
  if (typeof value === "boolean") return `${field} IS ${value === isExcluded ? "FALSE" : "TRUE"}`;
  return `${field} ${isExcluded ? "!=" : "="} ${typeof value === "number" ? value : quote(value)}`;
}

/** Adds the condition to a pattern, or the value as a term if the pattern consists of terms. */
export function addCondition(pattern, path, value, isExcluded) {
  const old = pattern.trim();
  const added = condition(path, value, isExcluded);
  if (added === undefined) return pattern;
  if (old.startsWith("{")) {
    const inner = old.slice(1, -1).trim();
    return `{ ${inner.includes("||") ? `(${inner})` : inner} && ${added} }`;
  }
  // A term with `?` has no effect beside other terms, and a pattern of fields in brackets has no terms.
  if (!old || /^\[|(^| )\?/.test(old)) return `{ ${added} }`;
  return `${old} ${isExcluded ? "-" : ""}${term(value)}`;
}

export const isPatternError = (message) => message.startsWith("Invalid filter pattern");

/** Splits the message of an invalid pattern into the reason and the position of the first wrong character, counted from 1. AWS does not tell the position. */
export function readError(message) {
  const [, reason, position] = message.match(/^(.*) \(position (\d+)\)\.?$/s) ?? [];
  return position ? { reason, position: Number(position) } : { reason: message };
}
