// The console's alarms: their evaluation (pure functions), and the pages with a real lab. Lab 4's policies and alarms are made in the console alone.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { metricMembers, requestOf } from "../../pages/alarms/alarm-request.js";
import { decidingPoints, evaluate, evaluationRange, explain, presentPoints, recordedPoints } from "../../pages/alarms/evaluation.js";
import { bandsOf, joinRepeats } from "../../pages/alarms/history.js";
import { policyArnOf, policyNameOf } from "../../pages/alarms/names.js";
import { adjustmentText, intervalAt, intervalsOf, problemOfSteps } from "../../pages/alarms/steps.js";
import { conditionText, linesOf } from "../../pages/alarms/words.js";
import { Browser, Lab, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";

const ALARM = { MetricName: "RequestCount", Namespace: "AWS/ApplicationELB", Statistic: "Sum", Period: 60, Threshold: 1, ComparisonOperator: "GreaterThanOrEqualToThreshold" };

/** Points from AWS's notation: 0 is not breaching, X is breaching, - is missing; the newest is the last. */
const pointsOf = (text) => text.split(" ").map((letter, index) => ({ time: index * 60_000, value: { 0: 0, X: 1 }[letter] }));

const KEEP = undefined;
const [OK, ALARMED, NO_DATA] = ["OK", "ALARM", "INSUFFICIENT_DATA"];

// The tables of AWS's guide, "Configuring how CloudWatch alarms treat missing data": missing, ignore, breaching, notBreaching.
const TABLES = [
  [3, "0 - X - X", [OK, OK, OK, OK]],
  [3, "0 - - - -", [OK, OK, OK, OK]],
  [3, "- - - - -", [NO_DATA, KEEP, ALARMED, OK]],
  [3, "0 X X - X", [ALARMED, ALARMED, ALARMED, ALARMED]],
  [3, "- - X - -", [ALARMED, KEEP, ALARMED, OK]],
  [2, "0 - X - X", [ALARMED, ALARMED, ALARMED, ALARMED]],
  [2, "0 0 X 0 X", [ALARMED, ALARMED, ALARMED, ALARMED]],
  [2, "0 - X - -", [OK, OK, ALARMED, OK]],
  [2, "- - - - 0", [OK, OK, ALARMED, OK]],
  [2, "- - - X -", [ALARMED, KEEP, ALARMED, OK]],
];

test("the state follows from the points as in the tables of AWS's guide", () => {
  for (const [needed, text, states] of TABLES) {
    ["missing", "ignore", "breaching", "notBreaching"].forEach((treatment, index) => {
      const alarm = { ...ALARM, EvaluationPeriods: 3, DatapointsToAlarm: needed, TreatMissingData: treatment };
      assert.equal(evaluate(alarm, pointsOf(text)), states[index], `${text}, ${needed} of 3, ${treatment}`);
    });
  }
});

test("real points decide first, and missing ones only fill up", () => {
  assert.deepEqual(decidingPoints(pointsOf("X - X - X"), 3).map(({ value }) => value), [1, 1, 1]);
  assert.deepEqual(decidingPoints(pointsOf("0 - - - X"), 3).map(({ value }) => value), [0, undefined, 1]);
});

test("an evaluation is explained point by point", () => {
  const alarm = { ...ALARM, Threshold: 1000, EvaluationPeriods: 2, TreatMissingData: "breaching" };
  const points = (...values) => values.map((value, index) => ({ time: index * 60_000, value }));
  const up = explain(alarm, points(10, 1500, 1000), "ALARM");
  assert.equal(up.conclusion, "2 of 2 points at or above 1,000. ALARM needs 2 of 2: the state is ALARM.");
  assert.deepEqual(up.points.map(({ outcome }) => outcome), ["at or above 1,000: breaching", "at or above 1,000: breaching"]);
  const down = explain({ ...alarm, ComparisonOperator: "LessThanThreshold" }, points(undefined, undefined, 7), "ALARM");
  assert.equal(down.conclusion, "1 of 2 points below 1,000, 1 without a value, which counts as breaching. ALARM needs 2 of 2: the state is ALARM.");
  assert.deepEqual(down.points.map(({ outcome }) => outcome), ["no value: counts as breaching", "below 1,000: breaching"]);
  assert.equal(explain({ ...alarm, TreatMissingData: "missing" }, points(undefined, undefined, 1500), undefined).conclusion.split(". ").at(-1), "The points do not decide, so the state stays.");
  assert.equal(explain({ ...alarm, TreatMissingData: undefined }, points(undefined, undefined), NO_DATA).conclusion,
    "0 of 2 points at or above 1,000, 2 without a value, which are missing. Without values the state is INSUFFICIENT_DATA.");
});

test("the recorded points are read oldest first, and a state that was set by hand has none", () => {
  const data = { evaluatedDatapoints: [{ timestamp: "2026-11-27T12:02:00.000+0000", value: 7 }, { timestamp: "2026-11-27T12:01:00.000+0000" }] };
  assert.deepEqual(recordedPoints({ StateReasonData: JSON.stringify(data) }), [{ time: Date.UTC(2026, 10, 27, 12, 1), value: undefined }, { time: Date.UTC(2026, 10, 27, 12, 2), value: 7 }]);
  for (const StateReasonData of [undefined, "{}", "not JSON"]) assert.equal(recordedPoints({ StateReasonData }), undefined);
  const range = evaluationRange({ EvaluationPeriods: 1 }, 60, 190_000);
  assert.deepEqual(presentPoints({ times: [120_000], values: [5] }, 60, range), [{ time: 0, value: undefined }, { time: 60_000, value: undefined }, { time: 120_000, value: 5 }]);
  // Long periods end at the last whole minute, too, and short ones at their own end.
  assert.deepEqual([evaluationRange({ EvaluationPeriods: 1 }, 300, 1_000_000), evaluationRange({ EvaluationPeriods: 1 }, 10, 1_005_000)].map(({ start, end }) => [start, end]), [[60_000, 960_000], [970_000, 1_000_000]]);
});

test("the history becomes bands of states, and repeated actions one row", () => {
  const change = (seconds, from, to) => ({ Timestamp: seconds, HistoryItemType: "StateUpdate", HistorySummary: to, HistoryData: JSON.stringify({ oldState: { stateValue: from }, newState: { stateValue: to, stateReason: "r" } }) });
  const created = { Timestamp: 50, HistoryItemType: "ConfigurationUpdate", HistorySummary: "created", HistoryData: JSON.stringify({ type: "Create" }) };
  const updates = [change(200, "OK", "ALARM"), change(100, "INSUFFICIENT_DATA", "OK")];
  const bands = (...rest) => bandsOf(...rest).map(({ start, end, state }) => [start, end, state]);
  assert.deepEqual(bands(updates, [...updates, created], {}, 0, 300_000), [[50_000, 100_000, NO_DATA], [100_000, 200_000, OK], [200_000, 300_000, ALARMED]]);
  assert.deepEqual(bands(updates, updates, {}, 150_000, 300_000), [[150_000, 200_000, OK], [200_000, 300_000, ALARMED]]);
  assert.deepEqual(bands([], [], { StateValue: "OK" }, 0, 1000), [[0, 1000, OK]]);
  const action = (seconds) => ({ Timestamp: seconds, HistoryItemType: "Action", HistorySummary: "Successfully executed action a" });
  assert.deepEqual(joinRepeats([action(30), action(20), updates[0], action(10)]).map(({ times, since }) => [times, since]), [[2, 20_000], [1, 200_000], [1, 10_000]]);
});

const UP = [
  { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 1000, ScalingAdjustment: 10 },
  { MetricIntervalLowerBound: 1000, MetricIntervalUpperBound: 3000, ScalingAdjustment: 20 },
  { MetricIntervalLowerBound: 3000, ScalingAdjustment: 25 },
];
const DOWN = [{ MetricIntervalLowerBound: -900, MetricIntervalUpperBound: 0, ScalingAdjustment: -10 }, { MetricIntervalUpperBound: -900, ScalingAdjustment: -5 }];

test("steps are intervals of the metric; the table of infra/scaling.json says which one applies", () => {
  assert.deepEqual(intervalsOf(UP, 1000).map(({ text }) => text), ["from 1,000 to below 2,000", "from 2,000 to below 4,000", "from 4,000"]);
  assert.deepEqual(intervalsOf(DOWN, 1000).map(({ text }) => text), ["up to 100", "above 100 to below 1,000"]);
  const changeAt = (steps, value) => intervalAt(intervalsOf(steps, 1000), value, 1000)?.adjustment;
  for (const [requests, change] of [[1000, 10], [1001, 10], [1999, 10], [2000, 20], [3999, 20], [4000, 25]]) assert.equal(changeAt(UP, requests), change, String(requests));
  for (const [requests, change] of [[0, -5], [99, -5], [100, -5], [101, -10], [999, -10]]) assert.equal(changeAt(DOWN, requests), change, String(requests));
  assert.deepEqual([adjustmentText(10, "ChangeInCapacity"), adjustmentText(-1, "ChangeInCapacity"), adjustmentText(-50, "PercentChangeInCapacity"), adjustmentText(3, "ExactCapacity")], ["+10 tasks", "−1 task", "−50 %", "3 tasks"]);
});

test("steps that AWS refuses are named", () => {
  assert.equal(problemOfSteps(UP), undefined);
  assert.equal(problemOfSteps(DOWN), undefined);
  assert.match(problemOfSteps([]), /at least one/);
  assert.match(problemOfSteps([{ MetricIntervalLowerBound: 0 }]), /whole number/);
  assert.match(problemOfSteps([UP[0], UP[2]]), /without gaps/);
  assert.match(problemOfSteps([{ ...UP[0], MetricIntervalUpperBound: 0 }]), /less than/);
});

test("an alarm is described in words, and a request keeps all its members", () => {
  const alarm = { ...ALARM, AlarmName: "a", AlarmArn: "arn", StateValue: "OK", EvaluationPeriods: 2, Threshold: 1000, Dimensions: [{ Name: "D", Value: "v" }], OKActions: [], AlarmActions: ["arn:x"], ActionsEnabled: false };
  assert.equal(conditionText(alarm), "Sum of RequestCount at or above 1,000 in 2 of 2 periods of 1 minute");
  assert.deepEqual(requestOf(alarm), { AlarmName: "a", ActionsEnabled: false, AlarmActions: ["arn:x"], MetricName: "RequestCount", Namespace: "AWS/ApplicationELB", Statistic: "Sum",
    Dimensions: [{ Name: "D", Value: "v" }], Period: 60, EvaluationPeriods: 2, Threshold: 1000, ComparisonOperator: ALARM.ComparisonOperator });
  assert.deepEqual(metricMembers({ metric: ["N", "m", "D", "v"], stat: "p99", period: 10 }), { Namespace: "N", MetricName: "m", Dimensions: [{ Name: "D", Value: "v" }], Period: 10, Statistic: undefined, ExtendedStatistic: "p99" });
  const expression = { Metrics: [{ Id: "r", ReturnData: false, MetricStat: { Metric: { Namespace: "N", MetricName: "m" }, Period: 60, Stat: "Sum" } }, { Id: "e", Expression: "FILL(r, 0)" }] };
  assert.deepEqual(linesOf(expression).map(({ metric, options }) => [metric, options.expression, options.visible]), [[["N", "m"], undefined, false], [undefined, "FILL(r, 0)", true]]);
  const arn = "arn:aws:autoscaling:r:0:scalingPolicy:1:resource/ecs/service/c/s:policyName/Like/Up";
  assert.deepEqual([policyNameOf(arn), policyNameOf(`${arn}:createdBy/2`), policyArnOf(`${arn}:createdBy/2`), policyNameOf("arn:aws:sns:r:0:topic")], ["Like/Up", "Like/Up", arn, undefined]);
});

let lab;
let browser;
let url;

/** Calls an operation of an AWS JSON API and returns the response. */
async function call(target, request = {}) {
  const response = await fetch(lab.endpoints.aws, { method: "POST", headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target }, body: JSON.stringify(request) });
  const text = await response.text();
  assert.equal(response.status, 200, `${target}: ${text}`);
  return text ? JSON.parse(text) : {};
}

