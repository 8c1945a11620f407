//! Deliberate faults (`CHAOSMODE=on`). For each like, a generator draws a fault; then the fault is applied.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_shell::annotate;
use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};
use thiserror::Error;

mod burner;
mod config;
mod fault;

pub use burner::{Burner, Overloaded};
pub use config::{Config, CpuTimeRange, Percent};
pub use fault::{Fault, FaultGenerator};

/// Why chaos ends a like.
#[derive(Debug, Error)]
pub enum ChaosError {
    /// Chaos drew a 404.
    #[error("chaos drew a 404")]
    NotFound,
    /// Too many likes burn CPU time, or wait for it.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
}

/// The chaos of one process. Clones share the generator, the limits and the counter.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// `None` if chaos is off.
    generator: Option<Arc<Mutex<FaultGenerator>>>,
    burner: Burner,
    is_revealed: bool,
    fault_counter: Counter<u64>,
}

impl Chaos {
    /// Creates the chaos. Its counter belongs to the global meter provider at this time.
    pub fn new(config: &Config) -> Self {
        let generator = config.is_on.then(|| FaultGenerator::new(config));
        let meter = global::meter("like-service");
        let fault_counter = meter.u64_counter("chaos.faults").with_unit("{fault}");
        Self {
            generator: generator.map(|generator| Arc::new(Mutex::new(generator))),
            burner: Burner::new(config.max_concurrent_burns),
            is_revealed: config.is_revealed,
            fault_counter: fault_counter.build(),
        }
    }

    /// Draws the fault of a like, and applies it.
    ///
    /// # Errors
    ///
    /// When the fault is a 404, or when too many likes burn CPU time.
    pub async fn apply_fault(&self) -> Result<(), ChaosError> {
        let Some(fault) = self.draw_fault() else {
            return Ok(());
        };
        if self.is_revealed {
            reveal_fault(fault);
            let name = KeyValue::new("chaos.fault", fault.name());
            self.fault_counter.add(1, &[name]);
        }
        match fault {
            Fault::NotFound => return Err(ChaosError::NotFound),
            Fault::Stress { cpu_ms } => self.burner.burn(Duration::from_millis(cpu_ms)).await?,
            Fault::None => {}
        }
        tracing::warn!("WARN: This thing should NOT be left on..");
        Ok(())
    }

    /// Returns `None` if chaos is off.
    fn draw_fault(&self) -> Option<Fault> {
        let generator = self.generator.as_ref()?;
        // A panic while the lock is held leaves the generator in a valid state.
        let mut generator = generator.lock().unwrap_or_else(PoisonError::into_inner);
        Some(generator.draw())
    }
}

/// Logs a fault, and annotates the request's span with it. Users of the workshop search the logs for the
/// literal `WARN:`.
fn reveal_fault(fault: Fault) {
    match fault {
        Fault::Stress { cpu_ms } => tracing::warn!(
            chaos.fault = fault.name(),
            chaos.cpu_ms = cpu_ms,
            "WARN: stress function activated"
        ),
        Fault::NotFound => {
            tracing::warn!(chaos.fault = fault.name(), "WARN: simulated 404 activated");
        }
        Fault::None => {}
    }
    annotate("chaos.fault", || fault.name());
    if let Fault::Stress { cpu_ms } = fault {
        annotate("chaos.cpu_ms", || cpu_ms.cast_signed());
    }
}
