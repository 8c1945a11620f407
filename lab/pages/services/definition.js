// Task definitions: what can be registered, and what differs between two revisions. Pure functions.

/** Members that only describe a registered revision. */
const DESCRIPTIVE = ["taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy", "deregisteredAt"];

/** Returns the request of RegisterTaskDefinition for a described revision, with other containers. Empty lists are left out. */
export function toRequest(definition, containerDefinitions) {
  const members = Object.entries({ ...definition, containerDefinitions: containerDefinitions.map(withoutEmpty) });
  return withoutEmpty(Object.fromEntries(members.filter(([name]) => !DESCRIPTIVE.includes(name))));
}

const withoutEmpty = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => !(Array.isArray(value) && value.length === 0)));

/** Returns copies of the containers with this environment: a list of `{name, value}` for each container. Variables without a name are left out. */
export const withEnvironment = (containers, environments) =>
  containers.map((container, index) => ({ ...container, environment: environments[index].map(({ name, value }) => ({ name: name.trim(), value })).filter(({ name }) => name) }));

/** Reads `containerDefinitions` of a text. Returns `{containers}` or `{problem}`. */
export function parseContainers(text) {
  let containers;
  try {
    containers = JSON.parse(text);
  } catch (error) {
    return { problem: `This is not JSON: ${error.message}` };
  }
  if (!Array.isArray(containers)) return { problem: "The containers are a list: […]" };
  const isNamed = (container) => container && typeof container === "object" && typeof container.name === "string";
  if (!containers.every(isNamed)) return { problem: "Each container is an object with a name." };
  return { containers };
}

/** Finds what the form of variables cannot send: a name twice in one container. */
export function environmentProblem(containers, environments) {
  for (const [index, { name: container }] of containers.entries()) {
    const names = environments[index].map(({ name }) => name.trim()).filter(Boolean);
    const twice = names.find((name, position) => names.indexOf(name) !== position);
    if (twice) return `The container ${container} has the variable ${twice} twice.`;
  }
  return undefined;
}

/**
 * Compares two revisions. Returns a list of `{where, name, before, after}` with texts; `before` is undefined for what was added, `after` for what was
 * removed. `where` is "Task" or a container.
 */
export function diffDefinitions(before, after) {
  const task = ({ containerDefinitions, ...members }) => Object.fromEntries(Object.entries(members).filter(([name]) => !DESCRIPTIVE.includes(name)));
  const rows = diffMembers("Task", task(before), task(after));
  const [olds, news] = [before, after].map(({ containerDefinitions = [] }) => byName(containerDefinitions));
  for (const name of new Set([...olds.keys(), ...news.keys()])) {
    const [old, now] = [olds.get(name), news.get(name)];
    const where = `Container ${name}`;
    if (!old || !now) rows.push({ where, name: "container", before: old && text(withoutEmpty(old)), after: now && text(withoutEmpty(now)) });
    else rows.push(...diffContainers(where, old, now));
  }
  return rows;
}

function diffContainers(where, { environment: oldVariables = [], ...old }, { environment: newVariables = [], ...now }) {
  const variables = ([...list]) => Object.fromEntries(list.map(({ name, value }) => [name, value]));
  return [...diffMembers(where, old, now), ...diffMembers(where, variables(oldVariables), variables(newVariables), "environment ")];
}

function diffMembers(where, before, after, prefix = "") {
  const isAbsent = (value) => value === undefined || (Array.isArray(value) && value.length === 0);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.map((name) => {
    const [old, now] = [before[name], after[name]].map((value) => isAbsent(value) ? undefined : text(value));
    return { where, name: prefix + name, before: old, after: now };
  }).filter((row) => row.before !== row.after);
}

const byName = (list) => new Map(list.map((item) => [item.name, item]));
const text = (value) => typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
