//! The receiver itself: a thread that serves, and what one asks it from other threads.

use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::answer::Answer;
use super::body::BodyError;
use super::connection::{Connections, Cutter};
use super::decode::ReceivedSpan;
use super::delivery::{Delivery, Rejected};
use super::route::{Endpoint, SUBDOMAIN, agent_info};
use super::store::{ReceivedRequest, Store};
use super::trace::Trace;
use super::tree;

/// A local intake: give its [`url`](Self::url) to any Datadog SDK, as Agent or as origin, and look at what came.
///
/// It speaks the paths of the agentless intake and those of the Agent, whatever stands before them, keeps
/// everything in memory (about 256 MiB of spans; then the oldest traces go) and answers 202. Spans that ride an
/// APM trace, as those of `ddtrace` for Python do by default, are found there. A malformed span is left out and
/// [counted](Self::rejected), the rest of its request is kept. Its thread ends when it is dropped.
/// Everything here works from plain threads and blocks them at most as long as it is told to.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
/// use llmobs_receiver::Receiver;
///
/// let receiver = Receiver::bind("127.0.0.1:8126")?;
/// // Prints what comes: finished traces at once, others when nothing more came for a while.
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
    /// Listens on this address; port 0 takes any that is free.
    ///
    /// Give it a loopback address: it takes what comes, from whoever may connect.
    ///
    /// # Errors
    ///
    /// The address is taken or is none, or the system gives no thread.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let router = Router::new().fallback(handle).layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
        let router = router.with_state(Arc::clone(&shared));
        let thread = thread::Builder::new().name("llmobs-receiver".to_owned()).spawn(move || {
            // The runtime is made and dropped here, because its drop panics on a thread of another runtime.
            let result = serve(listener, router, stopped, &ready);
            // Nobody waits any more when it had started.
            let _ = ready.send(result);
        })?;
        started.recv().map_err(io::Error::other)??;
        Ok(Self { url, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens, for example `http://127.0.0.1:41234`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The spans so far, in the order in which they came.
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.shared.store.lock().spans()
    }

    /// The evaluations and feedback so far, as they were sent.
    pub fn evaluations(&self) -> Vec<Value> {
        self.shared.store.lock().evaluations()
    }

    /// The requests so far, refused ones and those of other products too.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.store.lock().requests()
    }

    /// The traces so far, whether they are finished or not.
    pub fn traces(&self) -> Vec<Trace> {
        self.shared.store.lock().traces()
    }

    /// How many spans and evaluations had to go because there were too many.
    pub fn forgotten(&self) -> usize {
        self.shared.store.lock().forgotten()
    }

    /// What was answered well although it could not be taken, such as malformed spans beside good ones.
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

    /// Waits for the next request, whatever it is, and says whether one came.
    pub fn wait_for_news(&self, timeout: Duration) -> bool {
        let before = self.shared.store.lock().arrivals;
        self.shared.wait(timeout, |store| store.arrivals != before).arrivals != before
    }

    /// Answers the next requests with spans or evaluations like this, one each; those after them with 202.
    ///
    /// Requests with APM traces, whether spans ride them or not, are answered as an Agent does all the same.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.store.lock().script(answers);
    }

    /// Answers every `GET /info` like this; without it, as an Agent that has an EVP proxy.
    ///
    /// `Answer::status(404)` is an intake that is no Agent.
    pub fn answer_info(&self, answer: Answer) {
        self.shared.store.lock().info = Some(answer);
    }

    /// Forgets everything that came; answers that are still to be given stay.
    pub fn clear(&self) {
        self.shared.store.lock().clear();
    }

    /// Prints the traces that are finished and were not printed yet, and says how many that were.
    ///
    /// A trace is finished when its root and all parents are there; one that grows afterwards is printed
    /// again. Colours, and lines as wide as the terminal, when standard output is one; `NO_COLOR` is heard.
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
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// What the serving thread and the others share.
#[derive(Debug, Default)]
struct Shared {
    store: Mutex<Store>,
    news: Condvar,
}

impl Shared {
    fn wait(&self, timeout: Duration, enough: impl Fn(&Store) -> bool) -> parking_lot::MutexGuard<'_, Store> {
        let mut store = self.store.lock();
        self.news.wait_while_for(&mut store, |store| !enough(store), timeout);
        store
    }

    /// Keeps the request and what is in it, and says what is answered.
    fn receive(&self, endpoint: Endpoint, request: ReceivedRequest) -> Answer {
        let delivery = Delivery::read(endpoint, &request.path, &request.body);
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

fn answer_delivery(store: &mut Store, endpoint: Endpoint, delivery: Result<Delivery, BodyError>) -> Answer {
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
        Err(error) => scripted.unwrap_or_else(|| Answer::refusal(400, &error.to_string())),
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
        Endpoint::Unknown => Answer::refusal(404, "path is none of LLM Observability that is known here"),
        Endpoint::PlainTraces => {
            store.count_unread();
            answer_good(endpoint)
        }
        Endpoint::Spans | Endpoint::Evaluations | Endpoint::Traces | Endpoint::Other => answer_good(endpoint),
    }
}

/// Serves until it is told to stop, and says when it is ready to.
fn serve(
    listener: TcpListener,
    router: Router,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<io::Result<()>>,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let connections = Connections(tokio::net::TcpListener::from_std(listener)?);
        // The one who waits may be gone already.
        let _ = ready.send(Ok(()));
        tokio::select! {
            result = axum::serve(connections, router.into_make_service_with_connect_info::<Cutter>()) => result,
            _ = stopped => Ok(()),
        }
    })?;
    runtime.shutdown_background();
    Ok(())
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    (method, uri, headers): (Method, Uri, HeaderMap),
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let body = match body {
        Ok(body) => body,
        Err(error) => return Answer::refusal(error.status().as_u16(), &error.body_text()).into_response(),
    };
    let endpoint = Endpoint::of(method.as_str(), uri.path(), headers.contains_key(SUBDOMAIN));
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    let request = ReceivedRequest { method: method.to_string(), path: uri.to_string(), headers, body: body.into() };
    let answer = shared.receive(endpoint, request);
    if !answer.waiting_time().is_zero() {
        tokio::time::sleep(answer.waiting_time()).await;
    }
    if answer.is_closing() {
        cutter.cut();
    }
    answer.into_response()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// More than the largest request that any SDK sends (20 MiB, of APM traces) or that the Agent takes (25 MB).
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
