// The console's metrics: what is computed (pure functions), and the pages with a real lab. Lab 1's dashboard is made in the console alone.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { alignSeries, describeChart, isWholeAxis, isolatedRows, scaleOf, stack, tableRows, unitOfAxis } from "../../pages/chart/data.js";
import { formatValue, tickTexts, unitOfStatistic } from "../../pages/chart/units.js";
import { expandLines, nextPosition, writeLines } from "../../pages/metrics/body.js";
import { marksOf, servicesOf, thresholdsOf } from "../../pages/metrics/context.js";
import { choosePeriod, generateLabels, requestOf, resolveLines } from "../../pages/metrics/queries.js";
import { Browser, Lab, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";

const MINUTE_MS = 60_000;

test("the abbreviations of a dashboard's metrics are expanded", () => {
  const metrics = [
    ["AWS/ECS", "CPUUtilization", "ClusterName", "c", "ServiceName", "like"], [".", "MemoryUtilization", ".", ".", ".", "."],
    ["...", "monolith", { label: "m" }], [{ expression: "m1 / 2", id: "e1" }], ["..."], [".", ".", ".", ".", ".", "other"],
  ];
  const lines = expandLines({ metrics });
  assert.deepEqual(lines.map(({ metric }) => metric?.slice(1).join(" ")), [
    "CPUUtilization ClusterName c ServiceName like", "MemoryUtilization ClusterName c ServiceName like", "MemoryUtilization ClusterName c ServiceName monolith",
    undefined, "MemoryUtilization ClusterName c ServiceName monolith", "MemoryUtilization ClusterName c ServiceName other",
  ]);
  assert.deepEqual(lines[2].options, { label: "m" });
  assert.deepEqual(writeLines(lines).slice(2, 4), [["AWS/ECS", "MemoryUtilization", "ClusterName", "c", "ServiceName", "monolith", { label: "m" }], [{ expression: "m1 / 2", id: "e1" }]]);
  for (const properties of [undefined, {}, { metrics: [1, "x", []] }]) assert(expandLines(properties).every(({ metric }) => !metric));
});

test("labels have what differs between the lines", () => {
  const line = (name, service, stat = "Average") => ({ metric: ["AWS/ECS", name, "ClusterName", "c", "ServiceName", service], stat, period: 60, options: {} });
  assert.deepEqual(generateLabels([line("CPU", "a"), line("CPU", "b")]), ["a", "b"]);
  assert.deepEqual(generateLabels([line("CPU", "a"), line("Memory", "a", "Maximum")]), ["CPU Average", "Memory Maximum"]);
  assert.deepEqual(generateLabels([line("CPU", "a")]), ["CPU"]);
  const balancer = (value) => ({ metric: ["N", "R", "TargetGroup", value], stat: "Sum", period: 60, options: {} });
  assert.deepEqual(generateLabels([balancer("targetgroup/like/0000000000000000"), balancer("targetgroup/monolith/0000000000000000")]), ["like", "monolith"]);
});

test("the period of a line stays unless there are too many values", () => {
  assert.equal(choosePeriod(undefined, 3600), 60);
  assert.equal(choosePeriod(undefined, 6 * 3600), 300);
  assert.equal(choosePeriod(10, 3600), 10);
  assert.equal(choosePeriod(10, 6 * 3600), 300);
  const [line] = resolveLines([{ metric: ["N", "m"], options: { stat: "p99" } }], { period: 60, stat: "Sum" }, 3600);
  assert.deepEqual([line.stat, line.period, line.label], ["p99", 60, "m"]);
  const { StartTime, EndTime } = requestOf([line], { start: 90_000, end: 190_000 });
  assert.deepEqual([StartTime, EndTime], [60, 240]);
});

test("a new widget goes beside the last one if there is room, or below all", () => {
  const widget = (x, y, width, height) => ({ x, y, width, height });
  assert.deepEqual(nextPosition([], 8), { x: 0, y: 0 });
  assert.deepEqual(nextPosition([widget(0, 0, 8, 6)], 12), { x: 8, y: 0 });
  assert.deepEqual(nextPosition([widget(0, 0, 16, 6)], 12), { x: 0, y: 6 });
  assert.deepEqual(nextPosition([widget(12, 0, 12, 4), widget(0, 0, 12, 6)], 6), { x: 0, y: 6 });
  assert.deepEqual(nextPosition([{ width: 8 }, { width: 16 }], 8), {});
});

test("a line has a gap where values are missing, but not where another line has a shorter period", () => {
  const minute = (number) => number * MINUTE_MS;
  const fast = { label: "fast", times: [0, 1, 2, 4].map(minute), values: [1, 2, 3, 5] };
  const slow = { label: "slow", times: [0, 2].map(minute), values: [10, 30], periodMs: 2 * MINUTE_MS };
  assert.deepEqual(alignSeries([fast, slow], MINUTE_MS), [[0, 1, 2, 3, 4].map(minute), [1, 2, 3, null, 5], [10, undefined, 30, undefined, null]]);
  assert.deepEqual(isolatedRows([1, null, 2, undefined, 3, null, null, 4]), [0, 7]);
  assert.deepEqual(stack([[0, 1], [1, 2], [3, null]]), [[0, 1], [1, 2], [4, null]]);
  assert.deepEqual(tableRows([fast, slow])[1], [minute(2), 3, 30]);
});

test("axes begin at 0, and include only the thresholds that are near the values", () => {
  assert.deepEqual(scaleOf(undefined, 10, 100, [{ value: 1000 }, { value: 50 }]), [0, 108]);
  assert.deepEqual(scaleOf(undefined, 10, 100, [{ value: 200 }]), [0, 216]);
  assert.deepEqual(scaleOf(undefined, null, null, [{ value: 1000 }]), [0, 1080]);
  assert.deepEqual(scaleOf({ min: 5, max: 50 }, 10, 100, []), [5, 50]);
  assert.deepEqual(scaleOf(undefined, null, null, []), [0, 1]);
});

test("values have the units of their metric, and an axis that of all its lines", () => {
  assert.deepEqual([[24.72, "Percent"], [1.756, "Seconds"], [0.0287, "Seconds"], [1500, "Milliseconds"], [25_300, "Bytes"], [1200, "/min"], [7, undefined]].map(([value, unit]) => formatValue(value, unit)),
    ["24.7 %", "1.76 s", "28.7 ms", "1.5 s", "25.3 kB", "1,200/min", "7"]);
  assert.deepEqual(tickTexts([0, 0.2, 0.4], "Seconds"), ["0", "200", "400 ms"]);
  assert.deepEqual(tickTexts([0, null, 1], "Percent"), ["0", null, "1 %"]);
  assert.deepEqual([["Count", "Sum", 60], ["Count", "Sum", 300], ["Percent", "SampleCount", 60], ["Seconds", "p99", 60], ["None", "Sum", 60], [undefined, "Sum", 60]].map((one) => unitOfStatistic(...one)), ["/min", "Count", undefined, "Seconds", undefined, undefined]);
  const series = [{ unit: "Percent", values: [1] }, { unit: "Seconds", axis: "right", values: [0.5] }, { unit: "Percent", values: [2] }, { values: [] }];
  assert.deepEqual([unitOfAxis(series, "left"), unitOfAxis(series, "right"), unitOfAxis([...series, { unit: "Bytes", values: [1] }], "left")], ["Percent", "Seconds", undefined]);
  assert.deepEqual([isWholeAxis(series, "left"), isWholeAxis(series, "right")], [true, false]);
});

test("a chart is described in words", () => {
  const text = describeChart({ label: "Orders", start: 0, end: MINUTE_MS, series: [{ label: "cart", times: [0, 1], values: [3, 7] }, { label: "pay", times: [], values: [] }], thresholds: [{ value: 5, label: "a" }, { value: 5, label: "b" }] });
  assert.match(text, /^Orders, .+\. cart: 3 to 7, last 7\. pay: no data\. threshold: a, b$/);
});

test("thresholds, deployments and activities belong to the metrics that a chart shows", () => {
  const service = (name, group) => ({
    serviceName: name, clusterArn: "arn:aws:ecs:r:0:cluster/c", loadBalancers: [{ targetGroupArn: `arn:aws:elasticloadbalancing:r:0:${group}` }],
    deployments: [{ createdAt: 10, taskDefinition: `arn:aws:ecs:r:0:task-definition/${name}:2` }],
    events: [{ createdAt: 20, message: `(service ${name}) (deployment ecs-svc/1) deployment completed.` }, { createdAt: 21, message: `(service ${name}) has reached a steady state.` }],
  });
  const services = [service("like", "targetgroup/like/1"), service("monolith", "targetgroup/monolith/1")];
  const ofGroup = { metric: ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/x/1", "TargetGroup", "targetgroup/like/1"], stat: "Sum", period: 60 };
  assert.deepEqual(servicesOf([ofGroup], services), [services[0]]);
  assert.deepEqual(servicesOf([{ metric: ["N", "m"] }], services), services);
  const activities = [{ ResourceId: "service/c/like", StartTime: 15, Description: "Setting desired count to 12.", Cause: "alarm" }, { ResourceId: "service/c/monolith", StartTime: 16 }];
  assert.deepEqual(marksOf([services[0]], activities).map(({ time, kind }) => [time, kind]), [[10_000, "deployment"], [15_000, "scaling"], [20_000, "deployment"]]);
  const alarm = { AlarmName: "up", Namespace: "AWS/ApplicationELB", MetricName: "RequestCount", Statistic: "Sum", Period: 60, Threshold: 1000, ComparisonOperator: "GreaterThanOrEqualToThreshold",
    Dimensions: [{ Name: "TargetGroup", Value: "targetgroup/like/1" }, { Name: "LoadBalancer", Value: "app/x/1" }] };
  assert.deepEqual(thresholdsOf([ofGroup], [alarm]).map(({ value, label }) => [value, label]), [[1000, "up ≥ 1,000"]]);
  assert.deepEqual(thresholdsOf([{ ...ofGroup, stat: "Average" }, { ...ofGroup, period: 300 }], [alarm]), []);
});

let lab;
let browser;
let site;

/** Calls an operation of an AWS JSON API and returns the response. */
async function call(target, request, endpoints = lab.endpoints) {
  const response = await fetch(endpoints.aws, { method: "POST", headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target }, body: JSON.stringify(request) });
  const text = await response.text();
  assert.equal(response.status, 200, `${target}: ${text}`);
  return text ? JSON.parse(text) : {};
}

const cloudwatch = (operation, request) => call(`GraniteServiceVersion20100801.${operation}`, request);

const readBody = async (name) => JSON.parse((await cloudwatch("GetDashboard", { DashboardName: name })).DashboardBody);

/** The newest number of tasks of a service in CloudWatch. */
async function readTasks(service) {
  const { Metrics } = await cloudwatch("ListMetrics", { Namespace: "AWS/ECS", MetricName: "CPUUtilization" });
  const { Dimensions } = Metrics.find(({ Dimensions }) => Dimensions.some(({ Value }) => Value.includes(service)));
  const now = Math.floor(Date.now() / 1000);
  const request = { Namespace: "AWS/ECS", MetricName: "CPUUtilization", Dimensions, Statistics: ["SampleCount"], Period: 60, StartTime: now - 1800, EndTime: now };
  const { Datapoints } = await cloudwatch("GetMetricStatistics", request);
  return Datapoints.sort((a, b) => b.Timestamp - a.Timestamp)[0].SampleCount;
}

const VALUES = [12, 15, 11, 18, 25, 31, 28, 22];

before(async () => {
  browser = await Browser.start();
  lab = await Lab.start();
  site = `${lab.endpoints.site}/console/metrics`;
  const minute = Math.floor(Date.now() / MINUTE_MS) * 60;
  for (const [page, factor] of [["cart", 1], ["pay", 2]]) {
    await cloudwatch("PutMetricData", { Namespace: "Shop", MetricData: VALUES.map((value, index) => ({
      MetricName: "Orders", Dimensions: [{ Name: "Page", Value: page }], Timestamp: minute - 60 * (VALUES.length - index), Value: value * factor,
    })) });
  }
});

after(async () => {
  await browser?.stop();
  await lab?.stop();
});

const waitForData = (page) => page.locator("#frame-status", { hasText: /pdated at/ }).waitFor();

/** Presses the button of the open dialog, and waits until it is done. */
async function send(page) {
  await page.click("dialog button.main");
  await page.locator("dialog").waitFor({ state: "detached" });
}

async function choose(page, root, namespace, metric) {
  await page.selectOption(`${root} select[name=namespace]`, namespace);
  await page.selectOption(`${root} select[name=metric]`, metric);
}

const widget = (page, title) => page.locator(".widget", { has: page.locator(`h2:text-is("${title}")`) });

test("the dashboard of the start is shown as it is, in CloudWatch's grid and in one column on phones", async () => {
  const page = await browser.open(site);
  const [{ DashboardName: name }] = (await cloudwatch("ListDashboards", {})).DashboardEntries;
  await page.click(`.dashboards a:text-is("${name}")`);
  const { widgets } = await readBody(name);
  await page.locator(".widget").nth(widgets.length - 1).waitFor();
  assert.deepEqual(await page.locator(".widget h2").allTextContents(), widgets.map(({ properties }) => properties.title));
  const boxes = await Promise.all(widgets.map((_, index) => page.locator(".widget").nth(index).boundingBox()));
  const grid = await page.locator(".grid").evaluate((element) => ({ width: element.clientWidth, gap: parseFloat(getComputedStyle(element).columnGap) }));
  widgets.forEach((one, index) => {
    const row = boxes.filter((_, other) => widgets[other].y === one.y);
    assert.equal(new Set(row.map(({ y }) => y)).size, 1);
    const { width, gap } = grid;
    assert(Math.abs(boxes[index].width - ((width + gap) / 24 * one.width - gap)) < 1, `${one.width}: ${boxes[index].width}`);
  });
  await assertAccessible(page);
  await page.setViewportSize({ width: 360, height: 800 });
  const lefts = await page.locator(".widget").evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect().left));
  assert.equal(new Set(lefts).size, 1);
  await assertAccessible(page);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("widgets show the API's values: as numbers, as lines with a table, under the pointer, with thresholds and deployments", async () => {
  await cloudwatch("PutMetricAlarm", { AlarmName: "busy", Namespace: "Shop", MetricName: "Orders", Dimensions: [{ Name: "Page", Value: "cart" }], Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 30, ComparisonOperator: "GreaterThanThreshold" });
  const [cluster] = (await call("AmazonEC2ContainerServiceV20141113.ListClusters", {})).clusterArns;
  const [service] = (await call("AmazonEC2ContainerServiceV20141113.ListServices", { cluster })).serviceArns;
  await call("AmazonEC2ContainerServiceV20141113.UpdateService", { cluster, service, forceNewDeployment: true });
  const metrics = [["Shop", "Orders", "Page", "cart"], ["...", "pay", { label: "paid" }]];
  const properties = { region: "us-east-1", stat: "Sum", period: 60, metrics };
  await cloudwatch("PutDashboard", { DashboardName: "shop", DashboardBody: JSON.stringify({ widgets: [
    { type: "metric", x: 0, y: 0, width: 8, height: 4, properties: { ...properties, title: "Now", view: "singleValue" } },
    { type: "metric", x: 8, y: 0, width: 16, height: 6, properties: { ...properties, title: "Orders", view: "timeSeries", annotations: { horizontal: [{ label: "goal", value: 60 }] } } },
    { type: "metric", x: 0, y: 6, width: 8, height: 6, properties: { ...properties, title: "Broken", metrics: [[{ expression: "NOSUCH(m1)", id: "e1" }]] } },
    { type: "text", x: 8, y: 6, width: 8, height: 3, properties: { markdown: "Orders of the shop" } },
    { type: "alarm", x: 16, y: 6, width: 8, height: 3, properties: { alarms: ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:busy"] } },
  ] }) });
  const page = await browser.open(`${site}/shop`, { colorScheme: "dark" });
  const numbers = widget(page, "Now").locator(".figure");
  await numbers.first().waitFor();
  assert.deepEqual(await numbers.allTextContents(), [String(VALUES.at(-1)), String(2 * VALUES.at(-1))]);
  assert.match(await widget(page, "Broken").locator(".wrong").textContent(), /NOSUCH/);
  assert.match(await page.locator(".alarm-list").textContent(), /Insufficient data.*busy|OK.*busy|In alarm.*busy/s);
  const chart = widget(page, "Orders");
  assert.match(await chart.locator(".legend").textContent(), /cart 22.*paid 44.*busy > 30.*deployment/s);
  assert.match(await chart.locator(".plot").getAttribute("aria-label"), /^Orders, .*cart: 11 to 31, last 22\. paid: 22 to 62, last 44\. threshold: goal 60/);
  await chart.locator("summary").click();
  await chart.locator("tbody").first().waitFor();
  const cells = await chart.locator("table").first().locator("tbody td").allTextContents();
  assert.deepEqual(cells, VALUES.toReversed().flatMap((value) => [String(value), String(2 * value)]));
  assert.match(await chart.locator("table").nth(1).textContent(), /Deployment of .* begins\./);
  // The canvas has a line of the first colour.
  const isDrawn = await chart.locator("canvas").evaluate((canvas) => {
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--series-1").trim();
    const wanted = [1, 3, 5].map((index) => parseInt(colour.slice(index, index + 2), 16));
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let index = 0; index < data.length; index += 4) if (wanted.every((value, offset) => data[index + offset] === value)) return true;
    return false;
  });
  assert(isDrawn);
  // The pointer at the time of the newest value.
  const over = chart.locator(".u-over");
  const { width, height } = await over.boundingBox();
  const share = await chart.locator("line-chart").evaluate(({ chart: { start, end, series: [{ times }] } }) => (times.at(-1) - start) / (end - start));
  await over.hover({ position: { x: width * share, y: height / 2 } });
  assert.match(await chart.locator(".tip").textContent(), /cart\s*22\s*paid\s*44/);
  await assertAccessible(page);
  await saveScreenshot(page, "console-dashboard");
  // Dragging chooses the time range.
  await page.mouse.down();
  await over.hover({ position: { x: width / 2, y: height / 2 } });
  await page.mouse.up();
  await page.waitForURL(/from=.*to=/);
  assert.equal(await page.locator("#frame-live").isChecked(), false);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("the explorer shows any metric, keeps it in the address, and adds it to a dashboard", async () => {
  const page = await browser.open(site);
  await waitForData(page);
  await choose(page, ".explorer", "Shop", "Orders");
  await page.click('button[aria-label="Add Orders, Page cart"]');
  assert.equal(await page.locator('button[aria-label="Added: Orders, Page cart"]').isDisabled(), true);
  await page.selectOption(".explorer select[name=stat]", "Maximum");
  await page.locator(".result .legend", { hasText: "Orders 22" }).waitFor();
  await page.reload();
  await page.locator(".result .legend", { hasText: "Orders 22" }).waitFor();
  assert.equal(await page.inputValue(".explorer select[name=stat]"), "Maximum");
  await page.locator(".result details", { hasText: "AWS CLI" }).locator("> summary").click();
  assert.match(await page.locator(".result pre").textContent(), /^aws cloudwatch get-metric-data --start-time \S+ --end-time \S+ --metric-data-queries '\[\{"Id":"line0"/);
  await assertAccessible(page);
  await page.selectOption(".result select", { label: "a new dashboard" });
  await page.click("text=Add to dashboard");
  await page.fill("dialog input[name=name]", "not a name");
  assert.equal(await page.locator("dialog button.main").isDisabled(), true);
  await page.fill("dialog input[name=name]", "found");
  assert.match(await page.locator("dialog pre").textContent(), /^aws cloudwatch put-dashboard --dashboard-name found --dashboard-body '\{"widgets":\[\]\}'$/);
  await page.click("dialog button.main");
  await page.locator("dialog h2:text-is('Add widget')").waitFor();
  await page.locator("dialog line-chart .legend", { hasText: "Orders 22" }).waitFor();
  await assertAccessible(page);
  await send(page);
  await page.locator(".widget").waitFor();
  assert.match(await page.title(), /^found · /);
  const { widgets: [{ properties }] } = await readBody("found");
  assert.deepEqual(properties.metrics, [["Shop", "Orders", "Page", "cart"]]);
  assert.equal(properties.stat, "Maximum");
  await page.goBack();
  await page.click("text=Create an alarm");
  await page.locator("dialog h2:text-is('Create an alarm')").waitFor();
  assert.deepEqual([await page.inputValue("dialog select[name=metric]"), await page.inputValue("dialog select[name=stat]")], ["Orders", "Maximum"]);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("a widget is edited, the body is edited as JSON with AWS's error, and widget and dashboard are removed", async () => {
  await cloudwatch("PutDashboard", { DashboardName: "edited", DashboardBody: JSON.stringify({ periodOverride: "inherit", widgets: [
    { type: "metric", x: 0, y: 0, width: 8, height: 4, properties: { title: "Old", region: "us-east-1", stat: "Sum", liveData: true, metrics: [["Shop", "Orders", "Page", "cart", { color: "#1f77b4" }]] } },
  ] }) });
  const page = await browser.open(`${site}/edited`);
  // With the keyboard alone.
  await page.locator('button[aria-label="Edit Old"]').press("Enter");
  await page.fill("dialog input[name=title]", "New");
  await page.locator("dialog label:has-text('Number') input").press("Space");
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  const body = await readBody("edited");
  assert.equal(body.periodOverride, "inherit");
  assert.deepEqual(body.widgets[0].properties, { title: "New", region: "us-east-1", stat: "Sum", liveData: true, view: "singleValue", metrics: [["Shop", "Orders", "Page", "cart", { color: "#1f77b4" }]] });
  await widget(page, "New").locator(".figure").waitFor();
  // Another client changes the dashboard: the page does not overwrite that.
  await page.locator("#frame-live").uncheck();
  const changed = { ...body, widgets: [...body.widgets, { type: "text", properties: { markdown: "from the CLI" } }] };
  await cloudwatch("PutDashboard", { DashboardName: "edited", DashboardBody: JSON.stringify(changed) });
  await page.click("text=Add widget");
  await page.click("dialog label:has-text('Text')");
  await page.fill("dialog textarea", "from the console");
  assert.match(await page.locator("dialog pre").textContent(), /from the CLI.*from the console/);
  await page.keyboard.press("Escape");
  await page.click("text=Edit as JSON");
  await page.fill("dialog textarea", '{"widgets": [{"type": "clock", "properties": {}}]}');
  await page.click("dialog button.main");
  await page.locator("dialog [role=alert]:not(:empty)").waitFor();
  assert.match(await page.locator("dialog [role=alert]").textContent(), /DashboardInvalidInputError: .*\/widgets\/0\/type/s);
  await page.keyboard.press("Escape");
  await page.click('button[aria-label="Remove New"]');
  await send(page);
  await page.locator(".widget .text:text-is('from the CLI')").waitFor();
  assert.deepEqual((await readBody("edited")).widgets, [changed.widgets[1]]);
  await page.click("text=Delete dashboard");
  await send(page);
  await page.waitForURL((address) => address.pathname === new URL(site).pathname);
  assert(!(await cloudwatch("ListDashboards", {})).DashboardEntries.some(({ DashboardName }) => DashboardName === "edited"));
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("lab 1: a dashboard with the number of tasks, and with lines of processor and memory of both services, made in the console alone", async () => {
  // ECS sends its metrics at the end of a minute.
  await waitUntil(async () => (await cloudwatch("ListMetrics", { Namespace: "AWS/ECS" })).Metrics.length >= 4);
  const page = await browser.open(site);
  await page.click("text=New dashboard");
  await page.fill("dialog input[name=name]", "mysfits-tasks");
  await send(page);
  await page.waitForURL(`${site}/mysfits-tasks`);
  await page.locator("text=This dashboard has no widgets yet").waitFor();
  await page.locator("button:text-is('Add widget…')").first().click();
  await page.click("dialog label:has-text('Number')");
  await page.fill("dialog input[name=title]", "Tasks");
  await choose(page, "dialog", "AWS/ECS", "CPUUtilization");
  await page.click("dialog button:has-text('Add all 2')");
  await page.selectOption("dialog select[name=stat]", "SampleCount");
  await send(page);
  await widget(page, "Tasks").locator(".figure").nth(1).waitFor();
  // A test before this one has deployed a service, so a minute may have more than one task of it.
  const shown = async () => (await widget(page, "Tasks").locator("dl > div").allTextContents()).map((text) => /(Like|Monolith)-Service\S*\s+(\d+)/.exec(text)?.slice(1).join(" ")).join();
  await waitUntil(async () => await shown() === `Like ${await readTasks("Like")},Monolith ${await readTasks("Monolith")}`);
  await page.locator("button:text-is('Add widget…')").first().click();
  await page.fill("dialog input[name=title]", "Processor and memory");
  for (const metric of ["CPUUtilization", "MemoryUtilization"]) {
    await choose(page, "dialog", "AWS/ECS", metric);
    await page.click("dialog button:has-text('Add all 2')");
  }
  await send(page);
  await widget(page, "Processor and memory").locator(".legend li").nth(3).waitFor();
  await assertAccessible(page);
  const { widgets } = await readBody("mysfits-tasks");
  assert.deepEqual(widgets.map(({ x, y, width, properties }) => [x, y, width, properties.view, properties.stat, expandLines(properties).map(({ metric }) => [metric[1], /Like|Monolith/.exec(metric[5])[0]].join(" "))]), [
    [0, 0, 8, "singleValue", "SampleCount", ["CPUUtilization Like", "CPUUtilization Monolith"]],
    [8, 0, 12, "timeSeries", "Average", ["CPUUtilization Like", "CPUUtilization Monolith", "MemoryUtilization Like", "MemoryUtilization Monolith"]],
  ]);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});
