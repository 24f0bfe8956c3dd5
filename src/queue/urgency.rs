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

    use super::super::tests::item;
    use super::super::{Limits, Queue};

    /// Which of so many equal items wake the worker.
    fn woken_by(queue: &Queue, bytes: usize, items: usize) -> Vec<bool> {
        let push = |_| {
            queue.push(item(0, bytes)).unwrap();
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
