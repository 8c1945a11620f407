// Rules of a listener: to which target groups they forward. Pure functions.

/** Returns the target groups of a rule or of a listener's default actions: `[{arn, weight, share}]`. */
export function ruleTargets(rule) {
  const action = (rule.Actions ?? rule.DefaultActions ?? []).find(({ Type }) => Type === "forward");
  const groups = action?.ForwardConfig?.TargetGroups ?? (action?.TargetGroupArn ? [{ TargetGroupArn: action.TargetGroupArn }] : []);
  const targets = groups.map(({ TargetGroupArn, Weight = 1 }) => ({ arn: TargetGroupArn, weight: Number(Weight) }));
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  return targets.map((target) => ({ ...target, share: total ? target.weight / total : 0 }));
}

/** The condition of a rule in words: a path, "all other requests". */
export function conditionText({ Conditions, IsDefault }) {
  if (IsDefault === "true") return "all other requests";
  return (Conditions ?? []).map(({ Field, Values, PathPatternConfig }) => {
    const values = (Values ?? PathPatternConfig?.Values ?? []).join(" or ");
    return Field === "path-pattern" ? values : `${Field} ${values}`;
  }).join(" and ");
}

/** The action that forwards with these weights: a list of `{arn, weight}`. */
export const forwardAction = (targets) => ({
  Type: "forward",
  ForwardConfig: { TargetGroups: targets.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight })) },
});
