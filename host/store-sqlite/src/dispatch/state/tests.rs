use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn key(number: i64) -> Key {
    Key { number, id: InstanceId::new(&format!("i{number}")).unwrap() }
}

fn loaded(id: u64) -> Loaded {
    Loaded { id: MessageId(id), message: Message::Suspend { reason: None, execution_id: None }, bytes: 10 }
}

fn stored(instance: i64, message: u64) -> Change {
    Change::Stored { key: key(instance), is_held: false, message: loaded(message) }
}

/// A state that has read all of an empty file.
fn caught_up(options: &Options) -> State {
    let mut state = State::new(options);
    state.add(Page {
        messages: Some(MessagePage {
            messages: Vec::new(),
            last: MessageId(0),
            is_last_page: true,
            damaged: Vec::new(),
        }),
        taken_back: None,
        wake_ups: Some((Vec::new(), Horizon::Time(NOW.saturating_add(2 * HORIZON_NEAR)))),
        open: Some((Vec::new(), true)),
    });
    assert_eq!(state.wanted(NOW), None);
    state
}

/// What is handed out, as (instance, messages).
fn take(state: &mut State, max: usize) -> Vec<(String, Vec<u64>)> {
    let taken = state.take(max, NOW);
    let ids = |item: &WorkItem| item.messages.iter().map(|envelope| envelope.id.0).collect();
    taken.items.iter().map(|item| (item.instance_id.to_string(), ids(item))).collect()
}

#[test]
fn at_first_everything_is_wanted() {
    let state = State::new(&Options::default());
    let wanted = state.wanted(NOW).unwrap();
    assert_eq!(wanted.messages_after, Some(MessageId(0)));
    assert_eq!(wanted.wake_ups, Some((Horizon::Nothing, Options::default().wake_ups_max)));
    assert_eq!(wanted.open_after, Some(0));
    assert_eq!(wanted.taken_back, None);
}

#[test]
fn what_was_stored_is_handed_out_without_reading_anything() {
    let mut state = caught_up(&Options::default());
    state.apply(stored(1, 1));
    state.apply(stored(2, 2));
    state.apply(stored(1, 3));
    assert_eq!(state.wanted(NOW), None);
    assert_eq!(take(&mut state, 9), [("i1".to_owned(), vec![1, 3]), ("i2".to_owned(), vec![2])]);
    assert_eq!(take(&mut state, 9), []);
    assert!(state.entries.is_empty() && state.queue.is_empty());
    assert_eq!((state.messages, state.bytes), (0, 0));
}

#[test]
fn what_does_not_fit_is_read_later_in_order() {
    let options = Options { ready_messages_max: 2, ..Options::default() };
    let mut state = caught_up(&options);
    for message in 1..=4 {
        state.apply(stored(1, message));
    }
    assert_eq!((state.messages, state.read_up_to), (2, MessageId(2)));
    assert_eq!(state.wanted(NOW), None, "there is no room yet");
    assert_eq!(take(&mut state, 9), [("i1".to_owned(), vec![1, 2])]);
    // Whatever is stored now has to wait for those before it.
    state.apply(stored(2, 5));
    assert_eq!(take(&mut state, 9), []);
    let wanted = state.wanted(NOW).unwrap();
    assert_eq!((wanted.messages_after, wanted.messages_max), (Some(MessageId(2)), 1));
    let page = |id, is_last_page| Page {
        messages: Some(MessagePage {
            messages: vec![(key(1), loaded(id))],
            last: MessageId(id),
            is_last_page,
            damaged: Vec::new(),
        }),
        ..Page::default()
    };
    state.add(page(3, false));
    assert_eq!(state.wanted(NOW).unwrap().messages_after, Some(MessageId(3)));
    state.add(page(5, true));
    assert_eq!(state.wanted(NOW), None);
    assert_eq!(take(&mut state, 9), [("i1".to_owned(), vec![3, 5])]);
    state.apply(stored(2, 6));
    assert_eq!(take(&mut state, 9), [("i2".to_owned(), vec![6])]);
}

#[test]
fn bytes_are_bounded_too() {
    let options = Options { ready_bytes_max: 15, ..Options::default() };
    let mut state = caught_up(&options);
    for message in 1..=3 {
        state.apply(stored(1, message));
    }
    assert_eq!((state.messages, state.bytes), (2, 20));
    assert!(state.has_unread);
}

#[test]
fn messages_of_held_instances_take_no_memory_and_hold_up_nobody() {
    let options = Options { ready_messages_max: 2, ..Options::default() };
    let mut state = caught_up(&options);
    for message in 1..=10 {
        state.apply(Change::Stored { key: key(1), is_held: true, message: loaded(message) });
    }
    state.apply(stored(2, 11));
    assert_eq!(take(&mut state, 9), [("i2".to_owned(), vec![11])]);
    state.apply(Change::TakenBack { key: key(1), owes_wake_up: true, wake_at: None });
    let taken_back = state.wanted(NOW).unwrap().taken_back.unwrap();
    assert_eq!((taken_back.after, taken_back.up_to), (MessageId(0), MessageId(11)));
}

