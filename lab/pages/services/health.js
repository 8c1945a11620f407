// Which state a task is in, from what ECS and the load balancer say about it. Pure functions.

/** States from good to bad: a class name, and the word for it. */
export const STATES = {
  healthy: "healthy",
  running: "running",
  starting: "starting",
  stopping: "stopping",
  unhealthy: "unhealthy",
};

const STOPPING = ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"];

/** The private address of a task. */
export const addressOf = (task) =>
  task.attachments?.flatMap(({ details }) => details).find(({ name }) => name === "privateIPv4Address")?.value
  ?? task.containers?.flatMap(({ networkInterfaces = [] }) => networkInterfaces)[0]?.privateIpv4Address;

/** Finds the description of a task's target. Where tasks share an address, their ports differ. */
export function targetOf(task, targets) {
  const address = addressOf(task);
  const ports = (task.containers ?? []).flatMap(({ networkBindings = [] }) => networkBindings.map(({ hostPort }) => String(hostPort)));
  return targets.find(({ Target: { Id, Port } }) => Id === address && (ports.length === 0 || ports.includes(String(Port))));
}

/** Returns `{state, reason}` of a task. `targets` are the target descriptions of its service. */
export function taskState(task, targets) {
  if (task.desiredStatus === "STOPPED" || STOPPING.includes(task.lastStatus)) return { state: "stopping", reason: task.stoppedReason };
  const failed = (task.containers ?? []).filter(({ healthStatus }) => healthStatus === "UNHEALTHY").map(({ name }) => name);
  if (failed.length) return { state: "unhealthy", reason: `Container health check failed: ${failed.join(", ")}` };
  const health = targetOf(task, targets)?.TargetHealth;
  if (health?.State === "unhealthy") return { state: "unhealthy", reason: health.Description ?? health.Reason };
  if (health?.State === "draining") return { state: "stopping", reason: health.Description };
  if (task.lastStatus !== "RUNNING") return { state: "starting", reason: `ECS: ${task.lastStatus}` };
  if (health?.State === "healthy") return { state: "healthy" };
  if (targets.length || health) return { state: "starting", reason: health?.Description ?? "Not registered as a target yet" };
  return { state: task.healthStatus === "HEALTHY" ? "healthy" : "running" };
}

/** "2 healthy, 1 starting". */
export function countStates(states) {
  const counts = new Map();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  const parts = Object.keys(STATES).filter((state) => counts.has(state)).map((state) => `${counts.get(state)} ${STATES[state]}`);
  return parts.join(", ") || "no tasks";
}

/** How a container ended: "exit code 137, OutOfMemory". */
export const exitText = ({ exitCode, reason }) => [exitCode !== undefined && `exit code ${exitCode}`, reason].filter(Boolean).join(", ");
