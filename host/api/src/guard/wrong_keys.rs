//! Requests with a wrong key: counted, and those who send many are answered late.
//!
//! A right key is compared first and never waits, whoever sends it: many clients may share one address. So this slows
//! guessing by as much as a client is willing to wait; what makes guessing hopeless is the length of a key.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::ClientAddress;
use crate::limits::{WRONG_KEY_CLIENTS_MAX, WRONG_KEY_DELAY_MAX, WRONG_KEY_INTERVAL, WRONG_KEYS_AT_ONCE};

/// What is remembered of wrong keys.
#[derive(Debug, Default)]
pub(super) struct WrongKeys {
    count: AtomicU64,
    /// For each client the time at which all its wrong keys will have been paid for.
    paid_at: Mutex<HashMap<IpAddr, Instant>>,
}

impl WrongKeys {
    /// All of them.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Notes one, and says how long its answer is to be held back.
    pub(super) fn note(&self, client: Option<ClientAddress>, now: Instant) -> Duration {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        let mut client = client.map_or(NOBODY, ClientAddress::network);
        if paid_at.len() >= WRONG_KEY_CLIENTS_MAX && !paid_at.contains_key(&client) {
            paid_at.retain(|_, paid_at| *paid_at > now);
            if paid_at.len() >= WRONG_KEY_CLIENTS_MAX {
                client = NOBODY;
            }
        }
        let paid = paid_at.entry(client).or_insert(now);
        // What was paid long ago is no credit, and debts have a bound, so that a client is soon forgiven.
        *paid = ((*paid).max(now) + WRONG_KEY_INTERVAL).min(now + FREE + WRONG_KEY_DELAY_MAX);
        paid.duration_since(now).saturating_sub(FREE)
    }
}

/// Wrong keys up to this much debt are answered at once.
const FREE: Duration = WRONG_KEY_INTERVAL.saturating_mul(WRONG_KEYS_AT_ONCE);

/// Whose address is not known, and all further ones when too many are remembered.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "as it is known of a request")]
    fn client(number: u32) -> Option<ClientAddress> {
        Some(ClientAddress(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number))))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the same")]
    fn named(address: &str) -> Option<ClientAddress> {
        Some(ClientAddress(address.parse().unwrap()))
    }

    #[test]
    fn who_guesses_is_answered_later_and_later_and_is_forgiven() {
        let (wrong, start) = (WrongKeys::default(), Instant::now());
        for _ in 0..WRONG_KEYS_AT_ONCE {
            assert_eq!(wrong.note(client(1), start), Duration::ZERO, "a mistake is no attack");
        }
        assert_eq!(wrong.note(client(1), start), WRONG_KEY_INTERVAL);
        assert_eq!(wrong.note(client(1), start), WRONG_KEY_INTERVAL * 2);
        assert_eq!(wrong.note(client(2), start), Duration::ZERO, "others do not wait for that");
        let most = (0..1_000).map(|_| wrong.note(client(1), start)).max().unwrap();
        assert_eq!(most, WRONG_KEY_DELAY_MAX);
        let later = start + FREE + WRONG_KEY_DELAY_MAX;
        assert_eq!(wrong.note(client(1), later), Duration::ZERO);
        assert_eq!(wrong.count(), u64::from(WRONG_KEYS_AT_ONCE) + 1_004);
    }

    #[test]
    fn one_client_has_many_addresses_of_version_six() {
        let (wrong, start) = (WrongKeys::default(), Instant::now());
        let delays = (0..100).map(|number| wrong.note(named(&format!("2001:db8::{number:x}")), start));
        assert_eq!(delays.max().unwrap(), WRONG_KEY_DELAY_MAX);
        assert_eq!(wrong.note(named("2001:db8:0:1::1"), start), Duration::ZERO);
        wrong.note(named("::ffff:10.0.0.1"), start);
        assert!(wrong.paid_at.lock().unwrap().contains_key(&client(1).unwrap().0));
    }

    #[test]
    fn many_clients_take_a_bounded_room_and_are_forgotten() {
        let (wrong, start) = (WrongKeys::default(), Instant::now());
        let many = u32::try_from(WRONG_KEY_CLIENTS_MAX).unwrap() * 3;
        let delays = (0..many).map(|number| wrong.note(client(number), start));
        assert_eq!(delays.max().unwrap(), WRONG_KEY_DELAY_MAX, "those that found no room share one");
        assert_eq!(wrong.paid_at.lock().unwrap().len(), WRONG_KEY_CLIENTS_MAX + 1);
        assert_eq!(wrong.note(client(many), start + FREE + WRONG_KEY_DELAY_MAX), Duration::ZERO);
        assert_eq!(wrong.paid_at.lock().unwrap().len(), 1);
    }
}