const cloudwatch = (operation, request) => call(`GraniteServiceVersion20100801.${operation}`, request);
const scaling = (operation) => call(`AnyScaleFrontendService.${operation}`, { ServiceNamespace: "ecs" });

const readAlarm = async (name) => (await cloudwatch("DescribeAlarms", { AlarmNames: [name] })).MetricAlarms[0];

async function readService() {
  const [cluster] = (await call("AmazonEC2ContainerServiceV20141113.ListClusters")).clusterArns;
  const { serviceArns } = await call("AmazonEC2ContainerServiceV20141113.ListServices", { cluster });
  const services = [serviceArns.find((arn) => arn.includes("Like"))];
  return (await call("AmazonEC2ContainerServiceV20141113.DescribeServices", { cluster, services })).services[0];
}

before(async () => {
  browser = await Browser.start();
  lab = await Lab.start({ options: ["--max-tasks", "3"] });
  url = `${lab.endpoints.site}/console/alarms`;
});

after(async () => {
  await browser?.stop();
  await lab?.stop();
});

/** Presses the button of the open dialog, and waits until it is done. */
async function send(page) {
  await page.click("dialog button.main");
  await page.locator("dialog").waitFor({ state: "detached" });
}

/** Reads the command in the open dialog. */
const command = (page) => page.locator("dialog pre").textContent();

