//! Injects deliberate faults into likes (`CHAOSMODE=on`). For each like, a random generator chooses a
//! fault, and [`Chaos`] applies the fault.

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

/// The error of a like that fails because of its fault.
#[derive(Debug, Error)]
pub enum ChaosError {
    /// The fault of the like is [`Fault::NotFound`].
    #[error("the fault of this like is a simulated 404")]
    NotFound,
    /// Too many likes are burning CPU time or waiting for a burn.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
}

/// Draws and applies the faults of one process. All clones of a `Chaos` share the fault generator, the
/// limits of burns and the fault counter.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// The fault generator; `None` if chaos is off.
    generator: Option<Arc<Mutex<FaultGenerator>>>,
    burner: Burner,
    /// Whether logs, spans and metrics show the faults.
    reveals_faults: bool,
    fault_counter: Counter<u64>,
}

impl Chaos {
    /// Creates an instance whose counter uses the current global meter provider.
    pub fn new(config: &Config) -> Self {
        let generator = config.is_on.then(|| FaultGenerator::new(config));
        let meter = global::meter("like-service");
        let fault_counter = meter.u64_counter("chaos.faults").with_unit("{fault}");
        Self {
            generator: generator.map(|generator| Arc::new(Mutex::new(generator))),
            burner: Burner::new(config.max_concurrent_burns),
            reveals_faults: config.reveals_faults,
            fault_counter: fault_counter.build(),
        }
    }

    /// Draws the fault of a like, and applies the fault.
    ///
    /// # Errors
    ///
    /// Returns an error when the fault is a 404, or when too many likes are burning CPU time or waiting for
    /// a burn.
    pub async fn apply_fault(&self) -> Result<(), ChaosError> {
        let Some(fault) = self.draw_fault() else {
            return Ok(());
        };
        if self.reveals_faults {
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

    /// Draws the fault of a like. Returns `None` if chaos is off.
    fn draw_fault(&self) -> Option<Fault> {
        let generator = self.generator.as_ref()?;
        // A panic cannot leave the generator in an invalid state, so a poisoned lock is still usable.
        let mut generator = generator.lock().unwrap_or_else(PoisonError::into_inner);
        Some(generator.draw())
    }
}

/// Logs a fault, and adds the fault to the request's span as an annotation. Users of the workshop search
/// the logs for the literal `WARN:`.
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
