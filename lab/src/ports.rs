//! The listeners of the lab, all bound before anything starts, so that a taken port leaves nothing
//! behind.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::error::Error;
use crate::options::Options;

/// A bound listener and where it is.
#[derive(Debug)]
pub struct Port {
    pub listener: TcpListener,
    pub address: SocketAddr,
}

/// All listeners of the lab, on this machine's loopback address alone.
#[derive(Debug)]
pub struct Ports {
    pub site: Port,
    pub alb: Port,
    pub dynamodb: Port,
}

impl Ports {
    /// Binds them all.
    ///
    /// # Errors
    ///
    /// When one is taken or not permitted; the error names the option.
    pub async fn bind(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            site: bind(options.site_port, "--site-port").await?,
            alb: bind(options.alb_port, "--alb-port").await?,
            dynamodb: bind(options.dynamodb_port, "--dynamodb-port").await?,
        })
    }
}

async fn bind(port: u16, option: &'static str) -> Result<Port, Error> {
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port, option },
        _ => Error::Bind {
            port,
            option,
            source,
        },
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(refused)?;
    let address = listener.local_addr()?;
    Ok(Port { listener, address })
}
