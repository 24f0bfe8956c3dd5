//! A server on loopback that answers as it is told and remembers what it was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// The reaction to a request.
#[derive(Clone)]
pub(super) enum Answer {
    /// These bytes; the connection stays open.
    Bytes(String),
    /// These bytes, and after them zeros without end.
    Endless(String),
    /// The connection is closed at once.
    Close,
    /// Stalls: no response, and the connection stays open.
    Silence,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        Self::with(status, "", "")
    }

    /// Headers are whole lines.
    pub(super) fn with(status: u16, headers: &str, body: &str) -> Self {
        Self::Bytes(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
    }
}

/// Everything that came over one connection until it was answered.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) head: String,
    pub(super) body: String,
}

impl Request {
    /// The method and the path.
    pub(super) fn target(&self) -> &str {
        self.head.split(" HTTP/").next().unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

type Answers = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

pub(super) struct Rig {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Rig {
    /// Gives the same answer to everything.
    pub(super) async fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    pub(super) async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let rig = Self::new(format!("http://{}", listener.local_addr().unwrap()));
        let (answer, log, connections): (Answers, _, _) =
            (Arc::new(answer), rig.requests.clone(), rig.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        rig
    }

    #[cfg(unix)]
    pub(super) fn on_socket(path: &std::path::Path, answer: Answer) -> Self {
        let listener = tokio::net::UnixListener::bind(path).unwrap();
        let rig = Self::new(format!("unix://{}", path.display()));
        let (answer, log): (Answers, _) = (Arc::new(move |_: &Request| answer.clone()), rig.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        rig
    }

    fn new(url: String) -> Self {
        Self { url, requests: Arc::default(), connections: Arc::default() }
    }

    /// Returns the number of TCP connections.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }

    /// Methods and paths, in order.
    pub(super) fn targets(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.target().to_owned()).collect()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    answer: Answers,
    log: Arc<Mutex<Vec<Request>>>,
) -> Option<()> {
    loop {
        let request = read(&mut stream).await?;
        log.lock().push(request.clone());
        match answer(&request) {
            Answer::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await.ok()?,
            Answer::Endless(bytes) => {
                stream.write_all(bytes.as_bytes()).await.ok()?;
                loop {
                    stream.write_all(&[0; 4096]).await.ok()?;
                }
            }
            Answer::Close => return None,
            Answer::Silence => std::future::pending().await,
        }
    }
}

/// Reads one request; bytes that are not HTTP are kept as they are.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = Request { head: head.to_owned(), body: body.to_owned() };
            let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
            if request.body.len() >= length {
                return Some(request);
            }
        } else if !text.is_empty() && !text.starts_with(['G', 'P']) {
            return Some(Request { head: text, body: String::new() });
        }
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}
