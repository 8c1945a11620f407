//! Sampling: a rule for likes, and what the services report about it.

use elb::PathPattern;
use serde_json::Value;

use super::traces::LIKE_NODE;
use crate::guide::{Aws, Failure, Finding, Looked, count, list, number, text};

/// Members of a rule, the values that this step wants, and what a like has there.
const OF_LIKES: [(&str, &str, &str); 3] = [
    (
        "URLPath",
        "/mysfits/*/like",
        "/mysfits/4e53920c-505a-4a90-a694-b9300791f0ae/like",
    ),
    ("HTTPMethod", "POST", "POST"),
    ("ServiceName", LIKE_NODE, LIKE_NODE),
];

const WANTED_REQUESTS: f64 = 20.0;

/// A rule keeps a part of the likes.
pub fn rule(aws: &Aws) -> Looked {
    let rules = rules(aws)?;
    let findings: Vec<_> = rules.iter().map(keeps_a_part_of_likes).collect();
    let done = findings.iter().find(|finding| finding.is_ok());
    let finding = done.or(findings.first()).cloned();
    Ok(vec![finding.unwrap_or_else(only_default)])
}

/// The services have applied the rule.
pub fn statistics(aws: &Aws) -> Looked {
    let rules = rules(aws)?;
    let Some(rule) = rules
        .iter()
        .find(|rule| keeps_a_part_of_likes(rule).is_ok())
    else {
        return self::rule(aws);
    };
    let response = aws.call(&["xray", "get-sampling-statistic-summaries"])?;
    Ok(vec![applied(
        text(&rule["RuleName"]),
        list(&response["SamplingStatisticSummaries"]),
    )])
}

/// The rules besides the default.
fn rules(aws: &Aws) -> Result<Vec<Value>, Failure> {
    let response = aws.call(&["xray", "get-sampling-rules"])?;
    let records = list(&response["SamplingRuleRecords"]).iter();
    let rules = records.map(|record| record["SamplingRule"].clone());
    Ok(rules.filter(|rule| rule["RuleName"] != "Default").collect())
}

fn only_default() -> Finding {
    Err("The only sampling rule is Default; this step wants one for likes.".to_owned())
}

fn keeps_a_part_of_likes(rule: &Value) -> Finding {
    let name = text(&rule["RuleName"]);
    for (member, wanted, of_likes) in OF_LIKES {
        let pattern = text(&rule[member]);
        if !matches(pattern, of_likes) {
            return Err(format!(
                "{name} has the {member} {pattern}, which does not match likes; this step wants {wanted}."
            ));
        }
    }
    for member in ["ServiceType", "Host", "ResourceARN"] {
        let pattern = text(&rule[member]);
        if pattern != "*" {
            return Err(format!(
                "{name} has the {member} {pattern}; this step wants *."
            ));
        }
    }
    let path = text(&rule["URLPath"]);
    let rate = number(&rule["FixedRate"]);
    let reservoir = number(&rule["ReservoirSize"]);
    if rate >= 1.0 {
        return Err(format!(
            "{name} has the fixed rate {rate}; this step wants less than 1, so that not all likes are kept."
        ));
    }
    if reservoir < 1.0 {
        return Err(format!(
            "{name} has the reservoir size {reservoir}; this step wants at least 1."
        ));
    }
    Ok(format!(
        "{name} has the URL path {path}, the reservoir size {reservoir} and the fixed rate {rate}."
    ))
}

/// X-Ray ignores the case of letters. Its patterns have the wildcards of the load balancer's.
fn matches(pattern: &str, text: &str) -> bool {
    PathPattern::new(&pattern.to_lowercase()).matches(&text.to_lowercase())
}

fn applied(name: &str, summaries: &[Value]) -> Finding {
    let of_rule = || summaries.iter().filter(|it| it["RuleName"] == name);
    let total = |member: &str| of_rule().map(|it| number(&it[member])).sum::<f64>();
    let (requests, sampled) = (total("RequestCount"), total("SampledCount"));
    if requests == 0.0 {
        return Err(format!(
            "The services have not reported on {name} yet. Send load, and wait 10 s."
        ));
    }
    let saw = format!(
        "{name}: {}, {sampled} sampled",
        count(requests as usize, "request")
    );
    if sampled < 1.0 || sampled >= requests || requests < WANTED_REQUESTS {
        return Err(format!(
            "{saw}; this step wants at least {WANTED_REQUESTS} requests, of which some but not all are sampled. Send more likes per \
             second than the reservoir holds."
        ));
    }
    Ok(format!("{saw}."))
}
