// Texts of the events of ECS. Pure functions.

/** Shortens the names in an event of ECS: the service's own name is left out, and of ARNs and ids the start is kept. */
export function shortenEvent(message, service) {
  const short = message.replace(`(service ${service}) `, "").replace(`(service ${service}, `, "(")
    .replaceAll(/\(target-group [^)]*targetgroup\/([^/)]+)\/[^)]*\)/g, "target group $1")
    .replaceAll(/\((task|port) (\w{8})\w{24}\)/g, "($1 $2)")
    .replaceAll(/\((?:deployment|taskSet) (?:ecs-svc\/)?(\d{6})\d+\)(?: deployment)?/g, "deployment $1")
    .replaceAll(/ecs-svc\/(\d{6})\d+/g, "$1")
    .replaceAll(/\b1 (running |pending )?(task|target)s\b/g, "1 $1$2")
    .replace(/((?:\(task \w{8}\) ?){2})((?:\(task \w{8}\) ?){2,})/, (_, kept, rest) => `${kept}and ${rest.match(/task/g).length} more`);
  return short[0].toUpperCase() + short.slice(1);
}
