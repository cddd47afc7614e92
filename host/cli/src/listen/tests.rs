//! Clients that keep connections without making use of them. Time is the runtime's, so nothing depends on how busy the
//! machine is.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::routing::{get, post};
use futures_util::stream;
use hyper::Request;
use hyper::client::conn::http2;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::limits::{HEAD_TIMEOUT, WRITE_TIMEOUT};

/// What the line between client and server holds.
const LINE_BYTES: usize = 16 * 1024;

/// The largest answer here.
const LARGE_BYTES: usize = 1024 * 1024;

fn router() -> Router {
    let ticks = |seconds: u64, count: u64| async move {
        let ticks = stream::unfold(0, move |tick| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            (tick < count).then(|| (Ok::<_, std::io::Error>(Bytes::from("tick\n")), tick + 1))
        });
        Body::from_stream(ticks)
    };
    Router::new()
        .route("/small", get(|| async { "small" }))
        .route("/large", get(|| async { vec![b'x'; LARGE_BYTES] }))
        .route("/ticks", get(move || ticks(60, 30)))
        .route("/slow", get(|| tokio::time::sleep(Duration::from_mins(5))))
        .route("/echo", post(|body: Bytes| async { body }))
        .route("/keyless", get(|| async { ([("connection", "close")], StatusCode::UNAUTHORIZED) }))
        .route("/rondo/health/live", get(|| async { "live" }))
}

fn edge(all: usize) -> Edge {
    Edge::with(Bounds { all, of_peer: all + 2, spare: 2 }, Peers::default(), Patience::default())
}

