//! Room for connections: how many there may be, of all and of one peer, and who leaves when there is none.
//!
//! A connection without a request is the first to leave, since its client can come back. If all have one, a few more are
//! taken in, which may ask how the host is and hear that it is full.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::ClientAddress;
use tokio::sync::{Notify, watch};

use super::activity::{Activity, Halt};
use super::peers::Peers;
use crate::limits::{ACCEPT_REST, CONNECTIONS_SPARE};

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Of all peers.
    pub(crate) all: usize,
    /// Of one peer; proxies that are believed have no such bound.
    pub(crate) of_peer: usize,
    /// Beyond all, for asking how the host is.
    pub(crate) spare: usize,
}

impl Bounds {
    /// Half of the room for one peer, unless said otherwise.
    pub(crate) fn new(all: usize, of_peer: Option<usize>) -> Self {
        Self { all, of_peer: of_peer.unwrap_or(all / 2).clamp(1, all + CONNECTIONS_SPARE), spare: CONNECTIONS_SPARE }
    }
}

/// Connections that ended or were not taken in since the server began, by the reason.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    idle: AtomicU64,
    stalled: AtomicU64,
    no_room: AtomicU64,
    peer: AtomicU64,
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Room {
    bounds: Bounds,
    connections: Mutex<Connections>,
    /// How many there are; also told when one that was asked to leave stays.
    open: watch::Sender<usize>,
    closed: Closed,
}

#[derive(Debug, Default)]
struct Connections {
    next: u64,
    open: HashMap<u64, Arc<Seat>>,
    of_peer: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Seat {
    network: IpAddr,
    activity: Arc<Activity>,
    is_asked_to_leave: AtomicBool,
    leave: Notify,
}

/// The right to be connected; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Room>,
    number: u64,
    seat: Arc<Seat>,
    /// It came when there was no room.
    pub(super) is_spare: bool,
}

enum Step {
    Admitted(Place),
    Refused,
    Wait,
}

