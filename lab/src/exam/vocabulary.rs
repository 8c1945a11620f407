//! The vocabulary of answers: mechanisms of faults and the components where they are. Everybody may read it, and most of its
//! mechanisms are in some exam.
//!
//! The definitions do not overlap: whoever knows what happened finds exactly one. docs/exams.md has the same table.

/// A mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The member `fault_mechanism` of an answer.
    pub name: &'static str,
    pub definition: &'static str,
    /// The form of the member `component`.
    pub component: &'static str,
}

impl Term {
    /// The mechanism with this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        TERMS.iter().find(|term| term.name == name)
    }
}

/// The parts of the system that can be a component, without `/PART`.
pub const COMPONENTS: [&str; 4] = ["like-service", "monolith", "load-balancer", "dynamodb"];

/// All mechanisms, in the order of their names.
pub const TERMS: [Term; 20] = [
    Term {
        name: "bad-revision",
        definition: "A new revision of the monolith was deployed, and a variable of its environment has a wrong value, so that its \
                     requests fail. A wrong deadline of the Like service is `timeout-too-short`.",
        component: "monolith",
    },
    Term {
        name: "cpu-burn",
        definition: "In every task of the Like service, a share of the likes uses much CPU time. If only one task does this, it is \
                     `faulty-task`.",
        component: "like-service",
    },
    Term {
        name: "crash-loop",
        definition: "The program of a service ends by itself soon after each start, and ECS replaces its tasks again and again. If ECS \
                     stops the tasks because of their health check, it is `failing-health-check`.",
        component: "like-service or monolith",
    },
    Term {
        name: "failing-health-check",
        definition: "The health check of a target group fails although the tasks serve requests as they should, so that ECS stops and \
                     replaces them.",
        component: "like-service or monolith",
    },
    Term {
        name: "failing-key",
        definition: "DynamoDB answers a share of the requests for one mysfit with an internal error (HTTP status 500). Requests for other \
                     mysfits succeed. If DynamoDB asks for fewer requests (an exception of throttling), it is `throttled-key`.",
        component: "dynamodb/MYSFIT_ID",
    },
    Term {
        name: "faulty-task",
        definition: "In one task of the Like service, a share of the likes uses much CPU time. The other tasks of the same revision \
                     do not do this. If every task does this, it is `cpu-burn`.",
        component: "like-service/TASK_ID",
    },
    Term {
        name: "log-flood",
        definition: "A service writes so many log lines for each request that its requests wait for the log.",
        component: "like-service or monolith",
    },
    Term {
        name: "lost-likes",
        definition: "The tasks of the Like service answer a share of the likes with an error themselves, and do not call the monolith. If the \
                     likes do not reach the Like service at all, it is `wrong-weights` or `wrong-path`.",
        component: "like-service",
    },
    Term {
        name: "memory-leak",
        definition: "The memory of the tasks of a service grows with their age until they become slow, or are stopped because they have no \
                     memory left.",
        component: "like-service or monolith",
    },
    Term {
        name: "network-loss",
        definition: "Connections to the tasks of a service are refused, reset or time out, although its tasks run and are not busy.",
        component: "like-service or monolith",
    },
    Term {
        name: "retry-storm",
        definition: "A service repeats calls so often that the repetitions themselves are the cause of the failures. If DynamoDB rejects the \
                     requests and the repetitions only follow from that, it is `throttled-key` or `throttled-table`. The component is the \
                     service that repeats.",
        component: "like-service or monolith",
    },
    Term {
        name: "slow-key",
        definition: "DynamoDB answers the requests for one mysfit late, and those for other mysfits as usual. If the requests for all mysfits \
                     are late, it is `slow-table`.",
        component: "dynamodb/MYSFIT_ID",
    },
    Term {
        name: "slow-table",
        definition: "DynamoDB has become slower, and answers the requests for all mysfits late. If it is only one mysfit, it is `slow-key`.",
        component: "dynamodb",
    },
    Term {
        name: "throttled-key",
        definition: "DynamoDB rejects a share of the requests for one mysfit with an exception of throttling, and serves those for other \
                     mysfits. If it rejects requests for all mysfits, it is `throttled-table`.",
        component: "dynamodb/MYSFIT_ID",
    },
    Term {
        name: "throttled-table",
        definition: "DynamoDB rejects a share of the requests for all mysfits with an exception of throttling. If it is only one mysfit, \
                     it is `throttled-key`.",
        component: "dynamodb",
    },
    Term {
        name: "timeout-too-short",
        definition: "A new revision of the Like service was deployed, and its deadline for calls of the monolith is shorter than some calls \
                     need, so that it gives them up. The monolith and DynamoDB are as fast as before. If they have become slower and the \
                     deadline is as before, it is `slow-key` or `slow-table`.",
        component: "like-service",
    },
    Term {
        name: "too-few-tasks",
        definition: "A setting limits the number of tasks of the Like service, and they are too few for the load, so that likes wait for a free \
                     task. Each like needs as much as before. If the likes need more CPU time than before, it is `cpu-burn`.",
        component: "like-service",
    },
    Term {
        name: "wrong-path",
        definition: "The path of a rule of the load balancer is wrong, so that no like matches the rule, and all go to the service of the \
                     default rule. If a share of the likes goes there, it is `wrong-weights`.",
        component: "load-balancer",
    },
    Term {
        name: "wrong-permissions",
        definition: "The role of the tasks lacks a permission, so that DynamoDB denies the access to the table.",
        component: "monolith",
    },
    Term {
        name: "wrong-weights",
        definition: "The path of a rule of the load balancer is right, but the weights of its target groups send a share of the likes to a \
                     service that does not serve likes. If no like matches the rule, it is `wrong-path`.",
        component: "load-balancer",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_sorted_and_written_in_kebab_case() {
        assert!(TERMS.is_sorted_by(|one, other| one.name < other.name));
        for Term { name, .. } in TERMS {
            assert!(
                name.bytes()
                    .all(|byte| byte == b'-' || byte.is_ascii_lowercase()),
                "{name}"
            );
        }
    }

    #[test]
    fn a_definition_refers_only_to_other_mechanisms_of_the_vocabulary() {
        for Term {
            name, definition, ..
        } in TERMS
        {
            for referred in definition.split('`').skip(1).step_by(2) {
                assert!(Term::find(referred).is_some(), "{name}: {referred}");
                assert_ne!(referred, name);
            }
        }
    }

    #[test]
    fn each_component_is_a_known_part_of_the_system() {
        for Term { component, .. } in TERMS {
            for form in component.split(" or ") {
                let part = form.split('/').next().unwrap_or_default();
                assert!(COMPONENTS.contains(&part), "{component}");
            }
        }
    }

    #[test]
    fn the_table_of_the_documentation_has_the_same_terms() {
        let page = include_str!("../../../docs/exams.md");
        let rows: Vec<_> = page
            .lines()
            .skip_while(|line| !line.starts_with("| `fault_mechanism` | Definition"))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .collect();
        let expected = TERMS.map(|term| {
            let component = term.component.replace(" or ", "` or `");
            format!("| `{}` | {} | `{component}` |", term.name, term.definition)
        });
        assert_eq!(rows, expected);
    }
}
