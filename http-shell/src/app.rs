//! The actix application of a service: the health routes, the service's own routes, and the middleware.

use actix_web::App;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};

use crate::drain::Lifecycle;
use crate::error;
use crate::health::{self, Readiness};
use crate::middleware::handle_request;
use crate::observe::{Observer, ResponseBody};

/// Builds one copy of the application for each worker thread. All copies share the lifecycle, the readiness
/// check and the observer.
#[derive(Clone)]
pub struct AppBuilder<R> {
    lifecycle: Data<Lifecycle>,
    readiness: Data<Readiness>,
    observer: Data<Observer>,
    routes: R,
}

impl<R> AppBuilder<R>
where
    R: Fn(&mut ServiceConfig) + Clone + 'static,
{
    /// Creates a builder. `routes` adds the service's own routes to each copy of the application.
    pub fn new(lifecycle: Lifecycle, readiness: Readiness, observer: Observer, routes: R) -> Self {
        Self {
            observer: Data::new(observer),
            lifecycle: Data::new(lifecycle),
            readiness: Data::new(readiness),
            routes,
        }
    }

    /// Builds one copy of the application.
    pub fn build(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<ResponseBody>,
            Error = actix_web::Error,
            InitError = (),
        > + use<R>,
    > {
        let observer = self.observer.clone();
        App::new()
            .app_data(self.lifecycle.clone())
            .app_data(self.readiness.clone())
            .configure(health::configure_routes)
            .configure(self.routes.clone())
            .default_service(web::to(error::respond_not_found))
            .wrap(from_fn(move |request, next| {
                handle_request(observer.clone(), request, next)
            }))
    }
}
