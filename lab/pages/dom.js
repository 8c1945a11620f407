// Functions that create HTML and SVG elements, and formats that several modules use.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

export const findById = (id) => document.getElementById(id);

export const createHtml = (name, attributes, ...children) => fillElement(document.createElement(name), attributes, children);

export const createSvg = (name, attributes, ...children) => fillElement(document.createElementNS(SVG_NAMESPACE, name), attributes, children);

function fillElement(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Makes an SVG element a button: a click, Enter and Space call `onPress`. */
export function makeButton(element, onPress) {
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "0");
  element.addEventListener("click", onPress);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onPress();
    }
  });
  return element;
}

/** Formats a duration that is given in seconds. A segment without a duration is in progress. */
export function formatDuration(seconds) {
  if (seconds === undefined) return "in progress";
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
}

/** Returns the outcome of a segment: `ok`, `error`, `throttle` or `fault`. */
export const getOutcome = ({ fault, throttle, error }) =>
  fault ? "fault" : throttle ? "throttle" : error ? "error" : "ok";
