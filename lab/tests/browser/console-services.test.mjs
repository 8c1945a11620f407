// Tests of the console's pages of services. The exercises of labs 1, 2 and 5 are done in the console alone, and checked by the APIs.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { diffDefinitions, environmentProblem, parseContainers, toRequest, withEnvironment } from "../../pages/services/definition.js";
import { conditionText, ruleTargets } from "../../pages/services/rule.js";
import { Browser, Lab, assertAccessible, saveScreenshot, waitUntil } from "./lab.mjs";

const definition = (containerDefinitions, members) => ({ family: "web", revision: 1, status: "ACTIVE", cpu: "256", volumes: [], containerDefinitions, ...members });
const container = (members) => ({ name: "web", image: "web", mountPoints: [], environment: [{ name: "LOGLEVEL", value: "ERROR" }], ...members });

test("the request of a registration has no members that only describe a revision, and no empty lists", () => {
  assert.deepEqual(toRequest(definition([container()]), [container()]), {
    family: "web", cpu: "256", containerDefinitions: [{ name: "web", image: "web", environment: [{ name: "LOGLEVEL", value: "ERROR" }] }],
  });
});

test("two revisions differ in variables, members and containers", () => {
  const before = definition([container(), container({ name: "old" })]);
  const after = definition([container({ environment: [{ name: "LOGLEVEL", value: "DEBUG" }, { name: "NEW", value: "" }], essential: true })], { revision: 2, cpu: "512" });
  assert.deepEqual(diffDefinitions(before, after).map(({ where, name, before, after }) => [where, name, before?.length > 20 ? "…" : before, after]), [
    ["Task", "cpu", "256", "512"],
    ["Container web", "essential", undefined, "true"],
    ["Container web", "environment LOGLEVEL", "ERROR", "DEBUG"],
    ["Container web", "environment NEW", undefined, ""],
    ["Container old", "container", "…", undefined],
  ]);
  assert.deepEqual(diffDefinitions(before, { ...before, revision: 2 }), []);
});

test("the form refuses a variable twice, and text that is no list of containers", () => {
  const variables = [[{ name: "A", value: "1" }, { name: "A ", value: "2" }, { name: "", value: "" }]];
  assert.equal(environmentProblem([container()], variables), "The container web has the variable A twice.");
  assert.deepEqual(withEnvironment([container()], [[{ name: "A ", value: "1" }, { name: "", value: "" }]])[0].environment, [{ name: "A", value: "1" }]);
  assert.match(parseContainers("[{]").problem, /^This is not JSON: /);
  assert.equal(parseContainers("{}").problem, "The containers are a list: […]");
  assert.equal(parseContainers("[{}]").problem, "Each container is an object with a name.");
});

test("the weights of a rule become shares", () => {
  const forward = (...weights) => ({ Actions: [{ Type: "forward", ForwardConfig: { TargetGroups: weights.map((Weight, index) => ({ TargetGroupArn: `group${index}`, Weight })) } }] });
  assert.deepEqual(ruleTargets(forward("10", "90")), [{ arn: "group0", weight: 10, share: 0.1 }, { arn: "group1", weight: 90, share: 0.9 }]);
  assert.deepEqual(ruleTargets(forward("0", "0")).map(({ share }) => share), [0, 0]);
  assert.equal(conditionText({ IsDefault: "true" }), "all other requests");
  assert.equal(conditionText({ IsDefault: "false", Conditions: [{ Field: "path-pattern", Values: ["/a/*", "/b"] }] }), "/a/* or /b");
});

let lab;
let browser;
let page;
let cluster;
let like;
let monolith;

before(async () => {
  [lab, browser] = await Promise.all([Lab.start({ options: ["--max-tasks", "20"] }), Browser.start()]);
  cluster = (await callEcs("ListClusters", {})).clusterArns[0];
  const { services } = await callEcs("DescribeServices", { cluster, services: (await callEcs("ListServices", { cluster })).serviceArns });
  const find = (container) => services.find(({ loadBalancers }) => loadBalancers[0].containerName === container).serviceName;
  [like, monolith] = [find("like-service"), find("monolith-service")];
  page = await browser.open(`${lab.endpoints.site}/console/services`);
});
after(() => Promise.all([lab?.stop(), browser?.stop()]));

