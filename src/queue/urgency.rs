//! When there is enough to wake the worker for.

/// What an item counts for when it is asked whether the worker is to be woken. One that is very large, as a streamed answer
/// is, counts for less: it comes when a call ends, and reading it at once would take the processor that the application
/// needs just then.
pub(super) fn urgent(bytes: usize) -> usize {
    const MOST: usize = 128 * 1024;
    bytes.min(MOST)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::super::{Item, Limits, Queue};
    use crate::model::{Annotation, CapturePolicy, Log, Origin, Recording, SpanId, TraceId};

    fn item(bytes: usize) -> Item {
        let origin = Origin {
            name: "call",
            span_id: SpanId::new(7).unwrap(),
            trace_id: TraceId::new(9),
            parent_id: None,
            start_ns: 1_000,
            sampling: None,
            session_id: None,
            ml_app: None,
            agent: None,
            policy: CapturePolicy::All,
            apm: None,
            passed: None,
            is_entry: false,
        };
        let mut recording = Recording::new(origin, Log::new());
        recording.log_mut().annotate(Annotation::later(bytes, Annotation::new));
        Item::Span(Box::new(recording))
    }

    /// Which of so many equal items wake the worker.
    fn woken_by(queue: &Queue, bytes: usize, items: usize) -> Vec<bool> {
        let push = |_| {
            queue.push(item(bytes)).unwrap();
            pin!(queue.work()).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
        };
        (0..items).map(push).collect()
    }

    #[test]
    fn one_large_item_wakes_nobody_and_several_do() {
        for (bytes, enough) in [(5 << 20, 4), (128 << 10, 4), (32 << 10, 16)] {
            let queue =
                Queue::new(Limits { max_items: 99, max_bytes: 64 << 20, wake_bytes: 512 << 10, wake_items: 99 });
            for round in 0..2 {
                let woken = woken_by(&queue, bytes, enough);
                assert_eq!(woken.iter().position(|woken| *woken), Some(enough - 1), "{bytes} bytes, round {round}");
                std::iter::from_fn(|| queue.take(None)).for_each(drop);
            }
        }
    }
}
