//! A server that reads and writes raw bytes, for misbehaviour that the receiver cannot play.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::mutation::Mutation;

/// The server's reaction to one request.
#[derive(Clone)]
pub enum Reaction {
    /// Reads it and answers with these bytes; the connection stays open.
    Answer(String),
    /// Reads it, answers with these bytes, and resets the connection when it has been idle for so long.
    AnswerThenReset(String, Duration),
    /// Reads it, answers with these bytes, and after them zeros without end.
    Endless(String),
    /// Resets the connection when it has read so many bytes; all of them if there are fewer.
    ResetAfter(usize),
    /// Reads it and says nothing.
    Stall,
    /// Reads nothing and says nothing.
    StallUnread,
    /// Reads it and answers with these bytes after a while.
    AnswerAfter(Duration, String),
    /// Reads it and reacts to its content.
    Decide(Decision),
}

/// A reaction to the content of a request; none of those that cut the request off.
pub type Decision = Arc<dyn Fn(&Request) -> Reaction + Send + Sync>;

impl Reaction {
    /// Answers with a status and an empty object.
    pub fn status(status: u16) -> Self {
        Self::with(status, "", "{}")
    }

    /// Answers with a status, whole lines of headers and a body.
    pub fn with(status: u16, headers: &str, body: &str) -> Self {
        Self::Answer(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
    }
}

/// The bytes of a request, cut off where the reaction says so.
#[derive(Clone)]
pub struct Request {
    pub at: Instant,
    pub bytes: Vec<u8>,
}

impl Request {
    /// Returns the bytes behind the empty line.
    pub fn body(&self) -> &[u8] {
        let head = self.bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        &self.bytes[head + 4..]
    }
}

type Script = Arc<dyn Fn(usize) -> Reaction + Send + Sync>;

/// State shared with the connections.
#[derive(Clone)]
struct Shared {
    script: Script,
    requests: Arc<Mutex<Vec<Request>>>,
    next: Arc<AtomicUsize>,
    resets: Arc<AtomicUsize>,
}

/// A running server. It ends with the runtime that it is spawned on.
pub struct RawServer {
    pub url: String,
    shared: Shared,
    /// Ends the thread when it is dropped.
    _stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl RawServer {
    /// Starts a server on a thread of its own. `script` maps the index of a request to a reaction.
    pub fn start(script: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        Self::on_thread(script, None)
    }

    /// Starts a server on a unix socket.
    #[cfg(unix)]
    pub fn on_socket(path: &std::path::Path, script: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        Self::on_thread(script, Some(path.to_owned()))
    }

    /// Starts a server on the current runtime.
    pub async fn spawn(script: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared::new(script);
        tokio::spawn(serve(listener, shared.clone()));
        Self { url, shared, _stop: None }
    }

    /// Starts a server with these reactions in order, then 202 for ever.
    pub fn scripted(reactions: impl IntoIterator<Item = Reaction>) -> Self {
        let reactions: Vec<Reaction> = reactions.into_iter().collect();
        Self::start(move |index| reactions.get(index).cloned().unwrap_or_else(|| Reaction::status(202)))
    }

    /// Starts a server whose reactions depend on the content of requests.
    pub fn answering(decide: impl Fn(&Request) -> Reaction + Send + Sync + 'static) -> Self {
        let decide: Decision = Arc::new(decide);
        Self::start(move |_| Reaction::Decide(Arc::clone(&decide)))
    }

    fn on_thread(
        script: impl Fn(usize) -> Reaction + Send + Sync + 'static,
        socket: Option<std::path::PathBuf>,
    ) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (tx, rx) = std::sync::mpsc::channel();
        let shared = Shared::new(script);
        let served = shared.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let _inside = runtime.enter();
            let serving = listen(socket, served, &tx);
            runtime.block_on(async {
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
        });
        Self { url: rx.recv().unwrap(), shared, _stop: Some(stop) }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().clone()
    }

