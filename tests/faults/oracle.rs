//! Compares the spans that were made, the journal of the intake and the ledger of the layer.

use std::collections::HashMap;
use std::time::Duration;

use tracing_llmobs::Stats;

use super::intake::Entry;

/// A request whose answer took longer may have been given up by the client.
pub struct Oracle<'a> {
    pub what: &'a str,
    pub request_timeout: Duration,
    /// First attempts may pass each other on as many connections.
    pub most_in_flight: usize,
}

impl Oracle<'_> {
    /// Checks that every span was delivered exactly once or lost, as the ledger says, in the order of first attempts.
    pub fn check(&self, made: &[u64], journal: &[Entry], stats: &Stats) {
        let what = self.what;
        assert!(stats.is_balanced() && stats.pending == 0, "{what}: {stats:?}");
        assert_eq!(stats.offered, made.len() as u64, "{what}: everything is offered: {stats:?}");
        let place: HashMap<u64, usize> = made.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        assert_eq!(place.len(), made.len(), "{what}: ids are unique");
        let mut stored = vec![0_usize; made.len()];
        let mut acknowledged = vec![0_usize; made.len()];
        let mut doubtful = 0;
        for entry in journal {
            let is_late = entry.took * 2 > self.request_timeout;
            let is_acknowledged = entry.is_stored && entry.status.is_some() && !is_late;
            for id in &entry.ids {
                let place = *place.get(id).unwrap_or_else(|| panic!("{what}: {id} was never made"));
                stored[place] += usize::from(entry.is_stored);
                acknowledged[place] += usize::from(is_acknowledged);
            }
            if entry.is_stored && !is_acknowledged {
                doubtful += entry.ids.len();
            }
        }
        let delivered = usize::try_from(stats.delivered).unwrap();
        let lost = usize::try_from(stats.lost_total()).unwrap();
        let count = |holds: fn(usize) -> bool, counts: &[usize]| counts.iter().filter(|count| holds(**count)).count();
        assert_eq!(count(|count| count > 1, &acknowledged), 0, "{what}: nothing is sent again that was acknowledged");
        let sure = count(|count| count == 1, &acknowledged);
        assert!(sure <= delivered, "{what}: {sure} acknowledged, but {delivered} delivered");
        let arrived = count(|count| count > 0, &stored);
        assert!(delivered <= arrived, "{what}: {delivered} delivered, but {arrived} arrived");
        assert!(made.len() - arrived <= lost, "{what}: {} missing, but {lost} lost", made.len() - arrived);
        if doubtful == 0 {
            assert_eq!(sure, delivered, "{what}: no answer was lost, so journal and ledger agree");
        }
        let copies: usize = stored.iter().map(|count| count.saturating_sub(1)).sum();
        assert!(copies <= doubtful, "{what}: {copies} copies, but only {doubtful} answers were lost");
        self.check_order(&place, journal);
    }

    /// First attempts are in the order in which spans ended, but for those that are on their way at the same time, and
    /// for those that a fault hid from the journal.
    fn check_order(&self, place: &HashMap<u64, usize>, journal: &[Entry]) {
        let hidden = journal.iter().filter(|entry| entry.ids.is_empty()).count();
        let mut by_arrival: Vec<&Entry> = journal.iter().filter(|entry| !entry.ids.is_empty()).collect();
        by_arrival.sort_by_key(|entry| entry.index);
        let mut firsts: Vec<usize> = Vec::new();
        let mut seen = vec![false; place.len()];
        for entry in by_arrival {
            let places: Vec<usize> = entry.ids.iter().map(|id| place[id]).collect();
            assert!(places.windows(2).all(|two| two[1] == two[0] + 1), "{}: a request is a run of spans", self.what);
            let new = places.iter().filter(|place| !std::mem::replace(&mut seen[**place], true)).count();
            if new > 0 {
                firsts.push(places[0]);
            }
        }
        for (at, first) in firsts.iter().enumerate() {
            // Requests begin in order. So whatever belongs before this one and has not arrived is on its way at the same
            // time, or was hidden by a fault; how long the threads of the two ends take does not matter.
            let missing = firsts.iter().skip(at).filter(|later| *later < first).count();
            let most = self.most_in_flight + hidden;
            assert!(missing < most, "{}: {missing} before {first} are missing: {firsts:?}", self.what);
        }
    }
}
