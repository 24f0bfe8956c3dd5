//! What a span may hold.

use super::SpanRecord;
use super::said::text_of;
use crate::recording::{FieldKey, FieldLog, FieldValue, LogEntry, RecordedAnnotation, Recording};
use crate::stats::Problem;

impl SpanRecord {
    /// Appends what was said value by value, with a marker in place of each that there is no room for.
    pub(super) fn append_what_fits(&mut self, recording: &mut Recording, said: &FieldLog) {
        for said in said.iter() {
            let LogEntry::Field(meaning, value) = said else { continue };
            let bytes = text_of(value).map_or(0, str::len);
            // The earlier value goes first: its room may be enough.
            let mut kept = meaning.accumulates() || recording.log_mut().push(meaning, FieldValue::Oversize);
            if self.has_room(recording, bytes) {
                kept &= recording.log_mut().push(meaning, value);
            } else {
                kept &= !meaning.accumulates() || recording.log_mut().push(meaning, FieldValue::Oversize);
                self.count(Problem::Oversize, recording);
            }
            if !kept {
                self.count(Problem::TooManyValues, recording);
            }
        }
    }

    /// Whether the span may hold so many bytes more, by itself and with all others that are open. What it then
    /// holds is counted in coarse steps.
    pub(super) fn has_room(&mut self, recording: &Recording, more: usize) -> bool {
        const STEP: u64 = 4 * 1024;
        let held = recording.bytes().saturating_add(more);
        if held > Self::MAX_BYTES {
            return false;
        }
        let held = u64::try_from(held).unwrap_or(u64::MAX);
        let uncounted = held.saturating_sub(self.counted_bytes);
        if uncounted < STEP {
            return true;
        }
        let has_room = self.capture.queue.open.grow(uncounted, self.capture.open_max_bytes);
        if has_room {
            self.counted_bytes = held;
        }
        has_room
    }
}

/// Takes out what can be large, and says of which content a marker is to stand in the place.
pub(super) fn shed_content(annotation: &mut RecordedAnnotation) -> [Option<FieldKey>; 2] {
    annotation.metadata.clear();
    annotation.details = None;
    let later = annotation.deferred.take();
    let input = annotation.input.take().map(drop).or(later.as_ref().map(|_| ())).map(|()| FieldKey::Input);
    let output = annotation.output.take().map(drop).or(later.map(drop)).map(|()| FieldKey::Output);
    [input, output]
}
