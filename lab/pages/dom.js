// Short functions that create HTML and SVG elements.

const SVG = "http://www.w3.org/2000/svg";

export const by = (id) => document.getElementById(id);

export const html = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);

export const svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Makes an SVG element a button for pointer and keyboard. */
export function pressable(element, press) {
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "0");
  element.addEventListener("click", press);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      press();
    }
  });
  return element;
}

/** Formats a duration in seconds. */
export function seconds(time) {
  if (time === undefined) return "in progress";
  if (time >= 1) return `${time.toFixed(2)} s`;
  return `${(time * 1000).toFixed(time < 0.01 ? 2 : 0)} ms`;
}

/** ok, error, throttle or fault. */
export const outcome = ({ fault, throttle, error }) =>
  fault ? "fault" : throttle ? "throttle" : error ? "error" : "ok";
