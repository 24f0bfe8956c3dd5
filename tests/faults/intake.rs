//! A scriptable intake on raw sockets, with a thread for each connection and a journal of every request.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Decides what becomes of a request.
pub trait Script: Send + Sync + 'static {
    /// Chooses a fault for a request that begins. `index` counts the requests from 0.
    fn cut(&self, _index: usize) -> Option<Cut> {
        None
    }

    /// Answers a request that was read to its end.
    fn answer(&self, _request: &Request<'_>) -> Answer {
        Answer::status(202)
    }
}

/// A fault in the middle of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub how: How,
    pub at: Place,
}

/// The end of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The connection is reset.
    Reset,
    /// The intake closes its half, and reads what still comes.
    Fin,
    /// The intake neither reads nor writes any more.
    Stall,
}

impl How {
    pub const ALL: [Self; 3] = [Self::Reset, Self::Fin, Self::Stall];
}

/// The place of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A request has begun, and nothing of it is read.
    BeforeRequest,
    InHead,
    AfterHead,
    FirstByteOfBody,
    InBody,
    BeforeLastByte,
    /// The request was read and stored, and nothing of the answer is written.
    BeforeAnswer,
    InStatusLine,
    InHeadOfAnswer,
    /// The status has been said; the body of the answer does not come.
    InBodyOfAnswer,
}

impl Place {
    pub const ALL: [Self; 10] = [
        Self::BeforeRequest,
        Self::InHead,
        Self::AfterHead,
        Self::FirstByteOfBody,
        Self::InBody,
        Self::BeforeLastByte,
        Self::BeforeAnswer,
        Self::InStatusLine,
        Self::InHeadOfAnswer,
        Self::InBodyOfAnswer,
    ];

    /// Returns how many bytes are read of a request with a head of `head` bytes and `all` bytes.
    fn of_request(self, head: usize, all: usize) -> Option<usize> {
        match self {
            Self::BeforeRequest => Some(0),
            Self::InHead => Some(head / 2),
            Self::AfterHead => Some(head),
            Self::FirstByteOfBody => Some(head + 1),
            Self::InBody => Some(head + (all - head) / 2),
            Self::BeforeLastByte => Some(all - 1),
            Self::BeforeAnswer | Self::InStatusLine | Self::InHeadOfAnswer | Self::InBodyOfAnswer => None,
        }
    }

    /// Returns how many bytes of an answer are written, and whether its status is among them.
    fn of_answer(self, answer: &str) -> (usize, bool) {
        let head = answer.find("\r\n\r\n").unwrap() + 4;
        match self {
            Self::InStatusLine => (5, false),
            Self::InHeadOfAnswer => (head - 3, false),
            Self::InBodyOfAnswer => (head + 1, true),
            _ => (0, false),
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Whole lines, each with its end.
    pub headers: String,
    pub after: Duration,
    /// Swallows the request: no response, and nothing is stored.
    pub is_silence: bool,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self::with(status, "")
    }

    pub fn with(status: u16, headers: &str) -> Self {
        Self { status, headers: headers.to_owned(), after: Duration::ZERO, is_silence: false }
    }

    pub fn silence() -> Self {
        Self { is_silence: true, ..Self::status(0) }
    }

    fn text(&self) -> String {
        format!("HTTP/1.1 {} X\r\n{}content-length: 2\r\n\r\n{{}}", self.status, self.headers)
    }
}

/// A request that was read to its end.
#[derive(Debug)]
pub struct Request<'a> {
    pub path: &'a str,
    /// The ids of its spans.
    pub ids: &'a [u64],
}

/// An entry of the journal.
#[derive(Debug, Clone)]
pub struct Entry {
    pub index: usize,
    pub at: Instant,
    pub path: String,
    pub ids: Vec<u64>,
    /// All bytes of the request that were read.
    pub bytes: usize,
    /// The intake has read all of it, and keeps it.
    pub is_stored: bool,
    /// The status of the answer was written, without a fault before its end.
    pub status: Option<u16>,
    /// The time between the first byte of the request and the answer.
    pub took: Duration,
}

/// A running intake. It ends when it is dropped.
pub struct FaultIntake {
    pub url: String,
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Box<dyn Script>,
    journal: Mutex<Vec<Entry>>,
    next: AtomicUsize,
    is_over: AtomicBool,
    /// Open connections, by their number.
    connections: Mutex<HashMap<usize, TcpStream>>,
}