#[test]
fn what_was_taken_back_is_read_page_by_page() {
    let mut state = caught_up(&Options::default());
    state.apply(stored(1, 1));
    state.apply(stored(1, 2));
    assert_eq!(take(&mut state, 9).len(), 1);
    state.apply(Change::TakenBack { key: key(1), owes_wake_up: false, wake_at: None });
    let page = |id, is_last_page| Page {
        taken_back: Some(MessagePage {
            messages: vec![(key(1), loaded(id))],
            last: MessageId(id),
            is_last_page,
            damaged: Vec::new(),
        }),
        ..Page::default()
    };
    state.add(page(1, false));
    assert_eq!(state.wanted(NOW).unwrap().taken_back.unwrap().after, MessageId(1));
    state.add(page(2, true));
    assert_eq!(state.wanted(NOW), None);
    assert_eq!(take(&mut state, 9), [("i1".to_owned(), vec![1, 2])]);
}

#[test]
fn holding_or_purging_forgets_what_was_to_be_read() {
    let mut state = caught_up(&Options::default());
    for change in [Change::Held { key: key(1) }, Change::Purged { key: key(1) }] {
        state.apply(stored(1, 1));
        state.apply(Change::TakenBack { key: key(1), owes_wake_up: true, wake_at: Some(NOW) });
        state.apply(change);
        assert_eq!(state.wanted(NOW), None);
        assert_eq!(take(&mut state, 9), []);
        assert_eq!((state.messages, state.bytes), (0, 0));
    }
}

#[test]
fn consumed_messages_are_forgotten() {
    let mut state = caught_up(&Options::default());
    state.apply(stored(1, 1));
    state.apply(stored(1, 2));
    let consumed = vec![MessageId(1)];
    state.apply(Change::Committed { key: key(1), is_held: false, consumed, wake_at: None, row: None });
    assert_eq!(take(&mut state, 9), [("i1".to_owned(), vec![2])]);
    assert_eq!((state.messages, state.bytes), (0, 0));
}

#[test]
fn only_what_is_in_hand_can_be_given_back() {
    let mut state = caught_up(&Options::default());
    state.apply(stored(1, 1));
    let give_back = |ids: &[u64]| Change::GivenBack {
        key: key(1),
        messages: ids.iter().map(|id| loaded(*id)).collect(),
        ready_at: NOW.saturating_add(HORIZON_NEAR),
    };
    state.apply(give_back(&[1, 7]));
    assert_eq!(take(&mut state, 9), [("i1".to_owned(), vec![1])], "it neither rests nor comes twice");
    state.apply(give_back(&[1]));
    assert_eq!(take(&mut state, 9), [], "it rests");
    let taken = state.take(9, NOW.saturating_add(HORIZON_NEAR));
    assert_eq!(taken.items.len(), 1);
}

#[test]
fn the_horizon_is_read_on_before_it_comes() {
    let mut state = caught_up(&Options::default());
    let near = NOW.saturating_add(HORIZON_NEAR);
    assert_eq!(state.take(9, NOW).look_again_at, Some(near));
    let (horizon, _) = state.wanted(near).unwrap().wake_ups.unwrap();
    assert_eq!(horizon, Horizon::Time(NOW.saturating_add(2 * HORIZON_NEAR)));
}

#[test]
fn a_full_wake_queue_is_read_on_once_half_of_it_is_due() {
    let options = Options { wake_ups_max: 4, ..Options::default() };
    let mut state = caught_up(&options);
    let wake_ups =
        (1..=4_i64).map(|number| (NOW.saturating_add(Duration::from_millis(number.unsigned_abs())), key(number)));
    let last = Horizon::Entry(NOW.saturating_add(Duration::from_millis(4)), key(4));
    state.add(Page { wake_ups: Some((wake_ups.collect(), last)), ..Page::default() });
    assert_eq!(state.wanted(NOW), None);
    let later = NOW.saturating_add(Duration::from_millis(2));
    assert_eq!(state.take(9, later).items.len(), 2);
    assert!(state.wanted(later).unwrap().wake_ups.is_some());
}

#[test]
fn an_instance_is_queued_once() {
    let mut state = caught_up(&Options::default());
    state.apply(stored(1, 1));
    state.apply(Change::Committed {
        key: key(1),
        is_held: false,
        consumed: vec![MessageId(1)],
        wake_at: None,
        row: None,
    });
    state.apply(stored(1, 2));
    state.apply(Change::Committed { key: key(1), is_held: false, consumed: Vec::new(), wake_at: Some(NOW), row: None });
    assert_eq!(take(&mut state, 9), [("i1".to_owned(), vec![2])]);
    assert!(state.queue.is_empty());
}

#[test]
fn interrupted_activities_are_read_page_by_page() {
    let mut state = State::new(&Options::default());
    state.add(Page { open: Some((vec![key(3), key(7)], false)), ..Page::default() });
    assert_eq!(state.wanted(NOW).unwrap().open_after, Some(7));
    state.add(Page { open: Some((vec![key(8)], true)), ..Page::default() });
    assert_eq!(state.wanted(NOW).unwrap().open_after, None);
    assert_eq!(take(&mut state, 9).len(), 3);
}

#[test]
fn a_turn_that_leaves_nothing_to_hand_out_is_no_news() {
    let committed =
        |wake_at| Change::Committed { key: key(1), is_held: false, consumed: vec![MessageId(1)], wake_at, row: None };
    let mut state = caught_up(&Options::default());
    assert!(state.apply(stored(1, 1)));
    assert_eq!(take(&mut state, 9).len(), 1);
    assert!(!state.apply(committed(None)));
    assert!(state.apply(committed(Some(NOW))), "it comes by itself");
    assert!(state.apply(stored(1, 2)));
    assert!(state.apply(committed(None)), "something waits, and need not rest any more");
}
