// The rendered Markdown of a page, with buttons at its blocks of code.

import { link } from "../range.js";

/** A block with this line is a checkpoint. */
const CHECKPOINT = /^cargo run -q -- check (\d+\.\d+)$/;

/** The address of the lab's site in the text of the guide. */
const USUAL_SITE = "http://127.0.0.1:3000";

function createHtml(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Shows the HTML, which the lab has made of its own files. `check(step)` checks a step and returns the result. */
export function preparePage(element, source, { check }) {
  element.innerHTML = source;
  for (const anchor of element.querySelectorAll("a[href]")) prepareLink(anchor);
  prepareHead(element.querySelector("p"));
  for (const code of element.querySelectorAll("pre > code")) {
    if (code.classList.contains("language-text")) prepareOutput(code.parentElement);
    else prepareCode(code.parentElement, code.textContent.trimEnd(), check);
  }
  for (const table of element.querySelectorAll("table")) wrap(table, createHtml("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table" }));
}

/** Goal, time and needs of a lab are one paragraph: each gets its own line. */
function prepareHead(paragraph) {
  const [first, ...others] = paragraph?.querySelectorAll(":scope > strong") ?? [];
  if (!first || paragraph.firstChild !== first) return;
  for (const strong of others) strong.before(createHtml("br", {}));
}

/** What a command prints. It is not copied. */
function prepareOutput(block) {
  block.tabIndex = 0;
  wrap(block, createHtml("div", { class: "guide-output" })).prepend(createHtml("span", { class: "soft" }, "Output"));
}

function prepareLink(anchor) {
  const href = anchor.getAttribute("href");
  if (href.startsWith(USUAL_SITE)) anchor.setAttribute("href", href.slice(USUAL_SITE.length) || "/");
  else if (href.startsWith("/console")) {
    const [path, hash] = href.split("#");
    anchor.setAttribute("href", link(path) + (hash ? `#${hash}` : ""));
  } else if (!href.startsWith("#")) Object.assign(anchor, { target: "_blank", rel: "noopener" });
}

function wrap(element, wrapper) {
  element.before(wrapper);
  wrapper.append(element);
  return wrapper;
}

function prepareCode(block, text, check) {
  block.tabIndex = 0;
  const box = wrap(block, createHtml("div", { class: "copy-box guide-code" }));
  const copy = createHtml("button", { type: "button", class: "small" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    copy.addEventListener("blur", () => { copy.textContent = "Copy"; }, { once: true });
  });
  box.append(copy);
  const step = CHECKPOINT.exec(text)?.[1];
  if (step) addCheck(box, step, check);
}

function addCheck(box, step, check) {
  const button = createHtml("button", { type: "button", class: "small main" }, `Check ${step}`);
  const result = createHtml("div", { class: "guide-result", role: "status" });
  box.append(button);
  box.after(result);
  let isRunning = false;
  button.addEventListener("click", async () => {
    if (isRunning) return;
    isRunning = true;
    button.setAttribute("aria-disabled", "true");
    result.replaceChildren(createHtml("p", { class: "soft" }, "Looking at the lab…"));
    try {
      const [checked] = await check(step);
      result.replaceChildren(...describe(checked));
    } catch (error) {
      result.replaceChildren(createHtml("p", { class: "wrong" }, error.message));
    }
    isRunning = false;
    button.removeAttribute("aria-disabled");
  });
}

function describe({ isDone, findings, failure }) {
  if (isDone === null) return [createHtml("p", { class: "wrong" }, `This step could not be checked. ${failure}`)];
  const items = findings.map((finding) => createHtml("li", { class: finding.isDone ? "done" : "missing" },
    createHtml("strong", {}, finding.isDone ? "✓ done" : "○ missing"), ` ${finding.text}`));
  return [createHtml("ul", {}, ...items), createHtml("p", { class: isDone ? "ok" : "error" }, isDone ? "The step is done." : "The step is not done yet.")];
}
