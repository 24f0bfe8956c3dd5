//! The receiver: a thread that serves requests, and methods that other threads call.

use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Response;
use axum::http::request::Parts;
use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::access;
use super::answer::Answer;
use super::body::BodyError;
use super::connection::{ConnectionHandle, Connections};
use super::decode::ReceivedSpan;
use super::delivery::{DecodedRequest, Rejected};
use super::endpoint::{Endpoint, SUBDOMAIN, agent_info};
use super::received_request::ReceivedRequest;
use super::request_body::{BodiesInFlight, read_body};
use super::store::Store;
use super::trace::Trace;
use super::tree;

/// A local intake. Give its [`url`](Self::url) to any Datadog SDK, as Agent or as origin, and look at what came.
///
/// It serves the paths of the agentless intake and of the Agent, with any prefix, and responds with 202. Span events within
/// APM traces, as `ddtrace` for Python sends them by default, are found there. A malformed span is left out and
/// [counted](Self::rejected), the other items of its request are kept. The thread of the receiver ends when it is dropped.
/// Methods work from plain threads and block them at most for the time that they are given.
///
/// # Bounds
///
/// It keeps everything in memory, at most 256 MiB in all: 128 MiB of spans (then the oldest traces go), 32 MiB of evaluations
/// and 96 MiB of requests. Bodies have at most 32 MiB, 64 MiB unpacked, and the memory that their values take is bounded too.
/// There are at most 512 connections; a head must come within 10 seconds, a body within 30.
///
/// # Safety of the machine
///
/// Anybody who can connect can send, so bind it to a loopback address. Requests that web pages make a browser send are
/// refused: the `Host` must be an IP address or `localhost` (or [allowed](Self::allow_host)), the `Origin` absent, and the
/// content type of spans and evaluations one that needs a preflight request, as `application/json` does.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
/// use llmobs_receiver::Receiver;
///
/// let receiver = Receiver::bind("127.0.0.1:8126")?;
/// // Prints finished traces at once, and others when nothing more came for a while.
/// loop {
///     if receiver.wait_for_news(Duration::from_secs(2)) {
///         receiver.print_finished()?;
///     } else {
///         receiver.print_all()?;
///     }
/// }
/// # #[expect(unreachable_code)]
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Receiver {
    url: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Starts a receiver that listens on this address; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// The address is in use or not valid, or the system cannot start a thread.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let thread = thread::Builder::new().name("llmobs-receiver".to_owned()).spawn(move || {
            // The runtime is created and dropped on this thread: its drop panics on a thread of another runtime.
            let result = serve(listener, router, stopped, &ready);
            // Fails when it had started, because `bind` has returned by then.
            let _ = ready.send(result);
        })?;
        started.recv().map_err(io::Error::other)??;
        Ok(Self { url, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Returns the URL, for example `http://127.0.0.1:41234`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the spans so far, in the order in which they came.
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.shared.store.lock().spans()
    }

    /// Returns the evaluations and feedback so far, as they were sent.
    pub fn evaluations(&self) -> Vec<Value> {
        self.shared.store.lock().evaluations()
    }

    /// Returns the requests so far, including refused ones and those of other products. Requests of web pages are not kept.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.store.lock().requests()
    }

    /// Returns the traces so far, finished or not.
    pub fn traces(&self) -> Vec<Trace> {
        self.shared.store.lock().traces()
    }

    /// Returns the number of spans and evaluations that were dropped because the memory was full.
    pub fn forgotten(&self) -> usize {
        self.shared.store.lock().forgotten()
    }

    /// Returns the items that were refused although their request was accepted, such as malformed spans beside good ones.
    pub fn rejected(&self) -> Rejected {
        self.shared.store.lock().rejected()
    }

    /// Waits until there are `count` spans, and returns all; fewer when the time is up.
    pub fn wait_for_spans(&self, count: usize, timeout: Duration) -> Vec<ReceivedSpan> {
        self.shared.wait(timeout, |store| store.span_count() >= count).spans()
    }

    /// Waits until there are `count` evaluations, and returns all; fewer when the time is up.
    pub fn wait_for_evaluations(&self, count: usize, timeout: Duration) -> Vec<Value> {
        self.shared.wait(timeout, |store| store.evaluation_count() >= count).evaluations()
    }

    /// Waits until there are `count` requests, and returns all; fewer when the time is up.
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> Vec<ReceivedRequest> {
        self.shared.wait(timeout, |store| store.request_count() >= count).requests()
    }

    /// Waits for the next request of any kind, and returns whether one came.
    pub fn wait_for_news(&self, timeout: Duration) -> bool {
        let before = self.shared.store.lock().arrivals;
        self.shared.wait(timeout, |store| store.arrivals != before).arrivals != before
    }

    /// Responds to the next requests with spans or evaluations like this, one each, and to later ones with 202.
    ///
    /// Requests with APM traces get the response of an Agent all the same.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.store.lock().script(answers);
    }

    /// Responds to every `GET /info` like this; by default, as an Agent that has an EVP proxy.
    ///
    /// `Answer::status(404)` is an intake that is not an Agent.
    pub fn answer_info(&self, answer: Answer) {
        self.shared.store.lock().info = Some(answer);
    }

    /// Removes everything that came; responses that are still to be given stay.
    pub fn clear(&self) {
        self.shared.store.lock().clear();
    }

    /// Prints the traces that are finished and were not printed yet, and returns their number.
    ///
    /// A trace is finished when its root and all parents are there; one that grows afterwards is printed
    /// again. Colours, and lines as wide as the terminal, when standard output is one; `NO_COLOR` is respected.
    ///
    /// # Errors
    ///
    /// Those of standard output.
    pub fn print_finished(&self) -> io::Result<usize> {
        self.print(Trace::is_finished)
    }

    /// Prints all traces that were not printed yet, finished or not: for the end, or after a silence.
    ///
    /// # Errors
    ///
    /// Those of standard output.
    pub fn print_all(&self) -> io::Result<usize> {
        self.print(|_| true)
    }

    /// Accepts requests whose `Host` is this name, for example `datadog-agent` in a network of containers.
    pub fn allow_host(&self, name: impl Into<String>) {
        self.shared.allowed_hosts.lock().push(name.into());
    }

    fn print(&self, good: impl Fn(&Trace) -> bool) -> io::Result<usize> {
        let traces = self.shared.store.lock().unprinted(good);
        tree::print(&traces)?;
        Ok(traces.len())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread ended before.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // Its outcome does not matter any more.
            let _ = thread.join();
        }
    }
}

