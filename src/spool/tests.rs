use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("llmobs-spool-{:x}", fastrand::u128(..))))
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn segment(&self) -> PathBuf {
        let mut names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        names.find(|path| path.extension().is_some_and(|name| name == "segment")).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn body(number: usize) -> Vec<u8> {
    format!("[{{\"n\":{number},\"text\":\"{}\"}}]", "x".repeat(number * 7 % 90)).into_bytes()
}

/// Writes `count` records and forgets the store, as a killed process does.
fn write(folder: &Path, count: usize) -> Vec<RecordId> {
    let (mut store, _) = Store::open(folder, 1 << 30).unwrap();
    let append = |number| store.append(1, 5, &[3, number], &body(number)).unwrap().unwrap();
    (0..count).map(append).collect()
}

/// All records that are found, and whether something was damaged.
fn read(folder: &Path) -> (Vec<Record>, bool) {
    let (mut store, leftovers) = Store::open(folder, 1 << 30).unwrap();
    let mut found = (Vec::new(), false);
    for leftover in leftovers {
        let (records, is_damaged) = store.read(&leftover).unwrap();
        found.0.extend(records.into_iter().map(|(_, record)| record));
        found.1 |= is_damaged;
    }
    found
}

fn expected(number: usize) -> Record {
    Record { route: 1, wall_ms: 5, ends: vec![3, number], body: body(number) }
}

#[test]
fn what_was_written_and_not_settled_is_found_by_the_next_process() {
    let folder = Folder::new();
    let (mut store, leftovers) = Store::open(folder.path(), 1 << 30).unwrap();
    assert!(leftovers.is_empty());
    let ids: Vec<_> = (0..9).map(|number| store.append(1, 5, &[3, number], &body(number)).unwrap().unwrap()).collect();
    for number in [0, 4, 8] {
        store.settle(ids[number]).unwrap();
    }
    store.sync().unwrap();
    assert!(Store::open(folder.path(), 1).is_err(), "one owner");
    drop(store);
    let (records, is_damaged) = read(folder.path());
    assert_eq!(records, [1, 2, 3, 5, 6, 7].map(expected));
    assert!(!is_damaged);
    let (mut store, leftovers) = Store::open(folder.path(), 1 << 30).unwrap();
    for (id, _) in store.read(&leftovers[0]).unwrap().0 {
        store.settle(id).unwrap();
    }
    store.sweep();
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"], "settled prompts do not stay on disk");
}

#[test]
fn the_bound_on_bytes_holds_and_segments_are_deleted_when_they_are_settled() {
    let folder = Folder::new();
    let (mut store, _) = Store::open(folder.path(), 20 << 20).unwrap();
    let large = vec![b'x'; 3 << 20];
    let ids: Vec<_> = std::iter::from_fn(|| store.append(0, 0, &[1], &large).unwrap()).collect();
    assert_eq!(ids.len(), 6);
    let bytes =
        || fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum::<u64>();
    assert!(bytes() <= 20 << 20);
    for id in ids {
        store.settle(id).unwrap();
    }
    assert!(bytes() < 1 << 20 && store.append(0, 0, &[1], &large).unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_and_a_folder_that_others_may_enter_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    write(folder.path(), 2);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folder.path()), mode(&folder.segment())), (0o700, 0o600));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Store::open(folder.path(), 1).unwrap_err().to_string().contains("chmod"));
}

#[test]
fn a_segment_that_is_cut_at_any_byte_keeps_the_records_before_the_cut() {
    let folder = Folder::new();
    write(folder.path(), 6);
    let (path, whole) = (folder.segment(), fs::read(folder.segment()).unwrap());
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let (found, is_damaged) = parse(&path);
        let expected: Vec<_> = (0..found.len()).map(expected).collect();
        assert_eq!(found, expected, "cut at {length}");
        let kept = expected.iter().map(|record| record.body.len() + 33).sum::<usize>();
        assert!(kept <= length && is_damaged == (kept < length), "cut at {length}");
    }
}

#[test]
fn a_flipped_bit_costs_the_record_that_it_is_in() {
    let folder = Folder::new();
    write(folder.path(), 6);
    let (path, whole) = (folder.segment(), fs::read(folder.segment()).unwrap());
    for at in 0..whole.len() {
        for bit in [0, 3, 7] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            fs::write(&path, &flipped).unwrap();
            let (found, is_damaged) = parse(&path);
            assert!(is_damaged && found.len() == 5, "bit {bit} of byte {at}: {}", found.len());
            assert!(found.iter().all(|record| (0..6).map(expected).any(|one| one == *record)));
        }
    }
}

fn parse(path: &Path) -> (Vec<Record>, bool) {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let salt = u64::from_str_radix(name.split_once('-').unwrap().1, 16).unwrap();
    let (records, is_damaged) = record::parse_all(salt, &fs::read(path).unwrap());
    (records.into_iter().map(|(_, record)| record).collect(), is_damaged)
}

#[test]
fn a_prompt_that_imitates_a_record_is_not_one() {
    let forged = [record::header(7, 0, 0, &[1], b"forged").unwrap(), b"forged".to_vec()].concat();
    let mut bytes = [record::header(8, 0, 0, &[1], &forged).unwrap(), forged].concat();
    assert_eq!(record::parse_all(8, &bytes).0.len(), 1);
    bytes[10] ^= 1;
    assert_eq!(record::parse_all(8, &bytes), (vec![], true));
}

proptest! {
    #[test]
    fn anything_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..400), salt: u64) {
        record::parse_all(salt, &bytes);
        record::parse_settled(salt, &bytes);
    }

    #[test]
    fn of_any_history_exactly_what_is_open_comes_back(steps in proptest::collection::vec((0_usize..40, any::<bool>()), 0..40)) {
        let folder = Folder::new();
        let (mut store, _) = Store::open(folder.path(), 1 << 30).unwrap();
        let mut open = Vec::new();
        for (number, is_new) in steps {
            if is_new || open.is_empty() {
                open.push((store.append(1, 5, &[3, number], &body(number)).unwrap().unwrap(), number));
            } else {
                let (id, _) = open.remove(number % open.len());
                store.settle(id).unwrap();
            }
        }
        drop(store);
        let (found, is_damaged) = read(folder.path());
        let expected: Vec<_> = open.into_iter().map(|(_, number)| expected(number)).collect();
        prop_assert_eq!((found, is_damaged), (expected, false));
    }
}
