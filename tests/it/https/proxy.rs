//! A proxy that opens tunnels, or does not.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// The proxy's reaction to `CONNECT`.
#[derive(Clone, Copy)]
pub(super) enum Verdict {
    /// Opens a tunnel to this port, whatever was requested.
    Through(u16),
    /// These bytes, and the end of the connection.
    Says(&'static str),
    /// Stalls: no response, and the connection stays open.
    Silence,
}

/// The proxy; it ends with the runtime that it is started on.
pub(super) struct Proxy {
    pub(super) port: u16,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    connections: AtomicUsize,
    heads: Mutex<Vec<String>>,
}

impl Proxy {
    pub(super) async fn start(verdict: Verdict) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), log: Arc::default() };
        let log = Arc::clone(&proxy.log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                log.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, verdict, Arc::clone(&log)));
            }
        });
        proxy
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    /// The requests, with their headers.
    pub(super) fn heads(&self) -> Vec<String> {
        self.log.heads.lock().clone()
    }
}

async fn serve(mut stream: TcpStream, verdict: Verdict, log: Arc<Log>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    log.heads.lock().push(String::from_utf8_lossy(&head).into_owned());
    match verdict {
        Verdict::Through(port) => {
            let mut behind = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
            stream.write_all(b"HTTP/1.1 200 X\r\n\r\n").await.ok()?;
            copy_bidirectional(&mut stream, &mut behind).await.ok().map(drop)
        }
        Verdict::Says(bytes) => stream.write_all(bytes.as_bytes()).await.ok(),
        Verdict::Silence => std::future::pending().await,
    }
}
