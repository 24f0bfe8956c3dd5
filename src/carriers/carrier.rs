//! An exporter whose type is forgotten.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::exporter::{ExportOutcome, Exporter};
use super::request::ExportRequest;

/// An exporter of any type, shared by all requests in flight.
#[derive(Clone)]
pub(crate) struct Carrier(Arc<dyn AnyExporter>);

type Exporting<'a> = Pin<Box<dyn Future<Output = ExportOutcome> + Send + 'a>>;

/// [`Exporter`] with a future on the heap.
trait AnyExporter: Send + Sync {
    fn export(&self, request: ExportRequest) -> Exporting<'_>;
}

impl<E: Exporter> AnyExporter for E {
    fn export(&self, request: ExportRequest) -> Exporting<'_> {
        Box::pin(Exporter::export(self, request))
    }
}

impl Carrier {
    pub(crate) fn new(exporter: impl Exporter) -> Self {
        Self(Arc::new(exporter))
    }

    /// Hands a batch to the exporter.
    pub(crate) fn export(&self, request: ExportRequest) -> Exporting<'_> {
        self.0.export(request)
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}