async function callEcs(operation, request) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AmazonEC2ContainerServiceV20141113.${operation}` };
  const response = await fetch(lab.endpoints.aws, { method: "POST", headers, body: JSON.stringify(request) });
  assert.equal(response.status, 200);
  return response.json();
}
const describeService = async (name) => (await callEcs("DescribeServices", { cluster, services: [name] })).services[0];
const describeUsed = async (name) => (await callEcs("DescribeTaskDefinition", { taskDefinition: (await describeService(name)).taskDefinition })).taskDefinition;
const isStable = ({ deployments, runningCount, desiredCount }) => deployments.length === 1 && runningCount === desiredCount;
const waitUntilStable = (name) => waitUntil(async () => isStable(await describeService(name)));

const openService = async (name) => {
  await page.getByRole("link", { name: "Services", exact: true }).click();
  await page.getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
};
const press = (name) => page.getByRole("button", { name }).first().click();
const dialog = () => page.getByRole("dialog");
const shownCommands = () => dialog().locator("pre code").last().textContent();
const send = async (name) => {
  await dialog().getByRole("button", { name, exact: true }).click();
  await dialog().waitFor({ state: "detached" });
};

test("the list shows the services, and the way to each of them", async () => {
  await page.getByRole("heading", { name: "2 services" }).waitFor();
  await page.getByRole("row", { name: new RegExp(like) }).getByText("1 of 1").waitFor();
  await assertAccessible(page);
  await saveScreenshot(page, "services");
});

test("lab 2: another log level by the form is a new revision, which the service rolls out", async () => {
  await openService(like);
  await press("New revision…");
  await dialog().getByLabel("Value of LOGLEVEL in like-service").fill("DEBUG");
  const commands = await shownCommands();
  assert.match(commands, /^aws ecs register-task-definition --cli-input-json '\{/);
  assert.match(commands, new RegExp(`\naws ecs update-service --cluster \\S+ --service ${like} --task-definition `));
  await dialog().getByRole("row", { name: /environment LOGLEVEL/ }).getByText("DEBUG").waitFor();
  await assertAccessible(page);
  await send("Register and deploy");
  await waitUntilStable(like);
  const { revision, containerDefinitions } = await describeUsed(like);
  assert.equal(revision, 2);
  assert.deepEqual(containerDefinitions[0].environment.find(({ name }) => name === "LOGLEVEL"), { name: "LOGLEVEL", value: "DEBUG" });
  const difference = page.locator(".diff-table tr", { hasText: "environment LOGLEVEL" });
  await difference.waitFor();
  assert.deepEqual((await difference.locator("td").allTextContents()).map((text) => text.trim()), ["ERROR", "DEBUG"]);
});

test("lab 1: a container added as JSON runs in the new tasks, with the deployment's minimum and maximum", async () => {
  await press("New revision…");
  await dialog().getByText("Containers as JSON").click();
  const editor = dialog().getByLabel("containerDefinitions");
  const containers = JSON.parse(await editor.inputValue());
  await editor.fill("[{");
  await dialog().getByText(/This is not JSON/).waitFor();
  const { options } = containers[0].logConfiguration;
  const proxy = {
    name: "metadata-proxy", image: "metadata-proxy", essential: false, memory: 128, portMappings: [{ containerPort: 8001, protocol: "tcp" }],
    logConfiguration: { logDriver: "awslogs", options: { ...options, "awslogs-stream-prefix": "metadata-proxy" } },
  };
  await editor.fill(JSON.stringify([...containers, proxy]));
  await dialog().getByText("Minimum and maximum of running tasks").click();
  await dialog().getByLabel("Minimum healthy percent").fill("0");
  await dialog().getByLabel("Maximum percent").fill("100");
  assert.match(await shownCommands(), /--deployment-configuration minimumHealthyPercent=0,maximumPercent=100$/);
  await send("Register and deploy");
  await waitUntil(async () => (await describeService(like)).deployments[0].rolloutState === "COMPLETED" && isStable(await describeService(like)));
  const names = (await describeUsed(like)).containerDefinitions.map(({ name }) => name);
  assert.deepEqual(names.slice(-2), ["x-ray-daemon", "metadata-proxy"]);
  const { minimumHealthyPercent, maximumPercent } = (await describeService(like)).deploymentConfiguration;
  assert.deepEqual([minimumHealthyPercent, maximumPercent], [0, 100]);
  await page.locator(".task-table").first().getByText("metadata-proxy").waitFor();
  await page.locator(".diff-table tr", { hasText: "Container metadata-proxy" }).getByText('"image": "metadata-proxy"').waitFor();
});

test("the server's error is shown in the dialog, which keeps the input", async () => {
  await press("New revision…");
  await dialog().getByText("Containers as JSON").click();
  const editor = dialog().getByLabel("containerDefinitions");
  const text = (await editor.inputValue()).replace('"image": "like-service"', '"image": "somewhere/else"');
  await editor.fill(text);
  await dialog().getByRole("button", { name: "Register and deploy" }).click();
  await dialog().getByRole("alert").getByText(/ClientException|InvalidParameterException/).waitFor();
  assert.equal(await editor.inputValue(), text);
  await dialog().getByRole("button", { name: "Cancel" }).click();
  assert.equal((await describeUsed(like)).revision, 3);
});

test("lab 5: the only task is stopped with a reason, and ECS replaces it", async () => {
  const { taskArns: [stopped] } = await callEcs("ListTasks", { cluster, serviceName: like });
  await press("Stop the task");
  await dialog().getByLabel("Reason").fill("Lab 5");
  assert.match(await shownCommands(), /^aws ecs stop-task --cluster \S+ --task [0-9a-f]{32} --reason 'Lab 5'$/);
  await send("Stop task");
  const stoppedRow = page.getByRole("region", { name: "Stopped tasks" }).getByRole("row", { name: /Lab 5/ });
  await stoppedRow.getByText("stopped by a person").waitFor();
  const { tasks: [task] } = await callEcs("DescribeTasks", { cluster, tasks: [stopped] });
  assert.deepEqual([task.stopCode, task.stoppedReason], ["UserInitiated", "Lab 5"]);
  await waitUntilStable(like);
});

test("lab 5: with two tasks, one of them is stopped", async () => {
  await press("Desired count…");
  await dialog().getByLabel("Tasks that ECS keeps running").fill("2");
  assert.match(await shownCommands(), /--desired-count 2$/);
  await send("Change count");
  await waitUntilStable(like);
  await page.getByRole("heading", { name: "2 of 2 tasks running: 2 healthy" }).waitFor();
  await press("Stop the task");
  await send("Stop task");
  await page.getByText("stopped by a person").nth(1).waitFor();
  await waitUntilStable(like);
  const { taskArns } = await callEcs("ListTasks", { cluster, serviceName: like, desiredStatus: "STOPPED" });
  assert(taskArns.length >= 3);
});

test("a service goes back to its previous revision, and new tasks of the same revision can be forced", async () => {
  await press("Back to revision 2…");
  await send("Deploy");
  await waitUntilStable(like);
  assert.equal((await describeUsed(like)).revision, 2);
  const [{ id }] = (await describeService(like)).deployments;
  await press("Force new deployment…");
  assert.match(await shownCommands(), /--force-new-deployment$/);
  await send("Deploy");
  await waitUntilStable(like);
  const service = await describeService(like);
  assert.notEqual(service.deployments[0].id, id);
  assert.equal((await describeUsed(like)).revision, 2);
});

test("a deployment that does not become healthy is seen, and stopped", async () => {
  await press("New revision…");
  await dialog().getByLabel("Value of PORT in like-service").fill("8099");
  await send("Register and deploy");
  // The page may still show the deployment before.
  await page.locator(".deployments li", { hasText: "in progress" }).filter({ hasNotText: /Revision [1-3] / }).waitFor();
  await press("Stop the deployment…");
  await send("Stop and roll back");
  await page.getByText(`ECS rolls ${like} back.`).waitFor();
  await waitUntilStable(like);
  assert.equal((await describeUsed(like)).revision, 2);
});

test("the weights of a rule divide its requests", async () => {
  await page.getByRole("link", { name: "Services", exact: true }).click();
  await page.getByRole("button", { name: /^Weights of .mysfits/ }).click();
  await dialog().getByLabel(/like-service/).fill("10");
  await dialog().getByLabel(/monolith/).fill("90");
  assert.match(await shownCommands(), /^aws elbv2 modify-rule --rule-arn \S+ --actions '\[\{"Type":"forward"/);
  await send("Change weights");
  await page.getByText("10 % (weight 10)").waitFor();
  await page.getByText("90 % (weight 90)").waitFor();
  const response = await fetch(lab.endpoints.aws, { method: "POST", body: new URLSearchParams({ Action: "DescribeRules", Version: "2015-12-01", ...await listener() }) });
  assert.match(await response.text(), /<Weight>10<\/Weight>[^]*<Weight>90<\/Weight>/);
});

async function listener() {
  const ask = async (parameters) => (await fetch(lab.endpoints.aws, { method: "POST", body: new URLSearchParams({ Version: "2015-12-01", ...parameters }) })).text();
  const [, LoadBalancerArn] = (await ask({ Action: "DescribeLoadBalancers" })).match(/<LoadBalancerArn>(.*?)</);
  const [, ListenerArn] = (await ask({ Action: "DescribeListeners", LoadBalancerArn })).match(/<ListenerArn>(.*?)</);
  return { ListenerArn };
}

test("lab 1: two more tasks of the monolith, and 20 tasks fit on the page", async () => {
  await openService(monolith);
  for (const count of ["3", "20"]) {
    await press("Desired count…");
    await dialog().getByLabel("Tasks that ECS keeps running").fill(count);
    await send("Change count");
    await page.getByRole("heading", { name: new RegExp(`^${count} of ${count} tasks running`) }).waitFor();
    assert.equal((await describeService(monolith)).runningCount, Number(count));
  }
  assert.equal(await page.locator("#tasks-title ~ .scroll tbody tr").count(), 20);
  await saveScreenshot(page, "service");
  await assertAccessible(page);
  for (const options of [{ colorScheme: "dark" }, { viewport: { width: 360, height: 740 } }]) {
    const other = await browser.open(page.url(), options);
    await other.getByRole("heading", { name: "20 tasks", exact: true }).waitFor();
    await assertAccessible(other);
    assert.deepEqual(other.errors, []);
    await other.context().close();
  }
});

test("a refresh keeps the focus and the open parts of the page", async () => {
  const button = page.getByRole("button", { name: "Stop the task" }).nth(10);
  await button.focus();
  const status = await page.locator("#frame-status").textContent();
  await page.locator("#frame-status").filter({ hasNotText: status }).waitFor();
  assert(await button.evaluate((element) => element === document.activeElement));
  assert.deepEqual(page.errors, []);
});

test("scaling is on the page of the service: it is registered there, and the facts have the bounds", async () => {
  await openService(like);
  await page.getByRole("link", { name: "No scaling" }).click();
  await press(/^Register as scalable target/);
  await send("Register target");
  await page.getByRole("link", { name: "Scaling: 2 to 10" }).waitFor();
  assert.deepEqual(page.errors, []);
});

test("a link to a task marks its row", async () => {
  const { taskArns: [arn] } = await callEcs("ListTasks", { cluster, serviceName: monolith });
  const id = arn.split("/").at(-1);
  await page.goto(`${lab.endpoints.site}/console/services/${monolith}?task=${id}`);
  await page.locator("tr[aria-current]").getByTitle(id).waitFor();
});

test("a name that no service has is told", async () => {
  await page.goto(`${lab.endpoints.site}/console/services/unknown`);
  await page.getByRole("heading", { name: "There is no service unknown" }).waitFor();
});
