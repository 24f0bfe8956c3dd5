//! `llmobs view`: opens the database, listens, serves.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use crate::config::args::ViewArguments;
use crate::config::env;
use crate::intake::queue::Queue;
use crate::store::open::{Database, Location};
use crate::store::schema::StoreError;
use crate::web::access::{Access, Network};
use crate::web::routes::router;
use crate::web::state::Viewer;

/// The error that ends the viewer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ViewError {
    #[error(
        "port {port} is taken, most likely by an Agent of Datadog or another viewer. Take another one with --port {other}, and give senders DD_TRACE_AGENT_URL=http://localhost:{other}."
    )]
    PortTaken { port: u16, other: u16 },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("no folder for data is known. Name a file with --db, or keep nothing with --memory.")]
    NoFolder,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
}

/// Serves until the process is interrupted.
pub(crate) fn run(arguments: ViewArguments) -> Result<(), ViewError> {
    let location = match arguments.database {
        _ if arguments.is_in_memory => Location::Memory,
        Some(file) => Location::File(file),
        None => Location::File(env::default_database().ok_or(ViewError::NoFolder)?),
    };
    let listener = listen(SocketAddr::new(arguments.address, arguments.port))?;
    let address = listener.local_addr()?;
    let database = Arc::new(Database::open(location)?);
    let access = Access {
        hosts: arguments.allowed_hosts,
        token: arguments.token,
        ingest: arguments.allowed_ingest.iter().filter_map(|text| Network::parse(text)).collect(),
    };
    let queue = Queue::start(Arc::clone(&database))?;
    let viewer = Viewer { database, queue, access, address: address.to_string(), seen: parking_lot::Mutex::default() };
    // A terminal that is gone is no reason to end.
    let _ = announce(&viewer, address);
    if arguments.opens_browser {
        open_browser(&format!("http://{address}/"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(serve(listener, viewer))?;
    runtime.shutdown_background();
    Ok(())
}

fn listen(address: SocketAddr) -> Result<TcpListener, ViewError> {
    let other = if address.port() == u16::MAX { 8127 } else { address.port().saturating_add(1) };
    let listener = TcpListener::bind(address).map_err(|source| {
        let is_taken = source.kind() == io::ErrorKind::AddrInUse;
        if is_taken {
            ViewError::PortTaken { port: address.port(), other }
        } else {
            ViewError::Listen { address, source }
        }
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn announce(viewer: &Viewer, address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let place = match &viewer.database.location {
        Location::Memory => "memory, until this program ends".to_owned(),
        Location::File(path) => path.display().to_string(),
    };
    writeln!(out, "llmobs: http://{address}")?;
    writeln!(out, "  traces are kept in {place}")?;
    writeln!(out, "  senders use DD_TRACE_AGENT_URL=http://{address}")?;
    out.flush()
}

async fn serve(listener: TcpListener, viewer: Viewer) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let service = router(Arc::new(viewer)).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        result = async { axum::serve(listener, service).await } => result,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Opens the browser. Where there is none, the address on the terminal remains.
fn open_browser(url: &str) {
    let command = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let quiet = std::process::Stdio::null;
    let _ = std::process::Command::new(command).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
}