    /// Returns how many connections were reset because they were idle.
    pub fn resets(&self) -> usize {
        self.shared.resets.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn new(script: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), requests: Arc::default(), next: Arc::default(), resets: Arc::default() }
    }

    fn log(&self, bytes: Vec<u8>) {
        let bytes = match Mutation::of_this_process() {
            Some(mutation) => mutation.request(&bytes),
            None => bytes,
        };
        self.requests.lock().push(Request { at: Instant::now(), bytes });
    }
}

/// Listens, sends the address to `tell`, and serves.
fn listen(
    socket: Option<std::path::PathBuf>,
    shared: Shared,
    tell: &std::sync::mpsc::Sender<String>,
) -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
    #[cfg(unix)]
    if let Some(path) = socket {
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        tell.send(format!("unix://{}", path.display())).unwrap();
        return Box::pin(serve_socket(listener, shared));
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    tell.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
    Box::pin(serve(TcpListener::from_std(listener).unwrap(), shared))
}

async fn serve(listener: TcpListener, shared: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, shared.clone()));
    }
}

#[cfg(unix)]
async fn serve_socket(listener: tokio::net::UnixListener, shared: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, shared.clone()));
    }
}

/// A connection; TCP can be reset.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    fn reset(self);
}

impl Stream for TcpStream {
    fn reset(self) {
        self.set_zero_linger().unwrap();
    }
}

#[cfg(unix)]
impl Stream for tokio::net::UnixStream {
    fn reset(self) {}
}

async fn converse(mut stream: impl Stream, shared: Shared) -> Option<()> {
    loop {
        let mut first = [0];
        // A reaction belongs to a request, so none is taken before a request begins.
        stream.read_exact(&mut first).await.ok()?;
        let reaction = (shared.script)(shared.next.fetch_add(1, Ordering::SeqCst));
        let most = match reaction {
            Reaction::ResetAfter(bytes) => bytes,
            Reaction::StallUnread => 1,
            Reaction::Answer(_)
            | Reaction::AnswerThenReset(..)
            | Reaction::Endless(_)
            | Reaction::Stall
            | Reaction::AnswerAfter(..)
            | Reaction::Decide(_) => usize::MAX,
        };
        let request = read(&mut stream, first[0], most).await?;
        let reaction = match reaction {
            Reaction::Decide(decide) => decide(&Request { at: Instant::now(), bytes: request.clone() }),
            other => other,
        };
        shared.log(request);
        match reaction {
            Reaction::AnswerAfter(wait, bytes) => {
                tokio::time::sleep(wait).await;
                stream.write_all(bytes.as_bytes()).await.ok()?;
            }
            Reaction::Answer(bytes) => stream.write_all(bytes.as_bytes()).await.ok()?,
            Reaction::AnswerThenReset(bytes, idle) => {
                stream.write_all(bytes.as_bytes()).await.ok()?;
                tokio::time::sleep(idle).await;
                stream.reset();
                shared.resets.fetch_add(1, Ordering::SeqCst);
                return None;
            }
            Reaction::Endless(bytes) => {
                stream.write_all(bytes.as_bytes()).await.ok()?;
                loop {
                    stream.write_all(&[0; 4096]).await.ok()?;
                }
            }
            Reaction::ResetAfter(_) => {
                stream.reset();
                return None;
            }
            Reaction::Stall | Reaction::StallUnread | Reaction::Decide(_) => std::future::pending().await,
        }
    }
}

/// Reads one request, or its first `most` bytes.
async fn read(stream: &mut impl Stream, first: u8, most: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![first];
    let mut buffer = vec![0; 64 * 1024];
    while bytes.len() < most && !is_whole(&bytes) {
        let room = buffer.len().min(most - bytes.len());
        let count = stream.read(&mut buffer[..room]).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
    Some(bytes)
}

/// Reads one request from a blocking connection.
pub(super) fn read_request(stream: &mut std::net::TcpStream) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    while !is_whole(&bytes) {
        let count = std::io::Read::read(stream, &mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
    Some(bytes)
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    bytes.len() >= head + 4 + length.unwrap_or(0)
}
