use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use llmobs_receiver::DecodedRequest;
use tracing_llmobs::{Evaluation, FileOutput, SpanContext, TraceId};

use crate::{SOON, below, builder, emit, end};

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("llmobs-carriers-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        Self(path)
    }

    /// The files of a route, the oldest first.
    fn files(&self, stem: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{stem}.")))
            .collect();
        // `spans.jsonl` comes after `spans.<digits>.jsonl`.
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
        drop(fs::remove_file(&self.0));
    }
}

/// The number of items in whole lines, each of which can be posted.
fn items(path: &Path, endpoint: &str) -> usize {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{}", path.display());
    let items = text.lines().map(|line| {
        let decoded = DecodedRequest::decode("POST", endpoint, line.as_bytes()).unwrap().unwrap();
        assert!(decoded.rejected.is_empty());
        decoded.spans.len() + decoded.evaluations.len()
    });
    assert!(items.clone().all(|count| count == 1), "an envelope a line");
    items.sum()
}

const SPANS: &str = "/api/v2/llmobs";
const EVALUATIONS: &str = "/api/intake/llm-obs/v2/eval-metric";

#[test]
fn files_have_an_envelope_a_line_and_a_file_a_route_for_their_owner_only() {
    let folder = Folder::new("lines");
    let about = SpanContext::new(TraceId::new(7), "5".parse().unwrap());
    let guard = below(builder(), FileOutput::new(folder.0.join("nested")), |guard| {
        emit(100);
        guard.handle().submit_evaluation(Evaluation::score("faithful", 0.5).span(about.clone())).unwrap();
        tracing::info_span!("line\nbreak", llmobs.kind = "task", llmobs.input = "a\r\nb\u{2028}c");
    });
    assert_eq!(end(guard).delivered, 102);
    let (spans, evaluations) = (folder.0.join("nested/spans.jsonl"), folder.0.join("nested/evaluations.jsonl"));
    assert_eq!((items(&spans, SPANS), items(&evaluations, EVALUATIONS)), (101, 1));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&spans), mode(&folder.0.join("nested"))), (0o600, 0o700));
    }
}

#[test]
fn a_file_is_rotated_by_size_and_the_oldest_are_deleted() {
    let folder = Folder::new("size");
    let output = FileOutput::new(&folder.0).max_bytes(20_000).max_files(3);
    let guard = below(builder(), output, |guard| {
        for _ in 0..20 {
            emit(10);
            guard.flush(SOON).unwrap();
        }
    });
    assert_eq!(end(guard).delivered, 200);
    let files = folder.files("spans");
    assert_eq!(files.len(), 4, "{files:?}");
    assert!(files.iter().all(|file| fs::metadata(file).unwrap().len() <= 20_000));
    assert!(files.iter().map(|file| items(file, SPANS)).sum::<usize>() < 200, "the oldest are gone");
}

#[test]
fn a_file_is_rotated_by_age_and_nothing_is_in_two_files() {
    let folder = Folder::new("age");
    let output = FileOutput::new(&folder.0).max_age(Duration::ZERO);
    let guard = below(builder(), output, |guard| {
        for _ in 0..5 {
            emit(10);
            guard.flush(SOON).unwrap();
        }
    });
    assert_eq!(end(guard).delivered, 50);
    let files = folder.files("spans");
    assert!(files.len() >= 5, "{files:?}");
    assert_eq!(files.iter().map(|file| items(file, SPANS)).sum::<usize>(), 50);
}

#[test]
fn a_line_that_a_killed_process_left_unfinished_is_removed_and_whole_ones_stay() {
    let folder = Folder::new("cut");
    fs::create_dir_all(&folder.0).unwrap();
    let whole = "{\"spans\":[]}\n".repeat(10_000);
    for (there, kept) in [("", 0), ("{\"cut", 0), (&format!("{whole}{{\"cut"), whole.len()), (&whole, whole.len())] {
        fs::write(folder.0.join("spans.jsonl"), there).unwrap();
        let guard = below(builder(), FileOutput::new(&folder.0), |_| emit(3));
        assert_eq!(end(guard).delivered, 3);
        let text = fs::read_to_string(folder.0.join("spans.jsonl")).unwrap();
        assert_eq!((text.get(..kept), text.get(kept..).unwrap().lines().count()), (there.get(..kept), 3));
        assert!(!text.contains("cut"));
    }
}

#[test]
fn while_a_file_cannot_be_written_spans_stay_in_the_queue() {
    let folder = Folder::new("away");
    fs::write(&folder.0, "a file where the folder should be").unwrap();
    let guard = below(builder(), FileOutput::new(&folder.0), |guard| {
        emit(30);
        let error = guard.flush(Duration::from_millis(300)).unwrap_err();
        assert_eq!(error.outcome().unwrap().pending(), 30);
        fs::remove_file(&folder.0).unwrap();
        guard.flush(SOON).unwrap();
        // As logrotate does.
        fs::rename(folder.0.join("spans.jsonl"), folder.0.join("moved")).unwrap();
        emit(3);
    });
    let stats = end(guard);
    assert_eq!((stats.delivered, stats.lost_total()), (33, 0));
    assert_eq!((items(&folder.0.join("moved"), SPANS), items(&folder.0.join("spans.jsonl"), SPANS)), (30, 3));
}

/// On Linux a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing_that_the_queue_can_hold() {
    let folder = Folder::new("full");
    fs::create_dir_all(&folder.0).unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.0.join("spans.jsonl")).unwrap();
    let guard = below(builder(), FileOutput::new(&folder.0), |guard| {
        emit(30);
        assert_eq!(guard.flush(Duration::from_millis(300)).unwrap_err().outcome().unwrap().pending(), 30);
        fs::remove_file(folder.0.join("spans.jsonl")).unwrap();
    });
    assert_eq!(end(guard).delivered, 30);
    assert_eq!(items(&folder.0.join("spans.jsonl"), SPANS), 30);
}
