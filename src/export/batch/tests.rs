#![allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]

use std::convert::Infallible;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const METRICS: Frame = Frame { prefix: r#"{"metrics":["#, suffix: "]}" };

/// A JSON string of exactly `bytes` bytes.
fn item(index: usize, bytes: usize) -> String {
    let text = format!("{index:0width$}", width = bytes.saturating_sub(2));
    format!("\"{text}\"")
}

fn push(batcher: &mut Batcher, item: &str) -> Option<Batch> {
    let encode = |out: &mut Vec<u8>| {
        out.extend_from_slice(item.as_bytes());
        Ok::<_, Infallible>(())
    };
    batcher.push(encode).unwrap().1
}

/// All batches, with the spent buffers given back.
fn batches(frame: Frame, max: usize, items: &[String]) -> Vec<Batch> {
    let mut batcher = Batcher::new(frame, max);
    let mut done = Vec::new();
    for item in items {
        if let Some(batch) = push(&mut batcher, item) {
            done.push(batch.clone());
            batcher.recycle(Batch { body: Bytes::from(batch.body.to_vec()), ..batch });
        }
    }
    done.extend(batcher.take());
    assert!(batcher.take().is_none() && batcher.is_empty());
    done
}

fn items_of(batch: &Batch) -> Vec<String> {
    let body: Value = serde_json::from_slice(&batch.body()).unwrap();
    let list = if batch.frame == METRICS { &body["metrics"] } else { &body };
    list.as_array().unwrap().iter().map(ToString::to_string).collect()
}

/// Halves until single items are left; every half is checked on the way.
fn pieces(batch: &Batch, single: &mut Vec<String>) {
    let Some((first, second)) = batch.halves() else {
        assert_eq!(batch.len(), 1);
        return single.extend(items_of(batch));
    };
    assert_eq!(first.len() + second.len(), batch.len());
    assert!(first.len() <= second.len() && second.len() - first.len() <= 1);
    assert_eq!([items_of(&first), items_of(&second)].concat(), items_of(batch));
    assert!(first.body().len() < batch.body().len() && second.body().len() < batch.body().len());
    pieces(&first, single);
    pieces(&second, single);
}

#[test]
fn a_payload_may_have_exactly_the_limit_and_not_a_byte_more() {
    // "[" + 10 + "," + last + "]"
    for (last, limit, expected) in
        [(10, 24, vec![2]), (10, 23, vec![2]), (11, 23, vec![1, 1]), (9, 23, vec![2]), (11, 24, vec![2])]
    {
        let got = batches(Frame::SPANS, limit, &[item(1, 10), item(2, last)]);
        assert_eq!(got.iter().map(Batch::len).collect::<Vec<_>>(), expected, "{last} {limit}");
    }
    // The frame counts too: 12 + 10 + 1 + 10 + 2.
    for (limit, expected) in [(36, 1), (35, 1), (34, 2)] {
        assert_eq!(batches(METRICS, limit, &[item(1, 10), item(2, 10)]).len(), expected, "{limit}");
    }
}

#[test]
fn an_item_over_the_limit_is_sent_alone_and_closes_at_most_one_batch() {
    let items = [item(1, 10), item(2, 500), item(3, 10), item(4, 10), item(5, 600)];
    let got = batches(Frame::SPANS, 100, &items);
    assert_eq!(got.iter().map(Batch::len).collect::<Vec<_>>(), [1, 1, 2, 1]);
    assert_eq!(got.iter().flat_map(items_of).collect::<Vec<_>>(), items);
}

#[test]
fn an_item_that_fails_leaves_no_trace() {
    let mut batcher = Batcher::new(Frame::SPANS, 1_000);
    let fail = |out: &mut Vec<u8>| {
        out.extend_from_slice(&vec![b'x'; 50_000]);
        Err::<(), _>("no")
    };
    assert_eq!(batcher.push(fail), Err("no"));
    assert!(batcher.is_empty() && batcher.take().is_none());
    assert!(push(&mut batcher, "1").is_none());
    assert_eq!(batcher.push(fail), Err("no"));
    assert!(push(&mut batcher, "2").is_none());
    assert_eq!(batcher.bytes(), 5);
    assert!(batcher.open.body.capacity() <= 4_000, "{}", batcher.open.body.capacity());
    assert_eq!(batcher.take().unwrap().body(), "[1,2]");
}

#[test]
fn bodies_are_shared_and_buffers_come_back() {
    let mut batcher = Batcher::new(Frame::SPANS, 4_096);
    push(&mut batcher, &item(1, 2_000));
    let batch = batcher.take().unwrap();
    let (first, again) = (batch.body(), batch.body());
    assert_eq!((first.as_ptr(), &first), (again.as_ptr(), &again));
    let address = first.as_ptr();
    drop((first, again));
    batcher.recycle(batch);
    // The spare stands behind the open buffer.
    push(&mut batcher, &item(2, 10));
    batcher.take();
    push(&mut batcher, &item(3, 10));
    assert_eq!(batcher.take().unwrap().body().as_ptr(), address);
}

#[test]
fn a_buffer_that_is_still_read_is_left_alone() {
    let mut batcher = Batcher::new(Frame::SPANS, 4_096);
    push(&mut batcher, "1");
    let batch = batcher.take().unwrap();
    let reader = batch.body();
    batcher.recycle(batch);
    push(&mut batcher, "2");
    assert_eq!(batcher.spare.body.capacity(), 0);
    assert_eq!(reader, "[1]");
}

proptest! {
    #[test]
    fn every_item_is_in_exactly_one_batch_and_splitting_loses_nothing(
        sizes in proptest::collection::vec(3_usize..400, 0..80),
        limit in 20_usize..1_000,
        is_metrics in any::<bool>(),
    ) {
        let frame = if is_metrics { METRICS } else { Frame::SPANS };
        let items: Vec<_> = sizes.iter().enumerate().map(|(index, size)| {
            // Numbers that begin with a zero are no JSON; these are strings.
            item(index, *size)
        }).collect();
        let got = batches(frame, limit, &items);
        let sent: Vec<_> = got.iter().flat_map(items_of).collect();
        prop_assert_eq!(&sent, &items);
        for batch in &got {
            prop_assert_eq!(items_of(batch).len(), batch.len());
            prop_assert!(batch.body().len() <= limit || batch.len() == 1);
        }
        for two in got.windows(2) {
            let first = &items_of(&two[1])[0];
            prop_assert!(two[0].body().len() + 1 + first.len() > limit, "closed too early");
        }
        let mut single = Vec::new();
        for batch in got {
            pieces(&batch, &mut single);
        }
        prop_assert_eq!(single, items);
    }
}
