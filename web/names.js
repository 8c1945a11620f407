// The names of the mysfits that the page knows, by id.

const names = new Map();

export function rememberName(id, name) {
  if (id && name) names.set(id, name);
}

/** Replaces the id of a mysfit in a path by its name, if the name is known. */
export const namePath = (path) => path.replace(/^(\/mysfits\/)([^/?]+)/, (whole, start, id) => start + (names.get(decodeURIComponent(id)) ?? id));