impl FaultIntake {
    pub fn start(script: impl Script) -> Self {
        Self::serve(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    /// Serves connections of this listener.
    pub fn serve(listener: TcpListener, script: impl Script) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            journal: Mutex::default(),
            next: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                if served.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (stream, shared) = (stream.unwrap(), Arc::clone(&served));
                shared.connections.lock().unwrap().insert(number, stream.try_clone().unwrap());
                std::thread::spawn(move || {
                    // An error is the end of a connection, as the client or a fault wanted it.
                    drop(shared.converse(stream));
                    drop(shared.connections.lock().unwrap().remove(&number));
                });
            }
        });
        Self { url: format!("http://{address}"), address, shared }
    }

    pub fn journal(&self) -> Vec<Entry> {
        self.shared.journal.lock().unwrap().clone()
    }

    /// Returns the number of requests that have begun.
    pub fn requests(&self) -> usize {
        self.shared.next.load(Ordering::SeqCst)
    }
}

impl Drop for FaultIntake {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        // As if its process had ended.
        for connection in self.shared.connections.lock().unwrap().values() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            // A fault belongs to a request, so none is taken before a request begins.
            if stream.peek(&mut [0])? == 0 {
                return Ok(());
            }
            let (index, at) = (self.next.fetch_add(1, Ordering::SeqCst), Instant::now());
            let cut = self.script.cut(index);
            let (head, all) = self.sizes(&stream)?;
            let mut entry = Entry {
                index,
                at,
                path: String::new(),
                ids: Vec::new(),
                bytes: all,
                is_stored: false,
                status: None,
                took: Duration::ZERO,
            };
            if let Some((cut, bytes)) = cut.and_then(|cut| Some((cut, cut.at.of_request(head, all)?))) {
                stream.read_exact(&mut vec![0; bytes])?;
                entry.bytes = bytes;
                self.journal.lock().unwrap().push(entry);
                return self.end(stream, cut.how);
            }
            // A socket that is closed while something is unread is reset, and std knows no other way to reset one. So the
            // last byte stays where it is until the end is known.
            let mut request = vec![0; all];
            stream.read_exact(&mut request[..all - 1])?;
            stream.peek(&mut request[all - 1..])?;
            if cut.is_none_or(|cut| cut.how != How::Reset) {
                stream.read_exact(&mut [0])?;
            }
            let text = String::from_utf8_lossy(&request[..head]).into_owned();
            text.split(' ').nth(1).unwrap_or_default().clone_into(&mut entry.path);
            entry.ids = span_ids(&request[head..]);
            let seen = Request { path: &entry.path, ids: &entry.ids };
            let answer = self.script.answer(&seen);
            if answer.is_silence {
                self.journal.lock().unwrap().push(entry);
                return self.end(stream, How::Stall);
            }
            entry.is_stored = (200..300).contains(&answer.status);
            std::thread::sleep(answer.after);
            let text = answer.text();
            let (bytes, has_status) = cut.map_or((text.len(), true), |cut| cut.at.of_answer(&text));
            entry.status = has_status.then_some(answer.status);
            entry.took = at.elapsed();
            // Before the client can know of it.
            self.journal.lock().unwrap().push(entry);
            stream.write_all(&text.as_bytes()[..bytes])?;
            if let Some(cut) = cut {
                return self.end(stream, cut.how);
            }
        }
    }

    /// Returns the bytes of the head and of all of a request that nothing was read of.
    fn sizes(&self, stream: &TcpStream) -> std::io::Result<(usize, usize)> {
        let mut seen = vec![0; 8 * 1024];
        loop {
            let count = stream.peek(&mut seen)?;
            if let Some(head) = seen[..count].windows(4).position(|four| four == b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&seen[..head]).to_lowercase();
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                return Ok((head + 4, head + 4 + length.unwrap_or(0)));
            }
            if count == 0 || self.is_over.load(Ordering::SeqCst) {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            std::thread::yield_now();
        }
    }

    fn end(&self, mut stream: TcpStream, how: How) -> std::io::Result<()> {
        match how {
            // Something is unread.
            How::Reset => Ok(()),
            How::Fin => {
                stream.shutdown(Shutdown::Write)?;
                std::io::copy(&mut stream, &mut std::io::sink()).map(drop)
            }
            How::Stall => {
                while !self.is_over.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            }
        }
    }
}

/// Returns the ids of the spans in a body, in order.
pub fn span_ids(body: &[u8]) -> Vec<u64> {
    const KEY: &[u8] = b"\"span_id\":\"";
    let mut ids = Vec::new();
    let mut rest = body;
    while let Some(at) = memchr::memmem::find(rest, KEY) {
        rest = &rest[at + KEY.len()..];
        let end = rest.iter().position(|byte| *byte == b'"').unwrap();
        ids.push(std::str::from_utf8(&rest[..end]).unwrap().parse().unwrap());
    }
    // Each span has its id twice: for the intake's own use, and as a span.
    ids.dedup();
    ids
}