/// A client's end of a connection.
async fn connect(edge: &Edge) -> (DuplexStream, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(LINE_BYTES);
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let place = edge.room.admit(peer.ip(), &edge.peers).await.unwrap();
    let connection = Connection { edge: edge.clone(), router: router(), peer, place };
    let (stopping, stopped) = watch::channel(false);
    let served = tokio::spawn(async move {
        connection.serve(theirs, None, stopped).await;
        drop(stopping);
    });
    (ours, served)
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

/// How often the server has closed a connection for a reason.
fn closed(edge: &Edge, reason: &str) -> u64 {
    edge.room.closed().into_iter().find(|(known, _)| *known == reason).unwrap().1
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_reads_are_not_kept() {
    let edge = edge(1);
    let (mut client, served) = connect(&edge).await;
    let begun = Instant::now();
    // As many as the server takes: it stops when its answers are not read.
    let written = client.write_all(request("/large").repeat(10_000).as_bytes()).await;
    assert!(written.is_err(), "the connection is closed");
    served.await.unwrap();
    assert!(begun.elapsed() >= WRITE_TIMEOUT && begun.elapsed() < WRITE_TIMEOUT * 2, "{:?}", begun.elapsed());
    assert_eq!((closed(&edge, "stalled"), edge.room.open()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_is_no_progress() {
    let edge = edge(1);
    let (mut client, served) = connect(&edge).await;
    let begun = Instant::now();
    client.write_all(request("/large").as_bytes()).await.unwrap();
    while !served.is_finished() {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let _ = client.read(&mut [0; 1]).await;
    }
    assert!(begun.elapsed() < WRITE_TIMEOUT * 3, "{:?}", begun.elapsed());
    assert_eq!(closed(&edge, "stalled"), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_slowly_gets_everything() {
    let edge = edge(1);
    let (mut client, _served) = connect(&edge).await;
    let begun = Instant::now();
    client.write_all(request("/large").as_bytes()).await.unwrap();
    let (mut got, mut buffer) = (0, vec![0; 4096]);
    while got < LARGE_BYTES {
        tokio::time::sleep(Duration::from_secs(4)).await;
        match client.read(&mut buffer).await.unwrap() {
            0 => panic!("closed after {got} bytes"),
            bytes => got += bytes,
        }
    }
    assert!(begun.elapsed() > WRITE_TIMEOUT * 10);
}

#[tokio::test(start_paused = true)]
async fn the_server_may_take_its_time() {
    let edge = edge(2);
    for path in ["/ticks", "/slow"] {
        let (mut client, _served) = connect(&edge).await;
        client.write_all(request(path).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{path}: {text}");
        assert_eq!(text.matches("tick").count(), if path == "/ticks" { 30 } else { 0 }, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_nothing_is_let_go() {
    let edge = edge(1);
    for beginning in ["", &request("/small"), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        let (mut client, served) = connect(&edge).await;
        let begun = Instant::now();
        client.write_all(beginning.as_bytes()).await.unwrap();
        served.await.unwrap();
        assert!(begun.elapsed() <= IDLE_TIMEOUT * 2, "{beginning:?}: {:?}", begun.elapsed());
        assert_eq!(edge.room.open(), 0);
    }
    assert!(closed(&edge, "idle") >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let edge = edge(1);
    let (mut client, served) = connect(&edge).await;
    let begun = Instant::now();
    while !served.is_finished() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let _ = client.write_all(b"G").await;
    }
    assert!(begun.elapsed() <= HEAD_TIMEOUT * 2, "{:?}", begun.elapsed());
    assert_eq!(closed(&edge, "idle"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_a_key_that_is_missing() {
    let edge = edge(1);
    let (mut client, served) = connect(&edge).await;
    client.write_all(request("/keyless").repeat(3).as_bytes()).await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert_eq!(text.matches("HTTP/1.1 401").count(), 1, "{text}");
    served.await.unwrap();
}

/// A client of HTTP/2 that takes `window` bytes of an answer before it has read them.
async fn connect_http2(edge: &Edge, window: u32) -> (http2::SendRequest<String>, JoinHandle<()>) {
    let (client, served) = connect(edge).await;
    let mut http = http2::Builder::new(TokioExecutor::new());
    let (sender, connection) = http.initial_stream_window_size(window).handshake(TokioIo::new(client)).await.unwrap();
    tokio::spawn(connection);
    (sender, served)
}

#[tokio::test(start_paused = true)]
async fn requests_of_http2_are_answered_and_bodies_are_taken() {
    let edge = edge(1);
    let (mut sender, _served) = connect_http2(&edge, 65_535).await;
    let body = "x".repeat(100_000);
    let request = Request::post("http://localhost/echo").body(body.clone()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let echo = axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
    assert_eq!(echo, body);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_http2_that_nobody_reads_is_not_kept() {
    for window in [0, 1, 1_000] {
        let edge = edge(1);
        let (mut sender, served) = connect_http2(&edge, window).await;
        let begun = Instant::now();
        let request = Request::get("http://localhost/large").body(String::new()).unwrap();
        let _unread = sender.send_request(request).await.unwrap();
        served.await.unwrap();
        assert!(begun.elapsed() < WRITE_TIMEOUT * 2, "{window}: {:?}", begun.elapsed());
        assert_eq!(closed(&edge, "stalled"), 1, "{window}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_http2_ends_with_a_key_that_is_missing() {
    let edge = edge(1);
    let (mut sender, served) = connect_http2(&edge, 65_535).await;
    let request = || Request::get("http://localhost/keyless").body(String::new()).unwrap();
    assert_eq!(sender.send_request(request()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    served.await.unwrap();
    assert!(sender.send_request(request()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn idle_connections_make_room_and_busy_ones_stay() {
    let edge = edge(2);
    let (mut idle, idle_served) = connect(&edge).await;
    let (mut busy, busy_served) = connect(&edge).await;
    busy.write_all(request("/slow").as_bytes()).await.unwrap();
    idle.write_all(request("/small").as_bytes()).await.unwrap();
    assert!(idle.read(&mut [0; 100]).await.unwrap() > 0);
    let (mut next, _served) = connect(&edge).await;
    idle_served.await.unwrap();
    next.write_all(request("/small").as_bytes()).await.unwrap();
    assert!(next.read(&mut [0; 100]).await.unwrap() > 0);
    assert!(!busy_served.is_finished());
    assert_eq!(closed(&edge, "no_room"), 1);
}

#[tokio::test(start_paused = true)]
async fn when_all_are_busy_health_is_answered_and_others_hear_so() {
    let edge = edge(1);
    let (mut busy, _served) = connect(&edge).await;
    busy.write_all(request("/slow").as_bytes()).await.unwrap();
    while edge.room.idle() > 0 {
        tokio::task::yield_now().await;
    }
    let answer = async |path: &str| {
        let (mut client, _served) = connect(&edge).await;
        client.write_all(request(path).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        text
    };
    assert!(answer("/rondo/health/live").await.starts_with("HTTP/1.1 200"));
    let refused = answer("/small").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("crowded"), "{refused}");
    assert!(refused.contains("retry-after: 1"), "{refused}");
}
