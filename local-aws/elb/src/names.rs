//! The ARNs of load balancers, listeners, rules and target groups.
//!
//! AWS ends each ARN with 16 random hexadecimal digits. Here the digits of what exists from the start are fixed: zeros, or
//! the priority of a rule. So a command can be repeated after a restart.

use wire::arn;

/// The digits at the end of ARNs.
const ID: &str = "0000000000000000";

/// The ARNs of a load balancer and of its listener and rules.
#[derive(Clone, Debug)]
pub struct Names {
    /// `app/<name>/<id>`: the load balancer in access logs and in the dimension of metrics.
    pub full_name: String,
}

impl Names {
    /// The names of the load balancer with this name.
    pub fn new(name: &str) -> Self {
        Self {
            full_name: format!("app/{name}/{ID}"),
        }
    }

    /// The ARN of the load balancer.
    pub fn load_balancer_arn(&self) -> String {
        elb_arn("loadbalancer", &self.full_name)
    }

    /// The ARN of the listener.
    pub fn listener_arn(&self) -> String {
        elb_arn("listener", &format!("{}/{ID}", self.full_name))
    }

    /// The ARN of the default rule.
    pub fn default_rule_arn(&self) -> String {
        self.rule_arn(ID)
    }

    /// Returns the id in the ARN of a rule of the listener. Returns `None` for other texts.
    pub fn id_of_rule<'a>(&self, arn: &'a str) -> Option<&'a str> {
        arn.strip_prefix(&self.rule_arn(""))
    }

    /// The ARN of the rule with this id.
    pub fn rule_arn(&self, id: &str) -> String {
        elb_arn("listener-rule", &format!("{}/{ID}/{id}", self.full_name))
    }
}

/// The ARN of the target group with this name.
pub fn target_group_arn(name: &str) -> String {
    elb_arn("targetgroup", &format!("{name}/{ID}"))
}

/// Whether `text` has the form of the ARN of a resource of this type, for example `targetgroup`.
pub fn is_arn(text: &str, resource_type: &str) -> bool {
    let prefix = elb_arn(resource_type, "");
    text.strip_prefix(&prefix)
        .is_some_and(|it| it.contains('/'))
}

fn elb_arn(resource_type: &str, resource: &str) -> String {
    arn(
        "elasticloadbalancing",
        wire::REGION,
        &format!("{resource_type}/{resource}"),
    )
}
