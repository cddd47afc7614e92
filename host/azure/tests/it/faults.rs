//! What callers learn when the network or the service fails: with the emulator behind a proxy that misbehaves.

use std::time::Duration;

use azure::{
    Account, Blobs as _, Cloud, ConnectOptions, Container, Error, HubName, Key, Queue, Queues as _, Table, Tables as _,
    connect,
};
use azurite::{Azurite, Proxy, Refusal, Service, Times, unique_hub};

use crate::world::{insert, key, outcome};

const TABLE: Table = Table::Instances;
const QUEUE: Queue = Queue::WorkItems;

struct Behind {
    proxy: Proxy,
    cloud: Cloud,
    _azurite: Azurite,
}

async fn behind_proxy() -> Behind {
    let azurite = azurite::shared().unwrap();
    let proxy = Proxy::start(azurite.endpoints()).await.unwrap();
    let account = Account::parse(&proxy.connection_string()).unwrap();
    let mut options = ConnectOptions::default();
    options.request_timeout = Duration::from_secs(10);
    let cloud = connect(&account, &HubName::new(&unique_hub()).unwrap(), &options).unwrap();
    cloud.create_table(TABLE).await.unwrap();
    cloud.create_queue(QUEUE).await.unwrap();
    cloud.create_container(Container::Components).await.unwrap();
    proxy.forget();
    Behind { proxy, cloud, _azurite: azurite }
}

/// One request of each kind that changes something, and of each that does not.
async fn outcomes(cloud: &Cloud, row: &Key) -> [String; 5] {
    [
        outcome(cloud.write(TABLE, insert(row, 1)).await),
        outcome(cloud.transact(TABLE, vec![insert(&key(&row.partition, "other"), 1)]).await),
        outcome(cloud.get(TABLE, row).await),
        outcome(cloud.put(QUEUE, "x", Duration::ZERO).await),
        outcome(cloud.put_blob(Container::Components, &row.row, vec![1]).await),
    ]
}

#[tokio::test]
async fn a_busy_service_says_how_long_to_wait_and_is_asked_once() {
    let Behind { proxy, cloud, _azurite } = behind_proxy().await;
    for refusal in [Refusal::ServerBusy, Refusal::TooManyRequests] {
        proxy.forget();
        let fault = proxy.refuse(|_| true, refusal, Some(Duration::from_secs(7)), Times::UntilRemoved);
        assert_eq!(outcomes(&cloud, &key("p", "r")).await, ["throttled: Some(7s)"; 5].map(str::to_owned));
        fault.remove();
        let fault = proxy.refuse(|_| true, refusal, None, Times::UntilRemoved);
        assert_eq!(outcomes(&cloud, &key("p", "r")).await, ["throttled: None"; 5].map(str::to_owned));
        fault.remove();
        assert_eq!(proxy.log().len(), 10, "nothing is tried again");
    }
    assert_eq!(cloud.get(TABLE, &key("p", "r")).await.unwrap(), None);
}

#[tokio::test]
async fn after_an_error_of_the_service_nothing_is_known() {
    let Behind { proxy, cloud, _azurite } = behind_proxy().await;
    let fault = proxy.refuse(|_| true, Refusal::InternalError, None, Times::UntilRemoved);
    assert_eq!(outcomes(&cloud, &key("p", "r")).await, ["ambiguous"; 5].map(str::to_owned));
    fault.remove();
    assert_eq!(proxy.log().len(), 5, "nothing is tried again");
}

#[tokio::test]
async fn a_lost_answer_leaves_it_open_what_happened() {
    let Behind { proxy, cloud, _azurite } = behind_proxy().await;
    let (done, not_done) = (key("p", "done"), key("q", "not"));
    let fault = proxy.drop_reply(|_| true, Times::UntilRemoved);
    assert_eq!(outcomes(&cloud, &done).await, ["ambiguous"; 5].map(str::to_owned));
    fault.remove();
    let fault = proxy.cut(|_| true, Times::UntilRemoved);
    assert_eq!(outcomes(&cloud, &not_done).await, ["ambiguous"; 5].map(str::to_owned));
    fault.remove();
    assert!(cloud.get(TABLE, &done).await.unwrap().is_some());
    assert_eq!(cloud.get(TABLE, &not_done).await.unwrap(), None);
    assert_eq!(cloud.count(QUEUE).await.unwrap(), 1);
}

#[tokio::test]
async fn a_service_that_is_down_was_not_reached() {
    let Behind { proxy, cloud, _azurite } = behind_proxy().await;
    proxy.down().await.unwrap();
    assert_eq!(outcomes(&cloud, &key("p", "r")).await, ["unreachable"; 5].map(str::to_owned));
    proxy.up().await.unwrap();
    assert_eq!(outcomes(&cloud, &key("p", "r")).await, ["done"; 5].map(str::to_owned));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_waited_for_no_longer_than_the_time_out() {
    let Behind { proxy, _azurite, .. } = behind_proxy().await;
    let account = Account::parse(&proxy.connection_string()).unwrap();
    let mut options = ConnectOptions::default();
    options.request_timeout = Duration::from_millis(200);
    let hasty = connect(&account, &HubName::new(&unique_hub()).unwrap(), &options).unwrap();
    let held = proxy.hold(|request| request.kind.service == Service::Table);
    let error = hasty.create_table(TABLE).await.unwrap_err();
    assert!(matches!(&error, Error::Ambiguous(message) if message.contains("timed out")), "{error}");
    held.release();
}

#[tokio::test]
async fn connections_are_kept() {
    let Behind { proxy, cloud, _azurite } = behind_proxy().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let table = proxy.endpoints().table;
    // Counts connections by carrying each one on to the proxy.
    let relay = tokio::spawn(async move {
        let mut connections = 0_u32;
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            connections += 1;
            assert!(connections <= 1, "a second connection");
            let mut server = tokio::net::TcpStream::connect(("127.0.0.1", table)).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    drop(cloud);
    let text = proxy.connection_string().replace(&table.to_string(), &port.to_string());
    let hub = HubName::new(&unique_hub()).unwrap();
    let cloud = connect(&Account::parse(&text).unwrap(), &hub, &ConnectOptions::default()).unwrap();
    cloud.create_table(TABLE).await.unwrap();
    for n in 0..20 {
        cloud.write(TABLE, insert(&key("p", &n.to_string()), n)).await.unwrap();
    }
    assert!(!relay.is_finished());
    relay.abort();
}
