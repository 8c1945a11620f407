// Helpers for the tests in a browser: a lab in its own process, a browser, and functions that several tests use.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";

// script/test installs the packages in another folder and sets NODE_PATH.
const requireInstalled = createRequire(join(process.env.NODE_PATH ?? process.cwd(), "here.cjs"));
const { chromium } = requireInstalled("playwright-core");
const axeSource = await readFile(requireInstalled.resolve("axe-core/axe.min.js"), "utf8");

/** How long a test waits for an expected event, in milliseconds. */
const TIMEOUT_MS = 60_000;

/** How often a test checks for an expected event, in milliseconds. */
const POLL_INTERVAL_MS = 15;

/** The id of a mysfit in the seed data. */
export const MYSFIT_ID = "4e53920c-505a-4a90-a694-b9300791f0ae";

/** The filter that the workshop teaches: slow and failed likes. */
export const WORKSHOP_FILTER = 'service("like service") { responsetime > 1 OR error } AND http.method = "POST"';

/** The longest time range that X-Ray accepts. The range ends a minute from now. */
export function longestTimeRange() {
  const endTime = Math.floor(Date.now() / 1000) + 60;
  return { StartTime: endTime - 6 * 3600, EndTime: endTime };
}

export class Lab {
  /** Starts a lab on free ports, with additional command-line options and environment variables. */
  static async start({ options = [], env = {} } = {}) {
    const lab = new Lab();
    lab.directory = await mkdtemp(join(tmpdir(), "lab-"));
    const endpointsFile = join(lab.directory, "endpoints.json");
    const portOptions = ["--site-port", "--alb-port", "--dynamodb-port", "--aws-port", "--xray-port", "--otlp-port"].flatMap((option) => [option, "0"]);
    // With seed 7 the first likes include slow likes and 404s.
    const defaultOptions = ["--no-browser", "--endpoints-file", endpointsFile, "--seed", "7", "--like-tasks", "1", ...portOptions];
    const variables = { ...process.env, CHAOS_STRESS_CPU_MS: "1100-1150", ...env };
    lab.process = spawn(process.env.LAB_BIN, [...defaultOptions, ...options], { env: variables, stdio: ["ignore", "ignore", "inherit"] });
    lab.exitCode = new Promise((resolve) => lab.process.once("exit", resolve));
    await waitUntil(async () => {
      lab.endpoints = JSON.parse(await readFile(endpointsFile, "utf8").catch(() => "null"));
      return lab.endpoints;
    });
    return lab;
  }

  /** Sends a like and returns its status. */
  async sendLike() {
    const response = await fetch(`${this.endpoints.alb}/mysfits/${MYSFIT_ID}/like`, { method: "POST" });
    return response.status;
  }

  /** Calls an operation of the X-Ray API and returns the response. */
  async callXray(operation, request) {
    const response = await fetch(`${this.endpoints.xray.api}/${operation}`, { method: "POST", body: JSON.stringify(request) });
    assert.equal(response.status, 200);
    return response.json();
  }

  /** Returns the summaries of the traces that match the filter. */
  async findTraces(filter) {
    return (await this.callXray("TraceSummaries", { ...longestTimeRange(), FilterExpression: filter })).TraceSummaries;
  }

  async stop() {
    this.process.kill("SIGTERM");
    assert.equal(await this.exitCode, 0);
    await rm(this.directory, { recursive: true });
  }
}

/** Waits until `condition` returns a truthy value, and returns this value. */
export async function waitUntil(condition) {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    assert(Date.now() < deadline, `no truthy value after ${TIMEOUT_MS} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

export class Browser {
  /** Starts Chromium, with additional command-line arguments. */
  static async start(extraArguments = []) {
    const browser = new Browser();
    const defaultArguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
    browser.chromium = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, args: [...defaultArguments, ...extraArguments] });
    return browser;
  }

  /** Opens a page. `page.errors` collects its errors, `page.consoleMessages` all messages on its console. */
  async open(url, options = {}) {
    const context = await this.chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    page.errors = [];
    page.on("pageerror", (error) => page.errors.push(error.message));
    page.consoleMessages = [];
    page.on("console", (message) => {
      page.consoleMessages.push(message.text());
      // The browser logs a response with an error status as an error, for example the response to an invalid filter.
      const isExpected = message.text().includes("400 (Bad Request)") || !message.location().url.startsWith(new URL(url).origin);
      if (message.type() === "error" && !isExpected) page.errors.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  async stop() {
    await this.chromium.close();
  }
}

/** Asserts that axe finds no accessibility error in the page, and that the page does not scroll horizontally. */
export async function assertAccessible(page) {
  // Elements that fade in have a lower contrast until the animation ends.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((animation) => animation.effect.getComputedTiming().iterations === 1).map((animation) => animation.finished)));
  // `evaluate` runs outside the content security policy of the page, which forbids scripts from other hosts.
  const violations = await page.evaluate(async (source) => {
    const loadAxe = new Function(`${source}; return axe;`);
    const results = await loadAxe().run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
    return results.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" | ")}`);
  }, axeSource);
  assert.deepEqual(violations, []);
  const overflowPixels = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflowPixels, 0);
}

/** Saves a screenshot of the page in the directory SCREENSHOTS, if that variable is set. */
export async function saveScreenshot(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
}
