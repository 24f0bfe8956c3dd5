//! A loopback server that keeps every request and answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::harness::mutation::Mutation;

/// The response to a request with spans or evaluations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    Status(u16),
    /// The connection is closed without a word.
    Close,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) answer: Answer,
}

/// The intake and the Agent in one: both sets of paths lead here.
#[derive(Debug)]
pub(super) struct Intake {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Intake {
    /// Answers the first requests as given, all later ones with 202.
    pub(super) fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let answers = Mutex::new(answers.iter().copied().collect());
        let shared = Arc::new(Shared { answers, requests: Mutex::default(), closed: AtomicBool::new(false) });
        let own = Arc::clone(&shared);
        thread::spawn(move || own.accept(&listener));
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections; when that fails it is gone already.
        drop(TcpStream::connect(self.address));
    }
}

#[derive(Debug)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
    closed: AtomicBool,
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.closed.load(Ordering::SeqCst) {
                return;
            }
            let own = Arc::clone(self);
            // Ends when the exporter closes the connection.
            thread::spawn(move || own.serve(stream.expect("a connection")));
        }
    }

    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let mut request = read(&mut reader)?;
            if let Some(mutation) = Mutation::of_this_process() {
                break_request(&mut request, &mutation);
            }
            request.answer = self.answer(&request);
            let answer = request.answer;
            let body = if request.path == "/info" { INFO } else { "{}" };
            self.requests.lock().unwrap().push(request);
            let Answer::Status(status) = answer else { return None };
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
            reader.get_mut().write_all(format!("{head}{body}").as_bytes()).ok()?;
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        if request.path == "/info" {
            return Answer::Status(200);
        }
        self.answers.lock().unwrap().pop_front().unwrap_or(Answer::Status(202))
    }
}

fn break_request(request: &mut Request, mutation: &Mutation) {
    request.path = mutation.path(&request.path);
    request.body = mutation.body(&request.body);
    let headers = std::mem::take(&mut request.headers).into_iter();
    request.headers =
        headers.filter_map(|(name, value)| Some((name.clone(), mutation.header(&name, &value)?))).collect();
}

/// Reads a request, or none when the connection was closed.
fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let start = line()?;
    let mut words = start.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, length)| length.parse().expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body, answer: Answer::Close })
}

/// The `/info` of an Agent with a proxy.
const INFO: &str = r#"{"version":"7.99.0","endpoints":["/v0.4/traces","/evp_proxy/v2/","/evp_proxy/v4/"]}"#;