/// State that the serving thread and other threads share.
#[derive(Debug, Default)]
struct Shared {
    store: Mutex<Store>,
    news: Condvar,
    /// Host names that are accepted beside addresses and `localhost`.
    allowed_hosts: Mutex<Vec<String>>,
    bodies: BodiesInFlight,
}

impl Shared {
    fn wait(&self, timeout: Duration, enough: impl Fn(&Store) -> bool) -> parking_lot::MutexGuard<'_, Store> {
        let mut store = self.store.lock();
        self.news.wait_while_for(&mut store, |store| !enough(store), timeout);
        store
    }

    /// Keeps the request and its items, and returns the response.
    fn receive(&self, endpoint: Endpoint, request: ReceivedRequest) -> Answer {
        let delivery = DecodedRequest::read(endpoint, &request.path, &request.body);
        let mut store = self.store.lock();
        store.add_request(request);
        let answer = match delivery {
            Some(delivery) => answer_delivery(&mut store, endpoint, delivery),
            None => answer_other(&mut store, endpoint),
        };
        self.news.notify_all();
        drop(store);
        answer
    }
}

fn answer_delivery(store: &mut Store, endpoint: Endpoint, delivery: Result<DecodedRequest, BodyError>) -> Answer {
    // APM traces come whenever their SDK likes; a test could not know which request its answer would go to.
    let scripted = if endpoint == Endpoint::Traces { None } else { store.next_answer() };
    match delivery {
        Ok(delivery) => {
            let answer = scripted.unwrap_or_else(|| answer_good(endpoint));
            if answer.is_stored() {
                store.add(delivery);
            }
            answer
        }
        Err(error) => scripted.unwrap_or_else(|| Answer::refusal(error.status(), &error.to_string())),
    }
}

fn answer_good(endpoint: Endpoint) -> Answer {
    match endpoint {
        Endpoint::Spans | Endpoint::Evaluations => Answer::status(202),
        // The Agent tells every service which part of its traces to keep: here, all.
        Endpoint::Traces | Endpoint::PlainTraces => Answer::status(200).body(r#"{"rate_by_service":{}}"#),
        Endpoint::Info | Endpoint::WrongMethod | Endpoint::NoSubdomain | Endpoint::Unknown | Endpoint::Other => {
            Answer::status(200)
        }
    }
}

fn answer_other(store: &mut Store, endpoint: Endpoint) -> Answer {
    match endpoint {
        Endpoint::Info => store.info.clone().unwrap_or_else(|| Answer::status(200).body(agent_info().to_string())),
        Endpoint::WrongMethod => Answer::refusal(405, "method is not one that this path takes"),
        Endpoint::NoSubdomain => Answer::refusal(400, "header X-Datadog-EVP-Subdomain is missing"),
        Endpoint::Unknown => Answer::refusal(404, "path is not a path of LLM Observability that this receiver knows"),
        Endpoint::PlainTraces => {
            store.count_unread();
            answer_good(endpoint)
        }
        Endpoint::Spans | Endpoint::Evaluations | Endpoint::Traces | Endpoint::Other => answer_good(endpoint),
    }
}

/// Serves requests until `stopped`, and reports when it is ready.
fn serve(
    listener: TcpListener,
    router: Router,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<io::Result<()>>,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let connections = Connections::new(tokio::net::TcpListener::from_std(listener)?);
        // Fails only when `bind` has returned already.
        let _ = ready.send(Ok(()));
        tokio::select! {
            result = axum::serve(connections, router.into_make_service_with_connect_info::<ConnectionHandle>()) => result,
            _ = stopped => Ok(()),
        }
    })?;
    runtime.shutdown_background();
    Ok(())
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    request: Request,
) -> Response<Body> {
    connection.handling();
    let answer = respond(&shared, request).await;
    if !answer.waiting_time().is_zero() {
        tokio::time::sleep(answer.waiting_time()).await;
    }
    if answer.is_closing() {
        connection.cut();
    } else {
        connection.idle();
    }
    answer.into_response()
}

async fn respond(shared: &Shared, request: Request) -> Answer {
    let (Parts { method, uri, headers, .. }, body) = request.into_parts();
    let endpoint = Endpoint::of(method.as_str(), uri.path(), headers.contains_key(SUBDOMAIN));
    let authority = uri.authority().map(axum::http::uri::Authority::as_str);
    let refusal = access::refusal(endpoint, authority, &headers, &shared.allowed_hosts.lock());
    if let Some((status, reason)) = refusal {
        return Answer::refusal(status, &reason);
    }
    let body = match read_body(body, &shared.bodies).await {
        Ok(body) => body,
        Err(error) => return Answer::refusal(error.status(), &error.to_string()),
    };
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    let (body, _in_flight) = body;
    shared.receive(endpoint, ReceivedRequest::new(method.as_str(), uri.to_string(), headers, body))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
