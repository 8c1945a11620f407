// What the site's parts do to the page alike.

import { traces } from "./config.js";
import * as text from "./text.js";

/** What comes from the API becomes text, never markup. */
export function setText(root, selector, words) {
  root.querySelector(selector).textContent = words ?? "";
}

/** Pictures come from this site: a path such as /images/troll.svg, not //elsewhere/troll.svg. */
export function setPicture(root, uri) {
  const picture = root.querySelector(".picture");
  const ours = typeof uri === "string" && /^\/\w/.test(uri);
  picture.hidden = !ours;
  if (ours) picture.src = uri;
  else picture.removeAttribute("src");
}

/** An answer's trace id, as a link where there is something to see behind it. */
export function traceLink({ trace, sampled }) {
  const seen = traces && trace && sampled;
  const element = document.createElement(seen ? "a" : "span");
  element.className = "trace";
  element.textContent = trace && traces && !sampled ? `${trace} (${text.notSampled})` : trace;
  if (seen) {
    element.href = traces + encodeURIComponent(trace);
    element.target = "_blank";
    element.rel = "noopener";
  }
  return element;
}

/** Says it to those who cannot see it: in the dialog while that is open, since the rest is inert then. */
export function speak(words) {
  const open = document.querySelector("dialog[open] .spoken");
  (open ?? document.querySelector("body > .spoken")).textContent = words;
}

/** Puts the words of text.js where the page names them. */
export function label(root = document) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text.labels[element.dataset.text];
  for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", text.names[element.dataset.label]);
  for (const template of root.querySelectorAll("template")) label(template.content);
}
