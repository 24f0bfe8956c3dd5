//! The event stream of AWS: binary frames with headers and checksums.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use bytes::BytesMut;
use serde_json::Value;

use super::MAX_FRAME_BYTES;
use crate::codec::Frame;
use crate::json;

/// The frame that has not yet ended.
#[derive(Debug, Default)]
pub(crate) struct Aws {
    buffer: BytesMut,
    decoder: MessageFrameDecoder,
    /// A checksum was wrong or a frame too long. Frames have no marks by which the next one could be found, so the rest of
    /// the stream is left out.
    is_lost: bool,
}

impl Aws {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        /// Bytes that are copied before the size of the frame is looked at again.
        const STEP: usize = 64 * 1024;
        let mut frames = Vec::new();
        for piece in bytes.chunks(STEP) {
            if self.is_lost {
                break;
            }
            self.buffer.extend_from_slice(piece);
            while let Some(frame) = self.decode() {
                frames.push(frame);
            }
        }
        frames
    }

    pub(super) fn retained_bytes(&self) -> usize {
        self.buffer.capacity()
    }

    fn decode(&mut self) -> Option<Frame> {
        let message = match self.decoder.decode_frame(&mut self.buffer) {
            Ok(DecodedFrame::Complete(message)) => message,
            Ok(DecodedFrame::Incomplete) if self.buffer.len() <= MAX_FRAME_BYTES => return None,
            Ok(DecodedFrame::Incomplete) | Err(_) => {
                self.is_lost = true;
                self.buffer = BytesMut::new();
                return None;
            }
        };
        let header = |name: &str| {
            let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
            let value = header.value().as_string().ok()?;
            Some(value.as_str())
        };
        let event = [":event-type", ":exception-type", ":error-code"].into_iter().find_map(header);
        let payload = message.payload();
        let text = || Value::String(String::from_utf8_lossy(payload).into_owned());
        Some(Frame {
            event: event.unwrap_or_default().to_owned(),
            is_exception: header(":message-type").is_some_and(|kind| kind != "event"),
            data: json::read(payload).unwrap_or_else(text),
        })
    }
}
