//! What the steps ask: calls of AWS operations, and the names of resources.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::Failure;

/// Makes a call: the words of a command of the AWS CLI after `aws`. Returns its JSON output.
type Source = Box<dyn Fn(&[&str]) -> Result<Value, Failure> + Send + Sync>;

/// The response to a call.
type Response = Result<Value, Failure>;

/// The AWS of the lab, or AWS. It makes each call once: steps share responses.
pub struct Aws {
    names: HashMap<String, String>,
    /// The time of the check in seconds since the Unix epoch.
    pub now: i64,
    source: Source,
    responses: Mutex<HashMap<String, Arc<OnceLock<Response>>>>,
}

impl Aws {
    /// `names` are the variables that the verb `env` prints, and `now` is the time in seconds since the Unix epoch.
    pub fn new(
        names: HashMap<String, String>,
        now: i64,
        source: impl Fn(&[&str]) -> Result<Value, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self {
            names,
            now,
            source: Box::new(source),
            responses: Mutex::default(),
        }
    }

    /// The value of a variable that the verb `env` prints.
    pub fn name(&self, variable: &str) -> &str {
        self.names.get(variable).map_or("", String::as_str)
    }

    /// Returns the response to a call.
    pub fn call(&self, words: &[&str]) -> Response {
        // The lock is not held during a call, so that other calls run at the same time.
        let response = {
            let mut responses = self
                .responses
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(responses.entry(words.join("\0")).or_default())
        };
        response.get_or_init(|| (self.source)(words)).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_made_once() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let aws = Aws::new(HashMap::new(), 0, move |words| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(json!(words))
        });
        for _ in 0..2 {
            assert_eq!(aws.call(&["ecs", "x"]), Ok(json!(["ecs", "x"])));
            assert_eq!(aws.call(&["ecs x"]), Ok(json!(["ecs x"])));
        }
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
