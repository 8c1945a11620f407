// Names of states and actions.

const STATES = { OK: "OK", ALARM: "In alarm", INSUFFICIENT_DATA: "Insufficient data" };

export const STATE_VALUES = Object.keys(STATES);

export const stateName = (state) => STATES[state] ?? state;

/** The name of a scaling policy in its ARN, which may end with `:createdBy/…`. */
export const policyNameOf = (arn) => /:policyName\/(.+?)(?::createdBy\/.*)?$/.exec(arn)?.[1];

/** The ARN of the policy in the ARN of an action. */
export const policyArnOf = (arn) => arn.replace(/:createdBy\/[^/]*$/, "");
