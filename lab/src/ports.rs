//! The listeners of the lab, all bound before anything starts, so that a taken port leaves nothing
//! behind.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use tokio::net::TcpListener;
use xray::Sockets;

use crate::error::Error;

/// The port of the site, unless an option sets it.
pub const SITE_PORT: u16 = 3000;

/// The port of the AWS endpoint, unless an option sets it.
pub const AWS_PORT: u16 = 4566;

/// The ports of the listeners.
#[derive(Clone, Debug, Args)]
pub struct PortOptions {
    /// Port of the site (0: any free port)
    #[arg(long, value_name = "PORT", default_value_t = SITE_PORT)]
    pub site_port: u16,
    /// Port of the load balancer (0: any free port)
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub alb_port: u16,
    /// Port of DynamoDB (0: any free port)
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    pub dynamodb_port: u16,
    /// Port of the AWS endpoint, which answers for all local AWS services (0: any free port)
    #[arg(long, value_name = "PORT", default_value_t = AWS_PORT)]
    pub aws_port: u16,
    /// UDP and TCP port of X-Ray (0: any free port)
    #[arg(long, value_name = "PORT", default_value_t = 2000)]
    pub xray_port: u16,
    /// Port on which X-Ray receives spans by OTLP (0: any free port)
    #[arg(long, value_name = "PORT", default_value_t = 4318)]
    pub otlp_port: u16,
}

/// A bound listener and where it is.
#[derive(Debug)]
pub struct Port {
    pub listener: TcpListener,
    pub address: SocketAddr,
}

/// The sockets of X-Ray.
#[derive(Debug)]
pub struct XrayPorts {
    pub sockets: Sockets,
    /// Of documents and of questions.
    pub address: SocketAddr,
    pub otlp: SocketAddr,
}

/// All listeners of the lab, on this machine's loopback address alone.
#[derive(Debug)]
pub struct Ports {
    pub site: Port,
    pub alb: Port,
    pub dynamodb: Port,
    /// The AWS endpoint, which answers for all local AWS services.
    pub aws: Port,
    pub xray: XrayPorts,
    /// The endpoint of task metadata.
    pub metadata: Port,
}

impl Ports {
    /// Binds them all.
    ///
    /// # Errors
    ///
    /// When one is taken or not permitted; the error names the option.
    pub async fn bind(options: &PortOptions) -> Result<Self, Error> {
        Ok(Self {
            site: bind(options.site_port, "--site-port").await?,
            alb: bind(options.alb_port, "--alb-port").await?,
            dynamodb: bind(options.dynamodb_port, "--dynamodb-port").await?,
            aws: bind(options.aws_port, "--aws-port").await?,
            xray: bind_xray(options.xray_port, options.otlp_port).await?,
            metadata: bind_any().await?,
        })
    }
}

async fn bind_xray(port: u16, otlp_port: u16) -> Result<XrayPorts, Error> {
    let bound = xray::Server::bind((Ipv4Addr::LOCALHOST, port).into()).await;
    let (udp, tcp) = bound.map_err(|error| refused(error, port, "--xray-port"))?;
    let address = tcp.local_addr()?;
    let otlp = bind(otlp_port, "--otlp-port").await?;
    Ok(XrayPorts {
        address,
        otlp: otlp.address,
        sockets: Sockets {
            udp,
            tcp,
            otlp: otlp.listener,
        },
    })
}

/// Any free port. Tasks get its number, so that no option sets it.
async fn bind_any() -> Result<Port, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok(Port { listener, address })
}

async fn bind(port: u16, option: &'static str) -> Result<Port, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(|error| refused(error, port, option))?;
    let address = listener.local_addr()?;
    Ok(Port { listener, address })
}

fn refused(source: io::Error, port: u16, option: &'static str) -> Error {
    match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port, option },
        _ => Error::Bind {
            port,
            option,
            source,
        },
    }
}
