// Functions that change the page and that several modules use.

import { traces } from "./config.js";
import * as text from "./text.js";

/** Sets the text of an element. Values from the API are never inserted as markup. */
export function setText(root, selector, value) {
  root.querySelector(selector).textContent = value ?? "";
}

/** Sets the picture. Only paths on this site are accepted: `/images/troll.svg`, but not `//example.com/troll.svg`. */
export function setPicture(root, uri) {
  const pictureElement = root.querySelector(".picture");
  const isOnThisSite = typeof uri === "string" && /^\/\w/.test(uri);
  pictureElement.hidden = !isOnThisSite;
  if (isOnThisSite) pictureElement.src = uri;
  else pictureElement.removeAttribute("src");
}

/** Creates an element with the trace id of a response. It is a link if the trace was sampled and traces can be viewed: with the text `linkText`, or the id. */
export function createTraceElement({ trace, sampled }, linkText = trace) {
  const canBeViewed = traces && trace && sampled;
  const element = document.createElement(canBeViewed ? "a" : "span");
  element.className = "trace";
  element.textContent = trace && traces && !sampled ? `${trace} (${text.notSampled})` : trace;
  if (canBeViewed) {
    element.textContent = linkText;
    element.title = trace;
    element.href = traces + encodeURIComponent(trace);
    element.target = "_blank";
    element.rel = "noopener";
  }
  return element;
}

/** Announces a message to screen readers. While the dialog is open, the live region of the dialog is used, because the rest of the page is inert. */
export function announce(message) {
  const dialogRegion = document.querySelector("dialog[open] .spoken");
  (dialogRegion ?? document.querySelector("body > .spoken")).textContent = message;
}

/** Inserts the texts of text.js into elements with `data-text`, `data-text-before` or `data-label`, templates included. */
export function insertTexts(root = document) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text.labels[element.dataset.text];
  for (const element of root.querySelectorAll("[data-text-before]")) element.dataset.before = text.labels[element.dataset.textBefore];
  for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", text.ariaLabels[element.dataset.label]);
  for (const template of root.querySelectorAll("template")) insertTexts(template.content);
}
