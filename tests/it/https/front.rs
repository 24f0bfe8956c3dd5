//! TLS in front of a server that speaks none.

use std::net::Ipv4Addr;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::server::Acceptor;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::LazyConfigAcceptor;

use super::Identity;

/// The first bytes of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// The requested server name, if any.
    pub(super) name: Option<String>,
    /// The offered ALPN protocols.
    pub(super) protocols: Vec<String>,
    /// Set when the client completed the handshake.
    pub(super) is_content: bool,
}

/// The server; it ends with the runtime that it is started on.
pub(super) struct Front {
    pub(super) port: u16,
    hellos: Arc<Mutex<Vec<Hello>>>,
}

impl Front {
    /// TLS in front of the server at this address.
    pub(super) async fn start(identity: &Identity, behind: &str) -> Self {
        let behind = behind.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let front = Self { port: listener.local_addr().unwrap().port(), hellos: Arc::default() };
        let (identity, hellos) = (identity.clone(), Arc::clone(&front.hellos));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, identity.clone(), behind.clone(), Arc::clone(&hellos)));
            }
        });
        front
    }

    /// The greetings, one for each TLS connection.
    pub(super) fn hellos(&self) -> Vec<Hello> {
        self.hellos.lock().clone()
    }
}

async fn serve(stream: TcpStream, identity: Identity, behind: String, hellos: Arc<Mutex<Vec<Hello>>>) -> Option<()> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
    let hello = start.client_hello();
    let name = hello.server_name().map(str::to_owned);
    let protocols = hello.alpn().into_iter().flatten();
    let protocols = protocols.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let stream = start.into_stream(identity.0).await;
    hellos.lock().push(Hello { name, protocols, is_content: stream.is_ok() });
    let mut behind = TcpStream::connect(behind).await.ok()?;
    copy_bidirectional(&mut stream.ok()?, &mut behind).await.ok().map(drop)
}
