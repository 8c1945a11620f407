//! Injects deliberate faults into likes (`CHAOSMODE=on`). For each like, a random generator chooses a
//! fault, and [`Chaos`] applies the fault.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use http_shell::annotate;
use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};
use thiserror::Error;

mod burner;
mod config;
mod fault;
mod overrides;
mod report;
mod workers;

pub use burner::{Burner, Overloaded};
pub use config::{Config, CpuTimeRange, Percent};
pub use fault::{Fault, FaultGenerator};
pub use overrides::{InvalidOverrides, OverrideSettings, Overrides, WorkerSettings};
pub use report::{FaultReport, FaultSink, LikeReport};

use workers::Workers;

/// The error of a like that fails because of its fault.
#[derive(Debug, Error)]
pub enum ChaosError {
    /// The fault of the like is [`Fault::NotFound`].
    #[error("the fault of this like is a simulated 404")]
    NotFound,
    /// Too many likes are burning CPU time, or wait for a burn or for a worker.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
}

/// Draws and applies the faults of one process. All clones of a `Chaos` share the fault generator, the
/// overrides, the limits of burns and the fault counter.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// The fault generator; `None` if chaos is off.
    generator: Option<Arc<Mutex<FaultGenerator>>>,
    overridden: Arc<RwLock<Option<Arc<Overridden>>>>,
    burner: Burner,
    /// Whether logs, spans and metrics show the faults.
    reveals_faults: bool,
    fault_counter: Counter<u64>,
    sink: Option<FaultSink>,
}

/// The faults of [`Overrides`].
#[derive(Debug)]
struct Overridden {
    generator: Mutex<FaultGenerator>,
    workers: Option<Workers>,
}

impl Chaos {
    /// Creates an instance whose counter uses the current global meter provider.
    pub fn new(config: &Config) -> Self {
        let generator = config.is_on.then(|| FaultGenerator::new(config));
        let meter = global::meter("like-service");
        let fault_counter = meter.u64_counter("chaos.faults").with_unit("{fault}");
        Self {
            generator: generator.map(|generator| Arc::new(Mutex::new(generator))),
            overridden: Arc::default(),
            burner: Burner::new(config.max_concurrent_burns),
            reveals_faults: config.reveals_faults,
            fault_counter: fault_counter.build(),
            sink: None,
        }
    }

    /// Reports each like that has a fault to `sink`.
    pub fn set_sink(&mut self, sink: FaultSink) {
        self.sink = Some(sink);
    }

    /// Replaces the faults of the environment, also if chaos is off. With `None`, the faults of the
    /// environment return, whose sequence continues. Likes that have already arrived keep their faults.
    ///
    /// Logs, spans and metrics never show the faults of overrides.
    pub fn override_faults(&self, overrides: Option<Overrides>) {
        let overridden = overrides.map(|overrides| {
            Arc::new(Overridden {
                generator: Mutex::new(FaultGenerator::of_overrides(&overrides)),
                workers: overrides.settings().workers.map(Workers::new),
            })
        });
        *self
            .overridden
            .write()
            .unwrap_or_else(PoisonError::into_inner) = overridden;
    }

    /// Starts the report of a like that arrives now.
    pub fn start_report(&self) -> LikeReport {
        LikeReport::start(self.sink.as_ref())
    }

    /// Draws the fault of a like, and applies the fault. With workers, the like first occupies a worker.
    ///
    /// # Errors
    ///
    /// Returns an error when the fault is a 404, or when too many likes are burning CPU time, or waiting for
    /// a burn or a worker.
    pub async fn apply_fault(&self, report: &mut LikeReport) -> Result<(), ChaosError> {
        let overridden = self.overridden();
        let overridden = overridden.as_deref();
        if let Some(workers) = overridden.and_then(|it| it.workers.as_ref()) {
            workers.occupy().await?;
        }
        let environment = self.generator.as_deref();
        let Some(generator) = overridden.map(|it| &it.generator).or(environment) else {
            return Ok(());
        };
        let fault = draw_fault(generator);
        report.record_fault(fault);
        let reveals_fault = self.reveals_faults && overridden.is_none();
        if reveals_fault {
            reveal_fault(fault);
            let name = KeyValue::new("chaos.fault", fault.name());
            self.fault_counter.add(1, &[name]);
        }
        match fault {
            Fault::NotFound => return Err(ChaosError::NotFound),
            Fault::Stress { cpu_ms } => self.burner.burn(Duration::from_millis(cpu_ms)).await?,
            Fault::None => {}
        }
        if reveals_fault {
            tracing::warn!("WARN: This thing should NOT be left on..");
        }
        Ok(())
    }

    fn overridden(&self) -> Option<Arc<Overridden>> {
        let overridden = self.overridden.read();
        overridden.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn draw_fault(generator: &Mutex<FaultGenerator>) -> Fault {
    // A panic cannot leave the generator in an invalid state, so a poisoned lock is still usable.
    let mut generator = generator.lock().unwrap_or_else(PoisonError::into_inner);
    generator.draw()
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

#[cfg(test)]
mod tests;