impl Room {
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, connections: Mutex::default(), open: watch::Sender::new(0), closed: Closed::default() })
    }

    /// Connections now.
    pub(crate) fn open(&self) -> usize {
        *self.open.borrow()
    }

    /// Connections that the server has closed, with a word for each reason.
    pub(crate) fn closed(&self) -> [(&'static str, u64); 4] {
        let Closed { idle, stalled, no_room, peer } = &self.closed;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [("idle", read(idle)), ("stalled", read(stalled)), ("no_room", read(no_room)), ("peer", read(peer))]
    }

    /// A place for a connection, once there is one. None: its peer has too many that are all in use.
    pub(super) async fn admit(self: &Arc<Self>, peer: IpAddr, peers: &Peers) -> Option<Place> {
        let network = (!peers.is_proxy(peer)).then(|| ClientAddress(peer).network());
        let mut open = self.open.subscribe();
        loop {
            open.mark_unchanged();
            match self.step(network.unwrap_or(peer), network.is_some()) {
                Step::Admitted(place) => return Some(place),
                Step::Refused => {
                    count(&self.closed.peer);
                    return None;
                }
                // A connection that becomes idle does not say so.
                Step::Wait => {
                    let _ = tokio::time::timeout(ACCEPT_REST, open.changed()).await;
                }
            }
        }
    }

    fn step(self: &Arc<Self>, network: IpAddr, is_bounded: bool) -> Step {
        let Bounds { all, of_peer, spare } = self.bounds;
        let mut connections = self.connections();
        let peer_has = connections.of_peer.get(&network).copied().unwrap_or_default();
        if is_bounded && peer_has >= of_peer {
            // Those that are asked end in a moment, so it has hardly more than it may.
            let asked = connections.ask_idle(of_peer.div_ceil(ASKED_AT_ONCE), |seat| seat.network == network);
            if asked == 0 || peer_has >= of_peer + spare {
                return Step::Refused;
            }
        }
        let open = connections.open.len();
        let is_spare = open >= all;
        if is_spare {
            let asked = connections.ask_idle(all.div_ceil(ASKED_AT_ONCE), |_| true);
            if asked > 0 || open >= all + spare {
                return Step::Wait;
            }
        }
        let seat = Arc::new(Seat {
            network,
            activity: Arc::new(Activity::new()),
            is_asked_to_leave: AtomicBool::new(false),
            leave: Notify::new(),
        });
        let number = connections.next;
        connections.next += 1;
        connections.open.insert(number, Arc::clone(&seat));
        *connections.of_peer.entry(network).or_default() += 1;
        self.open.send_replace(connections.open.len());
        Step::Admitted(Place { room: Arc::clone(self), number, seat, is_spare })
    }

    /// Answers once there is no connection.
    pub(super) async fn empty(&self) {
        // Fails only without a sender, and `self` is one.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Connections without a request.
    #[cfg(test)]
    pub(super) fn idle(&self) -> usize {
        self.connections().open.values().filter(|seat| seat.activity.idle_since().is_some()).count()
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looking for the one that is idle longest means looking at all, so several leave at once: of many connections a
/// sixty-fourth.
const ASKED_AT_ONCE: usize = 64;

impl Connections {
    /// Asks those to leave that have been without a request for longest; how many are about to leave.
    fn ask_idle(&self, at_once: usize, concerns: impl Fn(&Seat) -> bool) -> usize {
        let seats = self.open.values().filter(|seat| concerns(seat));
        let (leaving, staying): (Vec<_>, Vec<_>) =
            seats.partition(|seat| seat.is_asked_to_leave.load(Ordering::Relaxed));
        if !leaving.is_empty() {
            return leaving.len();
        }
        let idle = staying.into_iter().filter_map(|seat| Some((seat.activity.idle_since()?, seat)));
        let mut idle: Vec<_> = idle.collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        idle.truncate(at_once);
        for (_, seat) in &idle {
            seat.is_asked_to_leave.store(true, Ordering::Relaxed);
            seat.leave.notify_one();
        }
        idle.len()
    }
}

impl Place {
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.seat.activity
    }

    /// Answers when the place is wanted for somebody else.
    pub(super) async fn is_wanted(&self) {
        self.seat.leave.notified().await;
    }

    /// A request has come just now, so the connection does not leave.
    pub(super) fn stays(&self) {
        self.seat.is_asked_to_leave.store(false, Ordering::Relaxed);
        self.room.open.send_modify(|_| {});
    }

    /// The connection was closed for the sake of others.
    pub(super) fn leaves(&self) {
        count(&self.room.closed.no_room);
    }

    /// The connection was closed because it had come to a halt.
    pub(super) fn halted(&self, halt: Halt) {
        count(match halt {
            Halt::Idle => &self.room.closed.idle,
            Halt::Stalled => &self.room.closed.stalled,
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut connections = self.room.connections();
        connections.open.remove(&self.number);
        if let Some(of_peer) = connections.of_peer.get_mut(&self.seat.network) {
            *of_peer -= 1;
            if *of_peer == 0 {
                connections.of_peer.remove(&self.seat.network);
            }
        }
        self.room.open.send_replace(connections.open.len());
    }
}

fn count(closed: &AtomicU64) {
    closed.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    fn room(all: usize, of_peer: usize) -> Arc<Room> {
        Room::new(Bounds { all, of_peer, spare: 1 })
    }

    /// Whether somebody wants the place.
    fn is_wanted(place: &Place) -> bool {
        place.seat.is_asked_to_leave.load(Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_idle_longest_makes_room() {
        let (room, peers) = (room(2, 2), Peers::default());
        let first = room.admit(peer(1), &peers).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = room.admit(peer(2), &peers).await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        drop(first.activity().begin(false));
        let waiting = tokio::spawn({
            let (room, peers) = (Arc::clone(&room), peers.clone());
            async move { room.admit(peer(3), &peers).await.unwrap() }
        });
        second.is_wanted().await;
        assert!(!is_wanted(&first) && !waiting.is_finished());
        drop(second);
        assert!(!waiting.await.unwrap().is_spare);
        drop(first);
        room.empty().await;
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_are_busy_a_few_may_ask_how_the_host_is() {
        let (room, peers) = (room(1, 1), Peers::default());
        let place = room.admit(peer(1), &peers).await.unwrap();
        let request = place.activity().begin(false);
        let spare = room.admit(peer(2), &peers).await.unwrap();
        assert!(spare.is_spare && !is_wanted(&place));
        let further = tokio::time::timeout(Duration::from_secs(1), room.admit(peer(3), &peers));
        spare.stays();
        let _busy = spare.activity().begin(false);
        assert!(further.await.is_err(), "more than that there are not");
        drop(request);
        let waiting = tokio::spawn({
            let (room, peers) = (Arc::clone(&room), peers.clone());
            async move { room.admit(peer(3), &peers).await.unwrap() }
        });
        place.is_wanted().await;
        drop((place, spare));
        assert!(!waiting.await.unwrap().is_spare);
    }

    #[tokio::test(start_paused = true)]
    async fn one_peer_has_a_part_of_the_room_and_a_proxy_all_of_it() {
        let (room, mut peers) = (room(4, 1), Peers::default());
        let place = room.admit(peer(1), &peers).await.unwrap();
        let _request = place.activity().begin(false);
        assert!(room.admit(peer(1), &peers).await.is_none());
        assert_eq!(room.closed()[3], ("peer", 1));
        assert!(room.admit(peer(2), &peers).await.is_some());
        peers.proxies.push("10.0.0.0/8".parse().unwrap());
        assert!(room.admit(peer(1), &peers).await.is_some());
        assert!(!is_wanted(&place));
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_of_a_peer_makes_room_for_its_next() {
        let (room, peers) = (room(4, 1), Peers::default());
        let first = room.admit(peer(1), &peers).await.unwrap();
        let other = room.admit(peer(2), &peers).await.unwrap();
        let _second = room.admit(peer(1), &peers).await.unwrap();
        assert!(is_wanted(&first) && !is_wanted(&other));
    }
}
