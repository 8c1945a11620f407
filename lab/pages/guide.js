// The guide: the pages of docs/labs, with buttons that copy commands and check steps.

import { html, nothing, render, repeat } from "./lit.js";
import { formatAge } from "./format.js";
import { loadStyle } from "./frame.js";
import { stateOf, summarize } from "./guide/progress.js";
import { checkSteps, readResults } from "./guide/check.js";
import { preparePage } from "./guide/page.js";
import { link } from "./range.js";

export const title = "Guide";
export const hasTimeRange = false;

const INDEX = "README";
/** Otherwise the list of pages is above the page, and folded. */
const isWide = matchMedia("(min-width: 64rem)").matches;

const MARKS = { done: "✓", missing: "○", unknown: "?", unchecked: "·" };
const WORDS = { done: "done", missing: "not done yet", unknown: "could not be checked", unchecked: "not checked" };

let main;
let pages = [];
let page;
let name;
/** The lab or the step that is being checked, for example `2` or `2.1`. */
let running = "";
let failure = "";

export async function start(element, rest) {
  main = element;
  name = rest || INDEX;
  const styles = loadStyle("guide/guide.css");
  try {
    const response = await Promise.all([fetchJson("/console/guide-pages"), fetchJson(`/console/guide-pages/${encodeURIComponent(name)}`)]);
    [pages, page] = response;
  } catch (error) {
    render(html`<section class="panel"><h2>The guide cannot be shown</h2><p class="wrong">${error.message}</p>
      <p><a href="/console/guide">All pages of the guide</a></p></section>`, main);
    return;
  }
  await styles;
  document.title = `${page.title} · Mythical Mysfits lab`;
  document.getElementById("page-title").textContent = page.title;
  draw();
  preparePage(main.querySelector(".guide-text"), page.html, { check });
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

async function fetchJson(path) {
  const response = await fetch(path).catch(() => { throw new Error("The lab does not answer."); });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return body;
}

/** Checks steps: a step such as `2.1`, or a lab such as `2`. Shows the progress meanwhile. */
async function check(steps) {
  running = steps;
  failure = "";
  draw();
  try {
    return await checkSteps(steps);
  } catch (error) {
    failure = error.message;
    throw error;
  } finally {
    running = "";
    draw();
  }
}

async function checkAll() {
  const labs = [...new Set(pages.flatMap(({ steps }) => steps.map(({ id }) => id.split(".")[0])))];
  for (const lab of labs) {
    try {
      await check(lab);
    } catch {
      return; // `failure` says why.
    }
  }
}

const pagePath = (name) => name === INDEX ? "/console/guide" : `/console/guide/${name}`;

const draw = () => render(html`<div class="guide">
    <nav class="panel guide-nav" aria-label="Pages of the guide"><details ?open=${isWide}><summary>Pages of the guide</summary>
      <ul>${repeat(pages, (it) => it.name, navEntry)}</ul></details></nav>
    <article class="panel guide-page">${name === INDEX ? progress() : nothing}<div class="guide-text"></div>${neighbours()}</article>
  </div>`, main);

function navEntry(entry) {
  const isCurrent = entry.name === name;
  return html`<li><a href=${link(pagePath(entry.name))} aria-current=${isCurrent ? "page" : nothing}><span>${entry.title}</span>
      ${entry.steps.length ? html`<span class="soft">${summarize(entry.steps, readResults())}</span>` : nothing}</a>
    ${isCurrent && entry.steps.length ? html`<ol>${entry.steps.map((step) => html`<li><a href="#${step.anchor}">${mark(step)} ${step.id} ${step.title}</a></li>`)}</ol>` : nothing}</li>`;
}

function mark({ id }) {
  const state = stateOf(readResults()[id]);
  return html`<span class="guide-mark ${state}"><span aria-hidden="true">${MARKS[state]}</span><span class="spoken">${WORDS[state]}:</span></span>`;
}

function progress() {
  const results = readResults();
  const all = pages.flatMap(({ steps }) => steps);
  const done = all.filter(({ id }) => stateOf(results[id]) === "done").length;
  const oldest = Math.min(...all.map(({ id }) => results[id]?.at ?? Infinity));
  return html`<section class="guide-progress" aria-labelledby="guide-progress-title">
    <div class="row spread middle"><h2 id="guide-progress-title">Your progress: ${done} of ${all.length} steps</h2>
      <button type="button" class="main" aria-disabled=${running ? "true" : "false"} @click=${() => running || checkAll()}>${running ? "Checking…" : "Check all steps"}</button></div>
    <progress aria-label="Steps that are done" max=${all.length} .value=${done}></progress>
    <p class="soft" role="status">${running ? `Looking at lab ${running}…` : Number.isFinite(oldest) ? `Checked ${formatAge(oldest)}. A check looks at the running lab.` : "A check looks at the running lab, and takes some seconds for each lab."}</p>
    ${failure ? html`<p class="wrong" role="alert">${failure}</p>` : nothing}
    <div class="guide-labs">${pages.filter(({ steps }) => steps.length).map((entry) => html`<section><h3><a href=${link(pagePath(entry.name))}>${entry.title}</a></h3>
      <ul>${entry.steps.map((step) => html`<li><a href="${link(pagePath(entry.name))}#${step.anchor}">${mark(step)} ${step.id} ${step.title}</a>
        ${results[step.id]?.failure ? html`<p class="wrong">${results[step.id].failure}</p>` : nothing}</li>`)}</ul></section>`)}</div>
  </section>`;
}

function neighbours() {
  const index = pages.findIndex((it) => it.name === name);
  const anchor = (entry, words) => entry ? html`<a href=${link(pagePath(entry.name))}><span class="soft">${words}</span> ${entry.title}</a>` : html`<span></span>`;
  return html`<nav class="row spread guide-neighbours" aria-label="Neighbouring pages">${anchor(pages[index - 1], "Back to")}${anchor(pages[index + 1], "Next:")}</nav>`;
}
