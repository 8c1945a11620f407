//! Lab 5: load on the Like service, as the load balancer counts it.

use super::metrics::{LATE, Metric, RECENT_MINUTES, Value, sum};
use crate::guide::{Aws, Finding, Looked, minute};

const WANTED_REQUESTS: f64 = 200.0;

/// The number of new connections in a minute that says that there were many users: each user has one. The number of requests would not
/// say so on a slow machine.
const WANTED_CONNECTIONS: f64 = 100.0;

/// Load runs without errors of the load balancer.
pub fn measure(aws: &Aws) -> Looked {
    let requests = Metric::likes(aws).values(aws, RECENT_MINUTES)?;
    Ok(vec![has_requests(sum(&requests)), no_errors(aws)?])
}

fn has_requests(requests: f64) -> Finding {
    let saw =
        format!("The Like service got {requests} requests in the last {RECENT_MINUTES} minutes");
    let wanted = WANTED_REQUESTS.to_string();
    crate::guide::expect(requests >= WANTED_REQUESTS, saw, &wanted)
        .map_err(|sentence| format!("{sentence} {LATE}"))
}

/// The counts of the errors that the load balancer generates, and of those that the targets answer.
pub const ERRORS: [&str; 2] = ["HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"];

/// No request was answered 5xx in the last minutes.
pub fn no_errors(aws: &Aws) -> Result<Finding, crate::guide::Failure> {
    for name in ERRORS {
        let values = Metric::of_load_balancer(aws, name).values(aws, RECENT_MINUTES)?;
        let errors = sum(&values);
        if errors > 0.0 {
            return Ok(Err(format!(
                "{name} of the last {RECENT_MINUTES} minutes is {errors}; this step wants 0. It is 0 again {RECENT_MINUTES} minutes \
                 after the last error."
            )));
        }
    }
    Ok(Ok(format!(
        "No request was answered 5xx in the last {RECENT_MINUTES} minutes."
    )))
}

/// There was a minute with many users.
pub fn ramps(aws: &Aws) -> Looked {
    let connections = Metric::of_load_balancer(aws, "NewConnectionCount");
    Ok(vec![busiest(&connections.values(aws, RECENT_MINUTES)?)])
}

fn busiest(values: &[Value]) -> Finding {
    let busiest = values.iter().max_by(|one, other| one.1.total_cmp(&other.1));
    let Some(&(time, connections)) = busiest else {
        return Err(format!(
            "CloudWatch has no connections of the last {RECENT_MINUTES} minutes. {LATE}"
        ));
    };
    let saw = format!(
        "The busiest minute ({}) had {connections} new connections, of users and to tasks",
        minute(time)
    );
    let wanted = WANTED_CONNECTIONS.to_string();
    crate::guide::expect(connections >= WANTED_CONNECTIONS, saw, &wanted)
}
