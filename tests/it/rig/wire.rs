//! A server below HTTP, which does what the receiver is too well-behaved for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request.
#[derive(Clone)]
pub enum Act {
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
}

impl Act {
    pub fn status(status: u16) -> Self {
        Self::with(status, "", "{}")
    }

    /// Headers are whole lines.
    pub fn with(status: u16, headers: &str, body: &str) -> Self {
        Self::Answer(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
    }
}

/// A request as it came, perhaps not all of it.
#[derive(Clone)]
pub struct Request {
    pub at: Instant,
    pub bytes: Vec<u8>,
}

impl Request {
    /// What follows the empty line.
    pub fn body(&self) -> &[u8] {
        let head = self.bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        &self.bytes[head + 4..]
    }
}

type Script = Arc<dyn Fn(usize) -> Act + Send + Sync>;

/// What is shared with the connections.
#[derive(Clone)]
struct Shared {
    script: Script,
    requests: Arc<Mutex<Vec<Request>>>,
    next: Arc<AtomicUsize>,
    resets: Arc<AtomicUsize>,
}

/// The server; it ends with the runtime that it is spawned on.
pub struct Wire {
    pub url: String,
    shared: Shared,
    /// Ends the thread when it is dropped.
    _stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Wire {
    /// A server on a thread of its own; the script says what happens to the first request (0), the second, and so on.
    pub fn start(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        Self::on_thread(script, None)
    }

    /// The same on a unix socket.
    pub fn on_socket(path: &std::path::Path, script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        Self::on_thread(script, Some(path.to_owned()))
    }

    /// The same on the runtime that this is called on.
    pub async fn spawn(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared::new(script);
        tokio::spawn(serve(listener, shared.clone()));
        Self { url, shared, _stop: None }
    }

    /// These acts in their order, and then 202 for ever.
    pub fn scripted(acts: impl IntoIterator<Item = Act>) -> Self {
        let acts: Vec<Act> = acts.into_iter().collect();
        Self::start(move |index| acts.get(index).cloned().unwrap_or_else(|| Act::status(202)))
    }

    fn on_thread(script: impl Fn(usize) -> Act + Send + Sync + 'static, socket: Option<std::path::PathBuf>) -> Self {
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

    /// How many connections were reset because they were idle.
    pub fn resets(&self) -> usize {
        self.shared.resets.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn new(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), requests: Arc::default(), next: Arc::default(), resets: Arc::default() }
    }

    fn log(&self, bytes: Vec<u8>) {
        self.requests.lock().push(Request { at: Instant::now(), bytes });
    }
}

/// Listens, says where, and serves.
fn listen(
    socket: Option<std::path::PathBuf>,
    shared: Shared,
    tell: &std::sync::mpsc::Sender<String>,
) -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
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

async fn serve_socket(listener: tokio::net::UnixListener, shared: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, shared.clone()));
    }
}

/// A stream that can be cut off, if it is one.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    fn reset(self);
}

impl Stream for TcpStream {
    fn reset(self) {
        self.set_zero_linger().unwrap();
    }
}

impl Stream for tokio::net::UnixStream {
    fn reset(self) {}
}

async fn converse(mut stream: impl Stream, shared: Shared) -> Option<()> {
    loop {
        let mut first = [0];
        // The act belongs to the request, so it is not taken before one begins.
        stream.read_exact(&mut first).await.ok()?;
        let act = (shared.script)(shared.next.fetch_add(1, Ordering::SeqCst));
        let most = match act {
            Act::ResetAfter(bytes) => bytes,
            Act::StallUnread => 1,
            Act::Answer(_) | Act::AnswerThenReset(..) | Act::Endless(_) | Act::Stall => usize::MAX,
        };
        let request = read(&mut stream, first[0], most).await?;
        shared.log(request);
        match act {
            Act::Answer(bytes) => stream.write_all(bytes.as_bytes()).await.ok()?,
            Act::AnswerThenReset(bytes, idle) => {
                stream.write_all(bytes.as_bytes()).await.ok()?;
                tokio::time::sleep(idle).await;
                stream.reset();
                shared.resets.fetch_add(1, Ordering::SeqCst);
                return None;
            }
            Act::Endless(bytes) => {
                stream.write_all(bytes.as_bytes()).await.ok()?;
                loop {
                    stream.write_all(&[0; 4096]).await.ok()?;
                }
            }
            Act::ResetAfter(_) => {
                stream.reset();
                return None;
            }
            Act::Stall | Act::StallUnread => std::future::pending().await,
        }
    }
}

/// One request, or the first `most` bytes of it.
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

fn is_whole(bytes: &[u8]) -> bool {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    bytes.len() >= head + 4 + length.unwrap_or(0)
}