async function fillSteps(page, steps) {
  for (const [index, [lower, upper, tasks]] of steps.entries()) {
    if (index) await page.click("dialog button:text-is('Add step')");
    await page.fill(`[aria-label="Lower bound of step ${index + 1}"]`, lower);
    await page.fill(`[aria-label="Upper bound of step ${index + 1}"]`, upper);
    await page.fill(`[aria-label="Tasks of step ${index + 1}"]`, tasks);
  }
}

test("lab 4.1: bounds, both policies and the actions of both alarms, made in the console alone", async () => {
  const { serviceName: name } = await readService();
  const page = await browser.open(url);
  await page.click(`button[aria-label="Register as scalable target: ${name}"]`);
  await page.fill("dialog input[name=max]", "100");
  assert.equal(await command(page), `aws application-autoscaling register-scalable-target --service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id service/Cluster-mysfits/${name} --min-capacity 2 --max-capacity 100`);
  await send(page);
  for (const [policy, alarm, steps, label] of [
    ["LikeScaleUpPolicy", "mysfits-LikeScaleUpAlarm", [["0", "1000", "10"], ["1000", "3000", "20"], ["3000", "", "25"]], "from 1,000 to below 2,000: +10 tasks; from 2,000 to below 4,000: +20 tasks; from 4,000: +25 tasks"],
    ["LikeScaleDownPolicy", "mysfits-LikeScaleDownAlarm", [["-900", "0", "-10"], ["", "-900", "-5"]], "up to 100: −5 tasks; above 100 to below 1,000: −10 tasks"],
  ]) {
    await page.click(`button[aria-label="Add step scaling to ${name}"]`);
    await page.fill("dialog input[name=name]", policy);
    await page.selectOption("dialog select[name=alarm]", alarm);
    await fillSteps(page, steps);
    assert.equal(await page.locator("dialog svg.steps").getAttribute("aria-label"), label);
    await assertAccessible(page);
    await send(page);
    await page.locator(".policy", { hasText: policy }).waitFor();
  }
  const { ScalingPolicies } = await scaling("DescribeScalingPolicies");
  const byName = new Map(ScalingPolicies.map((policy) => [policy.PolicyName, policy]));
  const settings = { AdjustmentType: "ChangeInCapacity", Cooldown: 60, MetricAggregationType: "Average" };
  assert.deepEqual(byName.get("LikeScaleUpPolicy").StepScalingPolicyConfiguration, { ...settings, StepAdjustments: UP });
  assert.deepEqual(byName.get("LikeScaleDownPolicy").StepScalingPolicyConfiguration, { ...settings, StepAdjustments: DOWN });
  for (const [policy, alarm] of [["LikeScaleUpPolicy", "mysfits-LikeScaleUpAlarm"], ["LikeScaleDownPolicy", "mysfits-LikeScaleDownAlarm"]]) {
    const { AlarmActions: none, AlarmConfigurationUpdatedTimestamp: time, ...expected } = await readAlarm(alarm);
    assert.deepEqual(none, []);
    await page.click(`table a:text-is("${alarm}")`);
    await page.locator("button:text-is('Edit…')").first().click();
    await page.locator("fieldset[name=AlarmActions] label", { hasText: policy }).click();
    const { PolicyARN } = byName.get(policy);
    assert.match(await command(page), new RegExp(`^aws cloudwatch put-metric-alarm --alarm-name ${alarm} .*--alarm-actions ${PolicyARN} --metric-name RequestCount .*--threshold 1000 `));
    await assertAccessible(page);
    await send(page);
    // PutMetricAlarm replaces an alarm as a whole: nothing else has changed.
    const { AlarmActions, AlarmConfigurationUpdatedTimestamp, ...actual } = await readAlarm(alarm);
    assert.deepEqual(AlarmActions, [PolicyARN]);
    const state = (members) => Object.fromEntries(Object.entries(members).filter(([member]) => !member.startsWith("State")));
    assert.deepEqual(state(actual), state(expected));
    await page.locator(".policy", { hasText: policy }).waitFor();
    await page.click("text=← Alarms");
  }
  await page.locator(".policy", { hasText: "Called by mysfits-LikeScaleUpAlarm" }).waitFor();
  await saveScreenshot(page, "console-alarms");
  await assertAccessible(page);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("lab 4.2: an alarm that is set acts, and its page shows the state, the action and the activity with its cause", async () => {
  const page = await browser.open(`${url}/mysfits-LikeScaleUpAlarm`, { colorScheme: "dark" });
  await page.click("text=Set state");
  await page.selectOption("dialog select[name=state]", "ALARM");
  await page.fill("dialog input[name=reason]", "Practice");
  await page.click("dialog summary");
  await page.fill("dialog input[name=data]", '{"recentDatapoints": [1500]}');
  assert.equal(await command(page), `aws cloudwatch set-alarm-state --alarm-name mysfits-LikeScaleUpAlarm --state-value ALARM --state-reason Practice --state-reason-data '{"recentDatapoints": [1500]}'`);
  await send(page);
  await waitUntil(async () => (await readService()).desiredCount === 12);
  await page.locator(".history", { hasText: "Successfully executed action" }).waitFor();
  const history = await page.locator(".history").textContent();
  assert.match(history, /Alarm updated from \S+ to ALARM\s*Practice/);
  const label = () => page.locator(".plot").getAttribute("aria-label");
  assert.match(await label(), /mysfits-LikeScaleUpAlarm, .* threshold: at or above 1,000/);
  await page.locator("line-chart .legend", { hasText: "In alarm" }).waitFor();
  await page.locator("line-chart .legend", { hasText: "scaling activity" }).waitFor();
  await page.locator("line-chart summary").click();
  // The values may come only at the end of the minute; the events are there at once.
  await page.locator("line-chart tbody tr").first().waitFor();
  assert.match(await page.locator("line-chart").textContent(), /In alarm: Practice/);
  assert.match(await page.locator("line-chart").textContent(), /Setting desired count to 12\. Cause: monitor alarm mysfits-LikeScaleUpAlarm in state ALARM triggered policy LikeScaleUpPolicy\./);
  await assertAccessible(page);
  await page.setViewportSize({ width: 360, height: 800 });
  await assertAccessible(page);
  await page.click("text=← Alarms");
  await page.locator("tr", { hasText: "Setting desired count to 12." }).waitFor();
  const activity = await page.locator("tr", { hasText: "Setting desired count to 12." }).textContent();
  assert.match(activity, /Successful.*monitor alarm mysfits-LikeScaleUpAlarm in state ALARM triggered policy LikeScaleUpPolicy/s);
  await assertAccessible(page);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("a new alarm is evaluated, and its page explains the state point by point", async () => {
  // A value for every second, also of the next minutes: the alarm has a period of 10 seconds, so that it is evaluated every 10 seconds.
  const now = Math.floor(Date.now() / 1000);
  const timestamps = Array.from({ length: 300 }, (_, index) => now - 60 + index);
  await cloudwatch("PutMetricData", { Namespace: "Shop", MetricData: timestamps.map((Timestamp) => ({ MetricName: "Orders", StorageResolution: 1, Timestamp, Value: 15 })) });
  const page = await browser.open(url);
  await page.click("text=New alarm");
  assert.equal(await page.locator("dialog button.main").isDisabled(), true);
  // PutMetricAlarm would replace an alarm with the same name.
  await page.fill("dialog input[name=name]", "mysfits-LikeScaleUpAlarm");
  await page.locator("dialog .problem", { hasText: "There is an alarm with this name." }).waitFor();
  await page.fill("dialog input[name=name]", "shop/busy");
  await page.selectOption("dialog select[name=namespace]", "Shop");
  await page.selectOption("dialog select[name=metric]", "Orders");
  await page.selectOption("dialog select[name=period]", "10");
  await page.locator("dialog input[name=threshold]").pressSequentially("0.05");
  await page.locator("dialog p", { hasText: "at or above 0.05 in" }).waitFor();
  await page.fill("dialog input[name=threshold]", "100");
  await page.locator("dialog p", { hasText: "In alarm if Sum of Orders at or above 100 in 2 of 2 periods of 10 seconds." }).waitFor();
  await send(page);
  await page.waitForURL(`${url}/shop%2Fbusy`);
  await page.locator(".badge", { hasText: "In alarm" }).first().waitFor();
  const conclusion = "2 of 2 points at or above 100. ALARM needs 2 of 2: the state is ALARM.";
  await waitUntil(async () => (await page.locator(".conclusion").allTextContents()).at(-1) === conclusion);
  const recorded = page.locator(".points").last().locator("tbody tr");
  assert.equal(await recorded.count(), 2);
  assert.match(await recorded.first().textContent(), /at or above 100: breaching/);
  assert.match(await page.locator(".evaluation").textContent(), /CloudWatch's reason: Threshold Crossed: 2 datapoints \[150\.0 \(/);
  // Actions off and on, then the alarm is deleted; its history stays.
  await page.click("text=Disable actions");
  await send(page);
  await page.locator(".badge", { hasText: "actions disabled" }).waitFor();
  assert.equal((await readAlarm("shop/busy")).ActionsEnabled, false);
  await page.click("text=Enable actions");
  await send(page);
  await page.locator("button:text-is('Disable actions…')").waitFor();
  await page.click("button:text-is('Delete…')");
  await send(page);
  await page.waitForURL(url);
  assert.equal(await readAlarm("shop/busy"), undefined);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test("lab 4.4: step policies are deleted, and target tracking makes its own alarms", async () => {
  const { serviceName: name } = await readService();
  const page = await browser.open(url);
  for (const policy of ["LikeScaleUpPolicy", "LikeScaleDownPolicy"]) {
    await page.click(`button[aria-label="Delete ${policy}"]`);
    await send(page);
    await page.locator(".policy", { hasText: policy }).waitFor({ state: "detached" });
  }
  await page.click(`button[aria-label="Change bounds of ${name}"]`);
  await page.fill("dialog input[name=min]", "1");
  await page.fill("dialog input[name=max]", "10");
  await send(page);
  await page.click(`button[aria-label="Add target tracking to ${name}"]`);
  await page.fill("dialog input[name=name]", "LikeTargetTracking");
  assert.match(await command(page), /--policy-type TargetTrackingScaling --target-tracking-scaling-policy-configuration '\{"TargetValue":50,"ScaleOutCooldown":30,"ScaleInCooldown":30,"PredefinedMetricSpecification":\{"PredefinedMetricType":"ECSServiceAverageCPUUtilization"\}\}'$/);
  await assertAccessible(page);
  await send(page);
  const card = page.locator(".policy", { hasText: "Target tracking: keeps ECSServiceAverageCPUUtilization at 50." });
  await card.locator("a").nth(1).waitFor();
  const [target] = (await scaling("DescribeScalableTargets")).ScalableTargets;
  assert.deepEqual([target.MinCapacity, target.MaxCapacity], [1, 10]);
  const [policy] = (await scaling("DescribeScalingPolicies")).ScalingPolicies;
  assert.deepEqual(await card.locator("a").allTextContents(), policy.Alarms.map(({ AlarmName }) => AlarmName).sort());
  // The names of these alarms contain slashes.
  await card.locator("a").first().click();
  await page.locator("#actions-title").waitFor();
  assert.match(await page.locator("main").textContent(), /In alarm if Average of CPUUtilization above 50 in 3 of 3 periods of 1 minute/);
  await page.locator(".policy", { hasText: "LikeTargetTracking" }).waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});
